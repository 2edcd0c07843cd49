#!/usr/bin/env python3
"""The right disk or none, on simulated machines: what cannot be decided is not decided by chance, what
carries data can be kept, and what was erased is on record, also when it failed half-way."""
import hashlib
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import simlib  # noqa: E402
from faultlib import IMAGE, as_qcow2, check_cured, check_failure, limited, ready, run_cases, tap  # noqa: E402
from simlib import GIB, Sim, make_image, read_at, wait_for  # noqa: E402


def disk(name, size, serial, **more):
    return dict({"name": name, "size": size, "serial": serial, "model": "Simdisk"}, **more)


def fit(m, *disks):
    """The machine has these disks from its next boot on."""
    with open(os.path.join(m.folder, "disks.json"), "w") as f:
        json.dump(disks, f)


def path_of(m, name):
    return os.path.join(m.folder, "dev", name)


def sum_of(m, name, size=16 << 20):
    """Of what a disk holds at both ends."""
    full = os.path.getsize(path_of(m, name))
    return hashlib.sha256(read_at(path_of(m, name), 0, size) + read_at(path_of(m, name), full - size, size)).hexdigest()


def hint(sim, m, **hints):
    sim.patch(m, {"op": "add", "path": "/properties/root_device", "value": hints})


def records(sim, m):
    return sim.get("/ingot/v1/nodes/%s/erasures" % m.name)["erasures"]


def has_image(m, name):
    return read_at(path_of(m, name), 34 * 512, 1 << 20) == IMAGE[34 * 512:34 * 512 + (1 << 20)]


def equal_disks():
    with Sim() as sim:
        m = sim.machines[0]
        fit(m, disk("vda", 5 * GIB, "FIRST"), disk("vdb", 5 * GIB, "SECOND"), disk("vdc", 6 * GIB, "LARGE"))
        ready(sim)
        before = [sum_of(m, d) for d in ("vda", "vdb", "vdc")]
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "2 disks are equally good", r"/dev/vda \(5.00 GiB, serial FIRST",
                      r"/dev/vdb \(5.00 GiB, serial SECOND", "say which in properties/root_device", '"serial": "FIRST"')
        tap.ok("LARGE" not in node["last_error"], "a larger disk is no candidate")
        tap.equal([sum_of(m, d) for d in ("vda", "vdb", "vdc")], before, "no disk was touched")
        hint(sim, m, serial="SECOND")
        m.disk = path_of(m, "vdb")
        check_cured(sim, m)
        tap.ok(has_image(m, "vdb") and not has_image(m, "vda"), "the image is on the disk that was named, and on no other")


def no_match():
    with Sim() as sim:
        m = ready(sim)
        hint(sim, m, serial="GONE", rotational=False)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "no disk matches the root device hints",
                      r'/dev/vda: serial is "SIM0000", hint wants "GONE"', r'/dev/vdb: serial is "SML0000", hint wants "GONE"',
                      "correct properties/root_device")
        sim.patch(m, {"op": "remove", "path": "/properties/root_device"})
        check_cured(sim, m)


def disks_in_use():
    """A disk that somebody uses is no candidate, and neither is one on the skip list."""
    with Sim() as sim:
        m = sim.machines[0]
        fit(m, disk("vda", 5 * GIB, "RAID", unfit="is part of RAID array md127 (vda2)"), disk("vdb", 6 * GIB, "KEEP"))
        ready(sim)
        sim.patch(m, {"op": "add", "path": "/properties/skip_block_devices", "value": [{"serial": "KEEP"}]})
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "no disk can be a root disk",
                      r"/dev/vda: is part of RAID array md127 \(vda2\)", "/dev/vdb: is skipped by properties/skip_block_devices",
                      "name one|free one")
        sim.patch(m, {"op": "remove", "path": "/properties/skip_block_devices"})
        m.disk = path_of(m, "vdb")
        check_cured(sim, m)
        tap.ok(not has_image(m, "vda"), "the disk in use was left alone")


def too_large():
    """Refused before the first byte when the size is known, else on the way."""
    with Sim() as sim:
        m = sim.machines[0]
        fit(m, disk("vda", 4 << 20, "TINY"), disk("vdb", 5 * GIB, "BIG"))
        ready(sim)
        hint(sim, m, serial="TINY")
        before = sum_of(m, "vda", 2 << 20)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "larger than the disk", "it has %d bytes" % len(IMAGE),
                      "/dev/vda has %d" % (4 << 20), "serial TINY", "choose another disk")
        tap.equal(sum_of(m, "vda", 2 << 20), before, "not one byte was written")
        import gzip
        sim.images.files["system.img.gz"] = gzip.compress(IMAGE, 1)
        sim.image(m, "system.img.gz")
        sim.deploy(m)
        sim.reach(m, "deploying", "wait call-back")
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "larger than the disk", "more than", "serial TINY")
        tap.ok(read_at(path_of(m, "vda"), 510, 2) != b"\x55\xaa", "the disk with half an image does not boot")
        hint(sim, m, serial="BIG")
        m.disk = path_of(m, "vdb")
        check_cured(sim, m)


def keep_data():
    foreign = make_image(4, seed=99)
    with Sim() as sim:
        m = ready(sim)
        with open(m.disk, "r+b") as f:
            f.write(foreign)
        sim.patch(m, {"op": "add", "path": "/instance_info/ingot_keep_data", "value": True})
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", r"/dev/vda \(serial SIM0000\) carries data: GPT",
                      "nothing was written", "without --keep-data|clean the node|another disk")
        tap.equal(read_at(m.disk, 0, len(foreign)), foreign, "every byte is as it was")
        rec = records(sim, m)[0]
        tap.equal((rec["disk"], rec["serial"], rec["method"], rec["outcome"], rec["found"]),
                  ("/dev/vda", "SIM0000", "image", "kept", ["GPT"]), "the record says that it was kept, and why")
        sim.patch(m, {"op": "remove", "path": "/instance_info/ingot_keep_data"})
        check_cured(sim, m)
        rec = records(sim, m)[0]
        tap.equal((rec["disk"], rec["outcome"], rec["found"]), ("/dev/vda", "written", ["GPT"]),
                  "without it the record says what was overwritten")
        tap.ok([h for h in sim.history(m) if "write_image: /dev/vda (serial SIM0000) written" in h["event"]
                and "carried GPT" in h["event"]], "and the history")


def keep_data_empty():
    """An empty disk takes an image, keep or not; by the command line."""
    with Sim() as sim:
        m = ready(sim)
        done = subprocess.run([os.path.join(simlib.BUILD, "ingot"), "--url", sim.api_url, "node", "deploy", m.name, "--keep-data",
                               "--hostname", m.name + ".sim", "--wait"], capture_output=True, text=True, timeout=120 * simlib.SLOW)
        tap.equal((done.returncode, sim.state(m)), (0, "active"), "ingot node deploy --keep-data on an empty disk") or tap.diag(done.stderr)
        done = subprocess.run([os.path.join(simlib.BUILD, "ingot"), "--url", sim.api_url, "node", "erasures", m.name],
                              capture_output=True, text=True, timeout=20 * simlib.SLOW)
        lines = done.stdout.splitlines()
        tap.ok(done.returncode == 0 and len(lines) == 4 and "SIM0000" in lines[1] and "written" in lines[1]
               and re.search(r"metadata +erased", done.stdout), "ingot node erasures shows what was done", done.stdout + done.stderr)


def erase_half_way():
    with Sim() as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = IMAGE
        sim.enroll(m)
        sim.go(m, "manage", "manageable")
        heal = limited(m, 3 * GIB)  # the end of vda cannot be written, all of vdb can
        sim.provision(m, "provide")
        node = sim.reach(m, "clean failed")
        check_failure(sim, m, node, "clean failed", "available", "erase_devices_metadata, 1 of 2 disks failed", "serial SIM0000",
                      "write zeroes to .*/dev/vda at byte %d" % (5 * GIB - (1 << 20)), "File too large")
        tap.equal((node["maintenance"], node["fault"]), (True, "clean failure"), "nobody uses it by chance")
        got = {r["disk"]: r for r in records(sim, m)}
        tap.equal([(d, r["outcome"], r["serial"], r["found"], bool(r["error"])) for d, r in sorted(got.items())],
                  [("/dev/vda", "failed", "SIM0000", ["GPT"], True), ("/dev/vdb", "erased", "SML0000", ["GPT"], False)],
                  "the record tells both, with what each carried")
        sim.stop(signal.SIGTERM)
        sim.start()
        tap.equal(len(records(sim, m)), 2, "it is there after a restart")
        heal()
        sim.must("DELETE", "/v1/nodes/%s/maintenance" % m.name)
        sim.go(m, "manage", "manageable")
        check_cured(sim, m, "provide", "available")
        tap.equal(sorted((r["disk"], r["outcome"]) for r in records(sim, m)[:2]),
                  [("/dev/vda", "erased"), ("/dev/vdb", "erased")], "and the next record comes on top")


def dies_writing():
    with Sim() as sim:
        m = ready(sim)
        heal = limited(m, 4 << 20)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "serial SIM0000", r"write .*/dev/vda at LBA \d+ \(byte \d+\)",
                      "File too large")
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "half an image does not boot")
        rec = records(sim, m)[0]
        tap.equal((rec["disk"], rec["outcome"]), ("/dev/vda", "failed"), "the record says that it failed")
        heal()
        check_cured(sim, m)


def power_lost_writing(as_what=None):
    with Sim(wait=8) as sim:
        m = ready(sim)
        if as_what:
            as_what(sim)
            sim.image(m, "system.img")
        sim.deploy_held(m)
        wait_for(lambda: (sim.why(m)["progress"] or {}).get("bytes_written"), 10)
        m.boots = False
        sim.bmcs.ask(op="power", bmc=m.i, on=False)
        sim.images.release("system.img")
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "write the image", "waited|agent|answer")
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "half an image does not boot")
        m.boots = True
        check_cured(sim, m)
        tap.ok(has_image(m, "vda"), "the image is whole")


def one_serial():
    """Two disks that say they are the same, as cheap ones and badly wired shelves do: none is taken by chance."""
    with Sim() as sim:
        m = sim.machines[0]
        fit(m, disk("vda", 5 * GIB, "TWIN"), disk("vdb", 5 * GIB, "TWIN"), disk("vdc", 5 * GIB, "OTHER"))
        ready(sim)
        hint(sim, m, serial="TWIN")
        before = [sum_of(m, d) for d in ("vda", "vdb", "vdc")]
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "2 disks are equally good", "/dev/vda", "/dev/vdb", "serial TWIN",
                      "say which in properties/root_device")
        tap.equal([sum_of(m, d) for d in ("vda", "vdb", "vdc")], before, "no disk was touched")
        hint(sim, m, serial="TWIN", name="/dev/vdb")
        m.disk = path_of(m, "vdb")
        check_cured(sim, m)
        tap.ok(has_image(m, "vdb") and not has_image(m, "vda") and not has_image(m, "vdc"), "a second hint decides, and no other disk was touched")


def swapped():
    """Between the choice of a disk and its first byte the names move: the disk that is there now is not touched."""
    with Sim() as sim:
        m = sim.machines[0]
        fit(m, disk("vda", 5 * GIB, "FIRST"), disk("vdb", 6 * GIB, "SECOND"))
        ready(sim)
        before = [sum_of(m, d) for d in ("vda", "vdb")]
        sim.images.files["sums"] = hashlib.sha256(IMAGE).hexdigest().encode() + b"  system.img\n"
        sim.patch(m, {"op": "remove", "path": "/instance_info/image_os_hash_algo"},
                  {"op": "remove", "path": "/instance_info/image_os_hash_value"},
                  {"op": "add", "path": "/instance_info/image_checksum", "value": sim.images.url("sums")})
        for now, words in (([disk("vda", 5 * GIB, "OTHER"), disk("vdb", 6 * GIB, "SECOND")], ("is another disk now", 'serial is "OTHER"')),
                           ([disk("vda", 7 * GIB, "FIRST"), disk("vdb", 6 * GIB, "SECOND")], ("is another disk now", "size is")),
                           ([disk("vdb", 6 * GIB, "SECOND")], ("has gone since it was chosen",))):
            fit(m, disk("vda", 5 * GIB, "FIRST"), disk("vdb", 6 * GIB, "SECOND"))
            sim.deploy_held(m, "sums", after=10)  # the disk is chosen, the checksum is not there yet
            fit(m, *now)
            sim.images.release("sums")
            sim.reach(m, "wait call-back", "deploying")
            node = sim.reach(m, "deploy failed")
            check_failure(sim, m, node, "deploy failed", "active", "/dev/vda", "FIRST", *words, "deploy again")
            tap.equal([sum_of(m, d) for d in ("vda", "vdb")], before, "no disk was touched")
        fit(m, disk("vda", 5 * GIB, "FIRST"), disk("vdb", 6 * GIB, "SECOND"))
        check_cured(sim, m)
        tap.ok(has_image(m, "vda"), "the image is where it was to go")


def power_lost_writing_qcow2():
    power_lost_writing(lambda sim: as_qcow2(sim, "system.img", "cluster_size=64k"))


CASES = (equal_disks, one_serial, swapped, no_match, disks_in_use, too_large, keep_data, keep_data_empty, erase_half_way, dies_writing,
         power_lost_writing, power_lost_writing_qcow2)

if __name__ == "__main__":
    run_cases(CASES)
