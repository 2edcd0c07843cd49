#!/usr/bin/env python3
"""A UEFI machine with an NVMe disk of 4096-byte sectors that nobody has heard of: it shows up on the waiting list, is
accepted, and goes in one boot (fast track) through inspection, cleaning and deployment, all by `ingot`.
Its disk byte for byte after the write; then its system reboots itself, and boots from the network all
the same. Meanwhile another machine gets an image of a partition."""
import json
import os
import re
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import (Corridor, GIB, MIB, PASSWORD, SLOW, check_written, lay_image, make_format,  # noqa: E402
                         need_corridor, noise, wait_for)
from manylib import LockedTap, PartitionBeside  # noqa: E402

MACHINE = """
[machine u1]
firmware = uefi
disk = nvme size=4G block=4096
nic = virtio mac=52:54:00:82:02:01
bmc_address = 10.82.1.2
bmc_suites = 17
serial = CORR0002
"""
BMC = "10.82.1.2"
MAC = "52:54:00:82:02:01"
RAW = "system4k.img"
FORMAT = "qcow2"
IMAGE = RAW + "." + FORMAT
SECTOR = 4096


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c
        self.disk = c.disk("u1")
        make_format(c.scratch, RAW, FORMAT)
        c.images.folders.append(c.scratch)
        self.expected = os.path.join(c.scratch, "expected")
        self.password_file = os.path.join(c.scratch, "password")
        with open(self.password_file, "w") as f:
            f.write(PASSWORD + "\n")

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        self.tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:])
        return out

    def bmc(self, *words):
        return self.c.ipmi(BMC, *words, suite=17)

    def waiting(self):
        return json.loads(self.c.ingot("waiting", "list", "--json")[1] or "{}")

    def stranger(self):
        """Somebody switches on a machine that is no node's."""
        self.bmc("power", "on")
        said = wait_for(lambda: MAC in json.dumps(self.waiting()), 90)
        self.tap.ok(said, "an unknown machine is on the waiting list", self.c.console("u1"))
        shown = self.ingot("waiting", "list")
        self.tap.ok(MAC in shown and "CORR0002" in shown, "with its MAC address and serial number", shown)
        self.tap.ok(self.c.wait_console("u1", "asking again in", 30), "it is told to wait, and says so")

    def accept(self):
        self.ingot("waiting", "accept", MAC, "--name", "u1", "--driver-info", "ipmi_address=" + BMC, "--driver-info",
                   "ipmi_username=admin", "--driver-info", "ipmi_password=@" + self.password_file)
        self.tap.ok(MAC not in json.dumps(self.waiting()), "once accepted it is not on the list any more")
        ports = self.c.get("/v1/nodes/u1/ports/detail")["ports"]
        self.tap.equal([p["address"] for p in ports], [MAC], "it has become a node with a port")
        self.ingot("node", "manage", "u1", "--wait")
        before = len(self.c.boots("u1"))
        self.ingot("node", "inspect", "u1", "--wait", "--timeout", str(int(300 * SLOW)))
        self.tap.equal(self.c.boots("u1")[before:], ["network"], "it is inspected in one boot")
        disks = self.c.get("/v1/nodes/u1/inventory")["inventory"]["disks"]
        self.tap.equal([(d["name"], d["size"], d["logical_sectors"]) for d in disks], [("/dev/nvme0n1", 4 * GIB, SECTOR)],
                       "its disk is found, and how large its sectors are")

    def fast_track(self):
        """The agent that inspected goes on."""
        self.boots_at_inspection = len(self.c.boots("u1"))
        self.ingot("node", "provide", "u1", "--wait", "--timeout", str(int(300 * SLOW)))
        self.tap.equal(self.c.node("u1")["provision_state"], "available", "the node is available")

    def deploy(self):
        lay_image(self.disk, self.expected, [noise(250 * MIB), noise(310 * MIB, seed=2), noise(2 * GIB, seed=3)], RAW)
        self.c.images.hold(IMAGE, MIB)
        command = threading.Thread(target=self.ingot, daemon=True, args=(
            "node", "deploy", "u1", "--image", self.c.images.url(IMAGE), "--checksum", self.c.images.checksum(IMAGE),
            "--hostname", "u1.corridor", "--wait", "--timeout", str(int(400 * SLOW)), "--yes"))
        command.start()
        held = self.c.written_and_held("u1", "u1", IMAGE)
        self.tap.ok(held, "the write ends, and the machine waits for its BMC", self.c.why("u1"))
        self.tap.equal(self.c.boots("u1")[self.boots_at_inspection:], [],
                       "from inspection to the end of the write the machine was not restarted")
        check_written(self.tap, self.disk, self.expected, "qcow2 image on NVMe", RAW, SECTOR)
        self.c.vrack("fault", "u1", "silent", "0")
        command.join()
        self.tap.equal(self.c.node("u1")["provision_state"], "active", "the node is active")
        home = self.c.phoned_home("u1")
        self.tap.ok(home.get("hostname") == "u1.corridor" and home.get("nonce"),
                    "its system reports its name and the nonce of its config drive", self.c.console("u1"))
        self.boot_entry()

    def boot_entry(self):
        said = self.c.console("u1")
        number = re.search(r'boot entry (\w{4}) "ingot" loads \\EFI\\BOOT\\BOOTX64\.EFI from partition 2', said)
        self.tap.ok(number, "the agent made a boot entry for the disk's loader", said[-3000:])
        started = number and re.search(r'starting Boot%s "ingot" from HD\(2,GPT,8C2B4F0E-6D3A-4B57-9C1E-1A60C7D5E205'
                                       % number[1], said)
        self.tap.ok(started, "by which the firmware started the system", "\n".join(re.findall(r"BdsDxe:.*", said)))

    def comes_back(self, boots, before, what):
        self.tap.ok(self.c.wait_console("u1", r"config drive is[\s\S]*has address", 150, before), what,
                    self.c.console("u1")[before:])
        self.tap.equal(self.c.boots("u1")[-1:], boots, "and tries the %s first" % boots[0])

    def reboots_itself(self):
        before = len(self.c.console("u1"))
        self.c.vrack("type", "u1", "reboot")
        self.comes_back(["disk"], before, "a system that reboots itself comes back from its disk")

    def boots_from_network(self):
        """Nothing in the BMC says disk any more, and the firmware tries the network first."""
        before = len(self.c.console("u1"))
        self.bmc("chassis", "bootdev", "none")
        self.bmc("power", "reset")
        self.comes_back(["network"], before, "a machine of an active node that boots from the network gets to its system")
        said = self.ingot("boot", "explain", MAC)
        self.tap.ok("bootdisk.efi" in self.c.console("u1")[before:] and "disk" in said,
                    "handed over by bootdisk.efi, as `boot explain` says", said)


def main():
    tap, other = LockedTap(), PartitionBeside("uefi", "xz")
    need_corridor(tap)
    with Corridor(MACHINE + other.text, "[agent]\nfast_track = true\n") as c:
        story = Story(tap, c)
        other.start(tap, c)
        for part in (story.stranger, story.accept, story.fast_track, story.deploy, story.reboots_itself,
                     story.boots_from_network):
            part()
        other.join()
    tap.done()


main()
