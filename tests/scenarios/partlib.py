"""The image of a root partition that tests deploy to QEMU machines, and what a disk has to hold afterwards.

build/system/partition.img is made by `make system` (tests/vrack/system/partition.sh): the test system of
build/system/system.img with Debian's grub-install inside, which the agent runs to make the disk boot."""
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = "partition.img"
PATH = os.path.join(TOP, "build/system", NAME)
UUID = "8c2b4f0e-6d3a-4b57-9c1e-1a60c7d5e202"  # of its file system
MIB = 1 << 20
BLOCK = 4096


def table(disk):
    """[(first MiB, MiB)] of the disk's partitions, as sfdisk reads them."""
    dump = subprocess.run(["sfdisk", "-d", disk], capture_output=True, text=True, check=False).stdout
    return [(int(a) // 2048, int(b) // 2048) for a, b in re.findall(r"start= *(\d+), size= *(\d+)", dump)]


def extract(disk, at_mib, mib, path):
    """A partition as a file."""
    subprocess.run(["dd", "if=" + disk, "of=" + path, "bs=1M", "skip=%d" % at_mib, "count=%d" % mib, "conv=sparse",
                    "status=none"], check=True)
    return path


def file_of(image, name):
    """A file of an ext4 file system, as bytes."""
    return subprocess.run(["debugfs", "-R", "cat " + name, image], capture_output=True, check=False).stdout


def changed_blocks(image, path=PATH):
    """(how many blocks of the image are others on the disk now, of how many). A system that was started, and the
    boot loader that was installed, have changed a few."""
    changed = total = 0
    with open(path, "rb") as f, open(image, "rb") as g:
        while True:
            a = f.read(MIB)
            if not a:
                return changed, total
            b = g.read(len(a))
            for at in range(0, len(a), BLOCK):
                total += 1
                changed += a[at:at + BLOCK] != b[at:at + BLOCK]
