#!/usr/bin/env python3
"""Every firmware with every kind of disk and every format of image: deployed, its disk compared with the
image byte for byte, and its system has to report itself. Two machines at a time.

    matrix.t [WORD...]     only the combinations that have all the words, e.g.: matrix.t uefi scsi"""
import os
import sys
import threading
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import (Corridor, MIB, PASSWORD, SLOW, Tap, check_written, lay_image, need_corridor,  # noqa: E402
                         noise, wait_for)

FIRMWARE = ("bios", "uefi")
DISKS = ("virtio", "nvme", "ahci", "scsi")
FORMATS = {"raw": "system.img", "gz": "system.img.gz", "zst": "system.img.zst"}
AT_ONCE = 2


class LockedTap(Tap):
    """For several threads."""
    lock = threading.Lock()

    def ok(self, good, what, note=None):
        with self.lock:
            return super().ok(good, what, note)


def combinations(words):
    """{(firmware, disk): [formats]} of those that were asked for."""
    chosen = {}
    for disk in DISKS:
        for firmware in FIRMWARE:
            formats = [f for f in FORMATS if set(words) <= {firmware, disk, f}]
            if formats:
                chosen[firmware, disk] = formats
    return chosen


def address(i):
    return "10.82.1.%d" % (i + 1)


def rack_text(machines):
    return "".join("[machine %s-%s]\nfirmware = %s\ndisk = %s size=4G\nnic = virtio mac=52:54:00:82:03:%02x\n"
                   "bmc_address = %s\n" % (fw, disk, fw, disk, i, address(i)) for i, (fw, disk) in enumerate(machines))


class Story:
    """One machine with all formats, one after the other, each over the one before."""

    def __init__(self, tap, c, i, name, formats):
        self.tap, self.c, self.i, self.name, self.formats = tap, c, i, name, formats
        self.disk = c.disk(name)
        self.expected = os.path.join(c.scratch, "expected-" + name)

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        if status:
            raise RuntimeError("ingot %s: %s" % (" ".join(words), out + err))

    def enroll(self):
        self.ingot("node", "create", self.name, "--driver", "ipmi", "--mac", "52:54:00:82:03:%02x" % self.i, "--driver-info",
                   "ipmi_address=" + address(self.i), "--driver-info", "ipmi_username=admin", "--driver-info",
                   "ipmi_password=@" + self.c.scratch + "/password", "--property",
                   "capabilities=boot_mode:" + self.name.split("-")[0])
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
            check_written(self.tap, self.disk, self.expected, what)
        self.c.vrack("fault", self.name, "silent", "0")
        command.join()
        self.tap.ok(result and result[0][0] == 0, what + ": active", result)
        home = wait_for(lambda: (self.c.why(self.name).get("phone_home") or {}).get("hostname") == hostname, 180)
        self.tap.ok(home, what + ": its system reports itself", self.c.console(self.name)[-3000:])

    def run(self):
        self.enroll()
        dirt = [noise(250 * MIB), noise(310 * MIB, seed=2)]
        for kind in self.formats:
            what = "%s, %s" % (self.name, kind)
            lay_image(self.disk, self.expected, dirt)
            self.deploy(FORMATS[kind], what, "%s.%s" % (self.name, kind))
            self.ingot("node", "undeploy", self.name, "--wait", "--yes")
            dirt = []
        os.unlink(self.expected)


def work(tap, c, stories, lock):
    while True:
        with lock:
            if not stories:
                return
            i, name, formats = stories.pop(0)
        try:
            Story(tap, c, i, name, formats).run()
        except Exception:  # pylint: disable=broad-except
            tap.ok(False, name, traceback.format_exc() + c.conductor_log()[-1500:])
            c.vrack("fault", name, "silent", "0")
        c.ipmi(address(i), "power", "off")


def main():
    tap = LockedTap()
    need_corridor(tap)
    chosen = combinations(sys.argv[1:])
    with Corridor(rack_text(chosen), "[conductor]\nautomated_clean = false\n", "ma") as c:
        with open(os.path.join(c.scratch, "password"), "w") as f:
            f.write(PASSWORD + "\n")
        stories = [(i, "-".join(key), formats) for i, (key, formats) in enumerate(chosen.items())]
        lock = threading.Lock()
        workers = [threading.Thread(target=work, args=(tap, c, stories, lock), daemon=True) for _ in range(AT_ONCE)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    tap.done()


main()
