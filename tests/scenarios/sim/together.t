#!/usr/bin/env python3
"""Many at once: two operators give opposite orders, a node is deleted while it is deployed, the conductor
is restarted in the middle of many deploys (INGOT_DEPLOYS), webhooks are away meanwhile. On simulated
machines."""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from simlib import RANDOM, VARIANT, Sim, make_image, wait_for  # noqa: E402

DEPLOYS = int(os.environ.get("INGOT_DEPLOYS", "10" if VARIANT == "build" else "5"))
ENDED = ("active", "deploy failed", "available", "clean failed", "manageable", "inspect failed", "enroll", "error")
# the example of htpasswd's manual; see tests/api/http.t
USERS, MY_PASSWORD = ("anna:myPassword", "bert:myPassword"), "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"


def with_users(sim):
    """The API asks who it is; anna and bert may."""
    path = os.path.join(sim.folder, "htpasswd")
    with open(path, "w") as f:
        f.writelines("%s:%s\n" % (user.split(":")[0], MY_PASSWORD) for user in USERS)
    os.chmod(path, 0o600)
    sim.stop(signal.SIGTERM)
    sim.user = USERS[0]
    sim.start(auth="http_basic\nhtpasswd = " + path)


def at_once(sim, orders):
    """[(status, answer)] of requests (method, path, body) that are sent at the same moment, one by each user."""
    barrier, got = threading.Barrier(len(orders)), [None] * len(orders)

    def one(i, order):
        barrier.wait()
        got[i] = sim.call(*order, user=USERS[i])
    threads = [threading.Thread(target=one, args=(i, order)) for i, order in enumerate(orders)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


def opposite(sim, m, what, orders, ends, asked):
    """Of two orders one wins; the other is told so, and can be given afterwards."""
    if RANDOM.random() < 0.5:
        orders = orders[::-1]
    sim.bmcs.ask(op="fault", bmc=m.i, set={"delay_ms": 200})
    path = "/v1/nodes/%s/states/" % m.name
    got = at_once(sim, [("PUT", path + kind, {"target": target}) for kind, target in orders])
    sim.bmcs.ask(op="clear", bmc=m.i)
    statuses = sorted(g[0] for g in got)
    tap.ok(statuses[0] == 202 and statuses[1] in (400, 409), "%s: one is taken, the other told no" % what, got)
    winner = [g[0] for g in got].index(202)
    at_rest = wait_for(lambda: (lambda n: n if n["provision_state"] in ENDED and not n["target_power_state"] and
                                not n["target_provision_state"] else None)(sim.node(m)), 60)
    want = ends[orders[winner][1]]
    tap.ok(at_rest and (at_rest["provision_state"], at_rest["power_state"], at_rest["last_error"]) == (*want, None),
           "the node is where the one that was taken leads", "%s, wanted %s" % (at_rest and (
               at_rest["provision_state"], at_rest["power_state"], at_rest["last_error"]), want))
    events = sim.history(m)
    told = [e for e in events if e["event"] == asked[orders[winner][1]]]
    tap.equal(told[-1]["user"] if told else None, USERS[winner].split(":")[0], "the history says who")


def opposite_orders():
    with Sim() as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = make_image(4)
        sim.to_available(m)
        sim.image(m, "system.img")
        with_users(sim)
        power = sim.node(m)["power_state"]
        opposite(sim, m, "power on, power off", [("power", "power on"), ("power", "power off")],
                 {"power on": ("available", "power on"), "power off": ("available", "power off")},
                 {t: t for t in ("power on", "power off")})
        sim.must("PUT", "/v1/nodes/%s/states/power" % m.name, {"target": power})
        wait_for(lambda: not sim.node(m)["target_power_state"], 30)
        opposite(sim, m, "deploy, manage", [("provision", "active"), ("provision", "manage")],
                 {"active": ("active", "power on"), "manage": ("manageable", sim.node(m)["power_state"])},
                 {"active": "deploy asked for", "manage": "manage asked for"})
        if sim.state(m) == "manageable":
            sim.go(m, "provide", "available")
        if sim.state(m) == "available":
            sim.go(m, "active", "active")
        opposite(sim, m, "undeploy, rebuild", [("provision", "deleted"), ("provision", "rebuild")],
                 {"deleted": ("available", "power off"), "rebuild": ("active", "power on")},
                 {"deleted": "delete asked for", "rebuild": "rebuild asked for"})
        node = "/v1/nodes/" + m.name
        got = at_once(sim, [("PATCH", node, [{"op": "add", "path": "/extra/rack", "value": "r1"}]),
                            ("PATCH", node, [{"op": "add", "path": "/extra/rack", "value": "r2"}])])
        value = sim.node(m)["extra"].get("rack")
        taken = ["r%d" % (i + 1) for i, g in enumerate(got) if g[0] == 200]
        tap.ok(value in taken and {g[0] for g in got} <= {200, 409}, "one field, two values: it is one that was taken",
               (value, got))
        got = at_once(sim, [("PATCH", node, [{"op": "replace", "path": "/extra/rack", "value": "r3"}]),
                            ("PATCH", node, [{"op": "remove", "path": "/extra/rack"}])])
        value = sim.node(m)["extra"].get("rack")
        tap.ok({g[0] for g in got} <= {200, 400, 409} and 200 in {g[0] for g in got} and
               value in (["r3"] if got[0][0] == 200 else []) + [None], "set and unset: the last that was taken holds", (value, got))


def deleted_while_deploying():
    with Sim() as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = make_image(4)
        sim.to_available(m)
        sim.image(m, "system.img")
        sim.deploy_held(m)
        status, answer = sim.call("DELETE", "/v1/nodes/" + m.name)
        tap.equal(status, 409, "a node that is being deployed is not deleted") or tap.diag(str(answer))
        tap.equal(sim.state(m), "wait call-back", "and is not disturbed")
        sim.must("PUT", "/v1/nodes/%s/maintenance" % m.name, {"reason": "it goes"})
        status, answer = sim.call("DELETE", "/v1/nodes/" + m.name)
        tap.equal(status, 204, "in maintenance it is, as the contract says") or tap.diag(str(answer))
        tap.equal((sim.call("GET", "/v1/nodes/" + m.name)[0], sim.get("/v1/ports")["ports"]), (404, []), "with its ports")
        sim.images.release("system.img")
        time.sleep(1)  # its agent ends the command and reports to nobody
        tap.equal(sim.get("/v1/nodes")["nodes"], [], "what its agent says later brings nothing back")
        sim.stop(signal.SIGKILL)
        sim.start()
        tap.equal(sim.get("/v1/nodes")["nodes"], [], "nor does a restart")
        m.kill_agent()
        sim.to_available(m)
        sim.image(m, "system.img")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the same machine, enrolled again, is deployed")


def restart_in_many_deploys():
    """And nobody takes the news for a while: they come later, in order, each once."""
    with Sim(DEPLOYS, webhook=True, wait=300, bmc_options=("--idle-s", "2", "--slots", "16")) as sim:
        sim.images.files["system.img"] = make_image(4)
        for m in sim.machines:
            sim.enroll(m)
        for target, end in (("manage", "manageable"), ("provide", "available")):
            for m in sim.machines:
                sim.provision(m, target)
            bad = [m.name for m in sim.machines if sim.reach(m, end, limit_s=120)["provision_state"] != end]
            tap.ok(not bad, "%d machines are %s" % (DEPLOYS, end), bad)
        sim.webhook.stop()
        for m in sim.machines:
            sim.image(m, "system.img")
            tap.equal(sim.deploy(m)[0], 202, m.name + ": deploy is acknowledged") if RANDOM.random() < 0.1 else sim.deploy(m)
        for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            time.sleep(RANDOM.random() * 2)
            sim.stop(signum)
            sim.start()
        ended = {m.name: sim.reach(m, "active", "deploy failed", limit_s=180) for m in sim.machines}
        bad = {n: (v["provision_state"], v["last_error"]) for n, v in ended.items() if v["provision_state"] != "active"}
        tap.ok(not bad, "3 restarts in the middle of %d deploys: all end active" % DEPLOYS, bad)
        sim.webhook.start()
        want = {m.name: [(e["from"], e["to"]) for e in reversed(sim.why(m)["events"]) if e["from"]] for m in sim.machines}
        wait_for(lambda: all_news(sim, want), 90)
        wrong = {name: (moves(sim, name), shown) for name, shown in want.items() if moves(sim, name)[-len(shown):] != shown}
        tap.equal(wrong, {}, "the news of all of it come when the receiver is back, in order")
        again = [e for i, e in enumerate(sim.webhook.events) if i != first(sim, e["id"])]
        tap.ok(len(again) <= 3 and all(e == sim.webhook.events[first(sim, e["id"])] for e in again),
               "each once, but what a restart sends again, with the same id and words", again)


def moves(sim, name):
    """As a receiver sees them that takes each id once."""
    taken = {e["id"]: e for e in reversed(sim.webhook.events)}
    return [(e["from"], e["to"]) for e in sorted(taken.values(), key=lambda e: first(sim, e["id"]))
            if e["event"] == "node.provision_state" and e["node"].get("name") == name]


def first(sim, delivery):
    return next(i for i, e in enumerate(sim.webhook.events) if e["id"] == delivery)


def all_news(sim, want):
    return all(moves(sim, name)[-len(shown):] == shown for name, shown in want.items())


CASES = (opposite_orders, deleted_while_deploying, restart_in_many_deploys)

if __name__ == "__main__":
    run_cases(CASES)
