#!/usr/bin/env python3
"""Debian's own Ironic, 21.4 and 29.0, with nothing of ours but its deploy_kernel and deploy_ramdisk: it inspects a
QEMU machine, cleans it and deploys an image with a config drive; power and boot device go through our
emulated BMC. One machine boots by BIOS, the other by UEFI."""
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import GIB, IMAGES, PASSWORD, SLOW, Tap  # noqa: E402
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


class Story:
    def __init__(self, tap, s, name, firmware, mac, bmc):
        self.tap, self.s, self.name, self.firmware, self.mac, self.bmc = tap, s, name, firmware, mac, bmc

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

    def deploy(self):
        with open(os.path.join(IMAGES, IMAGE), "rb") as f:
            checksum = hashlib.sha256(f.read()).hexdigest()
        drive = {"meta_data": {"hostname": self.name + ".stock", "uuid": self.s.node(self.name)["uuid"],
                               "meta": {"ingot_phone_home": FILES + "/home", "ingot_nonce": "stock-" + self.name}}}
        self.baremetal("node", "set", self.name, "--instance-info", "image_source=%s/images/%s" % (FILES, IMAGE),
                       "--instance-info", "image_os_hash_algo=sha256",
                       "--instance-info", "image_os_hash_value=" + checksum,
                       "--instance-info", "image_disk_format=raw", "--instance-info", "image_type=whole-disk")
        self.baremetal("node", "deploy", self.name, "--config-drive", json.dumps(drive), "--wait", str(int(900 * SLOW)))
        self.tap.equal(self.s.node(self.name)["provision_state"], "active", self.s.release + ": it is deployed")
        home = self.s.reported(self.name + ".stock") or {}
        self.tap.equal(home.get("nonce"), "stock-" + self.name,
                       "its system comes up from the disk with the config drive that Ironic made")


def main():
    tap = Tap()
    need_stock(tap)
    releases = sys.argv[1:] or list(STORIES)
    for release in releases:
        ironic.make(release, tap.diag)  # here, as the story's network leads nowhere
    for release in releases:
        how = STORIES[release]
        with Stock(release, RACK.format(**how)) as s:
            story = Story(tap, s, **how)
            for part in (story.enroll, story.inspect, story.clean, story.deploy):
                failed = tap.failed
                part()
                if tap.failed > failed:
                    break
    tap.done()


main()
