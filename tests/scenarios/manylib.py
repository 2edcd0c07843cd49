"""Many machines of one rack, each deployed with one image after the other, some of them at a time: for scenarios that
go through combinations. What is deployed is compared with its source byte for byte while the machine waits for its
BMC, and then its system has to report itself."""
import json
import os
import re
import subprocess
import tempfile
import threading
import traceback

from corridorlib import (IMAGES, MIB, PASSWORD, SLOW, Tap, check_written, lay_image, make_format, noise, partitions,
                         read_at, wait_for)

AT_ONCE = 2


def mac(i, k):
    return "52:54:00:82:%02x:%02x" % (3 + k, i)


def address(i):
    return "10.82.1.%d" % (i + 1)


class LockedTap(Tap):
    """For several threads."""
    lock = threading.Lock()

    def ok(self, good, what, note=None):
        with self.lock:
            return super().ok(good, what, note)


class Whole:
    """An image of a whole disk: the file that is served, and the raw image in it."""
    more = ()  # what instance_info has to say beside

    def __init__(self, name, file, raw="system.img"):
        self.name, self.file, self.raw = name, file, raw
        self.sector = 4096 if raw.startswith("system4k") else 512

    def before(self, machine):
        dirt = [] if machine.dirty else [noise(250 * MIB), noise(310 * MIB, seed=2)]
        lay_image(machine.disk, machine.expected, dirt, self.raw)

    def compare(self, tap, machine, what):
        check_written(tap, machine.disk, machine.expected, what, self.raw, self.sector)


class Partition:
    """An image of a root partition. Its boot loader is installed into it, so it is compared file by file, but for
    what such an installation writes."""
    more = ("image_type=partition", "root_gb=1")
    WRITTEN = re.compile(r"/(boot/grub|boot/efi|etc/fstab)")

    def __init__(self, name, file, raw="partition.img"):
        self.name, self.file, self.raw, self.sector = name, file, raw, 512

    def before(self, machine):
        pass

    @classmethod
    def tree(cls, path):
        """{name: (mode, size, digest)} of the files of an ext4 image."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["debugfs", "-R", "rdump / " + folder, path], check=True, capture_output=True)
            names = [os.path.join(at, n)[len(folder):] for at, _, files in os.walk(folder) for n in files]
            return {n: cls.content(folder + n) for n in sorted(names) if not cls.WRITTEN.match(n)}

    @staticmethod
    def content(path):
        if os.path.islink(path):
            return os.readlink(path)
        with open(path, "rb") as f:
            return os.stat(path).st_mode, f.read()

    def compare(self, tap, machine, what):
        source = os.path.join(IMAGES, self.raw)
        start, size = max(partitions(machine.disk), key=lambda p: p[1])
        tap.equal(size, 1 << 30, what + ": the root partition is as large as was asked")
        root = machine.expected + ".root"
        subprocess.run(["dd", "if=" + machine.disk, "of=" + root, "bs=1M", "iflag=skip_bytes,count_bytes", "conv=sparse",
                        "skip=%d" % start, "count=%d" % size, "status=none"], check=True)
        checked = subprocess.run(["e2fsck", "-fn", root], capture_output=True, text=True, check=False)
        tap.ok(checked.returncode == 0, what + ": its file system is whole", checked.stdout)
        mine, theirs = self.tree(root), self.tree(source)
        wrong = [n for n in sorted(mine.keys() | theirs.keys()) if mine.get(n) != theirs.get(n)]
        tap.ok(len(theirs) > 10 and not wrong, what + ": every file of the image is on the disk", wrong[:10])
        os.unlink(root)


class Kind:
    """One machine: its disks as in a rack file, which of them gets the images (and the hint that says so), its NICs,
    the last of which boots, and the images it gets one after the other."""

    def __init__(self, name, disks, images, nics=("virtio",), target=0, hint=None, more=""):
        self.name, self.disks, self.images, self.nics = name, disks, images, nics
        self.target, self.hint, self.more = target, hint, more
        self.firmware = name.split("-")[0]

    def text(self, i):
        disks = "".join("disk = %s\n" % disk for disk in self.disks)
        nics = "".join("nic = %s mac=%s%s\n" % (nic, mac(i, k), "" if k + 1 == len(self.nics) else " rom=no")
                       for k, nic in enumerate(self.nics))
        return "[machine %s]\nfirmware = %s\nbmc_address = %s\n%s%s%s" % (
            self.name, self.firmware, address(i), disks, nics, self.more)

    def with_words(self, words):
        """The same with those images only that these words, which may name the machine's parts, ask for; or None."""
        images = [image for image in self.images if set(words) <= set(self.name.split("-")) | set(image.name.split("-"))]
        return Kind(self.name, self.disks, images, self.nics, self.target, self.hint, self.more) if images else None


class Story:
    """One machine with all its images, one after the other, each over the one before."""

    def __init__(self, tap, c, i, kind):
        self.tap, self.c, self.i, self.kind, self.name = tap, c, i, kind, kind.name
        self.disks = c.disk(kind.name).split()
        self.disk = self.disks[kind.target]
        self.expected = os.path.join(c.scratch, "expected-" + kind.name)
        self.dirty = False

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        if status:
            raise RuntimeError("ingot %s: %s" % (" ".join(words), out + err))

    def enroll(self):
        hint = ("--property", "root_device=" + json.dumps(self.kind.hint)) if self.kind.hint else ()
        boots = mac(self.i, len(self.kind.nics) - 1)
        self.ingot("node", "create", self.name, "--driver", "ipmi", "--mac", boots, "--driver-info",
                   "ipmi_address=" + address(self.i), "--driver-info", "ipmi_username=admin", "--driver-info",
                   "ipmi_password=@" + self.c.scratch + "/password", "--property",
                   "capabilities=boot_mode:" + self.kind.firmware, "--no-automated-clean", *hint)
        self.ingot("node", "manage", self.name, "--wait")
        self.ingot("node", "provide", self.name, "--wait")

    def deploy(self, image, what, hostname):
        served = self.name + "/" + image.file
        if image.more:
            self.ingot("node", "set", self.name, *[w for value in image.more for w in ("--instance-info", value)])
        self.c.images.hold(served, MIB)
        words = ("node", "deploy", self.name, "--image", self.c.images.url(served), "--checksum",
                 self.c.images.checksum(image.file), "--hostname", hostname, "--wait", "--timeout", str(int(900 * SLOW)),
                 "--yes")
        result = []
        command = threading.Thread(target=lambda: result.append(self.c.ingot(*words)), daemon=True)
        command.start()
        if self.tap.ok(self.c.written_and_held(self.name, self.name, served), what + ": written", self.c.why(self.name)):
            image.compare(self.tap, self, what)
            others = [d for d in self.disks if d != self.disk]
            self.tap.equal([d for d in others if any(read_at(d, 0, MIB))], [], what + ": no other disk is touched")
        self.c.vrack("fault", self.name, "silent", "0")
        command.join()
        self.tap.ok(result and result[0][0] == 0, what + ": active", result)
        home = wait_for(lambda: (self.c.why(self.name).get("phone_home") or {}).get("hostname") == hostname, 180)
        self.tap.ok(home, what + ": its system reports itself", self.c.console(self.name)[-3000:])

    def run(self):
        self.enroll()
        for image in self.kind.images:
            what = "%s, %s" % (self.name, image.name)
            image.before(self)
            self.dirty = True
            self.deploy(image, what, "%s.%s" % (self.name, image.name))
            self.ingot("node", "undeploy", self.name, "--wait", "--yes")
        if os.path.exists(self.expected):
            os.unlink(self.expected)


def work(tap, c, stories, lock):
    while True:
        with lock:
            if not stories:
                return
            i, kind = stories.pop(0)
        try:
            Story(tap, c, i, kind).run()
        except Exception:  # pylint: disable=broad-except
            tap.ok(False, kind.name, traceback.format_exc() + c.conductor_log()[-1500:])
            c.vrack("fault", kind.name, "silent", "0")
        c.ipmi(address(i), "power", "off")


def rack_text(kinds):
    return "".join(kind.text(i) for i, kind in enumerate(kinds))


def keep_password(c):
    with open(os.path.join(c.scratch, "password"), "w") as f:
        f.write(PASSWORD + "\n")


def run_all(tap, c, kinds):
    """Deploys everything; the corridor's rack is rack_text(kinds)."""
    keep_password(c)
    stories, lock = list(enumerate(kinds)), threading.Lock()
    workers = [threading.Thread(target=work, args=(tap, c, stories, lock), daemon=True) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


class PartitionBeside:
    """One more machine of a corridor, which gets an image of a partition while the scenario leads another."""
    NUMBER = 9

    def __init__(self, firmware, form):
        self.form = form
        image = Partition("partition-" + form, "partition.img." + form)
        self.kind = Kind(firmware + "-beside", ["virtio size=4G"], [image])
        self.text = self.kind.text(self.NUMBER)
        self.thread = None

    def start(self, tap, c):
        c.images.folders.append(c.scratch)
        keep_password(c)
        self.thread = threading.Thread(target=self.run, args=(tap, c), daemon=True)
        self.thread.start()

    def run(self, tap, c):
        make_format(c.scratch, "partition.img", self.form)
        work(tap, c, [(self.NUMBER, self.kind)], threading.Lock())

    def join(self):
        self.thread.join()
