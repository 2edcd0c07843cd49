"""The whole corridor on QEMU machines, for scenarios: a rack, a conductor and an image server in its
network, the stock client and ours, and what a disk has to hold byte for byte.

`with Corridor(RACK) as c:` moves the script itself into the rack's network, so that it can serve
images and ask the API; everything ends with it.
"""
import ctypes
import hashlib
import http.server
import json
import os
import random
import re
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from simlib import GIB, partitions, read_at, with_parent  # noqa: E402,F401 (scenarios take them from here)
from vracklib import Rack, SLOW, TOP, Tap, need_root, wait_for  # noqa: E402,F401

IMAGES = os.path.join(TOP, "build/system")
MIB = 1 << 20
SECTOR = 512
CLONE_NEWNET = 0x40000000
HOST = "10.82.0.1"
API = "http://%s:6385" % HOST
IMAGE_PORT = 8088
PASSWORD = "corridor-only"

HEAD = """
[rack]
name = corridor
[network]
subnet = 10.82.0.0/24
ipv6 = fd82::/64
[defaults]
memory = 1024M
bmc_user = admin
bmc_password = %s
""" % PASSWORD

# How an image of the format is made of a raw one, by programs that are not ours.
IMAGE_FORMATS = {
    "raw": "cp --sparse=always $0 $1",
    "gz": "gzip -1 <$0 >$1",
    "xz": "xz -0 -T2 <$0 >$1",
    "zst": "zstd -q -1 -T2 $0 -o $1",
    "qcow2": "qemu-img convert -f raw -O qcow2 -c $0 $1",
}

CONF = """[api]
listen = {host}:6385
auth = none
[store]
url = sqlite:{dir}/ingot.sqlite
[drivers]
power_timeout = {power_timeout}
[boot]
dhcp = full
interface = br0
range = 10.82.0.100,10.82.0.199
state_dir = {dir}/boot
kernel = {top}/build/agent/vmlinuz
ramdisk = {top}/build/agent/initramfs
firmware_dirs = {top}/build/firmware:/usr/lib/ipxe
[agent]
deploy_logs_local_path = {dir}/agent-logs
"""


def need_corridor(tap):
    need_root(tap)
    for path in ("ingotd", "ingot", "agent/initramfs", "system/system.img", "system/system.img.zst",
                 "system/system4k.img.zst"):
        if not os.path.exists(os.path.join(TOP, "build", path)):
            tap.skip_all("build/%s is not built" % path)


def enter_network(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + path)
    finally:
        os.close(fd)


def make_format(folder, raw, form):
    """An image of build/system in another format: its name in the folder."""
    name = "%s.%s" % (raw, form)
    subprocess.run(["sh", "-ec", IMAGE_FORMATS[form], os.path.join(IMAGES, raw), os.path.join(folder, name)], check=True)
    return name


class Images:
    """Serves the images of build/system, and of more folders. hold(name, bytes) stops a transfer there until
    release(name)."""

    def __init__(self):
        outer = self
        self.folders = [IMAGES]
        self.gates = {}
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.serve(self)
            do_HEAD = do_GET
        self.server = http.server.ThreadingHTTPServer((HOST, IMAGE_PORT), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a machine that is reset resets its connections
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    @staticmethod
    def url(name):
        return "http://%s:%d/%s" % (HOST, IMAGE_PORT, name)

    def path(self, name):
        """Where a file lies, or None."""
        paths = [os.path.join(folder, os.path.basename(name)) for folder in self.folders]
        return next((p for p in paths if os.path.exists(p)), None)

    def checksum(self, name):
        path = self.path(name)
        if os.path.exists(path + ".sha256"):
            with open(path + ".sha256") as f:
                return f.read().split()[0]
        with open(path, "rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()

    def hold(self, name, after):
        self.gates[name] = (after, threading.Event(), threading.Event())
        return self.gates[name][1]  # set when a transfer has got there

    def release(self, name):
        self.gates.pop(name)[2].set()

    def serve(self, h):
        name = h.path.lstrip("/")  # scenarios put a machine's name before the file's to hold just its transfer
        path = self.path(name)
        self.asked.append((h.command, name))
        if not path:
            h.send_error(404)
            return
        size = os.stat(path).st_size
        wanted = re.match(r"bytes=(\d+)-(\d*)$", h.headers.get("Range") or "")
        first, end = (int(wanted[1]), min(int(wanted[2] or size) + 1, size)) if wanted else (0, size)
        h.send_response(206 if wanted else 200)
        if wanted:
            h.send_header("Content-Range", "bytes %d-%d/%d" % (first, end - 1, size))
        h.send_header("Accept-Ranges", "bytes")
        h.send_header("Content-Length", str(end - first))
        h.end_headers()
        if h.command == "HEAD":
            return
        try:
            with open(path, "rb") as f:
                f.seek(first)
                self.send(h, f, name, first, end)
        except OSError:
            h.close_connection = True

    def send(self, h, f, name, at, end):
        gate = self.gates.get(name)
        while at < end:
            if gate and at >= gate[0]:
                gate[1].set()
                gate[2].wait(300 * SLOW)
                gate = None
            data = f.read(min(MIB, end - at, gate[0] - at if gate else MIB))
            if not data:
                return
            h.wfile.write(data)
            at += len(data)

    def stop(self):
        for name in list(self.gates):
            self.release(name)
        self.server.shutdown()
        self.server.server_close()


class Corridor(Rack):
    """A rack with its conductor. `conf` is more text for ingot.conf."""

    def __init__(self, machines, conf="", prefix="co"):
        super().__init__(HEAD + machines, prefix)
        os.chmod(self.scratch, 0o755)  # dnsmasq runs as nobody
        self.more_conf = conf
        self.ingotd = self.images = self.home = None

    def __enter__(self):
        try:
            self.start()
            self.home = "/proc/%d/ns/net" % os.getppid()
            enter_network("/run/netns/" + self.netns)
            self.images = Images()
            self.start_conductor()
            return self
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind, *_):
        if self.ingotd:
            self.ingotd.terminate()
            try:
                self.ingotd.wait(30)
            except subprocess.TimeoutExpired:
                self.ingotd.kill()
                self.ingotd.wait()
        if self.images:
            self.images.stop()
        if self.home:
            enter_network(self.home)
        if kind and kind is not SystemExit:
            print("".join("# ingotd: %s\n" % line for line in self.conductor_log().splitlines()[-25:]), flush=True)
        if os.environ.get("INGOT_KEEP"):
            subprocess.run(["cp", "-a", "--sparse=always", self.scratch, os.environ["INGOT_KEEP"]], check=False)
        super().__exit__()

    def start_conductor(self):
        path = os.path.join(self.scratch, "ingot.conf")
        with open(path, "w") as f:
            f.write(CONF.format(host=HOST, dir=self.scratch, top=TOP, power_timeout=int(120 * SLOW)) + self.more_conf)
        log = open(os.path.join(self.scratch, "ingotd.log"), "ab")
        self.ingotd = subprocess.Popen([os.path.join(TOP, "build/ingotd"), "--config", path], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, preexec_fn=with_parent)
        log.close()
        if not wait_for(self.answers, 30):
            raise RuntimeError("ingotd does not answer:\n" + self.conductor_log()[-2000:])

    def answers(self):
        if self.ingotd.poll() is not None:
            raise RuntimeError("ingotd ended:\n" + self.conductor_log()[-2000:])
        try:
            return self.get("/v1/")
        except (urllib.error.URLError, OSError):
            return None

    def conductor_log(self):
        try:
            with open(os.path.join(self.scratch, "ingotd.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # asking

    def get(self, path):
        request = urllib.request.Request(API + path, headers={"X-OpenStack-Ironic-API-Version": "1.82"})
        with urllib.request.urlopen(request, timeout=30 * SLOW) as answer:
            return json.load(answer)

    def node(self, name):
        return self.get("/v1/nodes/" + name)

    def why(self, name):
        return self.get("/ingot/v1/why/" + name)

    def reach(self, name, *states, limit_s=180):
        """Waits for one of the states; gives the node as it is then, or as it was at the end."""
        wait_for(lambda: self.node(name)["provision_state"] in states, limit_s)
        return self.node(name)

    def phoned_home(self, name, limit_s=120):
        return wait_for(lambda: self.why(name).get("phone_home"), limit_s) or {}

    @staticmethod
    def command(*words, limit_s=600):
        """(exit status, output, errors)"""
        p = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s * SLOW,
                           env=dict(os.environ, INGOT_URL=API), check=False, preexec_fn=with_parent)
        return p.returncode, p.stdout, p.stderr

    def ingot(self, *words):
        return self.command(os.path.join(TOP, "build/ingot"), *words)

    # machines

    def disk(self, machine):
        return self.vrack("disk", machine)[1].strip()

    def boots(self, machine):
        """What each start of the machine tried first: network or disk."""
        with open(os.path.join(self.dir, ".rack.log")) as f:
            return re.findall(r" %s: boots (\w+)" % machine, f.read())

    def ipmi(self, address, *args, **kw):
        return super().ipmi(address, *args, **dict({"password": PASSWORD}, **kw))

    def written_and_held(self, machine, name, image):
        """Waits while a deploy writes the image, with a BMC that falls silent before the end, so that the
        machine can not be restarted; gives True when the image is on the disk and the agent idle.
        Afterwards `fault MACHINE silent 0` lets it go on."""
        there = self.images.gates[image][1]
        if not there.wait(180 * SLOW):
            return False
        self.vrack("fault", machine, "silent", "1")
        self.images.release(image)
        return wait_for(lambda: self.waits_for_bmc(name), 180)

    def waits_for_bmc(self, name):
        return "boot device" in (self.why(name).get("waits_for") or "")


# --- bytes -----------------------------------------------------------------------------------------

def pieces(path):
    """Offsets of the MiB that hold data (the others are holes: zero)."""
    found = set()
    fd = os.open(path, os.O_RDONLY)
    try:
        size, at = os.fstat(fd).st_size, 0
        while at < size:
            try:
                start = os.lseek(fd, at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(fd, start, os.SEEK_HOLE)
            found.update(range(start // MIB, (at + MIB - 1) // MIB))
    finally:
        os.close(fd)
    return found


def differences(path, other, may_differ):
    """The first ranges in which two files differ outside [(offset, length)]; a shorter file goes on
    with zeroes."""
    found = []
    with open(path, "rb") as f, open(other, "rb") as g:
        for i in sorted(pieces(path) | pieces(other)):
            f.seek(i * MIB)
            g.seek(i * MIB)
            a, b = f.read(MIB).ljust(MIB, b"\0"), g.read(MIB).ljust(MIB, b"\0")
            if a != b:
                a, b = bytearray(a), bytearray(b)
                for offset, length in may_differ:
                    first, last = max(offset - i * MIB, 0), min(offset + length - i * MIB, MIB)
                    if first < last:
                        a[first:last] = b[first:last] = bytes(last - first)
                if a != b:
                    bad = [k for k in range(MIB) if a[k] != b[k]]
                    found.append((i * MIB + bad[0], i * MIB + bad[-1]))
    return found[:10]


def gpt_problem(path, sector=SECTOR):
    """What is wrong with both tables of a disk of its size (UEFI 2.10, 5.3), or None."""
    sectors = os.stat(path).st_size // sector
    table_sectors = 128 * 128 // sector
    heads = {}
    for mine, other, table in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 1 - table_sectors)):
        head = read_at(path, mine * sector, 92)
        entries = read_at(path, table * sector, 128 * 128)
        got = struct.unpack("<8sIIIIQQQQ16sQIII", head)
        want = {0: b"EFI PART", 2: 92, 3: zlib.crc32(head[:16] + bytes(4) + head[20:]), 5: mine, 6: other,
                8: sectors - 2 - table_sectors, 10: table, 11: 128, 12: 128, 13: zlib.crc32(entries)}
        wrong = {k: (got[k], v) for k, v in want.items() if got[k] != v}
        if wrong:
            return "header in sector %d: field: (got, want) %s" % (mine, wrong)
        heads[mine] = entries
    return None if heads[1] == heads[sectors - 1] else "the two tables differ"


def fitted(sector):
    """Of an image with a GPT of 128 entries, these bytes change when its table is fitted to a larger disk
    and the config drive becomes its fourth partition."""
    return [
        (458, 4),            # MBR: sectors of the protective entry
        (sector + 16, 4),    # GPT header: its sum
        (sector + 32, 8),    # where the backup is
        (sector + 48, 8),    # the last usable sector
        (sector + 88, 4),    # the sum of the entries
        (2 * sector + 3 * 128, 128),  # the fourth entry
    ]


def has_config_drive(disk, offset, sector):
    """ISO 9660 (ECMA-119, 8.4), or FAT (its boot sector) where sectors are too large for that to be mounted."""
    if sector > 2048:
        volume = read_at(disk, offset, 512)
        return volume[54:58] == b"FAT1" and volume[43:54].strip() == b"config-2"
    volume = read_at(disk, offset + 16 * 2048, 2048)
    return volume[1:6] == b"CD001" and volume[40:72].strip() == b"config-2"


def check_written(tap, disk, before, what, image="system.img", sector=SECTOR):
    """The disk holds the image and nothing else was touched. `before` is the disk as it was, with the
    image laid over it."""
    size = os.stat(disk).st_size
    parts = partitions(disk, sector)
    tap.equal(gpt_problem(disk, sector), None, what + ": both partition tables fit the disk")
    tap.equal((parts[:-1], len(parts)), (partitions(os.path.join(IMAGES, image), sector), 4),
              what + ": the image's partitions and one more")
    backup = sector + 128 * 128
    may = fitted(sector) + parts[-1:] + [(size - backup, backup)]  # config drive, backup table
    tap.equal(differences(disk, before, may), [],
              what + ": every other byte is the image's, or behind it what was there before")
    tap.ok(parts and has_config_drive(disk, parts[-1][0], sector), what + ": the config drive is on the disk")


def lay_image(disk, expected, dirt, image="system.img"):
    """Makes the expected disk beside the disk: puts the (offset, bytes) in `dirt` on the disk, which has
    no system on it, and the image over a copy."""
    with open(disk, "r+b") as f:
        for offset, data in dirt:
            f.seek(offset)
            f.write(data)
    subprocess.run(["cp", "--sparse=always", disk, expected], check=True)
    image = os.path.join(IMAGES, image)
    filled = pieces(image)
    with open(image, "rb") as src, open(expected, "r+b") as dst:
        for i in sorted(filled | {p for p in pieces(expected) if p * MIB < os.stat(image).st_size}):
            src.seek(i * MIB)
            dst.seek(i * MIB)
            dst.write(src.read(MIB))
        dst.seek(-MIB, os.SEEK_END)  # an old backup table goes, too
        dst.write(bytes(MIB))


def erased(disk):
    """[(offset, length)] that erasing metadata makes zero on a disk with this table: the first and the
    last MiB of the disk and of each partition, and inside of them the places where VMFS (1 and 18 MiB), btrfs
    (64 MiB) and Ceph's BlueStore (1 GiB) keep superblocks."""
    ranges = []
    for start, size in [(0, os.stat(disk).st_size)] + partitions(disk):
        edge = min(size, MIB)
        ranges += [(start, edge), (start + size - edge, edge)]
        ranges += [(start + at * MIB, 4096) for at in (1, 18, 64, 1024) if size >= at * MIB + 4096]
    return ranges


def zero_ranges(path, ranges):
    with open(path, "r+b") as f:
        for offset, length in ranges:
            f.seek(offset)
            f.write(bytes(length))


def noise(offset, length=MIB, seed=1):
    """Bytes of an old system, for a place where they must vanish or must stay."""
    return offset, random.Random(seed).randbytes(length)
