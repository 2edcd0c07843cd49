#!/usr/bin/env python3
"""Machines of all kinds: every firmware with every kind of disk; disks with sectors of 4096 bytes; the second of two
disks, chosen by a hint; NICs of several models, of which not the first boots. Each is deployed, its disk compared with
the image byte for byte, and its system has to report itself. Two machines at a time.

    matrix.t [WORD...]     only the combinations that have all the words, e.g.: matrix.t uefi scsi"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import Corridor, need_corridor  # noqa: E402
from manylib import Kind, LockedTap, Whole, rack_text, run_all  # noqa: E402

FIRMWARE = ("bios", "uefi")
BUSES = ("virtio", "nvme", "ahci", "scsi", "mptsas", "pvscsi", "megasas")
NO_DRIVER = [("uefi", bus) for bus in ("megasas", "mptsas", "pvscsi")]  # in the OVMF of Debian 12
ZST = [Whole("zst", "system.img.zst")]
FORMATS = [Whole("raw", "system.img"), Whole("gz", "system.img.gz")] + ZST
LARGE = [Whole("4k", "system4k.img", "system4k.img"), Whole("4k-zst", "system4k.img.zst", "system4k.img")]

TWO = ("ahci size=4G serial=FIRST rotational=yes", "ahci size=5G serial=SECOND block=512e rotational=no")
KINDS = [Kind("%s-%s" % (fw, bus), ["%s size=4G" % bus], FORMATS) for bus in BUSES for fw in FIRMWARE
         if (fw, bus) not in NO_DRIVER]
KINDS += [Kind("uefi-%s-4096" % bus, ["%s size=4G block=4096" % bus], LARGE) for bus in ("nvme", "virtio", "scsi")]
KINDS += [Kind(fw + "-two-disks", TWO, ZST, target=1, hint={"serial": "SECOND"}) for fw in FIRMWARE]
KINDS += [Kind("bios-flash-disk", TWO, ZST, target=1, hint={"rotational": False}),
          Kind("bios-size-disk", TWO, ZST, target=0, hint={"size": "<5"})]
KINDS += [Kind(fw + "-second-nic", ["nvme size=4G"], ZST, nics=("e1000e", "virtio"), more="tpm = crb\n") for fw in FIRMWARE]
KINDS += [Kind("%s-%s-nic" % (fw, nic), ["virtio size=4G"], ZST, nics=("virtio", nic)) for fw in FIRMWARE
          for nic in ("e1000e", "vmxnet3")]


def main():
    tap = LockedTap()
    need_corridor(tap)
    kinds = [k for k in (kind.with_words(sys.argv[1:]) for kind in KINDS) if k]
    with Corridor(rack_text(kinds), prefix="ma") as c:
        run_all(tap, c, kinds)
    tap.done()


main()
