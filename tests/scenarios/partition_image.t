#!/usr/bin/env python3
"""
Images of a root partition, "ingot-agent write --partition", onto files and loop devices: the table is judged by
sgdisk and sfdisk, the file systems around the root by fsck.vfat, e2fsck, blkid and swaplabel, the root's bytes
are compared with the image. INGOT_AGENT names the program, otherwise build/ingot-agent.
"""
import gzip
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import TOP, Tap  # noqa: E402

agent = os.environ.get("INGOT_AGENT", os.path.join(TOP, "build/ingot-agent"))
MIB = 1 << 20
UUID = "0badcafe-1234-4321-8888-0123456789ab"
IMAGE = 12 * MIB
DISK = 900 * MIB
USED = (0, 2, 550, 552, 600, DISK // MIB - 2)  # where the disks of this lab carry something, in MiB
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
SWAP = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
tap = Tap()
ok = tap.ok


def run(*args):
    return subprocess.run(args, capture_output=True, text=True)


def read(path, at, size):
    with open(path, "rb") as f:
        f.seek(at)
        return f.read(size)


def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


class Lab:
    def __init__(self, folder):
        self.folder = folder
        path = self.file("root.raw")
        with open(path, "wb") as f:
            f.truncate(IMAGE)
        files = self.file("files")
        os.mkdir(files)
        with open(os.path.join(files, "hostname"), "wb") as f:
            f.write(hashlib.sha512(b"content").digest() * 30000)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-d", files, path], check=True)
        self.image = read(path, 0, IMAGE)
        for name, data in (("root.gz", gzip.compress(self.image, 1)), ("root.xz", lzma.compress(self.image, preset=0))):
            with open(self.file(name), "wb") as f:
                f.write(data)
        subprocess.run(["zstd", "-q", "-1", path, "-o", self.file("root.zst")], check=True)
        with open(self.file("drive"), "wb") as f:
            f.write(b"\0" * 32769 + b"CD001" + b"\1" * (1500000 - 32774))

    def file(self, name):
        return os.path.join(self.folder, name)

    def disk(self, size=DISK):
        """A used disk: remains of an old system wherever something of it could still work."""
        path = self.file("disk")
        with open(path, "wb") as f:
            f.truncate(size)
            for at in USED:
                f.seek(at * MIB)
                f.write(b"\xa5" * 2 * MIB)
        return path

    def write(self, disk, *options, image="root.raw", sum_of=None, mib=16):
        digest = hashlib.sha256(read(self.file(image), 0, -1)).hexdigest() if sum_of is None else sum_of
        return run(agent, "write", self.file(image), disk, "--quiet", "--sha256", digest, "--partition", str(mib),
                   *options)


def table(disk, sector=512):
    """What sfdisk reads: [(first MiB, MiB, type, bootable)]."""
    parts = []
    for line in run("sfdisk", "-d", disk).stdout.splitlines():
        m = re.search(r"start= *(\d+), size= *(\d+), type= *([0-9A-Za-z-]+)", line)
        if m:
            parts.append((int(m[1]) * sector / MIB, int(m[2]) * sector / MIB, m[3], "bootable" in line))
    return parts


def part(lab, disk, number, sector=512):
    """A partition as a file of its own."""
    first, size, _, _ = table(disk, sector)[number - 1]
    path = lab.file("part%d" % number)
    begin, end = int(first * MIB), int((first + size) * MIB)
    with open(lab.file("disk"), "rb") as f, open(path, "wb") as out:
        out.truncate(end - begin)
        at = begin
        while at < end:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:  # only a hole is left
                break
            stop = min(os.lseek(f.fileno(), at, os.SEEK_HOLE), end)
            if at < end:
                out.seek(at - begin)
                out.write(os.pread(f.fileno(), stop - at, at))
            at = stop
    return path


def state(disk):
    """Of what a used disk carries; holes have no data to change."""
    return [hashlib.sha1(read(disk, at * MIB, 2 * MIB)).digest() for at in USED]


def blkid(path):
    return dict(re.findall(r'(\w+)="([^"]*)"', run("blkid", "-p", path).stdout))


def judge_esp(lab, path, printed=None):
    fsck, id_ = run("fsck.vfat", "-n", path), blkid(path)
    ok(fsck.returncode == 0 and id_.get("VERSION") == "FAT32" and id_.get("LABEL") == "efi-part",
       "the EFI system partition is an empty FAT32 named efi-part", fsck.stdout + str(id_))
    p = run("mmd", "-i", path, "::/EFI")
    ok(p.returncode == 0 and run("fsck.vfat", "-n", path).returncode == 0, "it takes files", p.stderr)


def test_uefi(lab):
    disk = lab.disk()
    p = lab.write(disk, "--boot", "uefi", "--swap", "20", "--ephemeral", "40", "--config-drive", lab.file("drive"))
    ok(p.returncode == 0, "UEFI: ESP, ephemeral, swap, config drive, root", p.stderr)
    ok(table(disk) == [(1, 550, ESP, False), (551, 40, LINUX, False), (591, 20, SWAP, False), (611, 2, LINUX, False),
                       (613, 16, LINUX, False)], "in this order and of these sizes", run("sfdisk", "-d", disk).stdout)
    for judge in (("sgdisk", "-v", disk), ("sfdisk", "-V", disk)):
        v = run(*judge)
        ok(v.returncode == 0 and ("No problems" in v.stdout or "No errors" in v.stdout), "%s finds nothing" % judge[0],
           v.stdout)
    judge_esp(lab, part(lab, disk, 1))
    path = part(lab, disk, 2)
    fsck, id_ = run("e2fsck", "-fn", path), blkid(path)
    ok(fsck.returncode == 0 and (id_.get("TYPE"), id_.get("LABEL")) == ("ext4", "ephemeral0"),
       "the ephemeral partition is an ext4 named ephemeral0", fsck.stdout + str(id_))
    path = part(lab, disk, 3)
    swap = run("swaplabel", path)
    ok("swap1" in swap.stdout and blkid(path).get("TYPE") == "swap", "the swap area is named swap1",
       swap.stdout + swap.stderr)
    ok(read(part(lab, disk, 4), 0, 1500000) == read(lab.file("drive"), 0, -1), "the config drive is on its partition")
    path = part(lab, disk, 5)
    ok(read(path, 0, IMAGE) == lab.image and run("e2fsck", "-fn", path).returncode == 0, "the root is the image")
    lines = p.stdout.splitlines()
    ok("root ext4 " + UUID in lines and "partition 5 root" in lines and "partition 1 efi system partition" in lines
       and "config drive on partition 4" in lines, "all of which is told", p.stdout)


def test_bios(lab):
    disk = lab.disk()
    p = lab.write(disk, "--swap", "5", "--ephemeral", "6", "--ephemeral-format", "ext2", "--config-drive",
                  lab.file("drive"))
    ok(p.returncode == 0 and table(disk) == [(1, 6, "83", False), (7, 5, "82", False), (12, 2, "83", False),
                                             (14, 16, "83", True)], "BIOS: an MBR, the root is active",
       p.stderr + run("sfdisk", "-d", disk).stdout)
    ok(read(disk, 14 * MIB, IMAGE) == lab.image and read(disk, 0, 440) == bytes(440), "the root is the image")
    ok(blkid(part(lab, disk, 1)).get("TYPE") == "ext2", "an ephemeral partition with ext2")
    disk = lab.disk()
    p = lab.write(disk, "--table", "gpt")
    ok(p.returncode == 0 and table(disk) == [(1, 1, BIOS_BOOT, False), (2, 16, LINUX, False)]
       and "No problems" in run("sgdisk", "-v", disk).stdout, "BIOS with a GPT: room for GRUB, then the root",
       p.stderr + run("sfdisk", "-d", disk).stdout)
    ok(read(disk, MIB, MIB) == bytes(MIB) and read(disk, 2 * MIB, IMAGE) == lab.image,
       "an old boot loader is gone, the root is the image")
    p = lab.write(lab.disk(), "--boot", "uefi", "--table", "msdos")
    ok(p.returncode == 0 and [t[2] for t in table(lab.file("disk"))] == ["ef", "83"], "UEFI with an MBR", p.stderr)
    p = lab.write(lab.disk(), "--boot", "uefi", "--ephemeral", "40", "--ephemeral-format", "vfat")
    ok("FAT32" not in p.stderr or p.returncode == 1, "a FAT that is too small is not made", p.stderr)


def test_formats(lab):
    names = ["root.gz", "root.xz", "root.zst"]
    if shutil.which("qemu-img"):
        subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", "-f", "raw", lab.file("root.raw"),
                        lab.file("root.qcow2")], check=True)
    if "qcow2" in run(agent, "write", "--help").stdout:
        names.append("root.qcow2")
    for name in names:
        disk = lab.disk()
        p = lab.write(disk, image=name)
        ok(p.returncode == 0 and read(disk, MIB, IMAGE) == lab.image and "root ext4 " + UUID in p.stdout, name,
           p.stderr + p.stdout)


def boots(disk):
    """Whether firmware or an old loader would find anything."""
    return read(disk, 0, 440) != bytes(440) or read(disk, 510, 2) == b"\x55\xaa"


def test_failures(lab):
    disk = lab.disk()
    p = lab.write(disk, sum_of="f" * 64)
    ok(p.returncode == 1 and "checksum" in p.stderr, "a wrong sum", p.stderr)
    ok(not boots(disk) and not table(disk), "leaves a disk without a table")
    ok(read(disk, MIB, MIB) == bytes(MIB), "and a root without its beginning")
    for options, image, text, mib in (
            ((), "root.raw", "larger than its partition", 10),
            (("--swap", "2000"), "root.raw", "too small: its 900 MiB have to hold 2018 MiB", 16),
            ((), "root.raw", "too small", 899),
            (("--table", "msdos", "--boot", "uefi", "--swap", "1", "--ephemeral", "5", "--config-drive",
              lab.file("drive")), "root.raw", "5 partitions do not fit into an MBR", 16),
            (("--ephemeral", "40", "--ephemeral-format", "reiserfs"), "root.raw", "ephemeral_format reiserfs", 16),
            (("--keep-ephemeral",), "root.raw", "no table", 16)):
        disk = lab.disk()
        before = state(disk)
        p = lab.write(disk, *options, image=image, mib=mib)
        ok(p.returncode == 1 and text in p.stderr and state(disk) == before,
           "%s: refused, the disk is as it was" % text, p.stderr)
    p = lab.write(lab.file("new"))
    ok(p.returncode == 1 and "needs a disk" in p.stderr, "a new file has no room for partitions", p.stderr)
    whole = lab.file("whole.raw")
    with open(whole, "wb") as f:
        f.truncate(8 * MIB)
    subprocess.run(["sfdisk", "-q", whole], input=b"label: gpt\nstart=2048, size=4096\n", check=True)
    disk = lab.disk()
    p = lab.write(disk, image="whole.raw")
    ok(p.returncode == 1 and "whole-disk" in p.stderr and not boots(disk), "a disk's image is none of a partition",
       p.stderr)


def test_keep(lab):
    disk = lab.disk()
    layout = ("--boot", "uefi", "--swap", "8", "--ephemeral", "30", "--config-drive", lab.file("drive"))
    lab.write(disk, *layout)
    subprocess.run(["debugfs", "-w", "-R", "write %s precious" % lab.file("root.gz"), disk + "?offset=%d" % (551 * MIB)],
                   capture_output=True, check=True)
    before, kept = run("sfdisk", "-d", disk).stdout, read(disk, 551 * MIB, 30 * MIB)
    ok(b"precious" in kept, "data on the ephemeral partition")
    patch(disk, 591 * MIB + 3 * MIB, b"\xa5" * MIB)
    patch(disk, 0, b"BOOT")
    p = lab.write(disk, *layout, "--keep-ephemeral")
    ok(p.returncode == 0 and run("sfdisk", "-d", disk).stdout == before, "rebuilt: the table is the same", p.stderr)
    ok(read(disk, 551 * MIB, 30 * MIB) == kept, "and so is the ephemeral partition")
    ok(read(disk, 591 * MIB, IMAGE) == lab.image and "No problems" in run("sgdisk", "-v", disk).stdout,
       "the root is new", run("sgdisk", "-v", disk).stdout)
    ok(read(disk, 0, 440) == bytes(440), "an old boot loader is gone")
    judge_esp(lab, part(lab, disk, 1))
    p = lab.write(disk, *layout, "--keep-ephemeral", sum_of="f" * 64)
    ok(p.returncode == 1 and run("sfdisk", "-d", disk).stdout == before and read(disk, 551 * MIB, 30 * MIB) == kept,
       "a wrong sum leaves the table and the ephemeral partition", p.stderr)
    ok(read(disk, 591 * MIB, MIB) == bytes(MIB) and read(disk, MIB, MIB) == bytes(MIB), "but nothing that boots")
    p = lab.write(disk, *layout, "--keep-ephemeral")
    ok(p.returncode == 0 and read(disk, 551 * MIB, 30 * MIB) == kept, "which another rebuild repairs", p.stderr)
    for change, text in ((("--swap", "9"), "partition 3"), (("--ephemeral", "31"), "partition 2"),
                         (("--boot", "bios"), "5 partitions (gpt)")):
        before = read(disk, 0, MIB)
        p = lab.write(disk, *layout, *change, "--keep-ephemeral")
        ok(p.returncode == 1 and text in p.stderr and read(disk, 0, MIB) == before,
           "%s is another layout: nothing is written" % " ".join(change), p.stderr)


def whole_disk(lab, name, script):
    path = lab.file(name)
    with open(path, "wb") as f:
        f.truncate(24 * MIB)
    subprocess.run(["sfdisk", "-q", path], input=script.encode(), check=True)
    return path


def test_grow(lab):
    last = DISK // MIB - 1
    for label, efi in (("gpt", ESP), ("dos", "ef")):
        path = whole_disk(lab, label + ".raw", "label: %s\nstart=2048, size=4096, type=%s\nstart=6144, size=8192\n"
                          % (label, efi))
        disk = lab.disk()
        words = (agent, "write", path, disk, "--quiet", "--no-checksum", "--grow-root")
        p = run(*words)
        first, size, _, _ = (table(disk) or [()])[-1]
        ok(p.returncode == 0 and "partition 2 enlarged" in p.stdout and first == 3 and first + size >= last,
           "%s: the last partition of a disk's image gets the rest of the disk" % label,
           p.stderr + p.stdout + run("sfdisk", "-d", disk).stdout)
        ok(run("sfdisk", "-V", disk).stdout.count("No errors") == 1 and (label == "dos" or "No problems" in
           run("sgdisk", "-v", disk).stdout), "%s: its table is whole, at both ends" % label, run("sgdisk", "-v", disk).stdout)
        p = run(*words, "--config-drive", lab.file("drive"))
        parts = sorted(table(disk))
        ok(p.returncode == 0 and len(parts) == 3 and parts[1][0] + parts[1][1] == parts[2][0],
           "%s: up to the config drive, when there is one" % label, p.stderr + run("sfdisk", "-d", disk).stdout)
        path = whole_disk(lab, label + "-esp.raw", "label: %s\nstart=2048, size=4096\nstart=6144, size=8192, type=%s\n"
                          % (label, efi))
        p = run(agent, "write", path, lab.disk(), "--quiet", "--no-checksum", "--grow-root")
        ok(p.returncode == 0 and "enlarged" not in p.stdout and table(lab.file("disk"))[-1][:2] == (3, 4),
           "%s: an EFI system partition that lies last stays as it is" % label, p.stderr)
    disk = lab.disk()
    p = lab.write(disk, "--boot", "uefi", "--swap", "20", "--grow-root")
    ok(p.returncode == 0 and table(disk)[-1][:2] == (571, last - 571) and "partition 3 enlarged" in p.stdout
       and "No problems" in run("sgdisk", "-v", disk).stdout, "so does the root of a partition image",
       p.stderr + run("sfdisk", "-d", disk).stdout)


class Loop:
    def __init__(self, path, sector):
        self.args = (path, str(sector))

    def __enter__(self):
        self.name = subprocess.run(["losetup", "-f", "--show", "-b", self.args[1], self.args[0]], check=True,
                                   capture_output=True, text=True).stdout.strip()
        return self.name

    def __exit__(self, *args):
        subprocess.run(["losetup", "-d", self.name])


def test_devices(lab):
    if os.geteuid() != 0 or run("losetup", "-f").returncode != 0:
        ok(True, "block devices # SKIP needs root and loop devices")
        return
    for sector in (512, 4096):
        with Loop(lab.disk(), sector) as disk:
            p = lab.write(disk, "--boot", "uefi", "--swap", "20", "--ephemeral", "40")
            ok(p.returncode == 0, "a block device with sectors of %d" % sector, p.stderr)
            ok([t[:2] for t in table(disk, sector)] == [(1, 550), (551, 40), (591, 20), (611, 16)]
               and "No problems" in run("sgdisk", "-v", disk).stdout, "its table", run("sgdisk", "-v", disk).stdout)
            ok(read(disk, 611 * MIB, IMAGE) == lab.image, "its root")
            path = part(lab, disk, 1, sector)
            fsck = run("fsck.vfat", "-n", path)
            ok(fsck.returncode == 0 and read(path, 11, 2) == sector.to_bytes(2, "little"), "its ESP", fsck.stdout)
            ok(run("e2fsck", "-fn", part(lab, disk, 2, sector)).returncode == 0, "its ephemeral partition")


def main():
    with tempfile.TemporaryDirectory(prefix="ingot-parts.") as folder:
        lab = Lab(folder)
        for test in (test_uefi, test_bios, test_formats, test_failures, test_keep, test_grow, test_devices):
            test(lab)
    tap.done()


main()
