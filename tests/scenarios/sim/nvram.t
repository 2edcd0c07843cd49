#!/usr/bin/env python3
"""Boot entries on simulated machines with UEFI, whose variables are files: one for the system that was written; a full
NVRAM is a cause that is named, and one that nobody may change is none as long as the firmware finds the loader without it."""
import os
import shutil
import subprocess
import sys
import uuid
import zlib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import IMAGE, check_cured, check_failure, ready, run_cases, tap  # noqa: E402
from simlib import Sim, read_at  # noqa: E402

GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"  # UEFI 2.10, 3.3
ESP_TYPE = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b").bytes_le  # table 5-7
FIRST = 2048 * 512


def with_esp(folder):
    """The image, its partition an EFI system partition with a loader where firmware looks by itself."""
    esp, loader = os.path.join(folder, "esp"), os.path.join(folder, "loader")
    with open(loader, "w") as f:
        f.write("a boot loader")
    subprocess.run(["mformat", "-C", "-i", esp, "-T", "8192", "-h", "64", "-s", "32", "::"], check=True)
    subprocess.run(["mmd", "-i", esp, "::/EFI", "::/EFI/BOOT"], check=True)
    subprocess.run(["mcopy", "-i", esp, loader, "::/EFI/BOOT/BOOTX64.EFI"], check=True)
    image = bytearray(IMAGE)
    with open(esp, "rb") as f:
        data = f.read()
    image[FIRST:FIRST + len(data)] = data
    for head, table in ((1, 2), (len(image) // 512 - 1, len(image) // 512 - 33)):  # UEFI 2.10, 5.3.2
        image[table * 512:table * 512 + 16] = ESP_TYPE
        entries = image[table * 512:table * 512 + 128 * 128]
        header = image[head * 512:head * 512 + 92]
        header[88:92] = zlib.crc32(entries).to_bytes(4, "little")
        header[16:20] = bytes(4)
        header[16:20] = zlib.crc32(header).to_bytes(4, "little")
        image[head * 512:head * 512 + 92] = header
    return bytes(image)


def machine(sim):
    """(machine, the folder of its variables)"""
    m = ready(sim)
    variables = os.path.join(m.folder, "sys/firmware/efi/efivars")
    os.makedirs(variables)
    sim.patch(m, {"op": "add", "path": "/properties/capabilities", "value": "boot_mode:uefi"})
    sim.images.files["system.img"] = with_esp(sim.folder)
    sim.image(m, "system.img")
    return m, variables


def name_of(variable):
    return "%s-%s" % (variable, GLOBAL)


def full():
    with Sim() as sim:
        m, variables = machine(sim)
        os.symlink("/dev/full", os.path.join(variables, name_of("BootNext")))  # which answers as a full NVRAM does
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "install boot loader: write EFI variable BootNext: No space left on device",
                      "the NVRAM is full", "clean_uefi_nvram")
        os.unlink(os.path.join(variables, name_of("BootNext")))
        check_cured(sim, m)
        tap.equal([read_at(os.path.join(variables, name_of(v)), 0, 16)[4:] for v in ("BootNext", "BootOrder")], [b"\0\0"] * 2,
                  "once there is room the entry is the first, and the next")
        entry = read_at(os.path.join(variables, name_of("Boot0000")), 0, 500)
        tap.ok("\\EFI\\BOOT\\BOOTX64.EFI".encode("utf-16le") in entry, "and leads to the loader", entry)


def fixed(how, words):
    """The firmware lets nobody change it, or has none: the loader's path for removable media will do."""
    with Sim() as sim:
        m, variables = machine(sim)
        shutil.rmtree(variables)
        how(variables)
        check_cured(sim, m)
        tap.ok("no boot entry" in m.agent_text() and words in m.agent_text() and "the path for removable media" in m.agent_text(),
               "the agent says why there is no entry: " + words, m.agent_text()[-1500:])


def read_only():
    fixed(lambda variables: os.symlink("/sys/kernel", variables), "do not let the system change boot entries")  # no file is made there


def none():
    fixed(lambda _: None, "this machine has no EFI variables")


def no_loader():
    """UEFI, and an image that is made for BIOS."""
    with Sim() as sim:
        m, _ = machine(sim)
        sim.images.files["system.img"] = IMAGE
        sim.image(m, "system.img")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "install boot loader: /dev/vda has no EFI system partition",
                      "this machine boots by UEFI", "use an image that has one")


CASES = (full, read_only, none, no_loader)

if __name__ == "__main__":
    run_cases(CASES)
