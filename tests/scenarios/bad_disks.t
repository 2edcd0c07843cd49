#!/usr/bin/env python3
"""
Disks that go wrong under "ingot-agent write": a library between the agent and the file lets them fail (tests/shim/disk.c),
loop devices change their size under it, partition tables are made to mislead. However it ends: the agent says at
which place of which disk, what came back and what to do, nothing that is half-written boots, and no other disk is touched.
INGOT_AGENT names the program, otherwise build/ingot-agent. Without root the loop devices are left out.
"""
import gzip
import http.server
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from simlib import OBJ, TOP, Tap, make_image  # noqa: E402

agent = os.environ.get("INGOT_AGENT", os.path.join(TOP, "build/ingot-agent"))
SHIM = os.path.join(OBJ, "tests/shim/libdiskshim.so")
MIB = 1 << 20
IMAGE = make_image(16)
DISK = 24 * MIB
tap = Tap()
ok = tap.ok


def used_disk(folder, name="disk", size=DISK):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(make_image(2, seed=4)[:MIB].ljust(MIB, b"\xa5") + b"\xa5" * (size - MIB))
    return path


def read(path, at, size):
    with open(path, "rb") as f:
        f.seek(at)
        return f.read(size)


def boots(path):
    """Whether firmware would find anything: a boot record, or a partition table at either end."""
    size = os.path.getsize(path)
    return read(path, 510, 2) == b"\x55\xaa" or read(path, 512, 8) == b"EFI PART" or read(path, size - 512, 8) == b"EFI PART"


def write(image, target, *options, fault=None, disk=None):
    env = dict(os.environ)
    if fault:
        env.update(LD_PRELOAD=SHIM, DISK_FILE=disk or target, DISK_FAULT=fault)
        if "asan" in OBJ:
            env["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + env.get("ASAN_OPTIONS", "")
    return subprocess.run([agent, "write", image, target, "--quiet", "--no-checksum", *options], capture_output=True, text=True,
                          timeout=60, env=env)


def test_faults(folder):
    path = os.path.join(folder, "image")
    middle = 7 * MIB + 8192
    cases = [  # fault, format, words
        ("write %d" % middle, "raw", ("write {disk} at LBA ", "Input/output error", "the disk is faulty; see the kernel's log")),
        ("write %d" % middle, "zst", ("write {disk} at LBA ", "Input/output error")),
        ("write %d" % middle, "qcow2", ("write {disk} at LBA ", "Input/output error")),
        ("write 100", "raw", ("wipe the old partition table: write {disk} at LBA 0",)),
        ("write %d" % (DISK - 100), "raw", ("wipe the old partition table: write {disk} at LBA ",)),
        ("read 1000", "raw", ("read {disk} at LBA 0 (byte 0)", "Input/output error", "faulty")),
        ("lie 1000", "raw", ("read back {disk}", "LBA 0", "are not what was written", "the disk or its cable is faulty")),
        ("lie %d" % (DISK - 600), "raw", ("read back {disk}", "are not what was written")),
        ("lose %d" % (3 * MIB + 70000), "raw", ("read back {disk}", "are not what was written")),
        ("lose %d" % (3 * MIB + 70000), "qcow2", ("read back {disk}", "are not what was written")),
        ("gone %d" % middle, "raw", ("{disk}", "Input/output error", "kernel's log")),
        ("gone %d" % middle, "qcow2", ("{disk}", "Input/output error", "kernel's log")),
        ("sync", "raw", ("flush {disk}", "Input/output error")),
    ]
    for fault, kind, words in cases:
        disk, other = used_disk(folder), used_disk(folder, "other")
        before = read(other, 0, DISK)
        p = write(path + "." + kind, disk, fault=fault)
        words = [w.format(disk=disk) for w in words]
        ok(p.returncode == 1 and all(w in p.stderr for w in words), "%s, %s: %s" % (kind, fault, words[0][-40:]), p.stderr)
        wiped = fault != "write 100"  # then nothing could be done to what was there before
        ok(not boots(disk) or not wiped, "nothing that boots is left", p.stderr)
        ok(read(other, 0, DISK) == before, "and no other disk was touched")


def gpt(sector=512, entry_size=128, entries=128, bad_crc=False, first=2048, last=30719, table=2, my=1, usable=(34, 32734)):
    """The image with another GPT: what stands in it is as asked for, and its sums are right unless asked otherwise."""
    disk = bytearray(IMAGE)
    entry = bytes(disk[1024:1024 + 32]) + struct.pack("<QQQ", first, last, 0) + "x".encode("utf-16le").ljust(72, b"\0")
    area = entry[:min(entry_size, 128)].ljust(max(entry_size, 1), b"\0").ljust(max(1, min(entry_size * entries, 1 << 20)), b"\0")
    disk[1024:1024 + min(len(area), 16384)] = area[:16384]
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, my, 32767, *usable, b"D" * 16, table, entries, entry_size,
                       zlib.crc32(area) ^ (1 if bad_crc else 0))
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    disk[512:512 + 92] = head
    return bytes(disk)


def good_gpts(path):
    """Whether both tables of a disk are whole, and stay on it: UEFI 2.10, 5.3.2."""
    last = os.path.getsize(path) // 512 - 1
    for mine, other in ((1, last), (last, 1)):
        head = read(path, mine * 512, 92)
        at, count, size, area_sum = struct.unpack("<QIII", head[72:92])
        area = read(path, at * 512, count * size)
        if (struct.unpack("<QQ", head[24:40]) != (mine, other) or struct.unpack("<Q", head[48:56])[0] >= last
                or struct.unpack("<I", head[16:20])[0] != zlib.crc32(head[:16] + bytes(4) + head[20:]) or zlib.crc32(area) != area_sum):
            return False
    return True


def test_hostile_gpt(folder):
    """Refused by what is wrong in them; one that is only odd is written as it is, its tables where this disk needs them."""
    path = os.path.join(folder, "hostile")
    damaged = "(GPT) is damaged: "
    cases = [("entries of 0 bytes", gpt(entry_size=0), damaged + "number or size of its entries"),
             ("entries of 2 GiB", gpt(entry_size=1 << 31), damaged + "number or size of its entries"),
             ("4 billion entries", gpt(entries=0xffffffff), damaged + "number or size of its entries"),
             ("no entries", gpt(entries=0), damaged + "number or size of its entries"),
             ("entries' sum wrong", gpt(bad_crc=True), damaged + "checksum of its entries"),
             ("a partition behind the disk", gpt(first=1 << 60, last=1 << 61), "ends at sector %d, the disk's last usable one is" % (1 << 61)),
             ("a partition that ends before it begins", gpt(first=4096, last=2048), damaged + "a partition ends before it begins"),
             ("a partition over the table", gpt(first=0, last=100), None),
             ("a table behind the disk", gpt(table=1 << 62), damaged + "its entries are not in the first MiB"),
             ("a table over the header", gpt(table=1), damaged + "its entries are not in the first MiB"),
             ("a header that is elsewhere", gpt(my=77), damaged + "its header says it belongs elsewhere"),
             ("usable sectors from end to start", gpt(usable=(32734, 34)), None),
             ("usable sectors behind all", gpt(usable=(34, (1 << 64) - 1)), None)]
    drive = os.path.join(folder, "drive")
    with open(drive, "wb") as f:
        f.write((bytes(32768) + b"\x01CD001").ljust(65536, b"\0"))
    for what, image, words in cases:
        with open(path, "wb") as f:
            f.write(image)
        for options in ((), ("--config-drive", drive)):
            disk = used_disk(folder)
            p = write(path, disk, *options)
            what_else = what + (" and a config drive" if options else "")
            if words:
                ok(p.returncode == 1 and words in p.stderr and not boots(disk), "GPT with %s: %s" % (what_else, words), p.stderr)
            else:
                ok(p.returncode == 0 and read(disk, MIB, 14 * MIB) == IMAGE[MIB:15 * MIB] and good_gpts(disk),
                   "GPT with %s: written" % what_else, p.stderr)


class Stalled(http.server.ThreadingHTTPServer):
    """Sends half of the image, then waits."""
    daemon_threads = True

    def __init__(self):
        self.half, self.go_on = threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(IMAGE)))
                self.end_headers()
                self.wfile.write(IMAGE[:8 * MIB])
                self.server.half.set()
                self.server.go_on.wait(60)
                try:
                    self.wfile.write(IMAGE[8 * MIB:])
                except OSError:
                    pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


def losetup(*args):
    return subprocess.run(["losetup", *args], check=True, capture_output=True, text=True).stdout.strip()


def test_loops(folder):
    if os.geteuid() != 0 or subprocess.run(["losetup", "-f"], capture_output=True).returncode:
        print("# no loop devices here")
        return
    disk = used_disk(folder)
    loop = losetup("-f", "--show", disk)
    try:
        server = Stalled()
        p = subprocess.Popen([agent, "write", "http://127.0.0.1:%d/x" % server.server_address[1], loop, "--quiet", "--no-checksum"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        server.half.wait(30)
        while int(read("/sys/block/%s/size" % os.path.basename(loop), 0, 20)) != 20480:
            os.truncate(disk, 10 * MIB)  # again where a write has made the file as large as it was
            losetup("-c", loop)
        server.go_on.set()
        _, err = p.communicate(timeout=60)
        ok(p.returncode == 1 and "%s at LBA " % loop in err, "a disk that becomes smaller meanwhile: " + err.strip()[-60:], "%s %s" % (p.returncode, err))
        ok(not boots(disk), "does not boot")
        server.shutdown()
    finally:
        losetup("-d", loop)
    disk = used_disk(folder)
    loop = losetup("-f", "--show", "--sector-size", "4096", disk)
    try:
        for kind in ("raw", "qcow2", "zst"):
            before = read(disk, 0, DISK)
            p = write(os.path.join(folder, "image." + kind), loop)
            ok(p.returncode == 1 and "made for sectors of 512 bytes, the disk has sectors of 4096" in p.stderr,
               "%s, made for 512 bytes, a disk of 4096: refused" % kind, p.stderr)
            ok(read(disk, 0, DISK) == before, "and nothing was written")
    finally:
        losetup("-d", loop)
    disk = used_disk(folder, size=16 * MIB - 512)
    for kind in ("raw", "qcow2", "zst", "gz"):
        p = write(os.path.join(folder, "image." + kind), disk)
        ok(p.returncode == 1 and "larger than the disk" in p.stderr and "%d" % (16 * MIB - 512) in p.stderr,
           "%s, a sector larger than its disk" % kind, p.stderr)
        ok(not boots(disk) or kind != "gz", "does not boot")


def make_images(folder):
    path = os.path.join(folder, "image")
    with open(path + ".raw", "wb") as f:
        f.write(IMAGE)
    with open(path + ".gz", "wb") as f:
        f.write(gzip.compress(IMAGE, 1))
    subprocess.run(["zstd", "-q", "-f", path + ".raw", "-o", path + ".zst"], check=True)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", path + ".raw", path + ".qcow2"], check=True)


def main():
    random.seed(3)
    with tempfile.TemporaryDirectory() as folder:
        make_images(folder)
        for test in (test_faults, test_hostile_gpt, test_loops):
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(folder)
    tap.done()


if __name__ == "__main__":
    main()
