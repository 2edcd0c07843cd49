#!/usr/bin/env python3
"""A machine that stops on its way through the real dnsmasq and in.tftpd: it gets an address and fetches
nothing, or fetches its boot program and asks for no script. `why`, last_error and `boot explain` name the
last step with its time; when the machine comes, one command deploys it. In a network namespace of its own."""
import os
import re
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import simlib  # noqa: E402
from faultlib import ip, run_cases, tap  # noqa: E402
from simlib import BUILD, CONF, SLOW, Sim, make_image, wait_for  # noqa: E402
from vracklib import need_root  # noqa: E402

SERVER = "10.79.0.1"
PXE = b"PXEClient:Arch:00000:UNDI:002001"  # BIOS, RFC 4578


def make_network():
    """Both ends in one namespace, so the machine's end has to take packets from our own address."""
    ip("link add prov0 type veth peer name prov1")
    for setting in ("prov0/accept_local", "prov1/accept_local", "prov0/rp_filter", "prov1/rp_filter", "all/rp_filter"):
        with open("/proc/sys/net/ipv4/conf/" + setting, "w") as f:
            f.write("1" if setting.endswith("local") else "0")
    ip("link set prov0 up")
    ip("link set prov1 up")
    ip("address add %s/24 dev prov0" % SERVER)


def dhcp(mac, kind, address=None):
    """One DHCP message as firmware sends it (RFC 2131 section 2); the address that is offered or given."""
    options = bytes([53, 1, kind, 55, 3, 1, 60, 67, 93, 2, 0, 0, 60, len(PXE)]) + PXE + bytes([97, 17]) + bytes(17)
    if address:
        options += bytes([50, 4]) + socket.inet_aton(address) + bytes([54, 4]) + socket.inet_aton(SERVER)
    hardware = bytes.fromhex(mac.replace(":", ""))
    packet = struct.pack("!BBBBIHH", 1, 1, 6, 0, int.from_bytes(hardware[2:], "big"), 0, 0x8000) + bytes(16)
    packet += hardware + bytes(202) + b"\x63\x82\x53\x63" + options + b"\xff"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"prov1")
        s.bind(("0.0.0.0", 68))
        s.settimeout(5 * SLOW)
        s.sendto(packet.ljust(300, b"\0"), ("255.255.255.255", 67))
        return socket.inet_ntoa(s.recv(2000)[16:20])


def leased(m):
    """Discover, offer, request, acknowledgement; the address."""
    address = dhcp(m.mac, 1)
    return dhcp(m.mac, 3, address)


def tftp(address, name):
    ip("address replace %s/32 dev lo" % address)
    done = subprocess.run(["curl", "-s", "--interface", address, "tftp://%s/%s" % (SERVER, name)], stdout=subprocess.PIPE,
                          timeout=30 * SLOW, check=False)
    return len(done.stdout)


def holds(text, *words):
    return all(re.search(w, text or "") for w in words)


def waits(sim, m):
    m.boots = False
    sim.deploy(m)
    sim.reach(m, "wait call-back")
    tap.ok(holds(sim.why(m).get("boot_path"), "not even a DHCP request", "powered on at"), "nothing was seen yet: so it says",
           sim.why(m).get("boot_path"))


def says(sim, m, what, *words):
    path = wait_for(lambda: (lambda p: p if holds(p, *words) else None)(sim.why(m).get("boot_path")), 10)
    tap.ok(path, what, sim.why(m).get("boot_path"))
    done = subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, "boot", "explain", m.mac], text=True,
                          stdout=subprocess.PIPE, timeout=60 * SLOW, check=False)
    tap.ok(holds(done.stdout, "stopped at +.*" + words[0], "that means"), "and so does `boot explain`", done.stdout)
    node = sim.reach(m, "deploy failed")
    tap.ok(holds(node["last_error"], m.mac, *words), "and the error in the end", node["last_error"])


def cured(sim, m):
    m.boots = True
    sim.deploy(m)
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "when it comes one command deploys it")
    sim.go(m, "deleted", "available")
    sim.image(m, "system.img")


def stops():
    make_network()
    simlib.CONF = CONF.replace("dhcp = none", "dhcp = full\ninterface = prov0\nrange = 10.79.0.100,10.79.0.150")
    with Sim(1, wait=8) as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = make_image(4)
        sim.to_available(m)
        sim.image(m, "system.img")
        waits(sim, m)
        address = leased(m)
        says(sim, m, "an address, and no TFTP: `why` names both", r"DHCP gave %s \(boot file undionly\.kpxe\)" % re.escape(address),
             r"at \d\d:\d\d:\d\d UTC, no TFTP request since", "UDP port 69")
        cured(sim, m)
        waits(sim, m)
        address = leased(m)
        tap.ok(tftp(address, "undionly.kpxe") > 10000, "the boot program comes whole")
        says(sim, m, "TFTP, and no script: `why` names the file", r"it fetched undionly\.kpxe",
             r"by TFTP at \d\d:\d\d:\d\d UTC, no request for a script since", "Secure Boot")
        cured(sim, m)


if __name__ == "__main__":
    need_root(tap)
    run_cases((stops,))
