#!/usr/bin/env python3
"""Images of a root partition on a BIOS and a UEFI machine, with swap, an ephemeral partition and a config drive: the
agent makes what is around the root and runs the image's own grub-install; the system boots and reports itself.
Then again with preserve_ephemeral. The disk is read from outside.

    partitions.t [bios|uefi]"""
import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import Corridor, PASSWORD, SLOW, Tap, need_corridor, wait_for  # noqa: E402
import partlib  # noqa: E402

MACHINES = """
[machine root-bios]
disk = virtio size=4G
nic = virtio mac=52:54:00:82:09:01
bmc_address = 10.82.1.1
[machine root-uefi]
firmware = uefi
disk = nvme size=4G
nic = virtio mac=52:54:00:82:09:02
bmc_address = 10.82.1.2
"""
CONF = "[conductor]\nautomated_clean = false\n[agent]\nenable_bios_bootloader_install = true\n"
LAYOUT = {"bios": [(1, 1024), (1025, 64), (1089, 1), (1090, 1024)],
          "uefi": [(1, 550), (551, 1024), (1575, 64), (1639, 1), (1640, 1024)]}
TYPES = {"bios": ["ext4", "swap", "iso9660", "ext4"], "uefi": ["vfat", "ext4", "swap", "iso9660", "ext4"]}


def file_type(path):
    return subprocess.run(["blkid", "-p", "-o", "value", "-s", "TYPE", path], capture_output=True,
                          text=True).stdout.strip()


class Story:
    def __init__(self, tap, c, name, i):
        self.tap, self.c, self.mode, self.name, self.i = tap, c, name, "root-" + name, i
        self.disk = c.disk(self.name).split()[0]
        self.address = "10.82.1.%d" % (i + 1)

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        if status:
            raise RuntimeError("ingot %s: %s" % (" ".join(words), out + err))

    def enroll(self):
        self.ingot("node", "create", self.name, "--driver", "ipmi", "--mac", "52:54:00:82:09:0%d" % (self.i + 1),
                   "--driver-info", "ipmi_address=" + self.address, "--driver-info", "ipmi_username=admin",
                   "--driver-info", "ipmi_password=@" + self.c.scratch + "/password", "--property",
                   "capabilities=boot_mode:" + self.mode)
        for verb in ("manage", "provide"):
            self.ingot("node", verb, self.name, "--wait")
        self.ingot("node", "set", self.name, "--instance-info", "image_type=partition", "--instance-info", "root_gb=1",
                   "--instance-info", "swap_mb=64", "--instance-info", "ephemeral_gb=1")

    def deploy(self, hostname):
        what = hostname
        status, out, err = self.c.ingot(
            "node", "deploy", self.name, "--image", self.c.images.url(partlib.NAME), "--checksum",
            self.c.images.checksum(partlib.NAME), "--hostname", hostname, "--wait", "--timeout", str(int(900 * SLOW)),
            "--yes")
        self.tap.ok(status == 0, what + ": deployed", out + err + self.c.console(self.name)[-5000:])
        home = wait_for(lambda: (self.c.why(self.name).get("phone_home") or {}).get("hostname") == hostname, 240)
        self.tap.ok(home, what + ": its system reports itself", self.c.console(self.name)[-3000:])
        self.c.ipmi(self.address, "power", "off")

    def parts(self):
        return [partlib.extract(self.disk, at, mib, os.path.join(self.c.scratch, "%s%d" % (self.name, n)))
                for n, (at, mib) in enumerate(partlib.table(self.disk), 1)]

    def check(self, what):
        self.tap.equal(partlib.table(self.disk), LAYOUT[self.mode], what + ": the table")
        parts = self.parts()
        self.tap.equal([file_type(p) for p in parts], TYPES[self.mode], what + ": what the partitions hold")
        changed, total = partlib.changed_blocks(parts[-1])
        self.tap.ok(changed < total // 10, what + ": the root is the image, but for what the boot loader and the system "
                    "wrote (%d of %d blocks)" % (changed, total))
        same = [partlib.file_of(parts[-1], f) == partlib.file_of(partlib.PATH, f) != b""
                for f in ("/boot/vmlinuz", "/boot/initrd.img", "/sbin/init")]
        self.tap.equal(same, [True] * 3, what + ": kernel, initrd and init are those of the image")
        self.tap.ok(b"# by grub-mkconfig" in partlib.file_of(parts[-1], "/boot/grub/grub.cfg"),
                    what + ": GRUB's configuration is written by the image")
        if self.mode == "uefi":
            files = subprocess.run(["mdir", "-b", "-/", "-i", parts[0], "::/"], capture_output=True, text=True).stdout
            self.tap.ok("EFI/BOOT/BOOTX64.EFI" in files.upper(), what + ": a loader where firmware looks", files)
            self.tap.ok(b"/boot/efi\tvfat" in partlib.file_of(parts[-1], "/etc/fstab"), what + ": the ESP is in fstab")
        return hashlib.sha256(open(parts[-4], "rb").read()).hexdigest()

    def run(self):
        self.enroll()
        self.deploy(self.name + ".first")
        before = self.check(self.name)
        at = LAYOUT[self.mode][-4][0]
        subprocess.run(["debugfs", "-w", "-R", "mkdir precious", "%s?offset=%d" % (self.disk, at << 20)],
                       capture_output=True, check=True)
        self.ingot("node", "set", self.name, "--instance-info", "preserve_ephemeral=true")
        self.ingot("node", "rebuild", self.name, "--wait", "--yes")
        self.c.ipmi(self.address, "power", "off")
        after = self.check(self.name + " rebuilt")
        kept = partlib.file_of(self.parts()[-4], "/precious")
        listing = subprocess.run(["debugfs", "-R", "ls -p /", self.parts()[-4]], capture_output=True).stdout
        self.tap.ok(after != before and b"precious" in listing, self.name + ": the ephemeral partition was kept",
                    kept + listing)


def main():
    tap = Tap()
    need_corridor(tap)
    if not os.path.exists(partlib.PATH):
        tap.skip_all(partlib.PATH + " is not built")
    only = sys.argv[1:] or ["bios", "uefi"]
    with Corridor(MACHINES, CONF, "pa") as c:
        with open(os.path.join(c.scratch, "password"), "w") as f:
            f.write(PASSWORD + "\n")
        for i, name in enumerate(("bios", "uefi")):
            if name in only:
                Story(tap, c, name, i).run()
    tap.done()


main()
