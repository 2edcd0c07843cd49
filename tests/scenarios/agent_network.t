#!/usr/bin/env python3
"""The ramdisk's ways to an address, with real dnsmasq and the kernel's IPv6, each in network namespaces of its
own: DHCP, router advertisements, DHCPv6 with and without addresses, VLANs by name and by LLDP, and addresses of
a config drive. All at the same time, because they mostly wait."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import SLOW, TOP, Tap, end_all, end_cleanly, wait_for  # noqa: E402

PROBE = os.path.join(TOP, "build/obj/release/tests/boot/netprobe")
MAC = "52:54:00:77:00:%02x"
V6 = "ipa-api-url=http://[fd77::1]:6385 BOOTIF=01-52-54-00-77-00-00"
V4 = "ipa-api-url=http://10.77.0.1:6385 BOOTIF=01-52-54-00-77-00-00"


def run(*args, check=True):
    return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()


class Lab:
    """A server's and a client's namespace, with `links` cables s0-c0, s1-c1, ... between them."""

    def __init__(self, links=1, addresses=("10.77.0.1/24", "fd77::1/64")):
        self.dir = tempfile.mkdtemp(prefix="ingot-net-")
        self.s, self.c = ("nt%s%s" % (os.path.basename(self.dir)[10:], k) for k in "sc")
        self.children = []
        for ns in (self.s, self.c):
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        for i in range(links):
            run("ip", "-n", self.s, "link", "add", "s%d" % i, "type", "veth", "peer", "name", "c%d" % i, "netns", self.c)
            run("ip", "-n", self.c, "link", "set", "c%d" % i, "address", MAC % i)
            run("ip", "-n", self.s, "link", "set", "s%d" % i, "up")
        for a in addresses:
            run("ip", "-n", self.s, "address", "add", a, "dev", "s0", *(["nodad"] if ":" in a else []))

    def end(self):
        end_all(self.children)
        for ns in (self.s, self.c):
            run("ip", "netns", "delete", ns, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def inside(self, *args):
        return run("ip", "netns", "exec", self.c, *args, check=False)

    def dnsmasq(self, *options, interface="s0"):
        self.children.append(subprocess.Popen(
            ["ip", "netns", "exec", self.s, "dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--bind-dynamic", "--user=root",
             "--interface=" + interface, "--dhcp-leasefile=" + self.path("leases"), "--pid-file=", "--log-dhcp",
             "--log-facility=" + self.path("log"), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def leases(self):
        return open(self.path("leases")).read() if os.path.exists(self.path("leases")) else ""

    def probe(self, cmdline, plan=None, limit=20):
        args = [PROBE, self.path("resolv"), str(int(limit * SLOW)), cmdline]
        if plan is not None:
            with open(self.path("plan"), "w") as f:
                f.write(plan if isinstance(plan, str) else json.dumps(plan))
            args.append(self.path("plan"))
        self.p = subprocess.Popen(["ip", "netns", "exec", self.c, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=open(self.path("said"), "w"), text=True)
        self.children.append(self.p)
        return self.answer()

    def answer(self):
        lines = []
        for line in self.p.stdout:
            if line == "end\n":
                break
            lines.append(line.rstrip("\n"))
        return lines

    def ask(self):
        self.p.stdin.write("?\n")
        self.p.stdin.flush()
        return self.answer()

    def finish(self):
        self.p.stdin.close()
        return self.p.wait(30)

    def resolv(self):
        wait_for(lambda: os.path.exists(self.path("resolv")), 5)
        return open(self.path("resolv")).read() if os.path.exists(self.path("resolv")) else ""

    def said(self):
        return open(self.path("said")).read()

    def reaches(self, address):
        """A port where nobody listens answers at once that it does not, when the machine is reached."""
        said = self.inside("python3", "-c", "import socket; socket.create_connection((%r, 9), 5)" % address)
        return "ConnectionRefusedError" in said


def slaac(lab, check):
    lab.dnsmasq("--enable-ra", "--dhcp-range=fd77::,ra-only,64", "--dhcp-option=option6:dns-server,[fd77::1]",
                "--dhcp-option=option6:domain-search,lab.example")
    got = lab.probe(V6)
    check(got[0] == "up" and re.search(r"c0 \S+ fd77::5054:ff:fe77:0\b", got[1]), "an address by router advertisement", got)
    check(lab.resolv() == "search lab.example\nnameserver fd77::1\n", "name server and domain out of the advertisement", lab.resolv())
    check(lab.reaches("fd77::1"), "the router is reached")
    check("by DHCPv6" not in lab.said(), "nobody asks by DHCPv6 when the router does not say so", lab.said())


def stateful(lab, check):
    duid = "00:03:00:01:52:54:00:77:00:00"
    lab.dnsmasq("--enable-ra", "--dhcp-range=fd77::100,fd77::1ff,64,2m", "--dhcp-host=id:%s,[fd77::150]" % duid,
                "--dhcp-option=option6:dns-server,[fd77::1],[fd77::2]")
    got = lab.probe(V6)
    check(got[0] == "up" and "fd77::150" in got[1], "DHCPv6 gives the address kept for our DUID", got)
    check(duid in lab.leases() and "fd77::150" in lab.leases(), "the server has the lease", lab.leases())
    check("nameserver fd77::2\n" in lab.resolv(), "its name servers", lab.resolv())
    check(lab.reaches("fd77::1"), "the server is reached")
    lab.finish()
    check(wait_for(lambda: "fd77::150" not in lab.leases(), 5), "the address is given back at the end", lab.leases())


def refused(lab, check):
    lab.dnsmasq("--enable-ra", "--dhcp-range=fd77::100,fd77::100,64,2m", "--dhcp-host=id:00:03:00:01:02:00:00:00:00:09,[fd77::100]")
    got = lab.probe(V6, limit=12)
    check(got[0] == "not up" and "NoAddrsAvail" in got[1], "a server that has no address for us is quoted", "%s %s" % (got, open(lab.path("log")).read()))


def stateless(lab, check):
    lab.dnsmasq("--enable-ra", "--dhcp-range=fd77::,ra-stateless,64", "--dhcp-option=option6:dns-server,[fd77::9]")
    got = lab.probe(V6)
    check(got[0] == "up" and "fd77::5054:ff:fe77:0" in got[1], "an address by router advertisement beside DHCPv6", got)
    check(wait_for(lambda: "DHCPINFORMATION-REQUEST" in open(lab.path("log")).read(), 5), "name servers are asked for by DHCPv6")
    check(wait_for(lambda: "nameserver fd77::9\n" in lab.resolv(), 5), "and used", lab.resolv())


def dual(lab, check):
    lab.dnsmasq("--enable-ra", "--dhcp-range=fd77::,ra-only,64", "--dhcp-range=10.77.0.100,10.77.0.110,2m",
                "--dhcp-option=6,10.77.0.53", "--dhcp-option=option6:dns-server,[fd77::1]")
    got = lab.probe(V4)
    check(got[0] == "up" and re.search(r"c0 \S+ 10\.77\.0\.1\d\d", got[1]), "an API of IPv4 waits for an address of IPv4", got)
    check(wait_for(lambda: lab.resolv() == "nameserver 10.77.0.53\nnameserver fd77::1\n", 8), "name servers of both", lab.resolv())
    check(wait_for(lambda: "fd77::5054" in lab.ask()[1], 8), "and the other family's address comes too")


def nobody(lab, check):
    lab.dnsmasq("--dhcp-range=10.77.0.100,10.77.0.110,2m", interface="s1")
    run("ip", "-n", lab.s, "address", "add", "10.77.0.2/24", "dev", "s1")
    got = lab.probe(V4 + " ipa-inspection-dhcp-wait-timeout=2")
    check(got[0] == "up" and "10.77.0.1" in got[2] and "no DHCP" in got[1] or "asking" in got[1],
          "when the interface that booted gets nothing, another is tried", got)
    check("no address on the interface that booted" in lab.said(), "and that is said", lab.said())


def everywhere(lab, check):
    lab.dnsmasq("--dhcp-range=10.77.0.100,10.77.0.110,2m", "--dhcp-range=10.88.0.100,10.88.0.110,2m", "--interface=s1")
    run("ip", "-n", lab.s, "address", "add", "10.88.0.1/24", "dev", "s1")
    got = lab.probe(V4 + " ipa-inspection-dhcp-all-interfaces=1")
    check(got[0] == "up" and "10.77.0.1" in got[1] and "10.88.0.1" in got[2], "every interface gets an address when asked for", got)


def vlan(lab, check):
    run("ip", "-n", lab.s, "link", "add", "link", "s0", "name", "s0.101", "type", "vlan", "id", "101")
    run("ip", "-n", lab.s, "link", "set", "s0.101", "up")
    run("ip", "-n", lab.s, "address", "add", "10.99.0.1/24", "dev", "s0.101")
    lab.dnsmasq("--dhcp-range=10.99.0.100,10.99.0.110,2m", interface="s0.101")
    got = lab.probe("ipa-api-url=http://10.99.0.1:6385 ipa-enable-vlan-interfaces=c0.101")
    check(got[0] == "up" and re.search(r"c0\.101 \S+ 10\.99\.0\.1\d\d", got[-1]), "an address on the VLAN named", got)
    check(lab.reaches("10.99.0.1"), "the VLAN's router is reached")


LLDP = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("s0", 0))
tlv = lambda t, v: bytes([t << 1 | len(v) >> 8, len(v) & 255]) + v
frame = bytes.fromhex("0180c200000e02000000000188cc") + tlv(1, b"\\4" + bytes(6)) + tlv(2, b"\\5p1") + tlv(3, b"\\0\\x78") \\
    + tlv(127, bytes.fromhex("0080c203") + b"\\0\\x66" + b"\\4prov") + tlv(0, b"")
while True:
    s.send(frame)
    time.sleep(0.5)
"""


def vlan_lldp(lab, check):
    run("ip", "-n", lab.s, "link", "add", "link", "s0", "name", "s0.102", "type", "vlan", "id", "102")
    run("ip", "-n", lab.s, "link", "set", "s0.102", "up")
    run("ip", "-n", lab.s, "address", "add", "10.99.0.1/24", "dev", "s0.102")
    lab.dnsmasq("--dhcp-range=10.99.0.100,10.99.0.110,2m", interface="s0.102")
    lab.children.append(subprocess.Popen(["ip", "netns", "exec", lab.s, "python3", "-c", LLDP]))
    got = lab.probe("ipa-api-url=http://10.99.0.1:6385 ipa-enable-vlan-interfaces=all")
    check(got[0] == "up" and re.search(r"c0\.102 \S+ 10\.99\.0\.1\d\d", got[-1]), "a VLAN that the switch names by LLDP", got)


def drive(lab, check):
    got = lab.probe(V4, {
        "links": [{"id": "a", "type": "phy", "ethernet_mac_address": MAC % 1, "mtu": 1400}],
        "networks": [{"link": "a", "type": "ipv4", "ip_address": "10.77.0.9", "netmask": "255.255.255.0",
                      "routes": [{"network": "10.200.0.0", "netmask": "255.255.0.0", "gateway": "10.77.0.1"}], "gateway": "10.77.0.1"},
                     {"link": "a", "type": "ipv6", "ip_address": "fd77::9/64", "gateway": "fd77::1"}],
        "services": [{"type": "dns", "address": "10.77.0.53"}]})
    check(got[0] == "up", "an address by the config drive", got)
    routes = lab.inside("ip", "route")
    check("10.77.0.9/24" in lab.inside("ip", "address", "show", "c1"), "on the interface whose MAC address it names")
    check("default via 10.77.0.1 dev c1" in routes and "10.200.0.0/16 via 10.77.0.1 dev c1" in routes, "its routes", routes)
    check("default via fd77::1 dev c1" in lab.inside("ip", "-6", "route"), "of both families")
    check("mtu 1400" in lab.inside("ip", "link", "show", "c1"), "and its MTU")
    check(lab.resolv() == "nameserver 10.77.0.53\n", "its name server", lab.resolv())
    check("asking" not in lab.said(), "nobody is asked for an address", lab.said())


def bond(lab, check):
    run("ip", "-n", lab.s, "link", "set", "s0", "down")
    run("ip", "-n", lab.s, "link", "add", "link", "s1", "name", "s1.7", "type", "vlan", "id", "7")
    run("ip", "-n", lab.s, "link", "set", "s1.7", "up")
    run("ip", "-n", lab.s, "address", "add", "10.99.0.1/24", "dev", "s1.7")
    got = lab.probe("ipa-api-url=http://10.99.0.1:6385", {
        "links": [{"id": "v", "type": "vlan", "vlan_link": "b", "vlan_id": 7, "vlan_mac_address": "52:54:00:77:07:07"},
                  {"id": "b", "type": "bond", "bond_mode": "active-backup", "bond_links": ["x", "y"]},
                  {"id": "x", "type": "phy", "ethernet_mac_address": MAC % 0}, {"id": "y", "type": "phy", "ethernet_mac_address": MAC % 1}],
        "networks": [{"link": "v", "type": "ipv4", "ip_address": "10.99.0.9/24"}]})
    check(got[0] == "up" and any(re.match(r"c1\.7 52:54:00:77:07:07 ", g) for g in got),
          "a VLAN on a bond goes to the member with a carrier", got)
    check(lab.reaches("10.99.0.1"), "and works")


def wrong(lab, check):
    lab.dnsmasq("--dhcp-range=10.77.0.100,10.77.0.110,2m")
    got = lab.probe(V4, {"links": [{"id": "b", "type": "bond", "bond_mode": "802.3ad"}], "networks": []})
    check(got[0].startswith("error network_data.json: bond b: mode 802.3ad"), "network data that cannot be is refused with the reason", got)
    check(got[1] == "up", "and DHCP is asked instead", got)


def elsewhere(lab, check):
    lab.dnsmasq("--dhcp-range=10.77.0.100,10.77.0.110,2m")
    got = lab.probe(V4 + " ipa-inspection-dhcp-wait-timeout=2", {
        "links": [{"id": "a", "type": "phy", "ethernet_mac_address": "52:54:00:00:00:99"}],
        "networks": [{"link": "a", "type": "ipv4", "ip_address": "10.77.0.9/24"}]})
    check(got[0] == "up" and "10.77.0.1" in got[1], "when no interface of the config drive is here, all are tried", got)


def refusing(lab, check):
    """A second device with its parent's address does not come up, as one does not whose firmware is missing."""
    lab.dnsmasq("--dhcp-range=10.77.0.100,10.77.0.110,2m")
    run("ip", "-n", lab.c, "link", "add", "link", "c1", "name", "broken", "address", MAC % 1, "type", "macvlan")
    got = lab.probe(V4)
    check(got[0] == "up" and "10.77.0.1" in "".join(got[1:]), "an interface that refuses to come up is not in the way of another", got)
    check(any(re.match(r"turn broken up: Address already in use", g) for g in got), "it is shown with the reason", got)
    time.sleep(3)
    check(lab.said().count("turn broken up") == 1, "which is told once, and not with every try", lab.said())
    run("ip", "-n", lab.c, "link", "set", "broken", "address", MAC % 9)
    check(wait_for(lambda: any(g.startswith("broken " + MAC % 9) for g in lab.ask()), 60, 1), "it is tried again later", lab.ask())


CASES = [(slaac, {}), (stateful, {}), (refused, {}), (stateless, {}), (dual, {}), (nobody, {"links": 2}), (everywhere, {"links": 2}),
         (vlan, {}), (vlan_lldp, {}), (drive, {"links": 2, "addresses": ()}), (bond, {"links": 2}), (refusing, {"links": 2}), (wrong, {}), (elsewhere, {})]
TAGGED = (vlan, vlan_lldp, bond)


def one(case, options, results):
    lab = None
    try:
        lab = Lab(**options)
        if case in TAGGED and "Unknown device type" in run("ip", "-n", lab.s, "link", "add", "link", "s0", "name", "v",
                                                           "type", "vlan", "id", "9", check=False):
            results.append((True, "%s # SKIP this kernel has no VLANs" % case.__name__, ""))
            return
        case(lab, lambda good, what, note="": results.append((bool(good), what, "%s\n%s" % (note, "" if good else lab.said()))))
    except Exception as e:  # noqa: BLE001: shown as a failed check
        results.append((False, "%s: %r" % (case.__name__, e), ""))
    finally:
        if lab:
            lab.end()


def main():
    t = Tap()
    if os.geteuid() != 0:
        t.skip_all("makes network namespaces, which needs root")
    if not os.access(PROBE, os.X_OK):
        t.skip_all("%s is not built" % PROBE)
    end_cleanly()
    wanted = [c for c in CASES if not sys.argv[1:] or c[0].__name__ in sys.argv[1:]]
    results = [[] for _ in wanted]
    threads = [threading.Thread(target=one, args=(*c, r)) for c, r in zip(wanted, results)]
    for th in threads:
        th.start()
        time.sleep(0.1)
    for th, r in zip(threads, results):
        th.join()
        for good, what, note in r:
            t.ok(good, what, note)
    t.done()


main()
