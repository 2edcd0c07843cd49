#!/usr/bin/env python3
"""A machine with 256 MB of memory: booted from the network by its UEFI, inspected, and given a qcow2 image of a disk of
10 GiB, all in one boot of the agent, whose ramdisk has to have unpacked whole. Its disk is compared with the image, and
its firmware starts the boot loader there; that is as far as it gets, for Debian's GRUB needs more memory than that to
load a kernel under UEFI. INGOT_MEMORY_MB is how much the machine has; a measurement lowers it."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import Corridor, GIB, IMAGES, MIB, PASSWORD, SLOW, Tap, need_corridor, pieces, read_at  # noqa: E402

MEMORY_MB = int(os.environ.get("INGOT_MEMORY_MB", "256"))
MACHINE = """
[machine m1]
firmware = uefi
memory = %dM
disk = virtio size=12G
nic = virtio mac=52:54:00:82:06:01
bmc_address = 10.82.6.1
""" % MEMORY_MB
CONF = """[agent]
fast_track = true
[conductor]
automated_clean = false
power_off_after_failure = false
"""
IMAGE = "large.qcow2"


def make_image(folder):
    """system.img on a disk of 10 GiB, with some data far behind it, as a qcow2 file; the raw file stays beside it."""
    raw = os.path.join(folder, "large.raw")
    subprocess.run(["cp", "--sparse=always", os.path.join(IMAGES, "system.img"), raw], check=True)
    with open(raw, "r+b") as f:
        f.truncate(10 * GIB)
        f.seek(9 * GIB)
        f.write(os.urandom(8 * MIB))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, os.path.join(folder, IMAGE)], check=True)
    return raw


def same_middle(disk, raw):
    """Is every MiB of the image on the disk, but the first and last, where its partition table is fitted?"""
    return [i for i in sorted(pieces(raw)) if 0 < i < 10 * GIB // MIB - 1 and
            read_at(disk, i * MIB, MIB) != read_at(raw, i * MIB, MIB)]


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c
        self.raw = make_image(c.scratch)
        c.images.folders.append(c.scratch)

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        if not self.tap.ok(status == 0, "ingot " + " ".join(words[:3]),
                           out + err + self.c.console("m1")[-2500:] + self.c.conductor_log()[-1500:]):
            self.tap.done()

    def inspect(self):
        secret = os.path.join(self.c.scratch, "bmc-password")
        with open(secret, "w") as f:
            f.write(PASSWORD + "\n")
        self.ingot("node", "create", "m1", "--driver-info", "ipmi_address=10.82.6.1", "--driver-info",
                   "ipmi_username=admin", "--driver-info", "ipmi_password=@" + secret, "--mac", "52:54:00:82:06:01",
                   "--property", "capabilities=boot_mode:uefi")
        self.ingot("node", "manage", "m1", "--wait")
        self.ingot("node", "inspect", "m1", "--wait", "--timeout", str(int(300 * SLOW)))
        said = self.c.console("m1")
        self.tap.ok("THE RAMDISK IS NOT COMPLETE" not in said, "the ramdisk unpacked whole", said[-1500:])
        self.ingot("node", "provide", "m1", "--wait")

    def deploy(self):
        self.ingot("node", "deploy", "m1", "--image", self.c.images.url(IMAGE), "--checksum",
                   self.c.images.checksum(IMAGE), "--hostname", "m1.small", "--yes", "--wait", "--timeout",
                   str(int(900 * SLOW)))
        self.tap.equal(self.c.node("m1")["provision_state"], "active", "the node is active")
        self.tap.equal(self.c.boots("m1")[:1], ["network"], "it was booted from the network")
        self.tap.equal(len(re.findall("Ingot agent ", self.c.console("m1"))), 1, "all in one boot of the agent")
        self.tap.equal(same_middle(self.c.disk("m1"), self.raw)[:10], [], "the image is on the disk")
        self.tap.ok(self.c.wait_console("m1", "INGOT-SYSTEM GRUB on efi", 120), "and its firmware starts the boot loader on it",
                    self.c.console("m1")[-1500:])


def main():
    tap = Tap()
    need_corridor(tap)
    with Corridor(MACHINE, CONF, "lm") as c:
        story = Story(tap, c)
        story.inspect()
        story.deploy()
    tap.done()


main()
