#!/usr/bin/env python3
"""A machine of many parts, inspected: disks behind every kind of controller, with sectors of 512 and 4096 bytes,
spinning and not; two NICs of which the second boots; a TPM; and the BMC's own system interface, which has to
name the same BMC as the network does. Then an image made for sectors of 512 bytes is deployed to a disk of 4096
and has to be refused before anything is written, and to the RAID controller's disk, chosen by its serial number."""
import contextlib
import json
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from corridorlib import (Corridor, GIB, MIB, PASSWORD, SLOW, Tap, check_written, lay_image, make_format,  # noqa: E402
                         need_corridor, noise, read_at)

BMC = "10.82.1.1"
BMC_MAC = "52:54:00:82:01:ff"
FIRST_NIC, BOOT_NIC = "52:54:00:82:01:01", "52:54:00:82:01:02"

# bus, size in GiB, serial number; then what the guest has to see: sectors outside and inside, whether the disk
# turns, and how it is attached (SPC and ACS tell what turns; a virtio disk can not, and the kernel takes it for one; lsblk
# knows no transport for SCSI behind virtio)
DISKS = [
    ("megasas size=3G serial=MEGA1 rotational=yes", "MEGA1", 3, 512, 512, True, None),
    ("mptsas size=3G serial=MPT1", "MPT1", 3, 512, 512, True, "sas"),
    ("pvscsi size=3G serial=PV1 block=4096", "PV1", 3, 4096, 4096, True, None),
    ("ahci size=3G serial=SATA1 block=512e rotational=no", "SATA1", 3, 512, 4096, False, "sata"),
    ("ahci size=4G serial=SATA2 rotational=yes", "SATA2", 4, 512, 512, True, "sata"),
    ("nvme size=3G serial=NVME1 block=4096", "NVME1", 3, 4096, 4096, False, "nvme"),
    ("scsi size=3G serial=SCSI1 block=4096 rotational=no", "SCSI1", 3, 4096, 4096, False, None),
    ("virtio size=3G serial=VIRT1", "VIRT1", 3, 512, 512, True, "virtio"),
]
MACHINE = """
[machine h1]
bmc_address = %s
bmc_mac = %s
tpm = tis
%s
nic = e1000e mac=%s rom=no
nic = virtio mac=%s
""" % (BMC, BMC_MAC, "\n".join("disk = " + d[0] for d in DISKS), FIRST_NIC, BOOT_NIC)


# What a switch sends out of the port behind each NIC: chassis, port, time to live, name (IEEE 802.1AB).
def tlv(kind, value):
    return ((kind << 9) | len(value)).to_bytes(2, "big") + value


CHASSIS = bytes.fromhex("0202aabbcc00")
TAPS = {"tap0-0": FIRST_NIC, "tap0-1": BOOT_NIC}


def frame(name):
    return (bytes.fromhex("0180c200000e") + CHASSIS + bytes.fromhex("88cc") + tlv(1, b"\x04" + CHASSIS) +
            tlv(2, b"\x05" + name.encode()) + tlv(3, b"\x00\x78") + tlv(5, b"leaf-a") + tlv(0, b""))


class Switch(threading.Thread):
    """Sends LLDP out of each port, every second while there is somebody behind it."""
    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(1):
            for name in TAPS:
                with contextlib.suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
                    s.bind((name, 0))
                    s.send(frame(name))


class Story:
    def __init__(self, tap, c):
        self.tap, self.c = tap, c
        self.disks = dict(zip((d[1] for d in DISKS), c.disk("h1").split()))

    def ingot(self, *words):
        status, out, err = self.c.ingot(*words)
        self.tap.ok(status == 0, "ingot " + " ".join(words[:3]), out + err + self.c.conductor_log()[-1500:])
        return out

    def inspect(self):
        password = os.path.join(self.c.scratch, "password")
        with open(password, "w") as f:
            f.write(PASSWORD + "\n")
        self.ingot("node", "create", "h1", "--driver", "ipmi", "--mac", BOOT_NIC, "--driver-info", "ipmi_address=" + BMC,
                   "--driver-info", "ipmi_username=admin", "--driver-info", "ipmi_password=@" + password)
        self.ingot("node", "manage", "h1", "--wait")
        switch = Switch()
        switch.start()
        self.ingot("node", "inspect", "h1", "--wait", "--timeout", str(int(300 * SLOW)))
        switch.over.set()
        for line in self.c.console("h1").splitlines():
            if "the hardware was read in" in line:
                self.tap.diag(line.strip())
        answer = self.c.get("/v1/nodes/h1/inventory")
        self.collected(answer)
        found = answer["inventory"]
        seen = sorted((d["serial"], d["size"] // GIB, d["logical_sectors"], d["physical_sectors"], d["rotational"],
                       d["tran"]) for d in found["disks"])
        self.tap.equal(seen, sorted(d[1:] for d in DISKS), "every disk is found, as what it is")
        self.tap.equal({d["serial"] for d in found["disks"] if not d["wwn"]}, {"VIRT1"},
                       "and has a world-wide name where its bus has them")
        self.tap.equal({(n["mac_address"], n["driver"]) for n in found["interfaces"]},
                       {(FIRST_NIC, "e1000e"), (BOOT_NIC, "virtio_net")}, "both NICs")
        self.tap.equal(found["boot"]["pxe_interface"], BOOT_NIC, "and which one booted")
        self.tap.equal((found["bmc_address"], found["bmc_mac"]), (BMC, BMC_MAC),
                       "asked from inside, the BMC names the address and the MAC it has outside")
        lan = self.c.ipmi(BMC, "lan", "print", "1")[1]
        self.tap.ok(BMC_MAC in lan.lower(), "as ipmitool reads it from outside", lan)
        self.tap.ok((found["tpm"] or {}).get("version") == "2.0" and "sha256" in found["tpm"]["pcr_banks"], "the TPM",
                    found["tpm"])

        pcrs = found["tpm"]["pcrs"]["sha256"]
        self.tap.ok(len(pcrs) == 24 and any(c != "0" for c in pcrs["0"]),
                    "and its registers, into the first of which the firmware measured itself", pcrs)
        self.tap.equal({d["serial"]: (d.get("health") or {}).get("status") for d in found["disks"]
                        if d["serial"] in ("NVME1", "SATA1", "SATA2")},
                       {"NVME1": "passed", "SATA1": "passed", "SATA2": "passed"}, "disks that watch themselves are well")
        self.tap.equal((found["bmc"] or {}).get("ipmi_version"), "2.0", "the BMC tells what it is")
        self.tap.equal({n["mac_address"]: bytes.fromhex(dict(n["lldp"] or [(2, "")])[2][2:]).decode()
                        for n in found["interfaces"]}, {mac: name for name, mac in TAPS.items()},
                       "each NIC has heard the port of the switch behind it")

    def collected(self, answer):
        data = answer["plugin_data"]
        self.tap.ok(all(len(data["lldp_raw"][n["name"]]) == 5 for n in answer["inventory"]["interfaces"]),
                    "LLDP as it came", data["lldp_raw"])
        self.tap.ok({d["driver"] for d in data["pci_devices"]} >= {"nvme", "ahci", "e1000e", "megaraid_sas", "mptsas"},
                    "PCI devices with their drivers", data["pci_devices"])
        numa = data["numa_topology"]
        self.tap.equal((len(numa["ram"]), len(numa["nics"]), numa["distances"]["0"]), (1, 2, [10]), "one NUMA node")
        self.tap.ok(numa["ram"][0]["size_kb"] * 1024 == answer["inventory"]["memory"]["total"], "has all the memory")
        self.tap.ok(["disk", "logical", "count", "8"] in data["data"], "and hardware-detect's list", data["data"])

    def choose(self, serial):
        self.ingot("node", "set", "h1", "--property", "root_device=" + json.dumps({"serial": serial}))

    def deploy_words(self, image):
        return ("node", "deploy", "h1", "--image", self.c.images.url(image), "--checksum", self.c.images.checksum(image),
                "--hostname", "h1.corridor", "--wait", "--timeout", str(int(400 * SLOW)), "--yes")

    def wrong_sectors(self):
        self.choose("NVME1")
        status, out, err = self.c.ingot(*self.deploy_words("system.img.zst"))
        node = self.c.node("h1")
        error = node["last_error"] or ""
        self.tap.ok(status == 1 and node["provision_state"] == "deploy failed",
                    "an image for sectors of 512 bytes is refused on a disk of 4096", out + err)
        self.tap.ok("512" in error and "4096" in error and "nvme0n1" in error, "last_error names disk and sizes", error)
        self.tap.ok(not any(read_at(self.disks["NVME1"], MIB, 16 * MIB)), "and nothing of it is written")

    def chosen_disk(self):
        self.choose("MEGA1")
        disk, expected = self.disks["MEGA1"], os.path.join(self.c.scratch, "expected")
        lay_image(disk, expected, [noise(250 * MIB), noise(2 * GIB, seed=3)])
        image = make_format(self.c.scratch, "system.img", "xz")
        self.c.images.folders.append(self.c.scratch)
        self.c.images.hold(image, MIB)
        command = threading.Thread(target=self.ingot, daemon=True, args=self.deploy_words(image))
        command.start()
        held = self.c.written_and_held("h1", "h1", image)
        self.tap.ok(held, "the image is written", self.c.why("h1"))
        check_written(self.tap, disk, expected, "on the disk behind the RAID controller")
        self.tap.equal([s for s, path in self.disks.items() if s != "MEGA1" and any(read_at(path, 0, MIB))], [],
                       "and on no other")
        self.c.vrack("fault", "h1", "silent", "0")
        command.join()
        self.tap.equal(self.c.node("h1")["provision_state"], "active", "the node is active")


def main():
    tap = Tap()
    need_corridor(tap)
    with Corridor(MACHINE, "[agent]\nfast_track = true\n[conductor]\nautomated_clean = false\n", "hw") as c:
        story = Story(tap, c)
        story.inspect()
        story.ingot("node", "provide", "h1", "--wait")
        story.wrong_sectors()
        story.chosen_disk()
    tap.done()


main()
