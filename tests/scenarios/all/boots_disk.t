#!/usr/bin/env python3
"""A machine whose disk has a system and whose firmware tries the disk first, behind a BMC that takes the boot device
and then does not follow it, so that it boots its disk instead of the network: seen on its console; the conductor
notices, tries once more, and says what may have happened. Once the BMC behaves, one command does what was wanted.
Then a BMC that forgets the boot device at once: the machine is not even started."""
import os
import re
import shutil
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import Corridor, IMAGES, PASSWORD, SLOW, Tap, need_corridor, wait_for  # noqa: E402

BMC, MAC = "10.82.1.1", "52:54:00:82:09:01"
MACHINE = """
[machine d1]
boot = disk,network
disk = virtio size=1G
nic = virtio mac=%s
bmc_address = %s
""" % (MAC, BMC)
RETRY_S = int(40 * SLOW)


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        self.tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:])

    def enroll(self):
        password = os.path.join(self.c.scratch, "password")
        with open(password, "w") as f:
            f.write(PASSWORD + "\n")
        with open(os.path.join(IMAGES, "system.img"), "rb") as src, open(self.c.disk("d1"), "r+b") as dst:
            shutil.copyfileobj(src, dst, 1 << 20)
        self.ingot("node", "create", "d1", "--driver", "ipmi", "--mac", MAC, "--driver-info", "ipmi_address=" + BMC,
                   "--driver-info", "ipmi_username=admin", "--driver-info", "ipmi_password=@" + password)
        self.ingot("node", "manage", "d1", "--wait")

    def inspect(self):
        """(exit status, what the command said)"""
        status, out, err = self.c.ingot("node", "inspect", "d1", "--wait", "--timeout", str(int(500 * SLOW)))
        return status, out + err

    def ignored(self):
        self.c.vrack("fault", "d1", "ignore_boot_flags", "1")
        result = []
        command = threading.Thread(target=lambda: result.append(self.inspect()), daemon=True)
        command.start()
        self.tap.ok(self.c.wait_console("d1", r"INGOT-SYSTEM Linux", 120), "the machine boots the system on its disk",
                    self.c.console("d1"))
        why = self.c.why("d1")
        self.tap.ok("disk" in str(why), "`why` says that this may have happened", why)
        command.join()
        node = self.c.node("d1")
        self.tap.equal((result and result[0][0], node["provision_state"]), (1, "inspect failed"), "the inspection fails")
        started = re.findall("INGOT-SYSTEM Linux", self.c.console("d1"))
        self.tap.equal(len(started), 2, "after a second start, and no third")
        error = node["last_error"] or ""
        self.tap.ok("disk" in error and re.search("console|BMC", error), "last_error names the disk and where to look", error)
        self.tap.diag(error)
        events = str(self.c.why("d1").get("events"))
        self.tap.ok("restarted, once" in events, "its history keeps the second start and why", events)

    def cured(self):
        self.c.vrack("fault", "d1", "ignore_boot_flags", "0")
        status, said = self.inspect()
        self.tap.equal((status, self.c.node("d1")["provision_state"]), (0, "manageable"),
                       "with a BMC that follows, one command inspects it")
        self.tap.equal(self.c.boots("d1")[-1:], ["network"], "by the network")
        self.tap.diag(said)

    def forgotten(self):
        before = len(self.c.boots("d1"))
        self.c.vrack("fault", "d1", "forget_boot_flags", "1")
        status, _ = self.inspect()
        error = self.c.node("d1")["last_error"] or ""
        self.tap.ok(status == 1 and "boot device" in error and "times" in error,
                    "a BMC that forgets the boot device is told several times, then named", error)
        self.tap.equal(self.c.boots("d1")[before:], [], "and the machine does not start from who knows what")
        self.tap.ok(wait_for(lambda: self.c.power(BMC) == "off", 30), "it is off")


def main():
    tap = Tap()
    need_corridor(tap)
    with Corridor(MACHINE, "[conductor]\nboot_retry_after = %d\n" % RETRY_S, "bd") as c:
        story = Story(tap, c)
        for part in (story.enroll, story.ignored, story.cured, story.forgotten):
            part()
    tap.done()


main()
