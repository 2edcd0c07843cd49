#!/usr/bin/env python3
"""Many machines at once: dead BMCs cost the living nothing, an operator's command passes the sweep, and only so many
machines boot at a time as may, in an order that survives a restart."""
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from simlib import BMC_PASSWORD, BMC_USER, SLOW, VARIANT, Bmcs, Sim, make_image, order, troubled, wait_for  # noqa: E402

FARM = 1000 if VARIANT == "build" else 100


# --- a farm of BMCs --------------------------------------------------------------------------------

def farm_nodes(sim, farm, n):
    """Enrolls and manages n nodes, one per BMC of the farm; several clients at once."""
    names = ["bmc%d" % i for i in range(n)]

    def enroll(mine):
        for i in mine:
            info = {"ipmi_address": "127.0.0.1", "ipmi_port": farm.ports[i], "ipmi_username": BMC_USER,
                    "ipmi_password": BMC_PASSWORD}
            sim.must("POST", "/v1/nodes", {"name": names[i], "driver": "ipmi", "driver_info": info})
            sim.must("PUT", "/v1/nodes/%s/states/provision" % names[i], {"target": "manage"})
    threads = [threading.Thread(target=enroll, args=(range(k, n, 4),)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()

    def managed():
        nodes = sim.get("/v1/nodes?provision_state=manageable&limit=1000&fields=name")["nodes"]
        return len(nodes) == n
    if not wait_for(managed, 60):
        raise RuntimeError("not all of %d nodes became manageable" % n)
    return names


def dead_among_the_living():
    half = FARM // 2
    with Sim(power_sync=3, power_timeout=15) as sim:
        place = os.path.join(sim.folder, "farm")
        os.mkdir(place)
        farm = Bmcs(place, FARM, lambda *_: None, ("--on",))
        try:
            names = farm_nodes(sim, farm, FARM)
            farm.ask(op="fault", bmc=[0, half - 1], set={"silent": 1})

            def open_circuits():
                bad = troubled(sim)
                return bad if sum(b["circuit"] != "closed" for b in bad.values()) == half else None
            bad = wait_for(open_circuits, 90)
            tap.ok(bad, "the circuits of %d dead BMCs of %d open" % (half, FARM),
                   "%d are open" % sum(b["circuit"] != "closed" for b in troubled(sim).values()))
            tap.ok(bad and set(bad) == set(names[:half]), "and of no living one", sorted(set(bad or ()) - set(names[:half])))
            why = sim.get("/ingot/v1/why/" + names[0])["bmc"]
            tap.ok("no answer to anything" in (why["reason"] or "") and why["failures"] >= 3 and why["failing_since"]
                   and why["next_try"], "`why` says what is wrong, since when, and when it is tried again", why)

            seconds = [order(sim, names[half + i], "power off") for i in range(20)]
            tap.ok(None not in seconds and sorted(seconds)[18] < 2 * SLOW,
                   "meanwhile an operator switches living machines at once", seconds)
            answered = {b["node_name"]: b["answered_at"] for b in sim.get("/ingot/v1/bmcs")["bmcs"]}

            def asked_again():
                now = {b["node_name"]: b["answered_at"] for b in sim.get("/ingot/v1/bmcs")["bmcs"]}
                return all(now[n] != answered[n] for n in names[half:])
            tap.ok(wait_for(asked_again, 30), "and the sweep goes on asking every living one")

            farm.ask(op="clear", bmc=[0, half - 1])
            took = order(sim, names[0], "power off")
            tap.ok(took is not None and sim.get("/v1/nodes/" + names[0])["power_state"] == "power off",
                   "a command for a dead BMC is sent all the same, and finds that it is back",
                   (took, sim.get("/v1/nodes/" + names[0])["last_error"]))
            tap.equal(sim.get("/ingot/v1/why/" + names[0])["bmc"]["circuit"], "closed", "which closes its circuit")
        finally:
            farm.stop()


# --- admission -------------------------------------------------------------------------------------

def queue(sim):
    return [row["name"] for row in sim.get("/ingot/v1/queue")["waiting"]]


def boot_slots(sim):
    return [s for s in sim.get("/ingot/v1/queue")["slots"] if s["slot"] == "boot"][0]


def admission():
    limits = "[conductor]\nmax_concurrent_boot = 5\nautomated_clean = false\n"
    with Sim(40, wait=600, extra=limits) as sim:
        sim.images.files["system.img"] = make_image(4)
        for m in sim.machines:
            sim.enroll(m)
            sim.provision(m, "manage")
        for m in sim.machines:
            sim.reach(m, "manageable")
            sim.provision(m, "provide")
            m.boots = False
        for m in sim.machines:
            sim.reach(m, "available")
            sim.image(m, "system.img")
        names = [m.name for m in sim.machines]
        for m in sim.machines:
            sim.deploy(m)
            sim.reach(m, "wait call-back")
        tap.ok(wait_for(lambda: sum(m.on() for m in sim.machines) == 5, 30), "five of forty machines are switched on")
        tap.equal(queue(sim), names[5:], "the others wait in the order in which they were asked for")
        slots = boot_slots(sim)
        tap.equal((slots["in_use"], slots["limit"], slots["waiting"]), (5, 5, 35), "and the queue says so")
        why = sim.why(sim.machines[10])
        tap.ok(why["waits_for"].startswith("a boot slot, 6th of 35") and why["waits_since"] and not why["waits_until"],
               "`why` tells its place, since when, and no limit", why["waits_for"])

        sim.must("PUT", "/ingot/v1/queue/" + names[30], {"priority": 5})
        tap.equal(queue(sim)[0], names[30], "who is made important goes first")
        sim.provision(sim.machines[7], "abort")
        sim.reach(sim.machines[7], "deploy failed")
        sim.provision(sim.machines[8], "deleted")
        sim.reach(sim.machines[8], "available")
        want = [names[30]] + [n for n in names[5:] if n not in (names[30], names[7], names[8])]
        tap.equal(queue(sim), want, "who waits can be aborted and undeployed, and leaves the queue")
        tap.equal(sum(m.on() for m in sim.machines), 5, "which switches no other machine on")

        sim.stop(signal.SIGKILL)
        sim.start()
        tap.ok(wait_for(lambda: queue(sim) == want, 20), "a restart finds the same queue", queue(sim))
        tap.equal(boot_slots(sim)["in_use"], 5, "and the machines that boot")

        for m in sim.machines[:5]:
            sim.reach(m, "wait call-back")
            sim.must("PUT", "/v1/nodes/%s/states/provision" % m.name, {"target": "abort"})
        tap.ok(wait_for(lambda: queue(sim) == want[5:], 30), "five that end let the next five boot", queue(sim)[:8])
        tap.ok(wait_for(lambda: all(sim.machines[names.index(n)].on() for n in want[:5]), 30), "which are switched on")

        last = [sim.machines[names.index(n)] for n in want[-3:]]
        for m in last:
            m.boots = True
        for n in reversed(want[:-3]):  # those that wait first, so that nobody is admitted meanwhile
            m = sim.machines[names.index(n)]
            sim.reach(m, "wait call-back")
            sim.must("PUT", "/v1/nodes/%s/states/provision" % m.name, {"target": "abort"})
        nodes = [sim.reach(m, "active", "deploy failed") for m in last]
        tap.equal([n["provision_state"] for n in nodes], ["active"] * 3, "the last in the queue get their system",
                  ) or tap.diag(str([n["last_error"] for n in nodes]))
        tap.ok(wait_for(lambda: boot_slots(sim)["in_use"] == 0 and not queue(sim), 30), "and all slots are free in the end",
               boot_slots(sim))


CASES = (dead_among_the_living, admission)

if __name__ == "__main__":
    run_cases(CASES)
