#!/usr/bin/env python3
"""Debian's own Ironic, 21.4 and 29.0, with nothing of ours but its deploy_kernel and deploy_ramdisk: it inspects a
QEMU machine, cleans it and deploys an image with a config drive; power and boot device go through our
emulated BMC. One machine boots by BIOS, the other by UEFI.

21.4 then rescues its machine, which is entered by SSH, and unrescues it. 29.0 cleans by the agent that has just
inspected (fast track), serves the deployed machine by a step of the agent, and deploys it again with the image of a
root partition.

    stock_ironic.t [bookworm|trixie]"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import partlib  # noqa: E402
from corridorlib import GIB, IMAGES, PASSWORD, SLOW, Tap, partitions, wait_for  # noqa: E402
from rescuelib import RAMDISK, Ssh, need_rescue  # noqa: E402
from stocklib import FILES, Stock, ironic, need_stock  # noqa: E402

RACK = """
[machine {name}]
firmware = {firmware}
disk = virtio size=4G serial=STOCKDISK
nic = virtio mac={mac}
bmc_address = {bmc}
serial = STOCK-{name}
"""
STORIES = {
    "bookworm": {"name": "b1", "firmware": "bios", "mac": "52:54:00:82:09:01", "bmc": "10.82.9.1"},
    "trixie": {"name": "t1", "firmware": "uefi", "mac": "52:54:00:82:09:02", "bmc": "10.82.9.2"},
}
IMAGE = "system.img"
SECRET = "let me in, please"


class Story:
    def __init__(self, tap, s, name, firmware, mac, bmc):
        self.tap, self.s, self.name, self.firmware, self.mac, self.bmc = tap, s, name, firmware, mac, bmc

    def parts(self):
        if self.s.release == "bookworm":
            return [self.enroll, self.inspect, self.clean, self.deploy, self.rescue, self.unrescue]
        return [self.enroll, self.inspect_and_clean_on_a_fast_track, self.deploy, self.service, self.deploy_partition]

    def baremetal(self, *words, limit_s=900):
        status, out, err = self.s.baremetal(*words, limit_s=limit_s)
        self.tap.ok(status == 0, "%s: baremetal %s" % (self.s.release, " ".join(words[:3])),
                    status and out + err + self.why())
        return out

    def why(self):
        shown = self.s.baremetal("node", "show", self.name, "-f", "yaml", "--fields", "provision_state", "last_error")
        return "\n".join([shown[1]] + self.s.console(self.name).splitlines()[-15:] + self.s.logs_of("ERROR|WARNING")[-8:])

    def enroll(self):
        self.baremetal("node", "create", "--driver", "ipmi", "--name", self.name,
                       "--driver-info", "ipmi_address=" + self.bmc, "--driver-info", "ipmi_username=admin",
                       "--driver-info", "ipmi_password=" + PASSWORD,
                       "--driver-info", "deploy_kernel=%s/agent/vmlinuz" % FILES,
                       "--driver-info", "deploy_ramdisk=%s/agent/initramfs" % FILES,
                       "--driver-info", "rescue_kernel=%s/agent/vmlinuz" % FILES,
                       "--driver-info", "rescue_ramdisk=%s/agent/%s" % (FILES, RAMDISK),
                       "--property", "cpu_arch=x86_64", "--property", "capabilities=boot_mode:" + self.firmware)
        uuid = (self.s.baremetal("node", "show", self.name, "-f", "value", "--fields", "uuid")[1].split() or [""])[0]
        self.baremetal("port", "create", self.mac, "--node", uuid)
        self.baremetal("node", "manage", self.name, "--wait", "120")

    def inspect(self):
        self.baremetal("node", "inspect", self.name, "--wait", str(int(600 * SLOW)))
        node = self.s.node(self.name)
        self.tap.equal(node["provision_state"], "manageable", self.s.release + ": the machine is inspected")
        self.tap.equal(node["properties"].get("cpu_arch"), "x86_64", "its architecture is known")
        inventory = self.s.get("/v1/nodes/%s/inventory" % self.name)["inventory"]
        self.tap.equal([(d["size"], d["serial"]) for d in inventory["disks"]], [(4 * GIB, "STOCKDISK")], "its disk is")
        self.tap.equal(inventory["boot"]["current_boot_mode"], self.firmware, "and how it boots")

    def clean(self):
        self.baremetal("node", "provide", self.name, "--wait", str(int(600 * SLOW)))
        self.tap.equal(self.s.node(self.name)["provision_state"], "available", self.s.release + ": it is cleaned")

    def fast_track(self, on):
        self.baremetal("node", "set", self.name, "--driver-info", "fast_track=%s" % on)

    def inspect_and_clean_on_a_fast_track(self):
        """The agent stays after the inspection, and Ironic takes it for the cleaning, too."""
        self.fast_track(True)
        self.inspect()
        self.tap.ok(wait_for(lambda: self.s.node(self.name)["driver_internal_info"].get("agent_url"), 120),
                    "the agent that inspected reports for work", self.why())
        boots = len(self.s.boots(self.name))
        self.clean()
        self.tap.equal(len(self.s.boots(self.name)), boots, "by the agent that was there, on a fast track")
        self.fast_track(False)

    def use_image(self, image, *info):
        """What the node is to be deployed with."""
        with open(os.path.join(IMAGES, image), "rb") as f:
            checksum = hashlib.file_digest(f, "sha256").hexdigest()
        told = ["image_source=%s/images/%s" % (FILES, image), "image_os_hash_algo=sha256",
                "image_os_hash_value=" + checksum, "image_disk_format=raw", *info]
        self.baremetal("node", "set", self.name, *[word for one in told for word in ("--instance-info", one)])

    def write(self, verb, hostname):
        """Deploys or rebuilds; the deployed system has to report itself by this name."""
        drive = {"meta_data": {"hostname": hostname, "uuid": self.s.node(self.name)["uuid"],
                               "meta": {"ingot_phone_home": FILES + "/home", "ingot_nonce": "nonce-" + hostname}}}
        self.baremetal("node", verb, self.name, "--config-drive", json.dumps(drive), "--wait", str(int(900 * SLOW)))
        self.tap.equal(self.s.node(self.name)["provision_state"], "active", self.s.release + ": it is deployed")
        home = self.s.reported(hostname) or {}
        self.tap.equal(home.get("nonce"), "nonce-" + hostname,
                       "its system comes up from the disk with the config drive that Ironic made")

    def deploy(self):
        self.use_image(IMAGE, "image_type=whole-disk")
        self.write("deploy", self.name + ".stock")

    def file(self, number, name):
        """A file of a partition of the disk."""
        disk = self.s.disk(self.name)
        start = partitions(disk)[number - 1][0]
        return subprocess.run(["debugfs", "-R", "cat " + name, "%s?offset=%d" % (disk, start)], capture_output=True,
                              check=False).stdout

    def rescue(self):
        client = Ssh(self.s.scratch)
        self.baremetal("node", "rescue", self.name, "--rescue-password", SECRET, "--wait", str(int(600 * SLOW)))
        node = self.s.node(self.name)
        self.tap.equal(node["provision_state"], "rescue", self.s.release + ": it is in rescue") or self.tap.diag(self.why())
        url = re.match(r"https://([0-9.]+):", node["driver_internal_info"].get("agent_url") or "")
        if not url:
            return
        wait_for(lambda: client.run(url[1], "true", SECRET)[0] == 0, 60, 2)
        _, said = client.run(url[1], "mount -t ext4 LABEL=ingot-root /mnt && cat /mnt/etc/issue; umount /mnt", SECRET)
        self.tap.ok("Ingot test system" in said, "by SSH, with the password that Ironic was given, the disk is read", said)
        status, said = client.run(url[1], "echo inside", "wrong")
        self.tap.ok(status != 0 and "inside" not in said, "another password does not let anybody in", said)

    def unrescue(self):
        since = len(self.s.files.homes)
        self.baremetal("node", "unrescue", self.name, "--wait", str(int(600 * SLOW)))
        self.tap.equal(self.s.node(self.name)["provision_state"], "active", self.s.release + ": it is out of rescue")
        self.tap.ok(self.s.reported(self.name + ".stock", since), "and its own system runs again", self.why())

    def service(self):
        """29.0.5 knows no service in the states whose lookups it answers (common/states.py, LOOKUP_ALLOWED_STATES), but
        for nodes on a fast track (FASTTRACK_LOOKUP_ALLOWED_STATES); what it takes for running agents (fast_track_able of
        conductor/utils.py) leaves services out, so that the machine is started with the agent all the same."""
        self.fast_track(True)
        since, boots = len(self.s.files.homes), len(self.s.boots(self.name))
        said = base64.b64encode(b"served by Ironic\n").decode()
        self.s.service(self.name, [{"interface": "deploy", "step": "inject_files",
                                    "args": {"files": [{"path": "/etc/served", "content": said}]}}])
        wait_for(lambda: self.s.node(self.name)["provision_state"] != "active", 60)
        node = self.s.reach(self.name, "active", "service failed", limit_s=600)
        self.tap.equal((node["provision_state"], node["last_error"]), ("active", None),
                       self.s.release + ": it is served") or self.tap.diag(self.why())
        self.tap.equal(self.s.boots(self.name)[boots:], ["network", "disk"], "by the agent, and started again")
        self.tap.ok(self.s.reported(self.name + ".stock", since), "its own system runs again", self.why())
        self.tap.equal(self.file(3, "/etc/served"), b"served by Ironic\n", "with the file that was put into it")
        self.fast_track(False)

    def deploy_partition(self):
        self.use_image(partlib.NAME, "image_type=partition", "root_gb=1", "swap_mb=64")
        self.write("rebuild", self.name + ".partition")
        disk = self.s.disk(self.name)
        self.tap.equal([size for _, size in partlib.table(disk)], [550, 64, 1, 1024],
                       "from a root partition, with the partitions that Ironic asked for around it")
        self.tap.equal(self.file(4, "/sbin/init"), partlib.file_of(partlib.PATH, "/sbin/init"),
                       "whose files are those of the image")


def main():
    tap = Tap()
    need_stock(tap)
    need_rescue(tap)
    if not os.path.exists(partlib.PATH):
        tap.skip_all(partlib.PATH + " is not built")
    releases = sys.argv[1:] or list(STORIES)
    for release in releases:
        ironic.make(release, tap.diag)  # here, as the story's network leads nowhere
    for release in releases:
        how = STORIES[release]
        with Stock(release, RACK.format(**how)) as s:
            story = Story(tap, s, **how)
            for part in story.parts():
                failed = tap.failed
                part()
                if tap.failed > failed:
                    break
    tap.done()


main()
