#!/usr/bin/env python3
"""
The image pipeline by hand, "ingot-agent write", onto files, from a server that misbehaves. The
bytes on the target are compared with the image, its partition table is judged by sfdisk. Without root
the block devices are left out. INGOT_AGENT names the program, otherwise build/ingot-agent.
"""
import base64
import bz2
import gzip
import hashlib
import json
import lzma
import os
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import TOP, Tap, end_cleanly  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "tests/scenarios/image"))
import server as misbehaving  # noqa: E402

agent = os.environ.get("INGOT_AGENT", os.path.join(TOP, "build/ingot-agent"))
MIB = 1 << 20
SECTOR = 512
IMAGE_SIZE = 24 * MIB
DISK_SIZE = 40 * MIB + 3 * SECTOR
tap = Tap()
ok = tap.ok


def make_image(path, table="gpt"):
    """A disk image with a table, data and holes."""
    rnd = random.Random(7)
    with open(path, "wb") as f:
        f.truncate(IMAGE_SIZE)
    script = "label: %s\n" % ("gpt" if table == "gpt" else "dos")
    script += "start=2048, size=16384\nstart=18432, size=20480\n"
    subprocess.run(["sfdisk", "-q", path], input=script.encode(), check=True)
    with open(path, "r+b") as f:
        f.seek(0)
        f.write(b"BOOT")  # boot code
        for at, size in ((1, 3), (6, 2), (9, 1), (18, 4)):
            f.seek(at * MIB + 5000)
            f.write(rnd.randbytes(size * MIB - 5000))
        f.seek(12 * MIB + 100)
        f.write(b"a lonely byte in a hole")
    with open(path, "rb") as f:
        return f.read()


def sfdisk(*args):
    return subprocess.run(["sfdisk", *args], capture_output=True, text=True)


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.image = make_image(os.path.join(folder, "image.raw"))
        self.mbr = make_image(os.path.join(folder, "mbr.raw"), "mbr")
        zst = subprocess.run(["zstd", "-q", "-c", "-3"], input=self.image, stdout=subprocess.PIPE, check=True)
        half = len(self.image) // 2
        self.files = {
            "raw": self.image,
            "mbr": self.mbr,
            "gz": gzip.compress(self.image, 1),
            "gzmulti": gzip.compress(self.image[:half], 1) + gzip.compress(self.image[half:], 1) + bytes(700),
            "zst": zst.stdout,
            "zstsized": subprocess.run(["zstd", "-q", "--stream-size=%d" % len(self.image)], input=self.image,
                                       stdout=subprocess.PIPE, check=True).stdout,
            "xz": lzma.compress(self.image, preset=0),
            "bz2": bz2.compress(self.image, 1),
            "odd": self.image[:10 * MIB + 777],
            "empty": b"",
            "qcow2": b"QFI\xfb" + bytes(65532),
            "gzbad": b"",
            "zsttrunc": zst.stdout[:-20],
            "large": bytes(DISK_SIZE + SECTOR),
            "sums": b"", "othersums": b"%s a\n%s b\n" % (b"0" * 64, b"1" * 64),
        }
        bad = bytearray(self.files["gz"])
        bad[len(bad) // 2] ^= 0xff
        self.files["gzbad"] = bytes(bad)
        self.files["sums"] = ("# checksums\n%s  other\n%s *raw\n" % ("0" * 64, self.sum("raw"))).encode()
        self.files["onesum"] = (self.sum("raw", "sha512") + "\n").encode()
        self.server = misbehaving.Server(self.files)

    def sum(self, name, algo="sha256"):
        return hashlib.new(algo, self.files[name]).hexdigest()

    def disk(self, size=DISK_SIZE):
        """A used disk: full of an old system that must not survive."""
        path = os.path.join(self.folder, "disk")
        with open(path, "wb") as f:
            f.write(b"\xa5" * size)
        return path

    def run(self, path, target, *options, name=None, algo="sha256", timeout=60):
        name = name or path.partition("/")[2]
        self.server.reset()
        args = [agent, "write", self.server.url(path), target, "--quiet"]
        if not any(o.startswith(("--sha", "--md5", "--no-c")) for o in options):
            args += ["--" + algo, self.sum(name, algo)]
        return subprocess.run([*args, *options], capture_output=True, text=True, timeout=timeout)


def read(path, at, size):
    with open(path, "rb") as f:
        f.seek(at)
        return f.read(size)


def same_as_image(target, image):
    """All but the table itself, which has moved: its header, and the disk's size in the MBR."""
    want = bytearray(image)
    got = bytearray(read(target, 0, len(image)))
    for first, last in ((446 + 12, 446 + 16), (512 + 16, 512 + 20), (512 + 32, 512 + 40), (512 + 48, 512 + 56)):
        want[first:last] = got[first:last] = bytes(last - first)
    return got == want


def untouched(path):
    """What every disk of this lab holds before an image comes."""
    return read(path, 0, MIB) == b"\xa5" * MIB


def unbootable(path):
    """Nothing at either end."""
    size = os.path.getsize(path)
    return read(path, 0, MIB) == bytes(MIB) and read(path, size - MIB + 4096, MIB) == bytes(MIB - 4096)


def judge_gpt(lab, target):
    verify = sfdisk("--verify", target)
    dump = sfdisk("-d", target).stdout
    broken = os.path.join(lab.folder, "broken")
    shutil.copy(target, broken)
    with open(broken, "r+b") as f:
        f.seek(512)
        f.write(bytes(512))
    backup = sfdisk("-d", broken).stdout
    last = "last-lba: %d" % (DISK_SIZE // SECTOR - 34)
    strip = [line for line in dump.splitlines() if not line.startswith("device") and "disk :" not in line]
    return ("No errors" in verify.stdout and last in dump
            and [part.split(":", 1)[1] for part in strip if "start=" in part]
            == [part.split(":", 1)[1] for part in backup.splitlines() if "start=" in part]
            and last in backup)


def test_good(lab):
    for name in ("raw", "gz", "gzmulti", "zst", "xz", "bz2"):
        target = lab.disk()
        p = lab.run("ok/" + name, target)
        ok(p.returncode == 0, "%s: written" % name, p.stderr)
        ok(same_as_image(target, lab.image), "%s: byte for byte" % name)
    ok(judge_gpt(lab, target), "sfdisk finds the table whole, and its backup at the end of the disk",
       sfdisk("--verify", target).stdout + sfdisk("-d", target).stdout)
    ok(read(target, len(lab.image), MIB) == b"\xa5" * MIB, "what lies behind the image is left alone")
    for algo in ("sha512", "md5"):
        p = lab.run("ok/raw", lab.disk(), algo=algo)
        ok(p.returncode == 0 and lab.sum("raw", algo) in p.stdout, algo, p.stderr)
    p = lab.run("ok/raw", lab.disk(), "--sha256", lab.server.url("ok/sums"))
    ok(p.returncode == 0, "checksum file, by name", p.stderr)
    p = lab.run("ok/raw", lab.disk(), "--sha512", lab.server.url("ok/onesum"))
    ok(p.returncode == 0, "checksum file, single line", p.stderr)
    target = lab.disk()
    p = lab.run("ok/mbr", target)
    ok(p.returncode == 0 and read(target, 0, len(lab.mbr)) == lab.mbr, "an image with MBR", p.stderr)
    target = lab.disk()
    p = lab.run("ok/odd", target)
    got = read(target, 0, 10 * MIB + 1024)
    ok(p.returncode == 0 and same_as_image(target, lab.image[:10 * MIB + 777]) and got[-247:] == bytes(247),
       "an image that ends within a sector is padded", p.stderr)
    target = os.path.join(lab.folder, "new")
    p = lab.run("ok/zst", target)
    ok(p.returncode == 0 and read(target, 0, -1) == lab.image, "a new file becomes the image", p.stderr)
    blocks = os.stat(target).st_blocks * 512
    ok(blocks < 16 * MIB, "with holes for zeroes (%d MiB of 24)" % (blocks // MIB))
    os.unlink(target)
    p = subprocess.run([agent, "write", os.path.join(lab.folder, "image.raw"), lab.disk(), "--quiet", "--sha256",
                        lab.sum("raw")], capture_output=True, text=True, timeout=60)
    ok(p.returncode == 0, "from a local file", p.stderr)


def test_bad_net(lab):
    target = lab.disk()
    p = lab.run("cut=3000000/raw", target, "--retries", "2")
    ok(p.returncode == 0 and same_as_image(target, lab.image), "cut every 3 MB: resumed", p.stderr)
    ok(len(lab.server.requests) == 9 and lab.server.requests[3][1] == "bytes=9000000-", "by range",
       lab.server.requests)
    target = lab.disk()
    p = lab.run("cutonce=5000000/zst", target)
    ok(p.returncode == 0 and same_as_image(target, lab.image), "cut, and the server knows no ranges", p.stderr)
    p = lab.run("error=2/raw", lab.disk())
    ok(p.returncode == 0, "503 twice", p.stderr)
    p = lab.run("chunked/raw", lab.disk())
    ok(p.returncode == 0, "length not announced", p.stderr)
    p = lab.run("to/raw", lab.disk())
    ok(p.returncode == 0, "redirected", p.stderr)
    p = lab.run("status=404/raw", lab.disk(), "--url", lab.server.url("ok/raw"), name="raw")
    ok(p.returncode == 0, "the second URL serves when the first does not", p.stderr)
    target = lab.disk()
    p = lab.run("slow=400000/raw", target)
    ok(p.returncode == 0 and same_as_image(target, lab.image), "a slow server", p.stderr)
    target = lab.disk()
    p = lab.run("stall=5000000/raw", target, "--max-duration", "2")
    ok(p.returncode == 1 and "not over after 2 s" in p.stderr, "a transfer has an end when one is set: " + p.stderr[-300:])
    p = lab.run("stallonce=5000000/raw", target, "--stall", "1")
    lab.server.release.set()
    ok(p.returncode == 0 and same_as_image(target, lab.image) and lab.server.requests[-1][1] == "bytes=5000000-",
       "a server that falls silent: another connection goes on", lab.server.requests)
    p = lab.run("hops=5/raw", lab.disk())
    ok(p.returncode == 0, "five redirects", p.stderr)
    for path, text in (
            ("hops=6/raw", "redirects"), ("elsewhere/raw", "file"), ("garbage/raw", "HTTP/0.9"),
            ("status=404/raw", "write image: GET http://127.0.0.1:%d/status=404/raw: 404 Not Found; check image_source"
             % lab.server.server_address[1]),
            ("status=403/raw", "403 Forbidden; check image_source"),
            ("status=500/raw", "500 Internal Server Error"),
            ("loop/raw", "redirects"),
            ("changed=3000000/raw", "changed during the download"),
            ("wrongrange=3000000/raw", "another range"),
            ("short=1000000/raw", "checksum is wrong"),
            ("long=5/raw", "after %d of %d bytes" % (IMAGE_SIZE, IMAGE_SIZE + 5))):
        target = lab.disk()
        p = lab.run(path, target, "--retries", "1", name="raw")
        ok(p.returncode == 1 and text in p.stderr, "%s: %s" % (path, text), p.stderr)
        if path.startswith(("status", "loop", "hops", "elsewhere", "garbage")):
            ok(untouched(target), "%s: the disk is as it was" % path)
        else:
            ok(unbootable(target), "%s: the disk does not boot" % path)
    p = subprocess.run([agent, "write", "http://127.0.0.1:1/x", lab.disk(), "--quiet", "--no-checksum", "--retries",
                        "1"], capture_output=True, text=True, timeout=60)
    ok(p.returncode == 1 and "given up after 2 attempts" in p.stderr, "nobody listens", p.stderr)


def certificate(lab, name, *validity):
    """A certificate for 127.0.0.1, made by a small CA of its own, with a context for a server."""
    at = os.path.join(lab.folder, name)
    os.makedirs(at)
    with open(os.path.join(at, "ca.conf"), "w") as f:
        f.write("[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\n"
                "policy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=IP:127.0.0.1\n")
    for file, text in (("index", ""), ("serial", "01\n")):
        with open(os.path.join(at, file), "w") as f:
            f.write(text)
    new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
    for command in (
            "req -x509 " + new + "-keyout ca.key -out ca.pem -subj /CN=lab -days 99",
            "req " + new + "-keyout key.pem -out csr.pem -subj /CN=server",
            "ca -batch -config ca.conf -keyfile ca.key -cert ca.pem -in csr.pem -out cert.pem -notext"):
        command += " " + " ".join(validity) if command.startswith("ca") else ""
        subprocess.run(["openssl", *command.split()], cwd=at, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(at, "cert.pem"), os.path.join(at, "key.pem"))
    return os.path.join(at, "ca.pem"), context


def test_https(lab):
    """A clock that is wrong by years is seen as a certificate that is not valid now."""
    for name, validity, good in (("now", ("-days", "9"), True),
                                 ("past", ("-startdate", "20050101000000Z", "-enddate", "20060101000000Z"), False),
                                 ("future", ("-startdate", "20480101000000Z", "-enddate", "20490101000000Z"), False)):
        ca, context = certificate(lab, name, *validity)
        server = misbehaving.Server(lab.files, context)
        for options, works in ((("--ca-file", ca), good), (("--insecure",), True), ((), False)):
            target = lab.disk()
            p = subprocess.run([agent, "write", server.url("ok/raw"), target, "--quiet", "--sha256", lab.sum("raw"),
                                "--retries", "1", *options], capture_output=True, text=True, timeout=60)
            if works:
                ok(p.returncode == 0 and same_as_image(target, lab.image), "https, %s: %s" % (name, options), p.stderr)
            else:
                ok(p.returncode == 1 and "certificate" in p.stderr and "the clock says 20" in p.stderr
                   and untouched(target), "https, %s, refused: %s" % (name, options), p.stderr)
        server.shutdown()


def test_hostile(lab):
    """Compressed images that are cut, damaged, or followed by something."""
    for name in ("gz", "zst", "xz", "bz2"):
        whole = lab.files[name]
        flipped = bytearray(whole)
        flipped[len(whole) // 3] ^= 0x55
        for how, data in (("cut in half", whole[:len(whole) // 2]), ("short of a byte", whole[:-1]),
                          ("damaged", bytes(flipped)), ("followed by noise", whole + b"noise"),
                          ("nothing but its magic", whole[:12])):
            lab.files["hostile"] = data
            target = lab.disk()
            p = lab.run("ok/hostile", target)
            ok(p.returncode == 1 and p.stderr.startswith("ingot-agent: write image: ")
               and (unbootable(target) or untouched(target)), "%s %s" % (name, how), p.stderr)
    for name, data in (("gz", gzip.compress(bytes(64 * MIB), 9)), ("xz", lzma.compress(bytes(64 * MIB), preset=1)),
                       ("bz2", bz2.compress(bytes(64 * MIB)))):
        lab.files["hostile"] = data
        target = lab.disk()
        p = lab.run("ok/hostile", target)
        ok(p.returncode == 1 and "larger than the disk" in p.stderr and unbootable(target),
           "%s: %d bytes that become more than the disk has" % (name, len(data)), p.stderr)
    last = bytearray(lab.image)
    last[-1] ^= 1
    lab.files["hostile"] = bytes(last)
    target = lab.disk()
    p = lab.run("ok/hostile", target, "--sha256", lab.sum("raw"))
    ok(p.returncode == 1 and "checksum is wrong" in p.stderr and unbootable(target), "wrong in its last byte", p.stderr)


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, stdout=subprocess.PIPE, check=True).stdout


def test_frames(lab):
    """zstd images of many frames, of sizes even and odd, with one too large for its turn, and damaged ones."""
    plain, whole = os.path.join(lab.folder, "plain"), lab.image
    with open(plain, "wb") as f:
        f.write(whole)
    pzstd = subprocess.run(["pzstd", "-q", "-1", "-p", "4", "-c", plain], stdout=subprocess.PIPE, check=True).stdout
    sized = lambda part: zstd(part, "--stream-size=%d" % len(part))  # noqa: E731
    cuts = {"even": list(range(0, IMAGE_SIZE + 1, MIB)), "odd": [*range(0, IMAGE_SIZE, 777777), IMAGE_SIZE],
            "large": [0, MIB, 2 * MIB, IMAGE_SIZE - MIB, IMAGE_SIZE], "tiny": [*range(0, MIB, 5001), IMAGE_SIZE]}
    files = {name: b"".join(sized(whole[a:b]) for a, b in zip(at, at[1:])) for name, at in cuts.items()}
    files["large"] = sized(whole[:MIB]) + zstd(whole[MIB:-MIB], "--long=25") + sized(whole[-MIB:])
    files.update(pzstd=pzstd, padded=files["even"] + bytes(5000))
    files["seekable"] = files["odd"] + b"\x5e\x2a\x4d\x18\x05\0\0\0table"
    for name, data in files.items():
        lab.files["frames"] = data
        target = lab.disk()
        p = lab.run("ok/frames", target)
        ok(p.returncode == 0 and same_as_image(target, whole), "frames: %s" % name, p.stderr)
    flipped = bytearray(files["odd"])
    flipped[len(flipped) // 2] ^= 0x55
    for name, data, text in (("cut", files["odd"][:-9], "zstd data is damaged"),
                             ("flipped", bytes(flipped), "zstd data is damaged"),
                             ("cut at a frame", files["even"][:len(sized(whole[:MIB])) + 3], "ends in the middle"),
                             ("noise", files["even"] + b"noise", "zstd data is damaged"),
                             ("beyond", files["even"] * 2, "larger than the disk")):
        lab.files["frames"] = data
        target = lab.disk()
        p = lab.run("ok/frames", target)
        ok(p.returncode == 1 and text in p.stderr and (unbootable(target) or untouched(target)), "frames: %s" % name,
           p.stderr)


def test_connections(lab):
    """Several connections for one file; whatever goes wrong with that, one connection goes on."""
    for path, several in (("ok/raw", True), ("cutsegments=700000/raw", True), ("chunked/raw", False),
                          *(("badsegments=%s/raw" % how, True)
                            for how in ("whole", "shift", "total", "long", "416", "etag"))):
        target = lab.disk()
        p = lab.run(path, target, "--connections", "4")
        segments = [r[1] for r in lab.server.requests if r[1] and r[1].partition("-")[2]]
        ok(p.returncode == 0 and same_as_image(target, lab.image), "several connections: %s" % path, p.stderr)
        ok(bool(segments) == several, "%s: %d segments" % (path, len(segments)), lab.server.requests)
    target = lab.disk()
    p = lab.run("badsegmentdata/raw", target, "--connections", "8")
    ok(p.returncode == 1 and "checksum is wrong" in p.stderr, "segments of other bytes", p.stderr)
    ok(unbootable(target), "and the disk does not boot")


def test_registry(lab):
    """Artifacts of an OCI registry, on loopback and so without TLS."""
    host = "oci://127.0.0.1:%d/" % lab.server.server_address[1]
    digest = lab.sum("raw")
    layer = {"mediaType": "application/octet-stream", "digest": "sha256:" + digest, "size": IMAGE_SIZE}
    manifest = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    at = "@sha256:" + hashlib.sha256(manifest).hexdigest()

    def write(reference, *options):
        target = lab.disk()
        lab.server.reset()
        p = subprocess.run([agent, "write", host + reference, target, "--quiet", *options], capture_output=True,
                           text=True, timeout=60)
        return p, target
    for reference, options in (("good/raw" + at, ()), ("good/raw", ()), ("good/raw:latest" + at, ()),
                               ("good/raw:all", ()), ("token/raw" + at, ()), ("token/raw:all", ("--connections", "4")),
                               ("good/raw" + at, ("--sha256", digest)),
                               ("good/raw" + at, ("--md5", lab.sum("raw", "md5")))):
        p, target = write(reference, *options)
        ok(p.returncode == 0 and same_as_image(target, lab.image), "%s %s" % (reference, " ".join(options)), p.stderr)
    ok(len(lab.server.tokens) == 0 and digest not in str(lab.server.requests[0]), "no token where none is asked for")
    p, target = write("token/raw:all", "--connections", "4")
    ok(len(lab.server.tokens) > 2, "tokens that run out are renewed: %d" % len(lab.server.tokens), lab.server.requests)
    for reference, text, options in (
            ("good/raw:nothing", "404", ()), ("good/raw@sha256:" + "a" * 64, "404", ()),
            ("othermanifest/raw" + at, "gave a manifest that is not sha256:", ()),
            ("nolayers/raw", "has no layers", ()), ("good/raw@sha256:123", "wrong tag or digest", ()),
            ("GOOD/raw", "wrong repository", ()), ("private/raw", "gives no token", ()),
            ("good/raw" + at, "correct one of them", ("--sha256", "a" * 64))):
        p, target = write(reference, *options)
        ok(p.returncode == 1 and text in p.stderr and untouched(target), "%s: %s" % (reference, text), p.stderr)
    for options in ((), ("--md5", lab.sum("raw", "md5"))):
        p, target = write("otherblob/raw" + at, *options)
        ok(p.returncode == 1 and "checksum is wrong" in p.stderr and unbootable(target), "another blob", p.stderr)


def map_of(folder, image):
    """bmaptool's own map of an image with its holes."""
    path = os.path.join(folder, "sparse")
    with open(path, "wb") as f:
        for at in range(0, len(image), 4096):
            if image[at:at + 4096].strip(b"\0"):
                f.seek(at)
                f.write(image[at:at + 4096])
        f.truncate(len(image))
    made = subprocess.run(["bmaptool", "create", path], capture_output=True, check=True).stdout
    os.unlink(path)
    return made


def test_map(lab):
    """A map of holes: only what it maps is fetched, the rest is zero."""
    lab.files["raw.bmap"] = good = map_of(lab.folder, lab.image)
    lab.files["odd.bmap"] = map_of(lab.folder, lab.files["odd"])
    lab.files["cut.bmap"] = good[:len(good) // 2]
    first = good.index(b"chksum=\"") + 8
    lab.files["forged.bmap"] = good[:first] + b"0" * 64 + good[first + 64:]

    def write(image, name, sum_of=None, *options):
        hexes = hashlib.sha256(lab.files[sum_of or name]).hexdigest()
        target = lab.disk()
        lab.server.reset()
        p = subprocess.run([agent, "write", lab.server.url(image), target, "--quiet", "--bmap",
                            lab.server.url("ok/" + name), "--bmap-sum", hexes, "--retries", "2", *options],
                           capture_output=True, text=True, timeout=60)
        return p, target
    p, target = write("ok/raw", "raw.bmap")
    ok(p.returncode == 0 and same_as_image(target, lab.image), "with a map: byte for byte", p.stderr)
    ok(judge_gpt(lab, target), "and its table moved")
    asked = [r for r in lab.server.requests if r[0] == "/ok/raw"]
    ok(len(asked) > 2 and all(r[1] for r in asked), "only parts of it were asked for", asked)
    ok(int(p.stdout.split()[0]) < 12 * MIB, "10 of 24 MiB", p.stdout)
    target = lab.disk()
    p = subprocess.run([agent, "write", lab.server.url("ok/raw"), target, "--quiet", "--bmap", "beside", "--bmap-sum",
                        hashlib.sha256(good).hexdigest()], capture_output=True, text=True, timeout=60)
    ok(p.returncode == 0 and same_as_image(target, lab.image), "found beside the image", p.stderr)
    p, target = write("ok/odd", "odd.bmap")
    ok(p.returncode == 0 and same_as_image(target, lab.files["odd"]), "an image that ends within a block", p.stderr)
    p, target = write("cut=700000/raw", "raw.bmap")
    ok(p.returncode == 0 and same_as_image(target, lab.image), "cut and resumed", p.stderr)
    for image, name, sum_of, options, text in (
            ("ok/raw", "forged.bmap", "raw.bmap", (), "checksum is wrong"),
            ("ok/raw", "cut.bmap", None, (), "not one that bmaptool made"),
            ("ok/raw", "forged.bmap", None, (), "its own digest is wrong"),
            ("ok/mbr", "odd.bmap", None, (), "has %d" % IMAGE_SIZE),
            ("ok/gz", "raw.bmap", None, (), "not compressed"),
            ("norange/raw", "raw.bmap", None, (), "no byte ranges"),
            ("ok/raw", "raw", None, (), "longer than"), ("ok/mbr", "raw.bmap", None, (), "not those of the map")):
        p, target = write(image, name, sum_of, *options)
        ok(p.returncode == 1 and text in p.stderr and untouched(target), "%s with %s: %s" % (image, name, text),
           p.stderr)
    last = bytearray(lab.image)
    last[22 * MIB - 1] ^= 1
    lab.files["last"] = bytes(last)
    p, target = write("ok/last", "raw.bmap")
    ok(p.returncode == 1 and "not those of the map" in p.stderr and unbootable(target), "wrong in the last byte",
       p.stderr)
    p, target = write("norange/raw", "raw.bmap", None, "--sha256", lab.sum("raw"))
    ok(p.returncode == 0 and same_as_image(target, lab.image), "no ranges: the whole image, by its checksum", p.stderr)
    p = subprocess.run([agent, "write", lab.server.url("ok/raw"), lab.disk(), "--quiet", "--bmap", "beside"],
                       capture_output=True, text=True, timeout=60)
    ok(p.returncode == 1 and "has no checksum" in p.stderr, "a map without a checksum is refused", p.stderr)


def test_bad_image(lab):
    wrong = "f" * 64
    target = lab.disk()
    p = lab.run("ok/raw", target, "--sha256", wrong)
    ok(p.returncode == 1 and "expected sha256 " + wrong in p.stderr and lab.sum("raw") in p.stderr
       and str(IMAGE_SIZE) in p.stderr, "wrong checksum: says both sums and the bytes", p.stderr)
    ok(unbootable(target), "and the disk does not boot")
    for name, text in (("gzbad", "gzip data is damaged"), ("zsttrunc", "ends in the middle"),
                       ("qcow2", "qcow2"), ("empty", "empty")):
        target = lab.disk()
        p = lab.run("ok/" + name, target)
        ok(p.returncode == 1 and text in p.stderr, "%s: %s" % (name, text), p.stderr)
        if name in ("qcow2", "empty"):
            ok(untouched(target), "%s: the disk is as it was" % name)
        else:
            ok(unbootable(target), "%s: the disk does not boot" % name)
    target = lab.disk()
    p = lab.run("ok/large", target)
    ok(p.returncode == 1 and "larger than the disk" in p.stderr and str(DISK_SIZE + SECTOR) in p.stderr
       and str(DISK_SIZE) in p.stderr, "larger than the disk: both sizes", p.stderr)
    ok(untouched(target), "and the disk is as it was")
    target = lab.disk(12 * MIB)
    p = lab.run("ok/zstsized", target)
    ok(p.returncode == 1 and "decompressed %d bytes" % IMAGE_SIZE in p.stderr, "larger once decompressed, as zstd says", p.stderr)
    ok(untouched(target), "and the disk is as it was")
    p = lab.run("ok/gz", target)
    ok(p.returncode == 1 and "larger than the disk" in p.stderr, "larger once decompressed, found on the way", p.stderr)
    ok(unbootable(target), "and the disk does not boot")
    for options, text in ((("--sha256", "xyz"), "not hexadecimal"), (("--sha256", "00"), "2 digits"),
                          (("--sha256", lab.server.url("status=404/x")), "fetch checksum: GET"),
                          (("--sha256", lab.server.url("ok/othersums")), "names no digest")):
        target = lab.disk()
        p = lab.run("ok/raw", target, *options)
        ok(p.returncode == 1 and text in p.stderr, "checksum: %s" % text, p.stderr)
        ok(read(target, 0, MIB) == b"\xa5" * MIB, "refused before the disk was touched")
    p = subprocess.run([agent, "write", lab.server.url("ok/raw"), lab.disk()], capture_output=True, text=True)
    ok(p.returncode == 1 and "no checksum" in p.stderr, "no checksum is refused", p.stderr)
    for name, outcome in (("ok/raw", "written"), ("ok/gzbad", "failed")):
        p = lab.run(name, lab.disk(), "--json")
        told = json.loads(p.stdout)
        ok(told["outcome"] == outcome and (told["error"] is None) == (outcome == "written") and told["bytes_read"] > 0,
           "--json: %s" % outcome, p.stdout)
    p = lab.run("ok/raw", "/dev/null")
    ok(p.returncode == 1 and "neither a disk nor a file" in p.stderr, "not a disk", p.stderr)
    p = subprocess.run([agent, "write", "x"], capture_output=True, text=True)
    ok(p.returncode == 2 and "usage" in p.stderr, "wrong usage is 2", p.stderr)


def test_memory(lab):
    """On a machine with 40 MB free: what needs a larger window or dictionary is refused for that, the rest is written."""
    if os.geteuid() != 0:
        ok(True, "little memory # SKIP needs root to say so")
        return
    meminfo = os.path.join(lab.folder, "meminfo")
    with open(meminfo, "w") as f:
        f.write("MemTotal:  200000 kB\nMemFree:  1000 kB\nMemAvailable:  40000 kB\n")
    dictionary = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 64 * MIB}]
    lab.files["large-dictionary"] = lzma.compress(lab.image[:MIB], filters=dictionary)
    lab.files["large-window"] = zstd(lab.image[:MIB], "-1", "--long=26", "--no-content-size")
    lab.files["largest-window"] = zstd(lab.image[:MIB], "-1", "--long=31", "--no-content-size")
    lab.files["windows-in-frames"] = lab.files["zstsized"] + lab.files["large-window"]
    for name, words in (("large-dictionary", "image's xz data needs 65 MiB of memory; 19 MiB are free for it"),
                        ("large-window", "image's zstd data needs 64 MiB of memory; 19 MiB are free for it"),
                        ("largest-window", "image's zstd data needs 2048 MiB of memory; 19 MiB are free for it"),
                        ("windows-in-frames", "image's zstd data needs 64 MiB of memory"),
                        ("xz", None), ("zst", None)):
        target = lab.disk(2 * IMAGE_SIZE + MIB)
        lab.server.reset()
        p = subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$1" /proc/meminfo && shift && exec "$@"', "sh", meminfo, agent, "write",
                            lab.server.url("ok/" + name), target, "--quiet", "--retries", "1", "--sha256", lab.sum(name)],
                           capture_output=True, text=True, timeout=60)
        if words:
            ok(p.returncode == 1 and words in p.stderr and "smaller window or dictionary" in p.stderr, "%s: %s" % (name, words), p.stderr)
            ok((unbootable if "frames" in name else untouched)(target), "and the disk " + ("does not boot" if "frames" in name else "is as it was"))
        else:
            ok(p.returncode == 0 and same_as_image(target, lab.image), "%s fits" % name, p.stderr)


def start_stalled(lab, target, at):
    lab.server.reset()
    p = subprocess.Popen([agent, "write", lab.server.url("stall=%d/raw" % at), target, "--quiet", "--sha256",
                          lab.sum("raw")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lab.server.stalled.wait(30)
    return p


def test_killed(lab):
    for sig, name in ((signal.SIGKILL, "killed"), (signal.SIGTERM, "cancelled")):
        target = lab.disk()
        p = start_stalled(lab, target, IMAGE_SIZE - 10)
        p.send_signal(sig)
        _, err = p.communicate(timeout=30)
        lab.server.release.set()
        ok(p.returncode == (1 if sig == signal.SIGTERM else -sig), "%s ten bytes before the end" % name, err)
        ok(unbootable(target), "%s: the disk does not boot" % name)
        if sig == signal.SIGTERM:
            ok("cancelled" in err, "and the error says so", err)
        p = lab.run("ok/raw", target)
        ok(p.returncode == 0 and same_as_image(target, lab.image), "written again, it is whole", p.stderr)


def iso(lab, size):
    """What a config drive looks like from outside: a volume descriptor with the label."""
    data = bytearray(random.Random(3).randbytes(size))
    data[:32768] = bytes(32768)
    data[32768:32774] = b"\x01CD001"
    data[32808:32840] = b"config-2".ljust(32)
    return bytes(data)


def part_of(target, number):
    dump = sfdisk("-J", target).stdout
    import json
    parts = json.loads(dump)["partitiontable"]["partitions"]
    return parts[number - 1] if len(parts) >= number else None


def test_config_drive(lab):
    drive = iso(lab, 500 * 1024 + 36)
    path = os.path.join(lab.folder, "drive")
    for form, data in (("ISO", drive), ("base64 of gzip", base64.encodebytes(gzip.compress(drive)))):
        with open(path, "wb") as f:
            f.write(data)
        target = lab.disk()
        p = lab.run("ok/zst", target, "--config-drive", path)
        part = part_of(target, 3)
        ok(p.returncode == 0 and part and part.get("name") == "config-2", "%s: partition added" % form,
           p.stderr + str(part))
        at = part["start"] * SECTOR if part else 0
        ok(read(target, at, len(drive)) == drive, "%s: drive is in it" % form)
        ok(at > DISK_SIZE - 3 * MIB, "near the end of the disk")
    ok(judge_gpt(lab, target), "and the table is whole", sfdisk("--verify", target).stdout)
    with open(path, "wb") as f:
        f.write(drive)
    target = lab.disk()
    p = lab.run("ok/mbr", target, "--config-drive", path)
    part = part_of(target, 3)
    ok(p.returncode == 0 and part and read(target, part["start"] * SECTOR, len(drive)) == drive,
       "an image with MBR gets one too", p.stderr)
    labelled = bytearray(lab.image)
    labelled[9 * MIB:9 * MIB + len(drive)] = drive
    lab.files["labelled"] = bytes(labelled)
    other = bytearray(drive)
    other[40000] ^= 1
    with open(path, "wb") as f:
        f.write(other)
    target = lab.disk()
    p = lab.run("ok/labelled", target, "--config-drive", path)
    ok(p.returncode == 0 and read(target, 9 * MIB, len(drive)) == bytes(other) and not part_of(target, 3),
       "the image's own config-2 is taken", p.stderr)
    target = lab.disk(IMAGE_SIZE)
    p = lab.run("ok/raw", target, "--config-drive", path)
    ok(p.returncode == 0 and part_of(target, 3), "image as large as the disk", p.stderr)
    with open(path, "wb") as f:
        f.write(iso(lab, 12 * MIB))
    target = lab.disk(IMAGE_SIZE)
    p = lab.run("ok/raw", target, "--config-drive", path)
    ok(p.returncode == 1 and "no room for the config drive" in p.stderr, "no room", p.stderr)
    ok(unbootable(target), "and the disk does not boot")


class Loop:
    """A loop device on a used disk's file, gone at the end."""

    def __init__(self, path, *options):
        self.path = path
        self.options = options

    def __enter__(self):
        self.name = subprocess.run(["losetup", "-f", "--show", *self.options, self.path], check=True,
                                   capture_output=True, text=True).stdout.strip()
        return self.name

    def __exit__(self, *args):
        subprocess.run(["losetup", "-d", self.name])


def make_4k_image(lab):
    """A small image for 4096-byte sectors, with its table by sfdisk."""
    path = os.path.join(lab.folder, "4k.raw")
    with open(path, "wb") as f:
        f.truncate(8 * MIB)
    with Loop(path, "--sector-size", "4096") as disk:
        subprocess.run(["sfdisk", "-q", "--no-reread", disk], input=b"label: gpt\nstart=256, size=1024\n", check=True,
                       stderr=subprocess.DEVNULL)
    with open(path, "r+b") as f:
        f.seek(2 * MIB)
        f.write(random.Random(5).randbytes(MIB))
    return open(path, "rb").read()


# A config drive's files; the second one needs FAT16, the long name several entries of a folder.
DRIVE_FILES = {
    "openstack/latest/meta_data.json": b'{"hostname": "h"}',
    "openstack/latest/user_data": random.Random(9).randbytes(70001),
    "openstack/content/0000": b"",
    "ec2/latest/a-name-that-is-longer-than-26-characters.txt": b"x" * 4096,
}
LARGE_FILE = {"openstack/latest/large": random.Random(8).randbytes(17 * MIB)}


def real_iso(lab, files, *options):
    """By an independent program; its path."""
    tree, path = os.path.join(lab.folder, "tree"), os.path.join(lab.folder, "drive")
    shutil.rmtree(tree, ignore_errors=True)
    for name, data in files.items():
        os.makedirs(os.path.join(tree, os.path.dirname(name)), exist_ok=True)
        with open(os.path.join(tree, name), "wb") as f:
            f.write(data)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "config-2", *options, "-o", path, tree], check=True,
                   stderr=subprocess.DEVNULL)
    return path


def fat_problem(disk, part, files):
    """What mtools and fsck.fat find wrong with the FAT volume in this partition, or None."""
    handle, volume = tempfile.mkstemp(prefix="ingot-fat-")
    with os.fdopen(handle, "wb") as f:
        f.write(read(disk, part["start"] * 4096, part["size"] * 4096))
    try:
        check = subprocess.run(["fsck.fat", "-n", volume], capture_output=True, text=True)
        label = subprocess.run(["mlabel", "-s", "-i", volume, "::"], capture_output=True, text=True).stdout
        bad = [name for name, data in files.items()
               if subprocess.run(["mtype", "-i", volume, "::/" + name], capture_output=True).stdout != data]
    finally:
        os.unlink(volume)
    if check.returncode or "config-2" not in label or bad:
        return "%s%s%s" % (check.stdout + check.stderr, label, bad)
    return None


def test_4k_drive(lab, disk):
    """No system mounts ISO 9660 from sectors larger than its blocks, so a disk of 4096 gets FAT."""
    plain = {"A/B.TXT": b"plain", "A/C/D": b"names"}
    kinds = [("Joliet and Rock Ridge", DRIVE_FILES, ("-J", "-R")), ("Rock Ridge", DRIVE_FILES, ("-R",)),
             ("plain names", plain, ("-U",)), ("17 MiB", {**DRIVE_FILES, **LARGE_FILE}, ("-J", "-R"))]
    for what, files, options in kinds:
        p = lab.run("ok/4k", disk, "--config-drive", real_iso(lab, files, *options))
        part = part_of(disk, 2)
        ok(p.returncode == 0 and "No errors" in sfdisk("--verify", disk).stdout, "a disk with sectors of 4096, " + what,
           p.stderr + sfdisk("--verify", disk).stdout)
        problem = fat_problem(disk, part, files) if part else "no partition"
        ok(problem is None, "its config drive has the same files, as FAT", problem)
    with open(os.path.join(lab.folder, "drive"), "r+b") as f:
        f.seek(18 * 2048)  # behind the descriptors: the first folder, or a table of paths
        f.write(b"\xff" * 40960)
    p = lab.run("ok/4k", disk, "--config-drive", os.path.join(lab.folder, "drive"))
    ok(p.returncode == 1 and "config drive" in p.stderr and "damaged" in p.stderr, "a damaged one is refused", p.stderr)


def test_disk(lab):
    if os.geteuid() != 0 or subprocess.run(["losetup", "-f"], capture_output=True).returncode != 0:
        ok(True, "block devices # SKIP needs root and loop devices")
        return
    path = lab.disk(DISK_SIZE + 4096 - DISK_SIZE % 4096)
    with Loop(path) as disk:
        p = lab.run("ok/zst", disk)
        ok(p.returncode == 0 and read(disk, 3 * MIB, 20 * MIB) == lab.image[3 * MIB:23 * MIB], "a block device",
           p.stderr)
        ok("No errors" in sfdisk("--verify", disk).stdout, "its table is whole", sfdisk("--verify", disk).stdout)
        with open(disk, "rb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL)):
            p = lab.run("ok/zst", disk)
        ok(p.returncode == 1 and "Device or resource busy" in p.stderr, "a disk in use is refused", p.stderr)
        subprocess.run(["mke2fs", "-q", "-F", disk], check=True)
        where = os.path.join(lab.folder, "mnt")
        os.mkdir(where)
        p = subprocess.run(["unshare", "-m", "sh", "-c", 'mount "$1" "$2" && exec "$3" write x "$1" --quiet --no-checksum',
                            "sh", disk, where, agent], capture_output=True, text=True)
        ok(p.returncode == 1 and "is mounted at " + where in p.stderr, "a mounted disk is refused", p.stderr)
    with Loop(path, "-r") as disk:
        p = lab.run("ok/zst", disk)
        ok(p.returncode == 1 and ("write-protected" in p.stderr), "a read-only disk is refused", p.stderr)
    lab.files["4k"] = make_4k_image(lab)
    with Loop(path, "--sector-size", "4096") as disk:
        p = lab.run("ok/zst", disk)
        ok(p.returncode == 1 and "made for sectors of 512 bytes, the disk has sectors of 4096" in p.stderr,
           "an image for other sectors is refused", p.stderr)
        test_4k_drive(lab, disk)
    p = subprocess.run(["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=8M none "$1" && exec "$2" write "$3" '
                        '"$1/new" --quiet --no-checksum', "sh", where, agent, lab.server.url("ok/raw")],
                       capture_output=True, text=True)
    ok(p.returncode == 1 and "at LBA" in p.stderr and "file system is full" in p.stderr, "a full file system", p.stderr)


def main():
    folder = tempfile.mkdtemp(prefix="ingot-image-")
    try:
        lab = Lab(folder)
        tests = [test_good, test_bad_net, test_https, test_hostile, test_frames, test_connections, test_registry, test_map,
                 test_bad_image, test_memory, test_killed, test_config_drive, test_disk]
        for test in [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]:
            test(lab)
    finally:
        shutil.rmtree(folder)
    tap.done()


if __name__ == "__main__":
    end_cleanly()
    main()
