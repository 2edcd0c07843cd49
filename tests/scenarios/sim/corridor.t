#!/usr/bin/env python3
"""The way from power button to running system and back, on three simulated machines at a time:
enroll, manage, inspect, provide, deploy, first boot, undeploy; with and without fast track; one of
them by the stock `baremetal` command. What the disk holds in the end is compared with the image."""
import os
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from simlib import GIB, Sim, Tap, config_drive, iso_file, make_image, need_programs, partitions, read_at  # noqa: E402
import json  # noqa: E402
import zlib  # noqa: E402

IMAGE = make_image(8)
tap = Tap()


def parallel(machines, what):
    """what(machine) for all at once; the problems."""
    problems = []

    def one(m):
        try:
            what(m)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append("%s: %s" % (m.name, problem))
    threads = [threading.Thread(target=one, args=(m,)) for m in machines]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return problems


def by_baremetal(sim, *words):
    env = dict(os.environ, OS_AUTH_TYPE="none", OS_ENDPOINT=sim.api_url)
    done = subprocess.run(["baremetal", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError("baremetal %s: %s" % (" ".join(words), done.stdout.decode()))
    return done.stdout.decode()


def enroll_by_baremetal(sim, m):
    from simlib import BMC_PASSWORD, BMC_USER
    text = by_baremetal(
        sim, "node", "create", "--name", m.name, "--driver", "ipmi", "--driver-info", "ipmi_address=127.0.0.1",
        "--driver-info", "ipmi_port=%d" % sim.bmcs.ports[m.i], "--driver-info", "ipmi_username=" + BMC_USER,
        "--driver-info", "ipmi_password=" + BMC_PASSWORD, "-f", "value", "-c", "uuid")
    by_baremetal(sim, "port", "create", "--node", text.strip(), m.mac)


def walk(sim, m, steps):
    """One machine's way to available; by `baremetal` when it is there and the machine is the first."""
    stock = m.i == 0 and shutil.which("baremetal")
    if stock:
        enroll_by_baremetal(sim, m)
    else:
        sim.enroll(m)
    for verb, end in steps:
        if stock:
            by_baremetal(sim, "node", verb, "--wait", "120", m.name)
        else:
            sim.go(m, verb, end)


def check_inspection(sim, m):
    stored = sim.get("/v1/nodes/%s/inventory" % m.name)["inventory"]
    node = sim.node(m)
    vendor = stored["system_vendor"]
    tap.equal((vendor["manufacturer"], vendor["product_name"], vendor["serial_number"]), ("LabCorp", "Server9", "SVCTAG1"),
              "%s: the inventory names the machine" % m.name)
    tap.equal([(d["name"], d["size"], d["serial"]) for d in stored["disks"]],
              [("/dev/vda", 5 * GIB, "SIM%04d" % m.i), ("/dev/vdb", 2 * GIB, "SML%04d" % m.i)], "%s: its disks" % m.name)
    tap.equal(sorted(n["mac_address"] for n in stored["interfaces"]), [m.mac, m.second_mac], "%s: its NICs" % m.name)
    tap.equal((stored["boot"]["pxe_interface"], stored["boot"]["current_boot_mode"]), (m.mac, "bios"),
              "%s: which NIC booted, and how" % m.name)
    p = node["properties"]
    tap.equal((p.get("memory_mb"), p.get("local_gb"), p.get("cpu_arch"), p.get("capabilities")),
              (768, 4, os.uname().machine, "boot_mode:bios"), "%s: properties come from the inventory" % m.name)
    ports = sim.get("/v1/nodes/%s/ports" % m.name)["ports"]
    tap.equal([p["address"] for p in ports], [m.mac], "%s: one port, that of the NIC that booted" % m.name)


def check_cleaning(sim, m):
    for name, size in (("vda", 5 * GIB), ("vdb", 2 * GIB)):
        path = os.path.join(m.folder, "dev", name)
        clean = not any(read_at(path, 0, 1 << 20)) and not any(read_at(path, size - (1 << 20), 1 << 20))
        tap.ok(clean, "%s: nothing is left of the partition table of %s" % (m.name, name))
    records = sim.get("/ingot/v1/nodes/%s/erasures" % m.name)["erasures"]
    tap.equal(sorted((d["disk"], d["serial"], d["method"], d["outcome"], d["found"]) for d in records[:2]),
              [("/dev/vda", "SIM%04d" % m.i, "metadata", "erased", ["GPT"]),
               ("/dev/vdb", "SML%04d" % m.i, "metadata", "erased", ["GPT"])],
              "%s: the record says which disk was erased, how, and what it carried" % m.name)
    tap.ok([h for h in sim.history(m) if "/dev/vda (serial SIM%04d) erased" % m.i in h["event"]],
           "%s: and so does the history" % m.name)


def check_disk(sim, m, home):
    size = len(IMAGE)
    disk = read_at(m.disk, 0, size)
    tap.ok(disk[:446] == IMAGE[:446] and disk[510:512] == b"\x55\xaa", "%s: the boot sector is the image's" % m.name)
    tap.ok(disk[34 * 512:size - 33 * 512] == IMAGE[34 * 512:size - 33 * 512],
           "%s: every byte between the image's partition tables is on the disk" % m.name)
    parts = partitions(m.disk)
    tap.equal(parts[0], partitions_of(IMAGE)[0], "%s: the image's partition is where it was" % m.name)
    head, tail = read_at(m.disk, 512, 92), read_at(m.disk, 5 * GIB - 512, 92)
    for table, name in ((head, "first"), (tail, "backup")):
        good = table[:8] == b"EFI PART" and zlib.crc32(table[:16] + b"\0\0\0\0" + table[20:]) == int.from_bytes(table[16:20], "little")
        tap.ok(good, "%s: the %s GPT header is whole" % (m.name, name))
    drive = config_drive(m.disk)
    tap.ok(drive and drive[0] >= size and drive[0] + len(drive[1]) <= 5 * GIB - 33 * 512 and drive[0] > 4 * GIB,
           "%s: the config drive lies at the end of the disk" % m.name, drive and drive[0])
    meta = json.loads(iso_file(drive[1], "openstack/latest/meta_data.json")) if drive else {}
    tap.equal((meta.get("hostname"), meta.get("meta", {}).get("ingot_nonce")), (m.name + ".sim", home.get("nonce")),
              "%s: it holds the host name and this deploy's nonce" % m.name)


def partitions_of(image):
    with open("/proc/self/fd/%d" % memfile(image), "rb") as f:
        return partitions(f.name)


def memfile(data):
    fd = os.memfd_create("image")
    os.write(fd, data)
    return fd


def deploy_all(sim):
    problems = parallel(sim.machines, lambda m: sim.image(m, "system.img"))
    problems += parallel(sim.machines, lambda m: deploy_one(sim, m))
    tap.equal(problems, [], "all machines become active at the same time")


def deploy_one(sim, m):
    status, answer = sim.deploy(m)
    if status != 202:
        raise RuntimeError(answer)
    node = sim.reach(m, "active", "deploy failed")
    if node["provision_state"] != "active":
        raise RuntimeError("%s: %s" % (node["provision_state"], node["last_error"]))


def undeploy_one(sim, m):
    if m.i == 0 and shutil.which("baremetal"):
        by_baremetal(sim, "node", "undeploy", "--wait", "120", m.name)
    else:
        sim.go(m, "deleted", "available")


def check_end(sim, m):
    node = sim.node(m)
    tap.equal((node["instance_info"], node["instance_uuid"], node["last_error"], node["target_provision_state"]),
              ({}, None, None, None), "%s: nothing of the instance is left" % m.name)
    tap.ok(not any(read_at(m.disk, 0, 1 << 20)), "%s: its disk does not boot any more" % m.name)
    if sim.settings["fast_track"] == "false":
        tap.equal([k for k in node["driver_internal_info"] if k.startswith("agent_secret")], [],
                  "%s: no agent token outlives its agent" % m.name)
        tap.ok(not m.on(), "%s: the machine is off" % m.name)


def life(fast_track, steps):
    tap.diag("fast track %s" % ("on" if fast_track else "off"))
    with Sim(3, fast_track=fast_track) as sim:
        sim.images.files["system.img"] = IMAGE
        tap.equal(parallel(sim.machines, lambda m: walk(sim, m, steps)), [], "all machines become available")
        for m in sim.machines:
            if ("inspect", "manageable") in steps:
                check_inspection(sim, m)
            check_cleaning(sim, m)
        deploy_all(sim)
        for m in sim.machines:
            home = sim.home(m) or {}
            tap.equal(home.get("hostname"), m.name + ".sim", "%s: the deployed system reported itself" % m.name)
            check_disk(sim, m, home)
            tap.ok(m.on(), "%s: the machine is on" % m.name)
        starts = [m.agents_started for m in sim.machines]
        tap.equal(parallel(sim.machines, lambda m: undeploy_one(sim, m)), [], "all machines become available again")
        for m in sim.machines:
            check_end(sim, m)
        tap.equal(sim.stop(15), 0, "the conductor ends well")
        return starts


def chosen_late():
    """Another disk is chosen when the agent is there already and knows the node as it was."""
    with Sim(fast_track=True) as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = IMAGE
        walk(sim, m, [("manage", "manageable"), ("inspect", "manageable"), ("provide", "available")])
        sim.patch(m, {"op": "add", "path": "/properties/root_device", "value": {"serial": "SML%04d" % m.i}})
        before = read_at(m.disk, 0, len(IMAGE))
        sim.image(m, "system.img")
        m.order = ["disk"]  # which is the first one, and does not boot: no agent comes after the deploy
        there = m.agents_started  # 2 when a busy host let a reset be sent twice
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], m.agents_started), ("active", there), "deployed by the agent that was there",
                  ) or tap.diag("\n".join(m.log))
        tap.ok(read_at(m.disk[:-1] + "b", 1 << 20, 1 << 20) == IMAGE[1 << 20:2 << 20], "the disk chosen last has the image")
        tap.ok(read_at(m.disk, 0, len(IMAGE)) == before, "and the other one is untouched")


if __name__ == "__main__":
    need_programs(tap)
    if not shutil.which("baremetal"):
        tap.diag("baremetal is not installed: its part is done by plain requests")
    whole = [("manage", "manageable"), ("inspect", "manageable"), ("provide", "available")]
    tap.equal(life(False, whole), [3, 3, 3], "without fast track each of the three works boots an agent")
    tap.equal(life(True, whole), [1, 1, 1], "with fast track one agent does it all")
    chosen_late()
    tap.done()
