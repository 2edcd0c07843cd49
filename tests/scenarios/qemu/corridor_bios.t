#!/usr/bin/env python3
"""A BIOS machine with a virtio disk, led by Debian's `baremetal` command from enrolment to a running
system and back: what its disk holds after the write, byte for byte, and after the erasure; an image
whose sum is wrong; a machine with a system that boots from the network all the same. Meanwhile another machine gets an image
of a partition."""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import (API, Corridor, GIB, MIB, PASSWORD, SLOW, check_written, differences, erased,  # noqa: E402
                         lay_image, need_corridor, noise, partitions, read_at, wait_for, zero_ranges)
from manylib import LockedTap, PartitionBeside  # noqa: E402

MACHINE = """
[machine b1]
disk = virtio size=4G
nic = virtio mac=52:54:00:82:01:01
bmc_address = 10.82.1.1
serial = CORR0001
"""
BMC = "10.82.1.1"
CONF = "[agent]\nenable_bios_bootloader_install = true\n"
CONFIG_DRIVE = '{"meta_data": {"hostname": "b1.corridor"}}'
WHERE = ("/usr/bin/baremetal", "--os-auth-type", "none", "--os-endpoint", API)


def wait(seconds):
    """How long a command of an operator waits."""
    return "--wait", str(int(seconds * SLOW))


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c
        self.disk = c.disk("b1")
        self.expected = os.path.join(c.scratch, "expected")
        self.began = time.monotonic()

    def baremetal(self, *words):
        """One command of an operator, which has to succeed."""
        status, out, err = self.c.command(*WHERE, *words)
        self.tap.ok(status == 0, "baremetal " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:])
        self.tap.diag("%.1f s" % (time.monotonic() - self.began))
        return out

    def state(self):
        return self.c.node("b1")["provision_state"]

    def enroll(self):
        self.baremetal("node", "create", "--driver", "ipmi", "--name", "b1", "--driver-info", "ipmi_address=" + BMC,
                       "--driver-info", "ipmi_username=admin", "--driver-info", "ipmi_password=" + PASSWORD)
        self.baremetal("port", "create", "52:54:00:82:01:01", "--node", self.c.node("b1")["uuid"])
        self.baremetal("node", "manage", "b1", *wait(60))
        self.baremetal("node", "inspect", "b1", *wait(300))
        found = self.c.node("b1")["properties"]
        self.tap.equal((found.get("cpus"), found.get("memory_mb"), found.get("cpu_arch")), (1, 1024, "x86_64"),
                       "inspection finds what the machine is made of")

    def clean(self):
        """An old system's tables are erased before the machine is offered."""
        with open(self.disk, "r+b") as f:
            for at in (0, 4 * GIB - MIB):
                f.seek(at)
                f.write(noise(at)[1])
        self.baremetal("node", "provide", "b1", *wait(300))
        self.tap.ok(not any(read_at(self.disk, 0, MIB)) and not any(read_at(self.disk, 4 * GIB - MIB, MIB)),
                    "what stood at both ends of the disk is erased")

    def set_image(self, name, checksum):
        self.baremetal("node", "set", "b1", "--instance-info", "image_source=" + self.c.images.url(name),
                       "--instance-info", "image_os_hash_algo=sha256", "--instance-info", "image_os_hash_value=" + checksum)

    def wrong_checksum(self):
        self.set_image("system.img.zst", "ab" * 32)
        status, _, _ = self.c.command(*WHERE, "node", "deploy", "b1", *wait(300), "--config-drive", CONFIG_DRIVE)
        node = self.c.node("b1")
        self.tap.ok(status != 0 and node["provision_state"] == "deploy failed", "a wrong checksum fails the deploy", node)
        error = node["last_error"] or ""
        self.tap.ok("ab" * 32 in error and self.c.images.checksum("system.img.zst") in error and "/dev/vda" in error,
                    "last_error names the disk and both sums", error)
        self.tap.ok(wait_for(lambda: self.c.power(BMC) == "off", 30), "the machine is off")
        self.tap.ok(not any(read_at(self.disk, 0, MIB)) and not any(read_at(self.disk, 4 * GIB - MIB, MIB)),
                    "and its disk does not boot: both ends are zero")
        self.tap.ok(any(read_at(self.disk, 16 * MIB, 8 * MIB)) or any(read_at(self.disk, 2 * MIB, MIB)),
                    "though the image was written")

    def deploy(self):
        """One command, with the machine held between the write and the system's first boot."""
        lay_image(self.disk, self.expected, [noise(250 * MIB), noise(310 * MIB, seed=2), noise(2 * GIB, seed=3)])
        image = "system.img"
        self.set_image(image, self.c.images.checksum(image))
        self.c.images.hold(image, MIB)
        command = threading.Thread(target=self.baremetal, daemon=True,
                                   args=("node", "deploy", "b1", *wait(400), "--config-drive", CONFIG_DRIVE))
        command.start()
        held = self.c.written_and_held("b1", "b1", image)
        self.tap.ok(held, "the write ends, and the machine waits for its BMC", self.c.why("b1"))
        check_written(self.tap, self.disk, self.expected, "raw image on virtio")
        self.c.vrack("fault", "b1", "silent", "0")
        command.join()
        self.tap.equal(self.state(), "active", "the node is active")
        home = self.c.phoned_home("b1")
        self.tap.ok(home.get("hostname") == "b1.corridor" and home.get("nonce"),
                    "its system reports its name and the nonce of its config drive", self.c.console("b1"))

    def boots_from_network(self):
        """Nothing in the BMC says disk any more, and the BIOS tries the network first."""
        before, boots = len(self.c.console("b1")), len(self.c.boots("b1"))
        self.c.ipmi(BMC, "chassis", "bootdev", "none")
        self.c.ipmi(BMC, "power", "reset")
        self.tap.ok(self.c.wait_console("b1", r"config drive is[\s\S]*has address", 120, before),
                    "a machine of an active node that boots from the network gets to its system",
                    self.c.console("b1")[before:])
        self.tap.equal(self.c.boots("b1")[boots:], ["network"], "by the network")
        said = self.c.ingot("boot", "explain", "52:54:00:82:01:01")[1]
        self.tap.ok("disk" in said, "and `boot explain` says that it was handed to its disk", said)

    def undeploy(self):
        self.baremetal("node", "power", "off", "b1", "--soft", "--power-timeout", "60")
        self.tap.ok(wait_for(lambda: self.c.power(BMC) == "off", 60), "the system powers off when asked to")
        subprocess.run(["cp", "--sparse=always", self.disk, self.expected], check=True)
        ranges = erased(self.disk)
        self.tap.equal(len(partitions(self.disk)), 4, "the disk has four partitions before")
        zero_ranges(self.expected, ranges)
        self.baremetal("node", "undeploy", "b1", *wait(300))
        self.tap.equal(self.state(), "available", "the node is available again")
        self.tap.equal(differences(self.disk, self.expected, []), [],
                       "both ends of the disk and of each partition are zero, and all else is as it was")
        self.tap.ok(wait_for(lambda: self.c.power(BMC) == "off", 30), "the machine is off")
        self.tap.equal(self.c.node("b1")["instance_info"], {}, "nothing of the instance stays")
        inventory = self.c.get("/v1/nodes/b1/inventory")["inventory"]
        self.tap.equal([d["size"] for d in inventory["disks"]], [4 * GIB], "and the inventory is still there")


def main():
    tap, other = LockedTap(), PartitionBeside("bios", "gz")
    need_corridor(tap)
    if not os.path.exists(WHERE[0]):
        tap.skip_all("no baremetal command; python3-ironicclient has it")
    with Corridor(MACHINE + other.text, CONF) as c:
        story = Story(tap, c)
        other.start(tap, c)
        for part in (story.enroll, story.clean, story.wrong_checksum, story.deploy, story.boots_from_network,
                     story.undeploy):
            part()
        other.join()
    tap.done()


main()
