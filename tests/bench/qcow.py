"""A qcow2 image from a web server to a disk: `ingot-agent write`, which hashes it on the way, beside what others do:
download it, then convert it onto the disk. Disk and web server are in memory, so that what is left is the work."""
import hashlib
import os
import random
import re
import subprocess
import tempfile
import time

from benchlib import BUILD, CannotMeasure, free_port, need, nginx, row

AGENT = os.path.join(BUILD, "ingot-agent")
MIB = 1 << 20
VIRTUAL = 10 << 30


def make_raw(path, data_mib):
    """Ten GiB, of which so much is data, in pieces all over it: half of it noise, half as well compressible as programs are."""
    rnd = random.Random(6)
    piece, count = 8 * MIB, data_mib // 8
    words = [rnd.randbytes(24) for _ in range(256)]
    text = [b"".join(rnd.choice(words) + rnd.randbytes(8) for _ in range(piece // 32)) for _ in range(4)]
    with open(path, "wb") as f:
        f.truncate(VIRTUAL)
        for i in range(count):
            f.seek(i * (VIRTUAL // count) // MIB * MIB)
            f.write(rnd.randbytes(piece) if i % 2 else text[i // 2 % 4])


def most_memory(process):
    """Of a process that is running, so far, in MiB: what its parent's had grown to does not count, unlike in wait4()."""
    try:
        with open("/proc/%d/status" % process.pid) as f:
            found = re.search(r"VmHWM:\s*(\d+) kB", f.read())
        return int(found[1]) / 1024 if found else 0
    except OSError:
        return 0


def run(command):
    """Wall seconds, CPU seconds and most MiB of a command."""
    began, most, status = time.monotonic(), 0, None
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not status:
        most = max(most, most_memory(process))
        pid, code, usage = os.wait4(process.pid, os.WNOHANG)
        status = pid and (code, usage)
        time.sleep(0 if pid else 0.005)
    wall = time.monotonic() - began
    problem = process.stderr.read().decode(errors="replace")
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status[0])
    if process.returncode:
        raise CannotMeasure("%s: %s" % (" ".join(command[:2]), problem[-300:]))
    return wall, status[1].ru_utime + status[1].ru_stime, most


def fresh(path):
    with open(path, "wb") as f:
        f.truncate(VIRTUAL)
    return path


def ours(url, place, digest):
    disk = fresh(os.path.join(place, "disk"))
    return run([AGENT, "write", url, disk, "--quiet", "--format", "qcow2", "--sha256", digest])


def theirs(url, place):
    disk, copy = fresh(os.path.join(place, "disk")), os.path.join(place, "copy")
    parts = [run(["curl", "-s", "-f", "-o", copy, url]),
             run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", "-W", "-n", "-m", "8", copy, disk])]
    os.unlink(copy)
    return sum(p[0] for p in parts), sum(p[1] for p in parts), max(p[2] for p in parts)


def best(measure, runs):
    """The run with the least wall time: others' work only ever adds to it."""
    return min((measure() for _ in range(runs)), key=lambda m: m[0])


def compare(place, port, name, options, runs):
    path = os.path.join(place, name)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, os.path.join(place, "raw"), path], check=True)
    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()
    url = "http://127.0.0.1:%d/%s" % (port, name)
    peer = best(lambda: theirs(url, place), runs)
    mine = best(lambda: ours(url, place, digest), runs)
    os.unlink(path)
    beside = ("curl, then qemu-img convert -W -n -m 8", round(peer[0], 2))
    cpu = "CPU %.2f s beside %.2f s" % (mine[1], peer[1])
    return [row("%s, seconds" % name, "s", round(mine[0], 2), target=round(0.7 * peer[0], 2), beside=beside, note=cpu),
            row("%s, memory" % name, "MiB", round(mine[2]), target=64, beside=("qemu-img", round(peer[2])))]


def bench_qcow(quick):
    need(AGENT)
    rows = []
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="ingot-bench-") as place:
        port = free_port()
        with nginx(place, "127.0.0.1:%d" % port, place):
            make_raw(os.path.join(place, "raw"), 256 if quick else 1024)
            for name, options in (("qcow2", ()), ("qcow2-zlib", ("-c",)), ("qcow2-zstd", ("-c", "-o", "compression_type=zstd"))):
                rows += compare(place, port, name, options, 1 if quick else 3)
    return rows
