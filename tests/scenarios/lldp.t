#!/usr/bin/env python3
"""The agent hears Debian's own lldpd behind two of three ports, in network namespaces of their own: what it reports
is what lldpd was told to say, both at once, and the port without a carrier is not waited for."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import Tap, need_root, wait_for  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AGENT = os.path.join(os.environ.get("INGOT_OUT", os.path.join(TOP, "build")), "ingot-agent")
SWITCH, HOST = "lldps%d" % os.getpid(), "lldph%d" % os.getpid()
PORTS = {"port0": "sw0", "port1": "sw1", "port2": "sw2"}
DEAD = "port2"
LIMIT_S = 60


def ip(*words):
    subprocess.run(["ip"] + list(words), check=True)


def file(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text + "\n")


@contextlib.contextmanager
def cables():
    try:
        for name in SWITCH, HOST:
            ip("netns", "add", name)
        for port, peer in PORTS.items():
            ip("link", "add", port, "netns", HOST, "type", "veth", "peer", "name", peer, "netns", SWITCH)
            ip("-n", HOST, "link", "set", port, "up")
            if port != DEAD:
                ip("-n", SWITCH, "link", "set", peer, "up")
        yield
    finally:
        for name in SWITCH, HOST:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def sysfs(root):
    """A veth has no device behind it, so the agent is shown a /sys in which it has."""
    for port in PORTS:
        folder = os.path.join(root, "sys/class/net", port)
        os.makedirs(os.path.join(folder, "device"))
        file(os.path.join(folder, "type"), "1")
        file(os.path.join(folder, "carrier"), "0" if port == DEAD else "1")
        file(os.path.join(folder, "address"), "52:54:00:00:00:01")


def address(peer):
    out = subprocess.run(["ip", "-n", SWITCH, "-j", "link", "show", peer], check=True, capture_output=True).stdout
    return json.loads(out)[0]["address"].replace(":", "")


def main():
    tap = Tap()
    need_root(tap)
    with tempfile.TemporaryDirectory(prefix="ingot-lldp.") as scratch, cables():
        os.chmod(scratch, 0o755)  # lldpd gives up being root
        sysfs(scratch)
        agent = subprocess.Popen(["ip", "netns", "exec", HOST, AGENT, "inspect", "--sysroot", scratch, "--lldp",
                                  str(LIMIT_S), "--collectors", "lldp"], stdout=subprocess.PIPE)
        listening = ["ip", "netns", "exec", HOST, "cat", "/proc/net/packet"]
        wait_for(lambda: subprocess.run(listening, capture_output=True, check=True).stdout.count(b"88cc") >= 3, 20)
        started = time.monotonic()
        sock = os.path.join(scratch, "lldpd.sock")
        lldpd = subprocess.Popen(["ip", "netns", "exec", SWITCH, "lldpd", "-d", "-u", sock, "-I", "sw0,sw1", "-C", "sw0",
                                  "-S", "leaf-a.lab"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found = json.loads(agent.communicate(timeout=2 * LIMIT_S)[0])
        finally:
            lldpd.terminate()
            lldpd.wait()
            agent.kill()
        tap.diag("both ports heard after %.1f s" % (time.monotonic() - started))
        raw = found["lldp_raw"]
        for port, peer in PORTS.items():
            if port == DEAD:
                tap.equal(raw[port], [], "nothing on the port without a carrier")
                continue
            tlvs = dict(raw[port][:-1])
            tap.equal(tlvs[2], "03" + address(peer), "%s: the port at the other end" % port)
            tap.equal(tlvs[1], "04" + address("sw0"), "%s: the same chassis" % port)
            tap.equal(tlvs[3], "0078", "%s: lldpd's time to live" % port)
            tap.equal(bytes.fromhex(tlvs[6]).decode(), "leaf-a.lab", "%s: the description that it was given" % port)
            nic = [n for n in found["inventory"]["interfaces"] if n["name"] == port][0]
            tap.equal(nic["lldp"], raw[port], "%s: as the interface has it" % port)
    tap.done()


main()
