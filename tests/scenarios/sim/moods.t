#!/usr/bin/env python3
"""BMCs with a temper: one that freezes when asked too fast is asked more slowly, one whose power state is stale for a
while is waited for, and one that lies is reported and not fought for ever."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from simlib import Sim, make_image, order, troubled, wait_for  # noqa: E402


def freezes_under_load():
    with Sim(power_timeout=20) as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = make_image(8)
        sim.bmcs.ask(op="fault", bmc=0, set={"freeze_gap_ms": 50, "freeze_ms": 1500})
        sim.to_available(m)
        sim.image(m, "system.img")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed", limit_s=90)
        tap.equal((node["provision_state"], node["last_error"]), ("active", None),
                  "a BMC that freezes when asked too fast is cleaned and deployed all the same")
        bmc = sim.why(m)["bmc"]
        tap.ok(bmc["freezes"] >= 1 and bmc["learned_gap_ms"] >= 200, "it was noticed, and is asked more slowly now", bmc)
        tap.ok(m.name in troubled(sim), "and it is on the list of those that trouble")
        before = bmc["freezes"]
        for target in ("power off", "power on", "power off"):
            order(sim, m.name, target)
        bmc = sim.why(m)["bmc"]
        tap.equal((bmc["freezes"], sim.node(m)["last_error"]), (before, None), "it does not freeze again")


def commands(sim, m):
    """How many power commands its BMC was given."""
    return sim.bmcs.ask(op="state", bmc=m.i)["counters"]["power_commands"]


def stale_power():
    with Sim(power_sync=1, power_timeout=30) as sim:
        m = sim.machines[0]
        sim.enroll(m)
        sim.go(m, "manage", "manageable")
        m.boots = False
        sim.bmcs.ask(op="fault", bmc=0, set={"stale_power_s": 3})
        for target in ("power on", "power off"):
            took = order(sim, m.name, target)
            node = sim.node(m)
            tap.ok(took is not None and took > 2 and node["power_state"] == target and not node["last_error"],
                   "%s: the state that is stale for 3 s is waited for" % target, (took, node["power_state"], node["last_error"]))
        given = commands(sim, m)
        time.sleep(3)
        tap.equal(commands(sim, m), given, "and the sweep commands nothing afterwards")


def liar():
    """Its power commands succeed and do nothing."""
    with Sim(power_sync=1, power_timeout=2) as sim:
        m = sim.machines[0]
        m.boots = False
        sim.enroll(m)
        sim.go(m, "manage", "manageable")
        order(sim, m.name, "power on")
        tap.equal(sim.node(m)["power_state"], "power on", "the machine is on")
        sim.bmcs.ask(op="fault", bmc=0, set={"ignore_power": 1})
        sim.bmcs.ask(op="power", bmc=0, on=False)
        gave_up = wait_for(lambda: any("max retries exceeded" in h["event"] for h in sim.history(m)), 60)
        tap.ok(gave_up, "a machine that stays off whatever it is told is given up", sim.history(m)[-5:])
        events = [h["event"] for h in sim.history(m)]
        tap.ok(any("still says power off" in e for e in events), "the history says what the BMC said", events[-6:])
        tap.ok(wait_for(lambda: sim.node(m)["power_state"] == "power off" and not sim.node(m)["maintenance"], 30),
               "then what is so is taken for true", sim.node(m)["power_state"])
        tap.ok(sim.node(m)["last_error"], "and last_error keeps the reason", sim.node(m)["last_error"])
        seen = len(sim.history(m))
        time.sleep(4)
        tap.equal(len(sim.history(m)), seen, "it is not fought for ever")


def sessions_left_behind():
    """A conductor that is killed leaves its session in the BMC, which may have no other: the next one waits for it."""
    with Sim(power_timeout=50, bmc_options=("--slots", "1")) as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = make_image(4)
        sim.to_available(m)
        sim.image(m, "system.img")
        sim.stop(signal.SIGKILL)
        sim.start()
        sim.deploy(m)
        told = wait_for(lambda: "no resources" in (sim.why(m).get("bmc", {}).get("refused") or ""), 20, 0.02)
        tap.ok(told, "`why` says that the BMC has no session left", sim.why(m))
        time.sleep(10)  # longer than a BMC that is merely busy is asked again
        tap.equal(sim.state(m), "deploying", "the deploy waits for one")
        sim.bmcs.ask(op="advance", bmc=0, ms=63000)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "and goes on when the old session is over")


CASES = (freezes_under_load, stale_power, liar, sessions_left_behind)

if __name__ == "__main__":
    run_cases(CASES)
