#!/usr/bin/env python3
"""
qcow2 images through "ingot-agent write", onto files, by HTTP. QEMU's own tools make the images, lay them out at
random (qemu-io, by a seed: INGOT_SEED gives another one) and say what is in them (qemu-img convert -O raw); the
bytes on the target are compared with that. What must not be written is made by hand from the format's description.
"""
import gzip
import hashlib
import http.server
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import TOP, Tap  # noqa: E402

agent = os.environ.get("INGOT_AGENT", os.path.join(TOP, "build/ingot-agent"))
seed = int(os.environ.get("INGOT_SEED", "5"))
MIB = 1 << 20
DISK_SIZE = 48 * MIB
COPIED = 1 << 63
tap = Tap()
ok = tap.ok


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files with byte ranges; "plain/" without, "other/" has other tables when the whole file is asked for."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        how, _, name = self.path.lstrip("/").partition("/")
        data = self.server.files[name]
        wanted = re.match(r"bytes=(\d+)-(\d*)$", self.headers.get("Range") or "") if how != "plain" else None
        self.server.requests.append((how, wanted and wanted.groups()))
        if how == "other" and wanted:
            data = self.server.files[name + ".other"]
        first, last = (int(wanted[1]), int(wanted[2] or len(data) - 1)) if wanted else (0, len(data) - 1)
        last = min(last, len(data) - 1)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, last, len(data)))
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        try:
            self.wfile.write(data[first:last + 1])
        except OSError:
            self.close_connection = True


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None
        self.server.files, self.server.requests = {}, []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, name, data=None):
        if data is None:
            with open(self.path(name), "rb") as f:
                data = f.read()
        self.server.files[name] = data
        return data

    def disk(self, size=DISK_SIZE, name="disk"):
        """A used disk: full of an old system that must not survive."""
        with open(self.path(name), "wb") as f:
            f.write(b"\xa5" * size)
        return self.path(name)

    def write(self, name, target, *options, how="ok"):
        self.server.requests.clear()
        digest = hashlib.sha256(self.server.files[name]).hexdigest()
        url = "http://127.0.0.1:%d/%s/%s" % (self.server.server_address[1], how, name)
        return subprocess.run([agent, "write", url, target, "--quiet", "--sha256", digest, "--retries", "1", *options],
                              capture_output=True, text=True, timeout=120)

    def qemu_img(self, *args):
        subprocess.run(["qemu-img", *args], check=True, capture_output=True, cwd=self.folder)

    def qemu_io(self, name, commands):
        args = [x for c in commands for x in ("-c", c)]
        subprocess.run(["qemu-io", "-f", "qcow2", *args, name], check=True, capture_output=True, cwd=self.folder)

    def raw(self, name):
        """What QEMU reads in it."""
        self.qemu_img("convert", "-f", "qcow2", "-O", "raw", name, name + ".raw")
        with open(self.path(name + ".raw"), "rb") as f:
            return f.read()


def read(path, size, at=0):
    with open(path, "rb") as f:
        f.seek(at)
        return f.read(size)


def untouched(path):
    return read(path, MIB) == b"\xa5" * MIB


def unbootable(path):
    """Nothing at either end."""
    size = os.path.getsize(path)
    return read(path, MIB) == bytes(MIB) and read(path, MIB, size - MIB + 4096) == bytes(MIB - 4096)


def check_written(lab, name, what, *options, how="ok"):
    want = lab.raw(name)
    lab.serve(name)
    target = lab.disk()
    p = lab.write(name, target, *options, how=how)
    got = read(target, len(want))
    same = p.returncode == 0 and got == want
    where = next((i for i in range(0, len(want), 512) if got[i:i + 512] != want[i:i + 512]), None) if not same else None
    return ok(same, what, "%s first difference at %s of %d" % (p.stderr, where, len(want)))


def check_refused(lab, name, what, text, *options):
    target = lab.disk(4 * MIB)
    p = lab.write(name, target, *options)
    ok(p.returncode == 1 and text in p.stderr and untouched(target), "%s: %s" % (what, text), p.stderr or p.returncode)


def random_writes(rnd, size, n):
    """Commands of qemu-io: data, zeroes, discards and compressed clusters, all over the disk."""
    for _ in range(n):
        at = rnd.randrange(0, size // 512) * 512
        length = min(rnd.choice((512, 4096, 65536, 200 * 1024, MIB, 3 * MIB)), size - at)
        kind = rnd.choice(("write -P %d" % rnd.randrange(1, 256),) * 4 + ("write -z", "write -z -u", "discard"))
        yield "%s %d %d" % (kind, at, length)


def random_source(lab, rnd, size):
    """A raw file with data that compresses, data that does not, and holes."""
    with open(lab.path("source"), "wb") as f:
        f.truncate(size)
        for at in range(0, size, 256 * 1024):
            what = rnd.randrange(3)
            f.seek(at)
            if what == 0:
                f.write(rnd.randbytes(min(256 * 1024, size - at)))
            elif what == 1:
                f.write((rnd.randbytes(64) * 4096)[:min(256 * 1024, size - at)])


def test_random(lab):
    rnd = random.Random(seed)
    cases = [("0.10", 16, ""), ("1.1", 16, ""), ("1.1", 9, ""), ("0.10", 12, ""), ("1.1", 14, ""), ("1.1", 21, ""),
             ("1.1", 20, "lazy_refcounts=on"), ("1.1", 12, "preallocation=falloc"), ("1.1", 16, "preallocation=full"),
             ("0.10", 18, "preallocation=metadata")]
    for compat, bits, extra in cases:
        size = rnd.randrange(12 * MIB, 20 * MIB) // 512 * 512 if bits > 9 else 6 * MIB + 512 * rnd.randrange(100)
        options = "compat=%s,cluster_size=%d%s" % (compat, 1 << bits, "," + extra if extra else "")
        name = "random.qcow2"
        lab.qemu_img("create", "-f", "qcow2", "-o", options, name, str(size))
        lab.qemu_io(name, random_writes(rnd, size, 40))
        check_written(lab, name, "%s, %d bytes: as QEMU reads it" % (options, size))


def test_compressed(lab):
    rnd = random.Random(seed + 1)
    for kind, bits in (("zlib", 16), ("zstd", 16), ("zlib", 9), ("zlib", 12), ("zlib", 21), ("zstd", 14), ("zstd", 21)):
        size = rnd.randrange(8 * MIB, 16 * MIB) // 512 * 512 if bits > 9 else 3 * MIB + 512
        random_source(lab, rnd, size)
        name = "packed.qcow2"
        lab.qemu_img("convert", "-c", "-O", "qcow2", "-o", "cluster_size=%d,compression_type=%s" % (1 << bits, kind), "source", name)
        check_written(lab, name, "compressed by %s in clusters of %d" % (kind, 1 << bits))
        lab.qemu_io(name, random_writes(rnd, size, 20))
        check_written(lab, name, "and written to afterwards")


def test_shapes(lab):
    rnd = random.Random(seed + 2)
    name = "shaped.qcow2"
    size = 12 * MIB
    lab.qemu_img("create", "-f", "qcow2", "-o", "cluster_size=4096", name, str(size))
    lab.qemu_io(name, random_writes(rnd, size, 20))
    lab.qemu_img("resize", name, str(30 * MIB + 512))
    lab.qemu_io(name, random_writes(rnd, 30 * MIB, 20))
    check_written(lab, name, "resized: its L1 table has moved behind its data")
    check_written(lab, name, "the same from a server without byte ranges", how="plain")
    ok([h for h, _ in lab.server.requests].count("plain") <= 5, "which is asked for the file a few times at most", lab.server.requests)
    lab.qemu_img("resize", "--shrink", name, str(9 * MIB + 512))
    check_written(lab, name, "shrunk")
    lab.qemu_img("snapshot", "-c", "before", name)
    lab.qemu_io(name, random_writes(rnd, 9 * MIB, 20))
    check_written(lab, name, "with a snapshot inside: the present state is written")
    lab.qemu_img("bitmap", "--add", name, "b0")
    check_written(lab, name, "with a bitmap inside")
    lab.qemu_img("create", "-f", "qcow2", name, str(20 * MIB))
    check_written(lab, name, "nothing in it")
    lab.qemu_img("create", "-f", "qcow2", "-o", "compat=0.10", name, str(20 * MIB))
    lab.qemu_io(name, ["write -P 7 %d 512" % (20 * MIB - 512)])
    check_written(lab, name, "only the last sector")
    check_written(lab, name, "declared as what it is", "--format", "qcow2")
    random_source(lab, rnd, 24 * MIB)
    lab.qemu_img("convert", "-c", "-O", "qcow2", "source", name)
    with open(lab.path(name), "r+b") as f:
        f.truncate(len(f.read().rstrip(b"\0")))
    check_written(lab, name, "the last sector of its last compressed cluster is cut: nothing of it is missing")


def qcow(bits=16, version=3, size=8 * MIB, l1=None, l2=None, features=0, **fields):
    """An image made by hand: header, L1 at cluster 1, one L2 table at cluster 2, data at clusters 3 and 4."""
    cluster = 1 << bits
    h = dict(backing=0, backing_len=0, crypt=0, l1_size=max(1, -(-size // (cluster * cluster // 8))), l1_at=cluster, snapshots=0,
             header_len=112, compression=0, magic=b"QFI\xfb")
    h.update(fields)
    head = struct.pack(">4sIQIIQIIQQIIQ", h["magic"], version, h["backing"], h["backing_len"], bits, size, h["crypt"], h["l1_size"],
                       h["l1_at"], 0, 0, h["snapshots"], 0)
    if version >= 3:
        head += struct.pack(">QQQIIB7x", features, 0, 0, 4, h["header_len"], h["compression"])
    head += h.get("tail", b"")
    data = [head, struct.pack(">Q", 2 * cluster | COPIED) if l1 is None else l1,
            struct.pack(">QQ", 3 * cluster | COPIED, 4 * cluster | COPIED) if l2 is None else l2, b"A" * cluster, b"B" * cluster]
    return b"".join(d.ljust(cluster, b"\0") for d in data)


def q(*values):
    return struct.pack(">%dQ" % len(values), *values)


C = 65536
DEFLATED = zlib.compressobj(9, zlib.DEFLATED, -12)
DEFLATED = DEFLATED.compress(b"C" * C) + DEFLATED.flush()
HOSTILE = [  # what, image, text of the error
    ("backing file", qcow(backing=200, backing_len=11, tail=b"\0" * 88 + b"/etc/shadow"), "backing file (\"/etc/shadow\")"),
    ("backing file, its name beyond the file", qcow(backing=1 << 60, backing_len=1000), "backing file (\"\")"),
    ("backing file with a name full of controls", qcow(backing=200, backing_len=8, tail=b"\0" * 88 + b"\x1b[2J\r\nok"), "(\".[2J..ok\")"),
    ("external data file", qcow(features=1 << 2), "external data file"),
    ("AES", qcow(crypt=1), "encrypted (AES)"),
    ("LUKS inside", qcow(crypt=2), "encrypted (LUKS)"),
    ("another cipher", qcow(crypt=9), "encrypted by an unknown method"),
    ("subclusters", qcow(features=1 << 4), "extended L2"),
    ("unknown feature", qcow(features=1 << 17), "unknown incompatible feature 17"),
    ("unknown feature with a name", qcow(features=1 << 17, tail=struct.pack(">IIBB46s", 0x6803f857, 48, 0, 17, b"holograms") + bytes(8)),
     "feature 17 (holograms)"),
    ("dirty", qcow(features=1), "marked as dirty"),
    ("corrupt", qcow(features=2), "marked as corrupt"),
    ("version 1", qcow(version=1), "version 1"),
    ("version 4", qcow(version=4), "version 4"),
    ("clusters of 256 bytes", qcow()[:20] + struct.pack(">I", 8) + qcow()[24:], "512 bytes to 2 MiB"),
    ("clusters of 2^40 bytes", qcow()[:20] + struct.pack(">I", 40) + qcow()[24:], "512 bytes to 2 MiB"),
    ("clusters of 2^255 bytes", qcow()[:20] + struct.pack(">I", 255) + qcow()[24:], "512 bytes to 2 MiB"),
    ("no size", qcow(size=0), "0 bytes"),
    ("larger than the disk", qcow(size=DISK_SIZE + 512), "larger than the disk"),
    ("larger than any disk", qcow(size=1 << 63, l1_size=1), "larger than any"),
    ("L1 of 32 GiB", qcow(l1_size=0xffffffff), "L1 table is larger than 32 MiB"),
    ("L1 too small", qcow(size=1 << 40, l1_size=1), "L1 table is too small"),
    ("L1 at 0", qcow(l1_at=0), "L1 table is at an impossible offset"),
    ("L1 not aligned", qcow(l1_at=C + 512), "L1 table is at an impossible offset"),
    ("L1 beyond the file", qcow(l1_at=1 << 40), "the L1 table reaches beyond the end of the file"),
    ("L1 in the header", qcow(bits=9, size=32768, l1_at=512, l1=q(0)), None),
    ("header length", qcow(header_len=100), "header has an impossible length"),
    ("header length not a multiple of 8", qcow(header_len=109), "header has an impossible length"),
    ("header longer than its cluster", qcow(header_len=C + 8), "header has an impossible length"),
    ("unknown compression", qcow(features=1 << 3, compression=7), "unknown method 7"),
    ("compression without its bit", qcow(compression=1), "contradicts"),
    ("compression bit alone", qcow(features=1 << 3), "contradicts"),
    ("L1 entry not aligned", qcow(l1=q(2 * C + 512)), "L1 table points nowhere"),
    ("L1 entry with reserved bits", qcow(l1=q(2 * C | 1 << 60)), "L1 table points nowhere"),
    ("L1 entry beyond the file", qcow(l1=q(1 << 50)), "an L2 table reaches beyond the end of the file"),
    ("L1 entry to the header", qcow(l1=q(COPIED)), None),
    ("loop: L1 entry to the L1 table", qcow(l1=q(C)), "overlaps other data"),
    ("two L1 entries with one L2 table", qcow(size=(1 << 29) + 512, l1=q(2 * C, 2 * C)), "overlaps other data"),
    ("loop: L2 entry to its own table", qcow(l2=q(2 * C)), "overlaps other data"),
    ("L2 entry to the L1 table", qcow(l2=q(C)), "overlaps other data"),
    ("two L2 entries with one cluster", qcow(l2=q(3 * C, 3 * C)), "overlaps other data"),
    ("L2 entry not aligned", qcow(l2=q(3 * C + 512)), "L2 table points nowhere"),
    ("L2 entry with reserved bits", qcow(l2=q(3 * C | 4)), "reserved bits"),
    ("L2 zero flag in version 2", qcow(version=2, l2=q(1)), "reserved bits"),
    ("L2 entry beyond the file", qcow(l2=q(1 << 50)), "data reaches beyond the end of the file"),
    ("cut off before its last cluster", qcow()[:4 * C], "data reaches beyond the end of the file"),
    ("cut off within its L2 table", qcow()[:2 * C + 1000], "an L2 table reaches beyond the end of the file"),
    ("cut off within its header", qcow()[:60], "ends within its header"),
    ("compressed cluster beyond the end", qcow(l2=q(1 << 62 | 1 << 40)), "a compressed cluster reaches beyond the end of the file"),
    ("compressed cluster that reaches beyond the end", qcow(l2=q(1 << 62 | 9 << 54 | (5 * C - 512))), "reaches beyond the end of the file"),
    ("compressed cluster at 0", qcow(l2=q(1 << 62)), "impossible offset"),
    ("compressed cluster in the L2 table", qcow(l2=q(1 << 62 | (2 * C + 4096))), "overlaps other data"),
    ("compressed cluster over others", qcow(l2=q(4 * C, 1 << 62 | 20 << 54 | (4 * C - 1024))), "overlaps other data"),
    ("two compressed clusters in one place", qcow(l2=q(1 << 62 | 3 * C, 1 << 62 | 3 * C)), "overlaps other data"),
    ("compressed clusters inside each other", qcow(l2=q(1 << 62 | 20 << 54 | 3 * C, 1 << 62 | (3 * C + 4096))), "overlaps other data"),
    ("compressed data that is none, at the disk's start", qcow(l2=q(1 << 62 | 2 << 54 | 4 * C)), "does not decompress"),
]
TOO_LATE = [  # found while the file passes: the disk has been begun
    ("compressed data that is none", qcow(l2=q(3 * C, 0, 1 << 62 | 2 << 54 | 4 * C)), "does not decompress"),
    ("compressed cluster too short", qcow(l2=q(3 * C, 0, 1 << 62 | 0 << 54 | 4 * C))[:4 * C] + zlib.compress(b"x")[2:-4].ljust(512, b"\0"),
     "does not decompress"),
]


def test_hostile(lab):
    for what, image, text in HOSTILE + TOO_LATE:
        if text is None:
            continue
        target = lab.disk(8 * MIB + 512 if "one L2 table" not in what else DISK_SIZE)
        lab.serve("hostile", image)
        if "one L2 table" in what:
            target = lab.disk()
            with open(target, "r+b") as f:
                f.truncate((1 << 29) + 512)
        elif "than the disk" in what:
            target = lab.disk()
        p = lab.write("hostile", target)
        ok(p.returncode == 1 and text in p.stderr and ";" in p.stderr, "%s: %s" % (what, text), p.stderr or p.returncode)
        late = any(what == w for w, _, _ in TOO_LATE)
        ok(unbootable(target) if late else untouched(target), "and the disk %s" % ("does not boot" if late else "is as it was"))


def test_handmade(lab):
    """The hand-made images are refused for the one thing that is wrong in them: without it they are written."""
    for what, image in (("version 3", qcow()), ("version 2", qcow(version=2)), ("small clusters", qcow(bits=9, size=1024))):
        lab.serve("good", image)
        target = lab.disk()
        p = lab.write("good", target)
        half = len(image) // 5
        ok(p.returncode == 0 and read(target, 2 * half) == b"A" * half + b"B" * half, "made by hand, %s" % what, p.stderr)
    lab.serve("good", qcow(l2=q(1 << 62 | (100 + len(DEFLATED) - 1) // 512 << 54 | (3 * C + 100)))[:3 * C + 100] + DEFLATED)
    target = lab.disk()
    p = lab.write("good", target)
    ok(p.returncode == 0 and read(target, C) == b"C" * C, "made by hand, compressed, at the end of a file that is no multiple of 512", p.stderr)
    target = lab.disk()
    far = qcow(l1_at=32 * C).ljust(32 * C, b"\0")
    lab.serve("good", far + q(33 * C).ljust(C, b"\0") + q(3 * C, 4 * C).ljust(C, b"\0"))
    lab.serve("good.other", far + q(33 * C).ljust(C, b"\0") + q(4 * C, 3 * C).ljust(C, b"\0"))
    p = lab.write("good", target, how="other")
    ok(p.returncode == 1 and "not those that were read before" in p.stderr, "tables that are others when the file passes", p.stderr)
    ok(unbootable(target), "and the disk does not boot")
    p = lab.write("good", target)
    ok(p.returncode == 0 and read(target, 2 * C) == b"A" * C + b"B" * C, "tables behind the data", p.stderr)
    p = lab.write("good", lab.disk(), how="plain")
    ok(p.returncode == 0 and read(target, 2 * C) == b"A" * C + b"B" * C, "also from a server without byte ranges", p.stderr)
    digest = "0" * 64
    p = lab.write("good", target, "--sha256", digest)
    ok(p.returncode == 1 and "checksum is wrong: expected sha256 " + digest in p.stderr and unbootable(target), "a wrong sum", p.stderr)


def test_formats(lab):
    for name, shown in (("vmdk", "VMDK"), ("vhdx", "VHDX"), ("vdi", "VDI"), ("vpc", "VHD"), ("qed", "QED"), ("parallels", "Parallels"),
                        ("qcow", "version 1")):
        lab.qemu_img("create", "-f", name, "other", "8M")
        lab.serve("other")
        check_refused(lab, "other", name, shown)
    lab.qemu_img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", "other", "8M")
    lab.serve("other")
    check_refused(lab, "other", "a VMDK's description", "VMDK, which is not written")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", lab.path("other"), "-graft-points", "/x=/etc/os-release"], check=True,
                   stderr=subprocess.DEVNULL)
    lab.serve("other")
    check_refused(lab, "other", "a CD", "ISO 9660")
    lab.serve("other", b"LUKS\xba\xbe\0\2" + bytes(MIB))
    check_refused(lab, "other", "LUKS", "LUKS")
    lab.serve("other", gzip.compress(qcow()))
    check_refused(lab, "other", "qcow2 in gzip", "qcow2 that was compressed as a whole")
    lab.serve("other", qcow())
    check_refused(lab, "other", "qcow2 that is declared as raw", "the image is qcow2, but image_disk_format says raw", "--format", "raw")
    lab.serve("other", bytes(MIB))
    check_refused(lab, "other", "raw that is declared as qcow2", "the image is not qcow2", "--format", "qcow2")
    check_refused(lab, "other", "declared as what nobody knows", "disk format qcow9", "--format", "qcow9")


def main():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        lab = Lab(folder)
        for test in (test_handmade, test_hostile, test_random, test_compressed, test_shapes, test_formats):
            print("# %s, seed %d" % (test.__name__, seed))
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(lab)
        lab.server.shutdown()
    tap.done()


if __name__ == "__main__":
    main()
