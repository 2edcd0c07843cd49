#!/usr/bin/env python3
"""A deployed machine whose system nobody can get into: rescued, entered by SSH with the password given, the file on
its disk read and changed, unrescued, and its own system runs again."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import Corridor, PASSWORD, Tap, need_corridor, wait_for  # noqa: E402
from rescuelib import Ssh, need_rescue  # noqa: E402

BMC, MAC = "10.82.1.1", "52:54:00:82:0a:01"
MACHINE = """
[machine d1]
disk = virtio size=4G
nic = virtio mac=%s
bmc_address = %s
""" % (MAC, BMC)
CONF = """[conductor]
automated_clean = false
"""
SECRET = "let me in, please"


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c
        self.client = Ssh(c.scratch)

    def write(self, name, text):
        path = os.path.join(self.c.scratch, name)
        with open(path, "w") as f:
            f.write(text + "\n")
        return path

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        self.tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:] + self.c.console("d1")[-3000:])
        return status == 0

    def ssh(self, command, password=SECRET):
        """(exit status, output) of a command in the rescue system."""
        address = re.search(r"https?://([0-9.]+):", self.c.node("d1")["driver_internal_info"].get("agent_url") or "")
        return self.client.run(address.group(1) if address else "10.82.0.100", command, password)

    def deploy(self):
        self.ingot("node", "create", "d1", "--driver", "ipmi", "--mac", MAC, "--driver-info", "ipmi_address=" + BMC, "--driver-info",
                   "ipmi_username=admin", "--driver-info", "ipmi_password=@" + self.write("bmc", PASSWORD), "--rescue-interface", "agent")
        self.ingot("node", "manage", "d1", "--wait")
        self.ingot("node", "provide", "d1", "--wait")
        self.ingot("node", "deploy", "d1", "--image", self.c.images.url("system.img"), "--checksum",
                   self.c.images.checksum("system.img"), "--hostname", "d1", "--wait", "--yes")
        self.tap.ok(self.c.phoned_home("d1"), "the deployed system runs")

    def rescue(self):
        if not self.ingot("node", "rescue", "d1", "--rescue-password", "@" + self.write("secret", SECRET), "--wait"):
            return
        self.tap.equal(self.c.node("d1")["provision_state"], "rescue", "the node is in rescue")
        self.tap.ok(wait_for(lambda: "rescue system ready" in self.c.console("d1"), 60), "the console says that one may come in")
        wait_for(lambda: self.ssh("true")[0] == 0, 60, 2)
        status, said = self.ssh("id -un; mount -t ext4 LABEL=ingot-root /mnt; cat /mnt/etc/issue")
        self.tap.ok("Ingot test system" in said, "by SSH with the password the disk's file is read", said)
        status, said = self.ssh("echo repaired >>/mnt/etc/issue; umount /mnt && echo done")
        self.tap.ok("done" in said, "and changed", said)
        status, said = self.ssh("echo inside", "wrong")
        self.tap.ok(status != 0 and "inside" not in said, "another password does not let anybody in", said)
        self.tap.ok(SECRET not in self.c.conductor_log() and SECRET not in self.c.console("d1"), "the password is in no log")

    def unrescue(self):
        at = len(self.c.console("d1"))
        self.ingot("node", "unrescue", "d1", "--wait")
        self.tap.ok(self.c.wait_console("d1", r"INGOT-SYSTEM Linux", 240, at), "its own system runs again", self.c.console("d1")[-2000:])
        self.tap.equal(self.c.node("d1")["provision_state"], "active", "the node is active")


def main():
    t = Tap()
    need_corridor(t)
    need_rescue(t)
    with Corridor(MACHINE, CONF, prefix="rescue") as c:
        story = Story(t, c)
        story.deploy()
        story.rescue()
        story.unrescue()
    t.done()


main()
