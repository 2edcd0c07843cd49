#!/usr/bin/env python3
"""BMCs spoken to by the real ipmitool program (power_interface and management_interface ipmitool): the same
way to a running system as with our own client, errors of the same quality, one process at a time for each
BMC, and no secret on any command line. A wrapper in front of the program keeps the record."""
import os
import shutil
import stat
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from simlib import BMC_PASSWORD, SLOW, Sim, Tap, make_image, need_programs, wait_for  # noqa: E402

tap = Tap()
BOTH = [{"op": "add", "path": "/power_interface", "value": "ipmitool"},
        {"op": "add", "path": "/management_interface", "value": "ipmitool"}]
WRAPPER = """#!/bin/sh
printf '%%s\\n' "begin $$ $*" >> %(folder)s/calls
[ "$IPMI_PASSWORD" ] && echo "password by environment" >> %(folder)s/calls
[ -e %(folder)s/hang ] && exec sleep 1000
%(real)s "$@"
status=$?
echo "end $$" >> %(folder)s/calls
exit $status
"""


def wrap(folder):
    """A folder for PATH in which ipmitool keeps a record of its calls."""
    path = os.path.join(folder, "ipmitool")
    with open(path, "w") as f:
        f.write(WRAPPER % {"folder": folder, "real": shutil.which("ipmitool")})
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    os.environ["PATH"] = folder + ":" + os.environ["PATH"]


def calls(folder):
    try:
        with open(os.path.join(folder, "calls")) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def enroll(sim, m, **info):
    sim.enroll(m, **info)
    sim.patch(m, *BOTH)


def check_calls(sim, folder):
    text = calls(folder)
    tap.ok(BMC_PASSWORD not in text, "the password is on no command line")
    tap.ok(text.count("password by environment") == text.count("begin "), "it goes by environment")
    for m in sim.machines:
        port = "-p %d " % sim.bmcs.ports[m.i]
        running, most = set(), 0
        mine = {line.split()[1] for line in text.splitlines() if line.startswith("begin") and port in line}
        for line in text.splitlines():
            words = line.split()
            if words[0] == "begin" and words[1] in mine:
                running.add(words[1])
            elif words[0] == "end":
                running.discard(words[1])
            most = max(most, len(running))
        tap.equal(most, 1, "%s: one process at a time for its BMC" % m.name)


def life(folder):
    with Sim(2, power_sync=1) as sim:
        sim.images.files["system.img"] = make_image(4)
        threads = [threading.Thread(target=one_life, args=(sim, m)) for m in sim.machines]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        m = sim.machines[0]
        tap.equal([sim.state(m) for m in sim.machines], ["active", "active"], "both machines become active")
        tap.ok(sim.home(m), "the deployed system reports itself")
        check_calls(sim, folder)
        operator(sim, m)
        forgetful(sim, sim.machines[1], folder)


def one_life(sim, m):
    enroll(sim, m)
    sim.go(m, "manage", "manageable")
    sim.go(m, "provide", "available")
    sim.image(m, "system.img")
    sim.deploy(m)
    sim.reach(m, "active", "deploy failed")


def power(sim, m, target, state):
    path = "/v1/nodes/%s/states/power" % m.name
    wait_for(lambda: sim.call("PUT", path, {"target": target})[0] == 202, 30)  # a sweep may hold the node
    return wait_for(lambda: (lambda n: n["power_state"] == state and not n["target_power_state"])(sim.node(m)), 30)


def operator(sim, m):
    path = "/v1/nodes/%s/management/boot_device" % m.name
    tap.ok(power(sim, m, "power off", "power off"), "an operator powers it off")
    tap.ok(not m.on(), "the machine is off")
    sim.must("PUT", path, {"boot_device": "cdrom", "persistent": True})
    tap.equal(sim.get(path), {"boot_device": "cdrom", "persistent": True}, "a boot device is set and read")
    status, answer = sim.call("PUT", path, {"boot_device": "tape"})
    tap.equal(status, 400, "one that is none is refused")
    tap.ok(power(sim, m, "power off", "power off"), "off again changes nothing")
    sim.must("PUT", path, {"boot_device": "disk", "persistent": True})
    tap.ok(power(sim, m, "power on", "power on") and m.on(), "it is powered on")


def forgetful(sim, m, folder):
    """A BMC that forgets its boot device is told again before each start."""
    sim.patch(m, {"op": "add", "path": "/driver_info/ipmi_force_boot_device", "value": "true"})
    path = "/v1/nodes/%s/management/boot_device" % m.name
    power(sim, m, "power off", "power off")
    sim.must("PUT", path, {"boot_device": "disk", "persistent": True})
    before = len(calls(folder))
    tap.ok(power(sim, m, "power on", "power on"), "a forgetful BMC's machine is powered on")
    told = calls(folder)[before:]
    tap.ok("raw 0x00 0x08 0x05 0x80 0x08" in told and
           told.index("raw 0x00 0x08 0x05 0x80 0x08") < told.index("power on"), "its BMC is told the device before that", told)
    power(sim, m, "power off", "power off")
    sim.must("PUT", path, {"boot_device": "pxe", "persistent": False})
    before = len(calls(folder))
    power(sim, m, "power on", "power on")
    tap.ok("0x80 0x08 0x00" not in calls(folder)[before:], "but not when another one was set for this start", calls(folder)[before:])


def verify_error(sim, m):
    return sim.go(m, "manage", "enroll", limit_s=60)["last_error"] or ""


def errors(folder):
    with Sim(3, power_timeout=int(12 * SLOW)) as sim:
        wrong, silent, stuck = sim.machines
        enroll(sim, wrong, ipmi_password="not-the-password")
        error = verify_error(sim, wrong)
        tap.ok("another password" in error and "ipmi_password" in error, "a wrong password is called that", error)
        tap.ok("not-the-password" not in error, "and not shown")
        enroll(sim, silent, ipmi_port=9)
        error = verify_error(sim, silent)
        tap.ok("no answer" in error and "127.0.0.1:9" in error and "power and network" in error,
               "a silent BMC is named, with what to look at", error)
        sim.stop(15)
        sim.start(power_timeout=3)
        open(os.path.join(folder, "hang"), "w").close()
        enroll(sim, stuck)
        error = verify_error(sim, stuck)
        tap.ok("in time" in error, "a program that hangs is ended at the deadline", error)
        hung = [line.split()[1] for line in calls(folder).splitlines() if line.startswith("begin")][-1]
        tap.ok(wait_for(lambda: not os.path.exists("/proc/" + hung), 10), "its process is gone")
        os.unlink(os.path.join(folder, "hang"))
        node = sim.go(stuck, "manage", "manageable")
        tap.equal(node["last_error"], None, "with the cause gone the same command takes the node on")
        status, answer = sim.call("PATCH", "/v1/nodes/" + stuck.name, [
            {"op": "add", "path": "/driver_info/ipmi_bridging", "value": "triple"}])
        said = sim.get("/v1/nodes/%s/validate" % stuck.name)["power"]
        tap.ok(status == 200 and not said["result"] and "ipmi_bridging" in said["reason"], "validation names what is wrong", said)


if __name__ == "__main__":
    need_programs(tap)
    if not shutil.which("ipmitool"):
        tap.skip_all("ipmitool is not installed")
    scratch = tempfile.mkdtemp(prefix="ingot-ipmitool-")
    try:
        wrap(scratch)
        life(scratch)
        errors(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    tap.done()
