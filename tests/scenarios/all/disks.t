#!/usr/bin/env python3
"""Bad luck with disks, on a QEMU machine: two that are equally good, one that is too small, one that fails while
it is written, and power that goes while another is written. What counts are the bytes of the disk files. The
machine's clock is wrong by years from the start. One boot of the agent serves all but the last."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import Corridor, IMAGES, MIB, PASSWORD, Tap, need_corridor, pieces, read_at, wait_for  # noqa: E402

MACHINE = """
[machine d1]
disk = virtio size=4G serial=GOOD
disk = virtio size=4G serial=BAD bad=%d
disk = virtio size=32M serial=TINY
nic = virtio mac=52:54:00:82:05:01
bmc_address = 10.82.5.1
clock = 2011-03-04T05:06:07
"""
BMC = "10.82.5.1"
CONF = """[agent]
fast_track = true
[conductor]
automated_clean = false
power_off_after_failure = false
"""
IMAGE = "system.img"


def bad_byte():
    """A place of the disk in the middle of the image, where the image is not zero: nothing else is written."""
    path, step = os.path.join(IMAGES, IMAGE), 64 << 10
    for piece in sorted(pieces(path)):
        for at in range(max(piece * MIB, 8 * MIB), (piece + 1) * MIB, step):
            if all(any(read_at(path, k, 4096)) for k in range(at, at + step, 4096)):
                return at + step // 2
    raise RuntimeError("the image has no data beyond 8 MiB")


class Story:
    def __init__(self, tap, c, bad_at):
        self.tap, self.c, self.bad_at = tap, c, bad_at
        # disks of a machine are files beside each other, in the order of the rack file
        self.disks = {name: re.sub(r"disk0\.raw$", "disk%d.raw" % i, c.disk("d1").splitlines()[0])
                      for i, name in enumerate(("GOOD", "BAD", "TINY"))}

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        self.tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:])

    def start(self):
        secret = os.path.join(self.c.scratch, "bmc-password")
        with open(secret, "w") as f:
            f.write(PASSWORD + "\n")
        self.ingot("node", "create", "d1", "--driver-info", "ipmi_address=" + BMC, "--driver-info", "ipmi_username=admin",
                   "--driver-info", "ipmi_password=@" + secret, "--mac", "52:54:00:82:05:01")
        self.ingot("node", "manage", "d1", "--wait")
        self.ingot("node", "inspect", "d1", "--wait", "--timeout", "600")
        said = re.search(r"the clock was off by (\d+) s; set from the conductor", self.c.console("d1"))
        self.tap.ok(said and int(said[1]) > 14 * 365 * 86400, "the agent's clock is wrong by years, and it is set",
                    self.c.console("d1")[-1500:])
        self.ingot("node", "provide", "d1", "--wait")

    def set_image(self, *more):
        self.ingot("node", "set", "d1", "--instance-info", "image_source=" + self.c.images.url(IMAGE), "--instance-info",
                   "image_os_hash_algo=sha256", "--instance-info", "image_os_hash_value=" + self.c.images.checksum(IMAGE), *more)

    def fails(self, what, *words):
        """A deploy that has to fail with these words; gives its error."""
        status, _, err = self.c.ingot("node", "deploy", "d1", "--yes", "--hostname", "d1.corridor", "--wait", "--timeout", "600")
        node = self.c.node("d1")
        error = node["last_error"] or ""
        missing = [w for w in words if not re.search(w, error)]
        self.tap.ok(status == 1 and node["provision_state"] == "deploy failed" and not missing, what,
                    "missing %s in: %s %s" % (missing, error, err))
        if node["provision_state"] != "deploy failed":
            raise RuntimeError("what follows needs a node that failed to deploy")
        return error

    def untouched(self, name):
        self.tap.equal(pieces(self.disks[name]), set(), "no byte of %s was written" % name)

    def hint(self, serial):
        self.ingot("node", "set", "d1", "--property", 'root_device={"serial": "%s"}' % serial)

    def equal(self):
        self.set_image()
        self.fails("two disks are equally good", "2 disks are equally good", "serial GOOD", "serial BAD",
                   "say which in properties/root_device")
        for name in self.disks:
            self.untouched(name)

    def small(self):
        self.hint("TINY")
        self.fails("the image is larger than the disk", "larger than the disk", "/dev/vdc", "serial TINY",
                   str(os.stat(os.path.join(IMAGES, IMAGE)).st_size), str(32 * MIB))
        self.untouched("TINY")

    def dies(self):
        self.hint("BAD")
        error = self.fails("the disk fails while it is written", "/dev/vdb", "serial BAD", "write /dev/vdb at LBA", "Input/output error",
                           "disk is faulty")
        at = re.search(r"byte (\d+)", error)
        self.tap.ok(at and int(at[1]) <= self.bad_at < int(at[1]) + MIB, "the error tells where", error)
        self.tap.ok(any(read_at(self.disks["BAD"], 2 * MIB, 8 * MIB)), "something was written by then")
        self.tap.ok(not any(read_at(self.disks["BAD"], 0, MIB)), "and the disk does not boot: its first MiB is zero")
        logs = self.c.get("/ingot/v1/nodes/d1/logs")["logs"]
        self.tap.ok(logs, "the agent's logs are kept, with the kernel's words")
        self.tap.equal(self.c.boots("d1"), ["network"], "all that in one boot of the agent")

    def power_goes(self):
        self.hint("GOOD")
        there = self.c.images.hold(IMAGE, 40 * MIB)
        self.tap.ok(self.c.ingot("node", "deploy", "d1", "--yes", "--hostname", "d1.corridor")[0] == 0, "a disk that is good is written")
        self.tap.ok(there.wait(300) and wait_for(lambda: any(read_at(self.disks["GOOD"], 30 * MIB, MIB * 8)), 60), "half the image is there")
        self.c.ipmi(BMC, "power", "off")
        self.c.images.release(IMAGE)
        self.ingot("node", "abort", "d1")
        self.c.reach("d1", "deploy failed")
        # with fast track, and machines left on after a failure, the conductor takes the agent for alive for a while
        self.ingot("node", "power", "off", "d1", "--wait", "--timeout", "60")
        self.tap.ok(not any(read_at(self.disks["GOOD"], 0, MIB)), "power goes: what is half written does not boot")
        self.ingot("node", "deploy", "d1", "--yes", "--hostname", "d1.corridor", "--wait", "--timeout", "900")
        self.tap.equal(self.c.node("d1")["provision_state"], "active", "one command later it is active")
        home = self.c.phoned_home("d1")
        self.tap.equal(home.get("hostname"), "d1.corridor", "and its system reports itself")
        said = [int(s) for s in re.findall(r"the clock was off by (\d+) s", self.c.console("d1"))]
        self.tap.equal(len(said), 2, "the clock was wrong at both boots of the agent")


def main():
    tap = Tap()
    need_corridor(tap)
    bad_at = bad_byte()
    with Corridor(MACHINE % bad_at, CONF) as c:
        story = Story(tap, c, bad_at)
        for part in (story.start, story.equal, story.small, story.dies, story.power_goes):
            part()
    tap.done()


main()
