#!/usr/bin/env python3
"""The agent's ramdisk: what it has to hold, in which order, how large it may be, and that building it again
gives the same bytes. Needs no root."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from vracklib import Tap, TOP, end_cleanly  # noqa: E402

IMAGE = os.path.join(TOP, "build/agent")
LIBRARIES = os.path.join(TOP, "build/cache/curl")
LIMIT = 24000000  # kernel and ramdisk together

# The drivers of real servers that the size is promised for, by the names of their modules.
DRIVERS = """nvme ahci virtio_blk virtio_net virtio_scsi virtio_pci megaraid_sas mpt3sas mpi3mr hpsa smartpqi aacraid ipmi_si
ipmi_devintf ipmi_ssif sd_mod sr_mod sg usb_storage xhci_pci isofs vfat ext4 raid1 tg3 bnx2x bnxt_en igb ixgbe i40e ice
e1000 e1000e mlx4_core mlx5_core cxgb4 qede sfc be2net enic ena nfp r8169""".split()


def newc(data):
    """Entries of the archives (cpio -H newc), one after the other: (name, mode, mtime, uid, size)."""
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        if data[at:at + 6] != b"070701":
            raise ValueError("no archive at %d" % at)
        f = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + f[11] - 1].decode()
        body = (at + 110 + f[11] + 3) & ~3
        at = (body + f[6] + 3) & ~3
        if name != "TRAILER!!!":
            yield name, f[1], f[5], f[2], f[6], data[body:body + f[6]]


def ethernet(release):
    """The kernel's Ethernet drivers, as a driver list names them."""
    top = os.path.join(TOP, "build/cache/linux/lib/modules", release, "kernel")
    found = [os.path.relpath(os.path.join(folder, name), top)
             for folder, _, names in os.walk(top + "/drivers/net/ethernet") for name in names if ".ko" in name]
    assert len(found) > 50
    return found


def excused(driver):
    """Does drivers.common say why it leaves this one out?"""
    with open(os.path.join(TOP, "boot/ramdisk/drivers.common")) as f:
        entries = re.findall(r"^!(\S+)[ \t]*# *\S", f.read(), re.M)
    return any(driver.startswith(e) if e.endswith("/") else norm(driver) == norm(e) for e in entries)


def norm(path):
    return re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_")


def main():
    t = Tap()
    if not os.path.exists(IMAGE + "/initramfs"):
        t.skip_all("build/agent/initramfs is not built")
    size = os.path.getsize(IMAGE + "/vmlinuz") + os.path.getsize(IMAGE + "/initramfs")
    t.diag("kernel and ramdisk: %d bytes" % size)
    t.ok(size <= LIMIT, "kernel and ramdisk are at most %d bytes" % LIMIT, size)
    data = subprocess.run(["zstd", "-dcq", IMAGE + "/initramfs"], check=True, stdout=subprocess.PIPE).stdout
    entries = list(newc(data))
    files = {e[0]: e for e in entries}
    marks = [e[0].replace("etc/ingot/archives/", "") for e in entries if e[0].startswith("etc/ingot/archives/") and e[1] & 0o100000]
    t.equal(marks, ["begin/modules", "end/modules", "begin/agent", "end/agent"], "each archive is between its marks")
    t.equal(entries[-1][0], "etc/ingot/archives/end/agent", "and nothing comes after the last")
    t.ok("init" in files and files["init"][1] & 0o111 == 0o111, "init is a program")
    t.ok("lib64/ld-linux-x86-64.so.2" in files, "its loader is there")
    big = [n for n in files if re.search("lib(crypto|ldap|krb5|ssh2|nghttp2|rtmp)", n)]
    t.equal(big, [], "and no library that only other builds of libcurl need")
    t.equal({e[3] for e in entries}, {0}, "everything is root's")
    t.equal(len({e[2] for e in entries}), 1, "everything has one time")

    modules = {norm(n): n for n in files if ".ko" in n}
    t.equal([d for d in DRIVERS if d not in modules], [], "the drivers of servers are there")
    release = files["etc/ingot/kernel"][5].decode().strip()
    base = "lib/modules/%s/" % release
    left_out = [d for d in ethernet(release) if norm(d) not in modules]
    t.equal([d for d in left_out if not excused(d)], [], "no Ethernet driver is left out without a reason")
    dep = files[base + "modules.dep"][5].decode().splitlines()
    t.equal(len(dep), len(modules), "modules.dep names just these modules")
    missing = [d for line in dep for d in line.replace(":", " ").split() if base + d not in files]
    t.equal(missing, [], "and all that they depend on is there")
    alias = files[base + "modules.alias"][5].decode()
    t.ok(all(line.split()[-1].replace("-", "_") in modules for line in alias.splitlines() if line), "aliases are of these modules")

    end_cleanly()
    work = tempfile.mkdtemp(prefix="ingot-ramdisk-")
    try:
        subprocess.run([TOP + "/boot/ramdisk/build.sh", "image", TOP + "/build/cache/linux",
                        TOP + "/build/cache/ramdisk/modules-common.zst", TOP + "/build/ingot-agent", work],
                       env=dict(os.environ, RAMDISK_LIBRARIES=LIBRARIES), check=True, stdout=subprocess.DEVNULL)
        t.ok(open(work + "/initramfs", "rb").read() == open(IMAGE + "/initramfs", "rb").read(),
             "building it again gives the same bytes")
        t.equal(sorted(os.listdir(work)), ["initramfs", "manifest.txt", "vmlinuz"], "and leaves nothing else")
        r = subprocess.run([TOP + "/boot/ramdisk/build.sh", "modules", TOP + "/build/cache/linux", "/dev/stdin",
                            work + "/m"], input=b"no_such_driver\n", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        t.ok(r.returncode != 0 and b"no_such_driver" in r.stderr, "a driver that does not exist ends the build by name")
    finally:
        shutil.rmtree(work)
    t.done()


main()
