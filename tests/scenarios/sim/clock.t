#!/usr/bin/env python3
"""The wall clock jumps while nodes wait, by hours and years, both ways, while the conductor runs and while
it is away; and a restart of the host begins the monotonic clock anew. Nothing fails because of it, and
nothing waits longer than its limit."""
import datetime
import fcntl
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from shimlib import Shim, need_shim  # noqa: E402
from simlib import SLOW, Sim, Tap, make_image, need_programs, wait_for  # noqa: E402

HOUR, YEAR = 3600, 365 * 86400
IMAGE = make_image(4)
tap = Tap()


def waiting(sim, wait=None):
    """The first machine in wait call-back, and the shim."""
    m = sim.machines[0]
    sim.stop(signal.SIGKILL)
    shim = Shim(sim)
    shim.clock(0)
    sim.start()
    sim.images.files["system.img"] = IMAGE
    sim.to_available(m)
    sim.image(m, "system.img")
    m.boots = False
    if wait:
        sim.stop(signal.SIGTERM)
        sim.start(wait=int(wait * SLOW))
    sim.deploy(m)
    sim.reach(m, "wait call-back")
    return m, shim


def left_s(sim, m, offset):
    """How long it still waits, as the conductor's clock has it."""
    until = datetime.datetime.fromisoformat(sim.why(m)["waits_until"])
    return (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds() - offset


def ends_well(sim, m):
    m.boots = True
    sim.bmcs.ask(op="reboot", bmc=0)
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "its machine comes: active")
    tap.equal((sim.home(m) or {}).get("hostname"), m.name + ".sim", "and its system reports itself")


def jumps(offset, restart):
    with Sim(wait=600) as sim:
        m, shim = waiting(sim)
        if restart:
            sim.stop(signal.SIGKILL)
        shim.clock(offset)
        if restart:
            sim.start()
        wait_for(lambda: sim.state(m) != "wait call-back", 1 / SLOW)
        tap.equal(sim.state(m), "wait call-back", "it waits on")
        left = left_s(sim, m, offset)
        tap.ok(250 < left < 601 * SLOW, "`why` says until when by the new time", left)
        ends_well(sim, m)


def still_ends(offset, restart):
    """A limit stays a limit."""
    with Sim() as sim:
        m, shim = waiting(sim, wait=4)
        if restart:
            sim.stop(signal.SIGKILL)
        shim.clock(offset)
        if restart:
            sim.start()
        node = sim.reach(m, "deploy failed", limit_s=30)
        tap.equal(node["provision_state"], "deploy failed", "its limit holds")
        m.boots = True
        sim.deploy(m)
        tap.equal(sim.reach(m, "active", "deploy failed")["provision_state"], "active", "one command later it is active")


def while_writing(offset, restart):
    """The agent has a certificate from before, or from the future."""
    with Sim() as sim:
        m, shim = waiting(sim)
        there = sim.images.hold("system.img", 1 << 20)
        m.boots = True
        sim.bmcs.ask(op="reboot", bmc=0)
        there.wait(30)
        wait_for(lambda: sim.state(m) == "wait call-back", 10)
        if restart:
            sim.stop(signal.SIGKILL)
        shim.clock(offset)
        if restart:
            sim.start()
        sim.images.release("system.img")
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the deploy in progress ends well")
        moves = [(e["from"], e["to"]) for e in sim.why(m)["events"] if e["from"]]
        tap.ok(moves[0] == ("deploying", "active"), "the history is in the order in which things happened", moves)


def end_launched(sim):
    """The launcher's child ends with it, but a moment later: then its lock on the store is free."""
    sim.stop(signal.SIGKILL)
    with open(os.path.join(sim.folder, "ingot.sqlite.lock")) as f:
        fcntl.flock(f, fcntl.LOCK_EX)


def host_restarts():
    """The monotonic clock of another boot of the host: far ahead of, or behind, that of the one before."""
    with Sim(wait=600) as sim:
        m, _ = waiting(sim)
        for ahead in (10000000, 1000):
            end_launched(sim)
            sim.launcher = ["unshare", "--time", "--monotonic", str(ahead), "--boottime", str(ahead), "--fork",
                            "--kill-child"]
            sim.start()
            tap.equal(sim.state(m), "wait call-back", "the monotonic clock begins at %d more: it waits on" % ahead)
            left = left_s(sim, m, 0)
            tap.ok(250 < left < 601 * SLOW, "until it would have", left)
        ends_well(sim, m)
        end_launched(sim)
        sim.launcher = []
        sim.start()


if __name__ == "__main__":
    need_programs(tap)
    need_shim(tap)
    cases = [("%+d s, %s" % (offset, "over a restart" if restart else "while it runs"), case, (offset, restart))
             for case, offset, restart in (
                 (jumps, 2 * HOUR, False), (jumps, 3 * YEAR, True), (jumps, -YEAR, True), (still_ends, -5 * YEAR, False),
                 (still_ends, -5 * YEAR, True), (while_writing, 20 * YEAR, False), (while_writing, -10 * YEAR, True))]
    if os.geteuid() == 0:
        cases.append(("host restarts", host_restarts, ()))
    for name, case, args in cases:
        if sys.argv[1:] and not any(w in name for w in sys.argv[1:]):
            continue
        tap.diag("%s %s" % (case.__name__, name))
        try:
            case(*args)
        except Exception as problem:  # pylint: disable=broad-except
            tap.ok(False, name + " ran to its end", "%s: %s" % (type(problem).__name__, problem))
    tap.done()
