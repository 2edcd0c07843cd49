#!/usr/bin/env python3
"""The ramdisk booted from virtual media on a network without DHCP: its parameters come from one disc, its addresses from
network_data.json of another: static, on a VLAN, on a bond of two ports of which one has no cable. It reaches a
conductor behind a router. Two more archives came with it: what a shell needs, which a key on the serial port gives, and
firmware, without which the driver of a third NIC does not work. The switch is in this script: the host needs no VLANs."""
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from directlib import TOP, Direct, need_ramdisk  # noqa: E402
from vracklib import Tap, wait_for  # noqa: E402

MAC = "52:54:00:77:07:%02x"
VLAN_MAC = MAC % 0x77
VID = 107
ROUTER, AGENT, CONDUCTOR = "10.99.7.1", "10.99.7.2", "10.99.8.1"
NETWORK = {
    "links": [{"id": "v", "type": "vlan", "vlan_link": "b", "vlan_id": VID, "vlan_mac_address": VLAN_MAC},
              {"id": "b", "type": "bond", "bond_mode": "active-backup", "bond_links": ["x", "y"]},
              {"id": "x", "type": "phy", "ethernet_mac_address": MAC % 1},
              {"id": "y", "type": "phy", "ethernet_mac_address": MAC % 2}],
    "networks": [{"id": "n", "link": "v", "type": "ipv4", "ip_address": AGENT, "netmask": "255.255.255.0", "gateway": ROUTER}],
    "services": [{"type": "dns", "address": ROUTER}]}
# Intel's i82551 does not come up without its microcode: 134 words and three bytes of parameters (Linux, e100.c).
FIRMWARE = "lib/firmware/e100/d102e_ucode.bin"
FIRMWARE_BYTES = bytes(134 * 4) + bytes([10, 10, 10])
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
TAG = 0x8100


class Switch:
    """A port for each of the machine's NICs, which QEMU sends frames to as UDP datagrams; what is tagged with VID there
    is untagged on this host's interface sw0 (IEEE 802.1Q, 9.6)."""

    def __init__(self, ports):
        self.ports = []
        for _ in range(ports):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            self.ports.append(s)
        self.tagged = [set() for _ in range(ports)]  # the senders' addresses
        self.untagged = [set() for _ in range(ports)]
        self.learned = None  # the port and the address behind it where the machine is
        self.tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH22x", b"sw0", IFF_TAP | IFF_NO_PI))
        for i in range(ports):
            threading.Thread(target=self.from_machine, args=(i,), daemon=True).start()
        threading.Thread(target=self.to_machine, daemon=True).start()

    def netdev(self, i, name):
        return "socket,id=%s,udp=127.0.0.1:%d,localaddr=127.0.0.1:0" % (name, self.ports[i].getsockname()[1])

    def from_machine(self, i):
        while True:
            frame, sender = self.ports[i].recvfrom(65536)
            source = frame[6:12].hex(":")
            kind, tci = struct.unpack(">HH", frame[12:16])
            if kind == TAG and tci & 0xfff == VID:
                self.tagged[i].add(source)
                self.learned = self.ports[i], sender
                try:
                    os.write(self.tap, frame[:12] + frame[16:])
                except OSError:
                    pass  # sw0 is not up
            else:
                self.untagged[i].add(source)

    def to_machine(self):
        while True:
            frame = os.read(self.tap, 65536)
            if self.learned:
                port, there = self.learned
                port.sendto(frame[:12] + struct.pack(">HH", TAG, VID) + frame[12:], there)


def disc(d, label, files):
    """An ISO as stock programs make it: its path."""
    folder, path = os.path.join(d.work, label), os.path.join(d.work, label + ".iso")
    for name, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    d.run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-R", "-V", label, "-o", path, folder)
    return path


def archives(d):
    """The ramdisk with two archives more: its path."""
    firmware, path = os.path.join(d.work, "firmware"), os.path.join(d.work, "initrd")
    os.makedirs(os.path.join(firmware, os.path.dirname(FIRMWARE)))
    with open(os.path.join(firmware, FIRMWARE), "wb") as f:
        f.write(FIRMWARE_BYTES)
    d.run(TOP + "/boot/ramdisk/build.sh", "archive", TOP + "/build/cache/linux", "firmware", firmware, firmware + ".zst")
    with open(path, "wb") as out:
        for part in (TOP + "/build/agent/initramfs-rescue", firmware + ".zst"):
            with open(part, "rb") as f:
                out.write(f.read())
    return path


def start(d, switch):
    parameters = disc(d, "ir-vfd-dev", {"parameters.txt": "ipa-api-url=http://%s:6385\n" % CONDUCTOR})
    data = disc(d, "config-2", {"openstack/latest/network_data.json": json.dumps(NETWORK)})
    nics = []
    for i in (0, 1):
        nics += ["-netdev", switch.netdev(i, "n%d" % i), "-device", "virtio-net-pci,netdev=n%d,mac=%s" % (i, MAC % (i + 1))]
    d.boot("boot_method=vmedia ingot-shell", *nics, "-device", "i82551,id=n2,mac=" + MAC % 3, "-drive", "media=cdrom,format=raw,file=" + parameters,
           "-drive", "media=cdrom,format=raw,file=" + data, initrd=archives(d), monitor="set_link n0 off")


def network(t, d, switch, conductor):
    t.ok(wait_for(lambda: conductor.beats, 240, 0.5), "an agent reports on a network without DHCP", d.said()[-4000:])
    said = d.said()
    t.ok("parameters.txt adds" in said, "the conductor was named by parameters.txt", said[-4000:])
    t.equal(conductor.callback(), "https://%s:9999" % AGENT, "its address is the config drive's")
    t.equal({a for a, _ in conductor.asked}, {AGENT}, "and everything came from it, by the router")
    t.equal(switch.tagged, [set(), {VLAN_MAC}], "in the VLAN, by the port with a cable, from the VLAN's own address")
    t.ok(VLAN_MAC not in switch.untagged[0] | switch.untagged[1], "nothing of it outside of the VLAN", switch.untagged)
    status = conductor.agent_status()
    t.ok("version" in status, "its certificate names that address, and it answers there", status)


def shell(t, d):
    t.ok("the ramdisk is not complete" not in d.said().lower(), "all archives were unpacked whole", d.said()[-4000:])
    t.ok(re.search("network interface eth., " + MAC % 3, d.said()), "the NIC that needs firmware came up", d.said()[-4000:])
    at = len(d.said())
    t.ok("/ # " not in d.said(), "there is no shell that nobody asked for")
    d.type("\n")
    t.ok(wait_for(lambda: "/ # " in d.said()[at:], 60, 0.5), "a key on the serial port gives a shell", d.said()[at:])
    d.type("ls /etc/ingot/archives/end; wc -c /%s; cat /etc/resolv.conf; echo e''nd\n" % FIRMWARE)
    t.ok(wait_for(lambda: "\nend" in d.said()[at:].replace("\r", ""), 60, 0.5), "in which commands run", d.said()[at:])
    words = d.said()[at:].split()
    t.equal([w for w in ("agent", "firmware", "modules", "rescue") if w not in words], [], "there are all four archives")
    t.ok(str(len(FIRMWARE_BYTES)) in words, "with the firmware", words)
    t.ok(ROUTER in words, "and the name server of the config drive", words)


def main():
    t = Tap()
    need_ramdisk(t)
    if not os.path.exists(TOP + "/build/agent/initramfs-rescue"):
        subprocess.run(["make", "-s", "-C", TOP, "agent-rescue"], check=False, stdout=subprocess.DEVNULL)
    if not os.path.exists(TOP + "/build/agent/initramfs-rescue"):
        t.skip_all("build/agent/initramfs-rescue is not built (make agent-rescue)")
    with Direct("static") as d:
        switch = Switch(2)
        d.run("ip", "link", "set", "sw0", "up")
        d.run("ip", "address", "add", ROUTER + "/24", "dev", "sw0")
        d.run("ip", "address", "add", CONDUCTOR + "/32", "dev", "lo")
        conductor = d.conduct(CONDUCTOR)
        start(d, switch)
        network(t, d, switch, conductor)
        shell(t, d)
    t.done()


main()
