#!/usr/bin/env python3
"""Images of a root partition on simulated machines: what a client has to say, what the agent is told, what stands on
the disk in the end, and that a rebuild can keep the ephemeral partition."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from simlib import Sim, config_drive, make_image, partitions, read_at  # noqa: E402

MIB, GIB = 1 << 20, 1 << 30
UUID = "5ca1ab1e-0000-4000-8000-000000000001"


def root_image(sim):
    """A file system, as bytes."""
    path = os.path.join(sim.folder, "root.raw")
    with open(path, "wb") as f:
        f.truncate(8 * MIB)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-U", UUID, path], check=True)
    return read_at(path, 0, 8 * MIB)


def instance(sim, m, **values):
    sim.patch(m, *[{"op": "add", "path": "/instance_info/" + k, "value": v} for k, v in values.items()])


def validation(sim, m):
    return sim.get("/v1/nodes/%s/validate" % m.name)["deploy"]


def machine(sim, mode):
    m = sim.machines[0]
    sim.to_available(m)
    sim.patch(m, {"op": "add", "path": "/properties/capabilities", "value": "boot_mode:" + mode})
    sim.images.files["root.raw"] = root_image(sim)
    sim.image(m, "root.raw")
    return m


def table(m):
    dump = subprocess.run(["sfdisk", "-d", m.disk], capture_output=True, text=True).stdout
    return [(int(a) // 2048, int(b) // 2048) for a, b in re.findall(r"start= *(\d+), size= *(\d+)", dump)]


def deployed():
    with Sim() as sim:
        m = machine(sim, "uefi")
        instance(sim, m, image_type="partition")
        answer = validation(sim, m)
        tap.ok(answer["result"] is False and "root_gb" in answer["reason"], "without root_gb it is not valid, which is said",
               answer)
        instance(sim, m, root_gb="one")
        tap.ok("root_gb is not an integer" in (validation(sim, m)["reason"] or ""), "nor with a root_gb that is no number")
        instance(sim, m, root_gb=1, swap_mb=16, ephemeral_gb="1")
        tap.equal(validation(sim, m)["result"], True, "with it, it is")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "deployed") or tap.diag(m.agent_text()[-1500:])
        layout = table(m)
        tap.equal(layout, [(1, 550), (551, 1024), (1575, 16), (1591, 1), (1592, 1024)],
                  "ESP, ephemeral, swap, config drive, root")
        tap.ok(read_at(m.disk, 1592 * MIB, 8 * MIB) == sim.images.files["root.raw"], "the root is the image")
        tap.equal((config_drive(m.disk) or [None])[0], 1591 * MIB, "the config drive is where it belongs")
        tap.equal(node["driver_internal_info"].get("root_uuid_or_disk_id"), UUID, "the conductor knows the root's UUID")
        tap.ok("root_uuid=" + UUID in m.agent_text(), "and so does the agent's journal")
        offset = 551 * MIB
        subprocess.run(["debugfs", "-w", "-R", "mkdir kept", m.disk + "?offset=%d" % offset], capture_output=True)
        kept = read_at(m.disk, offset, 64 * MIB)
        instance(sim, m, preserve_ephemeral=True)
        sim.image(m, "root.raw")
        sim.provision(m, "rebuild", configdrive={"meta_data": {"hostname": "again"}})
        node = sim.reach(m, "active", "deploy failed", limit_s=90)
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "rebuilt with preserve_ephemeral")
        tap.ok(read_at(m.disk, offset, 64 * MIB) == kept and b"kept" in kept, "the ephemeral partition is as it was")
        tap.ok(len(partitions(m.disk)) == 5 and table(m) == layout, "and so is the table")
        instance(sim, m, swap_mb=32)
        sim.provision(m, "rebuild")
        node = sim.reach(m, "deploy failed")
        tap.ok("preserve_ephemeral" in node["last_error"] and "nothing was written" in node["last_error"],
               "another layout cannot keep it, which is said", node["last_error"])
        tap.ok(read_at(m.disk, offset, 64 * MIB) == kept, "and nothing was written")


def too_large():
    with Sim() as sim:
        m = machine(sim, "bios")
        instance(sim, m, image_type="partition", root_gb=5)
        before = read_at(m.disk, 0, MIB)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        tap.ok(re.search(r"too small: its 5120 MiB have to hold \d+ MiB \(root 5120", node["last_error"] or ""),
               "a root that does not fit: the error counts", node["last_error"])
        tap.ok(read_at(m.disk, 0, MIB) == before, "the disk is as it was")


def not_allowed():
    """BIOS needs the image's own grub-install, which runs where everything is allowed."""
    with Sim() as sim:
        m = machine(sim, "bios")
        instance(sim, m, image_type="partition", root_gb=1)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed", "active")
        tap.ok(node["provision_state"] == "deploy failed" and "enable_bios_bootloader_install" in node["last_error"],
               "grub-install under BIOS has to be allowed, which is said", node["last_error"])
        tap.equal(table(m), [(1, 1), (2, 1024)], "after the image was written, with an MBR")


def grown():
    with Sim() as sim:
        m = machine(sim, "bios")
        sim.images.files["whole.img"] = make_image(8)
        sim.image(m, "whole.img")
        instance(sim, m, ingot_grow_root=True)
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "a disk's image with ingot_grow_root")
        (first, mib), (drive, _) = table(m)
        tap.ok(first == 1 and first + mib == drive > 4000, "its last partition reaches to the config drive", table(m))


run_cases([not_allowed, grown, deployed, too_large])
