#!/usr/bin/env python3
"""Machines of all kinds: every firmware with every kind of disk and every format of image; disks with sectors of
4096 bytes; the second of two disks, chosen by a hint; NICs of several models, of which not the first boots. Each is
deployed, its disk compared with the image byte for byte, and its system has to report itself. Two machines at a
time.

    matrix.t [WORD...]     only the combinations that have all the words, e.g.: matrix.t uefi scsi"""
import json
import os
import sys
import threading
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import (Corridor, MIB, PASSWORD, SLOW, Tap, check_written, lay_image, need_corridor,  # noqa: E402
                         noise, read_at, wait_for)

FIRMWARE = ("bios", "uefi")
BUSES = ("virtio", "nvme", "ahci", "scsi", "mptsas", "pvscsi", "megasas")
NO_DRIVER = [("uefi", bus) for bus in ("megasas", "mptsas", "pvscsi")]  # in the OVMF of Debian 12
FORMATS = {"raw": "system.img", "gz": "system.img.gz", "zst": "system.img.zst"}
LARGE = {"4k": "system4k.img", "4k-zst": "system4k.img.zst"}
AT_ONCE = 2


class Kind:
    """One machine: its disks as in a rack file, which of them gets the image (and the hint that says so), its NICs,
    the last of which boots, and the images it gets one after the other."""

    def __init__(self, name, disks, nics=("virtio",), formats=None, target=0, hint=None, more=""):
        self.name, self.disks, self.nics, self.target, self.hint, self.more = name, disks, nics, target, hint, more
        self.firmware = name.split("-")[0]
        self.formats = formats or {"zst": FORMATS["zst"]}
        self.sector = 4096 if "4k" in "".join(self.formats) else 512
        self.image = "system4k.img" if self.sector == 4096 else "system.img"

    def text(self, i):
        disks = "".join("disk = %s\n" % disk for disk in self.disks)
        nics = "".join("nic = %s mac=%s%s\n" % (nic, mac(i, k), "" if k + 1 == len(self.nics) else " rom=no")
                       for k, nic in enumerate(self.nics))
        return "[machine %s]\nfirmware = %s\nbmc_address = %s\n%s%s%s" % (
            self.name, self.firmware, address(i), disks, nics, self.more)


TWO = ("ahci size=4G serial=FIRST rotational=yes", "ahci size=5G serial=SECOND block=512e rotational=no")
KINDS = [Kind("%s-%s" % (fw, bus), ["%s size=4G" % bus], formats=FORMATS) for bus in BUSES for fw in FIRMWARE
         if (fw, bus) not in NO_DRIVER]
KINDS += [Kind("uefi-%s-4096" % bus, ["%s size=4G block=4096" % bus], formats=LARGE) for bus in ("nvme", "virtio", "scsi")]
KINDS += [Kind(fw + "-two-disks", TWO, target=1, hint={"serial": "SECOND"}) for fw in FIRMWARE]
KINDS += [Kind("bios-flash-disk", TWO, target=1, hint={"rotational": False}),
          Kind("bios-size-disk", TWO, target=0, hint={"size": "<5"})]
KINDS += [Kind(fw + "-second-nic", ["nvme size=4G"], nics=("e1000e", "virtio"), more="tpm = crb\n") for fw in FIRMWARE]
KINDS += [Kind("%s-%s-nic" % (fw, nic), ["virtio size=4G"], nics=("virtio", nic)) for fw in FIRMWARE
          for nic in ("e1000e", "vmxnet3")]


def mac(i, k):
    return "52:54:00:82:%02x:%02x" % (3 + k, i)


class LockedTap(Tap):
    """For several threads."""
    lock = threading.Lock()

    def ok(self, good, what, note=None):
        with self.lock:
            return super().ok(good, what, note)


def chosen_kinds(words):
    """Those that were asked for, each with the formats that were."""
    chosen = []
    for kind in KINDS:
        formats = {f: image for f, image in kind.formats.items() if set(words) <= set(kind.name.split("-")) | {f}}
        if formats:
            chosen.append(Kind(kind.name, kind.disks, kind.nics, formats, kind.target, kind.hint, kind.more))
    return chosen


def address(i):
    return "10.82.1.%d" % (i + 1)


class Story:
    """One machine with all formats, one after the other, each over the one before."""

    def __init__(self, tap, c, i, kind):
        self.tap, self.c, self.i, self.kind, self.name = tap, c, i, kind, kind.name
        self.disks = c.disk(kind.name).split()
        self.disk = self.disks[kind.target]
        self.expected = os.path.join(c.scratch, "expected-" + kind.name)

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        if status:
            raise RuntimeError("ingot %s: %s" % (" ".join(words), out + err))

    def enroll(self):
        hint = ("--property", "root_device=" + json.dumps(self.kind.hint)) if self.kind.hint else ()
        boots = mac(self.i, len(self.kind.nics) - 1)
        self.ingot("node", "create", self.name, "--driver", "ipmi", "--mac", boots, "--driver-info",
                   "ipmi_address=" + address(self.i), "--driver-info", "ipmi_username=admin", "--driver-info",
                   "ipmi_password=@" + self.c.scratch + "/password", "--property",
                   "capabilities=boot_mode:" + self.kind.firmware, *hint)
        self.ingot("node", "manage", self.name, "--wait")
        self.ingot("node", "provide", self.name, "--wait")

    def deploy(self, image, what, hostname):
        self.c.images.hold(self.name + "/" + image, MIB)
        words = ("node", "deploy", self.name, "--image", self.c.images.url(self.name + "/" + image), "--checksum",
                 self.c.images.checksum(image), "--hostname", hostname, "--wait", "--timeout", str(int(900 * SLOW)),
                 "--yes")
        result = []
        command = threading.Thread(target=lambda: result.append(self.c.ingot(*words)), daemon=True)
        command.start()
        if self.tap.ok(self.c.written_and_held(self.name, self.name, self.name + "/" + image), what + ": written",
                       self.c.why(self.name)):
            check_written(self.tap, self.disk, self.expected, what, self.kind.image, self.kind.sector)
            others = [d for d in self.disks if d != self.disk]
            self.tap.equal([d for d in others if any(read_at(d, 0, MIB))], [], what + ": no other disk is touched")
        self.c.vrack("fault", self.name, "silent", "0")
        command.join()
        self.tap.ok(result and result[0][0] == 0, what + ": active", result)
        home = wait_for(lambda: (self.c.why(self.name).get("phone_home") or {}).get("hostname") == hostname, 180)
        self.tap.ok(home, what + ": its system reports itself", self.c.console(self.name)[-3000:])

    def run(self):
        self.enroll()
        dirt = [noise(250 * MIB), noise(310 * MIB, seed=2)]
        for form, image in self.kind.formats.items():
            what = "%s, %s" % (self.name, form)
            lay_image(self.disk, self.expected, dirt, self.kind.image)
            self.deploy(image, what, "%s.%s" % (self.name, form))
            self.ingot("node", "undeploy", self.name, "--wait", "--yes")
            dirt = []
        os.unlink(self.expected)


def work(tap, c, stories, lock):
    while True:
        with lock:
            if not stories:
                return
            i, kind = stories.pop(0)
        try:
            Story(tap, c, i, kind).run()
        except Exception:  # pylint: disable=broad-except
            tap.ok(False, kind.name, traceback.format_exc() + c.conductor_log()[-1500:])
            c.vrack("fault", kind.name, "silent", "0")
        c.ipmi(address(i), "power", "off")


def main():
    tap = LockedTap()
    need_corridor(tap)
    kinds = chosen_kinds(sys.argv[1:])
    text = "".join(kind.text(i) for i, kind in enumerate(kinds))
    with Corridor(text, "[conductor]\nautomated_clean = false\n", "ma") as c:
        with open(os.path.join(c.scratch, "password"), "w") as f:
            f.write(PASSWORD + "\n")
        stories = list(enumerate(kinds))
        lock = threading.Lock()
        workers = [threading.Thread(target=work, args=(tap, c, stories, lock), daemon=True) for _ in range(AT_ONCE)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    tap.done()


main()
