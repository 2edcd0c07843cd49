#!/usr/bin/env python3
"""The agent's image is a function of its inputs: built a second time, in another folder, with another umask, time zone
and language and from files of another date, libcurl, modules and image are the same bytes. And with the kernel of the
next Debian (KERNEL=trixie, whose modules are compressed) an image comes out that boots to its first heartbeat."""
import filecmp
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
from vracklib import TOP, Tap, end_cleanly  # noqa: E402
import ramdisk  # noqa: E402
from benchlib import CannotMeasure  # noqa: E402

CACHE = os.path.join(TOP, "build/cache")
BUILDER = os.path.join(TOP, "boot/ramdisk/build.sh")
DRIVERS = os.path.join(TOP, "boot/ramdisk/drivers.virtual")
OTHER = {"TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"}
NEXT = "trixie"


def run(*words, umask=0o022, env=None, cwd=None):
    subprocess.run(words, check=True, umask=umask, env=dict(os.environ, **(env or {})), cwd=cwd, stdout=subprocess.DEVNULL)


def copy_of(folder):
    """Builder and agent as another checkout has them: elsewhere, and newer."""
    os.makedirs(folder)
    shutil.copytree(os.path.join(TOP, "boot/ramdisk"), folder + "/ramdisk")
    shutil.copytree(os.path.join(TOP, "boot/curl"), folder + "/curl")
    shutil.copytree(os.path.join(TOP, "boot/archive"), folder + "/archive")
    shutil.copy(os.path.join(TOP, "build/ingot-agent"), folder + "/agent")
    for at, _, names in os.walk(folder):
        for name in names:
            os.utime(os.path.join(at, name), (2e9, 2e9))
    return folder


def same(t, one, other, what):
    t.ok(filecmp.cmp(one, other, shallow=False), what, "%d and %d bytes" % (os.path.getsize(one), os.path.getsize(other)))


def same_bytes(t, scratch):
    linux = CACHE + "/linux"
    mine, theirs = scratch + "/a", copy_of(scratch + "/quite/another/folder")
    shutil.copytree(CACHE + "/sources", theirs + "/cache/sources")
    run(theirs + "/curl/build.sh", theirs + "/cache", umask=0o077, env=OTHER)
    library = "/curl/libcurl-gnutls.so.4"
    same(t, CACHE + library, theirs + "/cache" + library, "libcurl is the same")
    os.mkdir(mine)
    run(BUILDER, "modules", linux, DRIVERS, mine + "/modules")
    run(theirs + "/ramdisk/build.sh", "modules", linux, theirs + "/ramdisk/drivers.virtual", theirs + "/modules",
        umask=0o077, env=OTHER, cwd="/")
    same(t, mine + "/modules", theirs + "/modules", "the modules are the same")
    run(BUILDER, "image", linux, mine + "/modules", TOP + "/build/ingot-agent", mine + "/out",
        env={"RAMDISK_LIBRARIES": CACHE + "/curl"})
    run(theirs + "/ramdisk/build.sh", "image", linux, theirs + "/modules", theirs + "/agent", theirs + "/out", umask=0o077,
        env=dict(OTHER, RAMDISK_LIBRARIES=theirs + "/cache/curl"), cwd="/")
    for name in ("vmlinuz", "initramfs", "manifest.txt"):
        same(t, mine + "/out/" + name, theirs + "/out/" + name, "%s is the same" % name)


def next_kernel(t, scratch):
    cache = scratch + "/next"
    if os.path.isdir(CACHE + "/debs/" + NEXT):
        shutil.copytree(CACHE + "/debs/" + NEXT, cache + "/debs/" + NEXT)
    run(TOP + "/boot/kernel/fetch.sh", cache, NEXT)
    linux = cache + "/linux-" + NEXT
    run(BUILDER, "modules", linux, DRIVERS, cache + "/modules")
    run(BUILDER, "image", linux, cache + "/modules", TOP + "/build/ingot-agent", cache,
        env={"RAMDISK_LIBRARIES": CACHE + "/curl"})
    with open(linux + "/release", encoding="ascii") as f:
        t.diag("kernel " + f.read().strip())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ramdisk.Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ramdisk.start(cache + "/initramfs", server.server_port, [ramdisk.HEARTBEAT], kernel=cache + "/vmlinuz")
        t.ok(True, "the agent on the kernel of %s has its first heartbeat taken" % NEXT)
    except CannotMeasure as problem:
        t.ok(False, "the agent on the kernel of %s has its first heartbeat taken" % NEXT, problem)
    server.shutdown()


def main():
    t = Tap()
    if not os.path.exists(TOP + "/build/agent/initramfs"):
        t.skip_all("build/agent/initramfs is not built")
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="ingot-rebuild-") as scratch:
        same_bytes(t, scratch)
        next_kernel(t, scratch)
    t.done()


main()
