#!/usr/bin/env python3
"""kill -9 of the conductor at moments that nobody chose, while three simulated machines walk from enroll
to active and back: each time every node is either where it was to go or failed with a reason, and some
commands later all are active. INGOT_SEED repeats a run, INGOT_ROUNDS makes it longer."""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from faultlib import run_cases, tap  # noqa: E402
from simlib import Sim, make_image, wait_for  # noqa: E402

SEED = int(os.environ.get("INGOT_SEED", random.SystemRandom().randrange(1 << 30)))
ROUNDS = int(os.environ.get("INGOT_ROUNDS", "25"))
STABLE = ("enroll", "manageable", "available", "active", "inspect failed", "clean failed", "deploy failed", "error")
# from each stable state the command that leads towards active
NEXT = {"enroll": "manage", "manageable": "provide", "available": "active", "inspect failed": "manage",
        "clean failed": "manage", "deploy failed": "active", "error": "deleted"}


def settled(sim):
    nodes = [sim.node(m) for m in sim.machines]
    return nodes if all(n["provision_state"] in STABLE for n in nodes) else None


def command(sim, m, verb):
    return sim.deploy(m) if verb == "active" else sim.provision(m, verb)


def dump(sim, m):
    why = sim.why(m)
    return "%s %s\n%s\n%s" % (m.name, {k: why[k] for k in ("provision_state", "last_error", "waits_for")},
                              "\n".join(m.log[-10:]), m.agent_text()[-800:])


def one_round(sim, rnd, number):
    before = {m.name: sim.state(m) for m in sim.machines}
    verbs = {}
    for m in sim.machines:
        state = before[m.name]
        choices = {"active": ["deleted", "rebuild"], "manageable": ["inspect", "provide"]}.get(state, [NEXT.get(state)])
        verbs[m.name] = rnd.choice(choices)
        command(sim, m, verbs[m.name])
    time.sleep(rnd.uniform(0, 0.35))
    sim.stop(signal.SIGKILL)
    time.sleep(rnd.choice([0, 0, 0.2, 0.6]))
    sim.start()
    nodes = wait_for(lambda: settled(sim), 45, 0.1)
    good = nodes and all(n["last_error"] or "failed" not in n["provision_state"] for n in nodes)
    tap.ok(good, "round %d: %s" % (number, ", ".join("%s %s" % (before[m.name], verbs[m.name]) for m in sim.machines)),
           "" if good else "\n".join(dump(sim, m) for m in sim.machines) + sim.conductor_log()[-3000:])
    for n in nodes or []:
        if n["last_error"]:
            tap.diag("%s: %s" % (n["provision_state"], n["last_error"][:200]))
    return good


def all_active(sim):
    for m in sim.machines:
        for _ in range(6):
            state = wait_for(lambda: sim.state(m) if sim.state(m) in STABLE else None, 45, 0.1)
            if state == "active":
                break
            command(sim, m, NEXT.get(state, "abort"))
            wait_for(lambda: sim.state(m) != state, 5, 0.05)
        tap.equal(sim.state(m), "active", "%s becomes active in the end" % m.name)


def kills():
    tap.diag("INGOT_SEED=%d" % SEED)
    rnd = random.Random(SEED)
    with Sim(3, wait=20, command_timeout=5, bmc_options=("--slots", "64")) as sim:  # kills leave sessions
        sim.images.files["system.img"] = make_image(8)
        for m in sim.machines:
            sim.enroll(m)
            sim.image(m, "system.img")
        for i in range(ROUNDS):
            if not one_round(sim, rnd, i + 1):
                break
            for m in sim.machines:  # what a deletion took away
                if "image_source" not in sim.node(m)["instance_info"]:
                    sim.image(m, "system.img")
        all_active(sim)


if __name__ == "__main__":
    run_cases((kills,))
