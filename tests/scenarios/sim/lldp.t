#!/usr/bin/env python3
"""An inspection waits for the switch behind each port as long as the conductor is told to, and no longer than until the
switch has spoken: the page of the machine names it and its ports learn it. A node's own kernel parameters win, and without
the setting nobody waits."""
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import ip, tap  # noqa: E402
from simlib import BUILD, Sim, need_programs, wait_for  # noqa: E402
from vracklib import need_root  # noqa: E402

LIMIT = "ipa-collect-lldp=1 ipa-lldp-timeout=900"  # longer than anything here is waited for
NEIGHBOUR = {"switch_id": "02:02:aa:bb:cc:00", "port_id": "Ethernet7", "switch_info": "leaf-a"}


def tlv(kind, value):
    return ((kind << 9) | len(value)).to_bytes(2, "big") + value


CHASSIS = bytes.fromhex("0202aabbcc00")
FRAME = (bytes.fromhex("0180c200000e") + CHASSIS + bytes.fromhex("88cc") + tlv(1, b"\x04" + CHASSIS) +
         tlv(2, b"\x05Ethernet7") + tlv(3, b"\x00\x78") + tlv(5, b"leaf-a") + tlv(0, b""))


def cables(m):
    """The second port has no carrier."""
    for nic, peer, up in (("eth0", "sw0", "1"), ("eth1", "sw1", "0")):
        ip("link add %s type veth peer name %s" % (nic, peer))
        ip("link set %s up" % nic)
        ip("link set %s %s" % (peer, "up" if up == "1" else "down"))
        with open(os.path.join(m.folder, "sys/class/net", nic, "carrier"), "w") as f:
            f.write(up + "\n")


def speak(over):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("sw0", 0))
        while not over.wait(0.1):
            s.send(FRAME)


def inspect(sim, m):
    before = m.agents_started
    tap.equal(sim.provision(m, "inspect")[0], 202, "an inspection")
    wait_for(lambda: m.agents_started > before, 30)
    return m.agent_text().count("waited ")


def waits(sim, m):
    inspect(sim, m)
    wait_for(lambda: "the hardware was read in" in m.agent_text(), 30)
    tap.equal((sim.state(m), m.agent_text().count("waited ")), ("inspect wait", 0), "is waiting for the switch")
    over = threading.Event()
    switch = threading.Thread(target=speak, args=(over,))
    switch.start()
    node = sim.reach(m, "manageable", "inspect failed")
    over.set()
    switch.join()
    tap.equal((node["provision_state"], m.agent_text().count("waited ")), ("manageable", 1), "and goes on when it has spoken")
    tap.ok(m.cmdline.startswith(LIMIT + " "), "by its kernel parameters", m.cmdline)
    ports = sim.get("/v1/ports/detail?node=" + m.name)["ports"]
    tap.equal([p["local_link_connection"] for p in ports if p["address"] == m.mac], [NEIGHBOUR], "the port learns it")
    page = subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, "node", "inventory", m.name],
                          capture_output=True, text=True, check=True).stdout
    tap.ok("leaf-a Ethernet7" in page, "and people read it", page)


def does_not_wait(sim, m, what):
    waited = inspect(sim, m)
    node = sim.reach(m, "manageable", "inspect failed")
    tap.equal((node["provision_state"], m.agent_text().count("waited ")), ("manageable", waited), what) or tap.diag(
        m.agent_text()[-1500:])


def main():
    need_programs(tap)
    need_root(tap)
    setting = "[agent]\nlldp_wait = 900"
    with Sim(extra=setting) as sim:
        m = sim.machines[0]
        cables(m)
        sim.enroll(m)
        sim.go(m, "manage", "manageable")
        waits(sim, m)
        sim.patch(m, {"op": "add", "path": "/driver_info/kernel_append_params", "value": "%default% ipa-collect-lldp=0"})
        does_not_wait(sim, m, "a node that is not to wait")
        sim.patch(m, {"op": "remove", "path": "/driver_info/kernel_append_params"})
        sim.go(m, "provide", "available")
        tap.ok("lldp" not in m.cmdline, "a cleaning is not asked for it", m.cmdline)
        sim.go(m, "manage", "manageable")
        sim.stop(15)
        sim.start(extra="")
        does_not_wait(sim, m, "by itself none waits")
        tap.ok("lldp" not in m.cmdline, "nor is asked to", m.cmdline)
        ports = sim.get("/v1/ports/detail?node=" + m.name)["ports"]
        tap.equal([p["local_link_connection"] for p in ports if p["address"] == m.mac], [NEIGHBOUR], "what is known stays")
    tap.done()


main()
