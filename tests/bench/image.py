"""Writing images: ingot-agent beside what an administrator would write by hand with each tool's best flags, onto a file
of a tmpfs, from nginx on loopback. Source and target are in memory, so that what is measured is the work."""
import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time

from benchlib import BUILD, CannotMeasure, free_port, need, nginx, row, with_parent

AGENT = os.path.join(BUILD, "ingot-agent")
GIB = 1 << 30


class Lab:
    """A folder of a tmpfs with files served from it, and a target."""

    def __init__(self, place):
        need(AGENT)
        self.place, self.port = place, free_port()
        self.www = os.path.join(place, "www")
        self.target = os.path.join(place, "target")
        os.mkdir(self.www)

    def url(self, name):
        return "http://127.0.0.1:%d/%s" % (self.port, name)

    def path(self, name):
        return os.path.join(self.www, name)

    def sha256(self, name):
        with open(self.path(name), "rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()

    def run(self, command, size):
        """Wall and CPU seconds of a shell command with all its children, onto a new target."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.target)
        with open(self.target, "wb"):
            pass
        began = time.monotonic()
        process = subprocess.Popen(["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=with_parent)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode or os.path.getsize(self.target) != size:
            raise CannotMeasure("%s: %s" % (command, errors.decode()[-300:]))
        return wall, usage.ru_utime + usage.ru_stime

    def race(self, ours, peer, size, runs):
        """The best of some runs of each, taken in turns: (wall, CPU), (wall, CPU)."""
        times = [(self.run(ours, size), self.run(peer, size)) for _ in range(runs)]
        return [tuple(min(t[who][what] for t in times) for what in (0, 1)) for who in (0, 1)]

    def write(self, name, *options):
        return " ".join([AGENT, "write", self.url(name), self.target, "--quiet", *options])


@contextlib.contextmanager
def lab():
    with tempfile.TemporaryDirectory(prefix="ingot-bench-", dir="/dev/shm") as place:
        it = Lab(place)
        with nginx(place, "127.0.0.1:%d" % it.port, it.www):
            yield it


def data(size):
    """What does not compress."""
    return os.urandom(size)


def sparse_image(path, size, pieces, piece):
    """Pieces of data, half of it text, apart from each other in a file of that size."""
    with open(path, "wb") as f:
        f.truncate(size)
        for i in range(pieces):
            f.seek(size // pieces * i)
            f.write(data(piece // 2))
            text = b"".join(b"line %d of a file\n" % (i * 31 + n) for n in range(4096))
            f.write((text * (piece // 2 // len(text) + 1))[:piece // 2])


def bench_raw(lab, runs, gib):
    size = int(gib * GIB)
    with open(lab.path("raw"), "wb") as f:
        for _ in range(size >> 20):
            f.write(data(1 << 20))
    ours, peer = lab.race(lab.write("raw", "--sha256", lab.sha256("raw")),
                          "curl -s %s | dd bs=4M iflag=fullblock of=%s" % (lab.url("raw"), lab.target), size, runs)
    os.unlink(lab.path("raw"))
    return [row("raw image with SHA-256 onto tmpfs, CPU", "s/GiB", ours[1] / gib, max(2.0, peer[1] / gib),
                ("curl | dd, without a hash", peer[1] / gib)),
            row("the same, time", "s/GiB", ours[0] / gib, None, ("curl | dd, without a hash", peer[0] / gib))]


def bench_zstd(lab, runs, gib):
    size = int(10 * gib * GIB)
    sparse_image(lab.path("virtual"), size, 64, size // 640)
    subprocess.run(["zstd", "-q", "-3", "-T0", "--rm", lab.path("virtual"), "-o", lab.path("zst")], check=True)
    ours, peer = lab.race(lab.write("zst", "--sha256", lab.sha256("zst")),
                          "curl -s %s | zstd -dc | dd bs=4M iflag=fullblock conv=sparse of=%s"
                          % (lab.url("zst"), lab.target), size, runs)
    os.unlink(lab.path("zst"))
    what = "zstd image, %g GiB virtual, a tenth of it data" % (10 * gib)
    return [row(what + ": time", "ratio", ours[0] / peer[0], 0.6,
                [("ours, s", ours[0]), ("curl | zstd | dd, s", peer[0])]),
            row(what + ": CPU", "ratio", ours[1] / peer[1], None, [("ours, s", ours[1]), ("theirs, s", peer[1])])]


def bench_map(lab, runs, gib):
    if not shutil.which("bmaptool"):
        raise CannotMeasure("bmaptool is not there")
    size = int(10 * gib * GIB)
    sparse_image(lab.path("sparse"), size, 64, size // 640)
    subprocess.run(["bmaptool", "-q", "create", "-o", lab.path("sparse.bmap"), lab.path("sparse")], check=True)
    ours, peer = lab.race(
        lab.write("sparse", "--bmap", lab.url("sparse.bmap"), "--bmap-sum", lab.sha256("sparse.bmap")),
        "bmaptool -q copy --bmap %s %s %s" % (lab.path("sparse.bmap"), lab.url("sparse"), lab.target), size, runs)
    local, local_peer = lab.race(
        " ".join([AGENT, "write", lab.path("sparse"), lab.target, "--quiet", "--bmap", lab.path("sparse.bmap"),
                  "--bmap-sum", lab.sha256("sparse.bmap")]),
        "bmaptool -q copy --bmap %s %s %s" % (lab.path("sparse.bmap"), lab.path("sparse"), lab.target), size, runs)
    os.unlink(lab.path("sparse"))
    what = "raw image with a map of holes, %g GiB, a tenth of it data" % (10 * gib)
    return [row(what + ", HTTP: time", "ratio", ours[0] / peer[0], 1.0,
                [("ours, s", ours[0]), ("bmaptool copy, s", peer[0])]),
            row(what + ", file: time", "ratio", local[0] / local_peer[0], 1.0,
                [("ours, s", local[0]), ("bmaptool copy, s", local_peer[0])])]


# each takes the lab, how often to run, and a scale in GiB
PARTS = [bench_raw, bench_zstd, bench_map]


def bench_image(quick):
    rows = []
    with lab() as it:
        for part in PARTS:
            rows += part(it, 1 if quick else 3, 0.25 if quick else 1)
    return rows
