#!/usr/bin/env python3
"""A UEFI machine deployed with --kexec: the agent finds what GRUB on the written disk would start, loads that kernel and
starts it; the machine is not restarted, its firmware does not run again, and its system reports itself as ever. After
that, it comes back from its disk by the boot entry."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import Corridor, PASSWORD, SLOW, Tap, need_corridor  # noqa: E402

BMC, MAC = "10.82.1.1", "52:54:00:82:0a:01"
MACHINE = """
[machine k1]
firmware = uefi
disk = virtio size=4G
nic = virtio mac=%s
bmc_address = %s
""" % (MAC, BMC)
IMAGE = "system.img.zst"


def main():
    tap = Tap()
    need_corridor(tap)
    with Corridor(MACHINE, "[agent]\nfast_track = true\n") as c:
        password = os.path.join(c.scratch, "password")
        with open(password, "w") as f:
            f.write(PASSWORD + "\n")

        def ingot(*words):
            status, out, err = c.ingot(*words)
            tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + c.conductor_log()[-1500:])
        ingot("node", "create", "k1", "--driver", "ipmi", "--mac", MAC, "--driver-info", "ipmi_address=" + BMC, "--driver-info",
              "ipmi_username=admin", "--driver-info", "ipmi_password=@" + password, "--property", "capabilities=boot_mode:uefi")
        for verb in ("manage", "provide"):
            ingot("node", verb, "k1", "--wait", "--timeout", str(int(400 * SLOW)))
        boots = len(c.boots("k1"))
        began = time.monotonic()
        ingot("node", "deploy", "k1", "--image", c.images.url(IMAGE), "--checksum", c.images.checksum(IMAGE), "--hostname",
              "k1.kexec", "--kexec", "--wait", "--timeout", str(int(400 * SLOW)), "--yes")
        home = c.phoned_home("k1")
        said = c.console("k1")
        tap.diag("request to phone-home: %.1f s" % (time.monotonic() - began))
        tap.ok(home.get("hostname") == "k1.kexec" and home.get("nonce"), "its system reports its name and the nonce", said[-3000:])
        tap.equal(c.boots("k1")[boots:], [], "the machine was not restarted for it")
        start = said.find("starting the deployed system's kernel")
        tap.ok(start >= 0, "the agent started the system's kernel", said[-3000:])
        tap.ok(start >= 0 and not re.search(r"BdsDxe|INGOT-SYSTEM GRUB", said[start:]), "and neither firmware nor GRUB ran again",
               said[start:])
        tap.ok(re.search(r"starts /boot/vmlinuz of partition 3", said), "it was the one that GRUB would have started")
        before = len(said)
        c.vrack("type", "k1", "reboot")
        tap.ok(c.wait_console("k1", r'starting Boot\w{4} "ingot"[\s\S]*config drive is', 200, before),
               "a restart goes through the firmware, and by the boot entry", c.console("k1")[before:])
    tap.done()


main()
