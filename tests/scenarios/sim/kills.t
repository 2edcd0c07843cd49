#!/usr/bin/env python3
"""The kill test. Many clients change nodes, and machines go through real flows, while the conductor is
ended by SIGKILL again and again: at any moment, and at chosen points of a commit; half of the time
power is lost with it. The clients' journal, which is outside of ingotd and synced, is the judge: what
was acknowledged holds or was replaced by something later, nothing is seen half, no node is left in a
state of passage without a deadline, and each one's next command works. INGOT_KILLS: how many ends."""
import json
import os
import random
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from shimlib import INSIDE, Shim, need_shim  # noqa: E402
from simlib import LOST, SEED, SLOW, VARIANT, Sim, make_image, wait_for  # noqa: E402

KILLS = int(os.environ.get("INGOT_KILLS", "6" if VARIANT == "build" else "3"))
CLIENTS, NODES_EACH = 4, 3
STABLE = ("enroll", "manageable", "available", "active", "error", "deploy failed", "clean failed", "inspect failed")


class Journal:
    """Requests sent and answers got, one JSON object a line, each synced before its writer goes on."""

    def __init__(self, path):
        self.path, self.lock = path, threading.Lock()
        self.file = open(path, "a")
        self.n = 0

    def add(self, **line):
        with self.lock:
            self.n += 1
            self.file.write(json.dumps(dict(line, n=self.n)) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            return self.n

    def lines(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f]

    def facts(self):
        """{node: {fact: [values it may have]}, ...}, and {(node, event): [at least, at most]} of its history."""
        facts, events, answers = {}, {}, {}
        lines = self.lines()
        for line in lines:
            if "to" in line:
                answers[line["to"]] = line["status"]
        for line in lines:
            if "seen" in line:
                for node, fact, value in line["seen"]:
                    facts[node][fact] = [value]
            for node, fact, value in line.get("sets", ()):
                # 0: no answer. A 5xx says that it was not done, as far as the conductor could know
                status = answers.get(line["n"], 0)
                known = facts.setdefault(node, {})
                if 200 <= status < 300:
                    known[fact] = [value]
                elif status == 0 or status >= 500:
                    known[fact] = known.get(fact, [None]) + [value]
            if "event" in line:
                status = answers.get(line["n"], 0)
                count = events.setdefault((line["node"], line["event"]), [0, 0])
                count[0] += 200 <= status < 300
                count[1] += 200 <= status < 300 or status == 0 or status >= 500
        return facts, events


class Clients:
    """Everybody who asks for something; each node belongs to one thread."""

    def __init__(self, sim, journal):
        self.sim, self.journal = sim, journal
        self.nodes = [[] for _ in range(CLIENTS)]
        self.made = 0
        self.acked = 0
        self.wrong = []  # answers that should not be
        self.token = None
        self.stopping = False
        self.threads = []

    def send(self, method, path, body=None, good=(200, 201, 202, 204), also=(), **line):
        """The status and the answer; what it changes when acknowledged is in `line`."""
        n = self.journal.add(method=method, path=path, **line)
        try:
            status, answer = self.sim.call(method, path, body)
        except LOST:
            return 0, None  # nobody knows; the conductor is gone
        self.journal.add(to=n, status=status)
        self.acked += status in good
        if status not in good and status not in also and status != 503:
            self.wrong.append("%s %s: %s %s" % (method, path, status, answer))
        return status, answer

    # on nodes of fake hardware

    def create(self, mine, rnd):
        self.made += 1
        node = str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        body = {"uuid": node, "name": "fake-%s" % node[:8], "driver": "fake-hardware", "extra": {"a": 0, "b": 0},
                "driver_info": {"fake_%s_delay" % w: 0.05 for w in ("power", "deploy", "clean", "inspect")}}
        status, _ = self.send("POST", "/v1/nodes", body, sets=[(node, "exists", True), (node, "extra", 0)])
        if status == 201:
            mac = "52:54:01:%02x:%02x:%02x" % tuple(rnd.randbytes(3))
            self.send("POST", "/v1/ports", {"node_uuid": node, "address": mac}, sets=[(node, "port", mac)])
        if status in (201, 0):
            mine.append(node)

    def change(self, mine, rnd):
        node, value = rnd.choice(mine), rnd.randrange(1 << 30)
        self.send("PATCH", "/v1/nodes/" + node, [{"op": "replace", "path": "/extra/a", "value": value},
                                                 {"op": "replace", "path": "/extra/b", "value": value}],
                  also=(409, 404), sets=[(node, "extra", value)])

    def maintain(self, mine, rnd):
        node, on = rnd.choice(mine), rnd.random() < 0.4
        self.send("PUT" if on else "DELETE", "/v1/nodes/%s/maintenance" % node, {"reason": "why"} if on else None,
                  also=(409, 404), sets=[(node, "maintenance", on)])

    def traits(self, mine, rnd):
        node, value = rnd.choice(mine), ["CUSTOM_%d" % rnd.randrange(1000), "CUSTOM_X"]
        self.send("PUT", "/v1/nodes/%s/traits" % node, {"traits": value}, also=(409, 404),
                  sets=[(node, "traits", sorted(value))])

    def power(self, mine, rnd):
        node, target = rnd.choice(mine), rnd.choice(("power on", "power off", "rebooting"))
        self.send("PUT", "/v1/nodes/%s/states/power" % node, {"target": target}, also=(409, 404, 400), node=node,
                  event=target)

    VERBS = {"enroll": ("manage",), "manageable": ("provide", "inspect"), "available": ("active", "manage"),
             "active": ("deleted", "rebuild"), "deploy failed": ("active",), "clean failed": ("manage",),
             "inspect failed": ("manage",), "error": ("deleted",)}
    EVENTS = {"active": "deploy", "deleted": "delete"}

    def verb(self, mine, rnd):
        node = rnd.choice(mine)
        status, now = self.send("GET", "/v1/nodes/" + node, also=(404,))
        if status == 200 and now["provision_state"] in self.VERBS:
            target = rnd.choice(self.VERBS[now["provision_state"]])
            self.send("PUT", "/v1/nodes/%s/states/provision" % node, {"target": target}, also=(409, 400), node=node,
                      event=self.EVENTS.get(target, target) + " asked for")

    def delete(self, mine, rnd):
        if len(mine) >= NODES_EACH:
            node = rnd.choice(mine)
            status, _ = self.send("DELETE", "/v1/nodes/" + node, also=(409, 404), sets=[(node, "exists", False)])
            if status in (204, 404):
                mine.remove(node)

    def operator(self, i, rnd):
        acts = [self.change] * 6 + [self.verb] * 6 + [self.power] * 3 + [self.maintain] * 2 + [self.traits] * 2 + \
               [self.delete] + [self.create]
        mine = self.nodes[i]
        while not self.stopping:
            (self.create if len(mine) < NODES_EACH else rnd.choice(acts))(mine, rnd)

    # on simulated machines

    def flows(self, m, rnd):
        """Deploys and undeploys; each command only when the one before has ended."""
        while not self.stopping:
            try:
                state = self.sim.state(m)
                if state == "available":
                    self.sim.image(m, "system.img")
            except (RuntimeError, *LOST):
                return
            if state in self.VERBS:
                target = self.VERBS[state][0]
                self.send("PUT", "/v1/nodes/%s/states/provision" % m.name, {"target": target}, also=(409,),
                          node=m.name, event=self.EVENTS.get(target, target) + " asked for")
            time.sleep(0.05)

    def agent(self, m, rnd):
        """An agent that reports to a node in maintenance, which is taken note of and has no effect."""
        while not self.stopping:
            if not self.token:
                status, answer = self.send("GET", "/v1/lookup?addresses=" + m.mac, also=(404, 409))
                token = answer["config"]["agent_token"] if status == 200 else ""
                self.token = token if len(token) > 10 else None
                time.sleep(0.02)
                continue
            version = "%d" % rnd.randrange(1 << 30)
            self.send("POST", "/v1/heartbeat/" + m.uuid, {
                "callback_url": "https://%s:9" % m.address, "agent_token": self.token, "agent_version": version,
                "agent_verify_ca": "x"}, also=(409,), sets=[(m.uuid, "agent_version", version)])
            time.sleep(0.02)

    def begin(self, number):
        self.stopping = False

        def thread(what, who, arg):
            rnd = random.Random("%d %d %s" % (SEED, number, who))
            self.threads.append(threading.Thread(target=what, args=(arg, rnd), daemon=True))
        for i in range(CLIENTS):
            thread(self.operator, "operator %d" % i, i)
        thread(self.agent, "agent", self.sim.machines[0])
        for m in self.sim.machines[1:]:
            thread(self.flows, m.name, m)
        for t in self.threads:
            t.start()

    def end(self):
        self.stopping = True
        for t in self.threads:
            t.join(60 * SLOW)
        self.threads = []


class Judge:
    """Compares what the conductor says with the journal."""

    def __init__(self, sim, journal):
        self.sim, self.journal = sim, journal

    def seen(self, node, facts):
        """{fact: value} of one node, and what is wrong with it in itself."""
        status, now = self.sim.call("GET", "/v1/nodes/" + node)
        ports = self.sim.get("/v1/ports?node=" + node)["ports"] if status == 200 else []
        if status == 404:
            return {"exists": False}, []
        wrong = []
        extra = now["extra"]
        if extra.get("a") != extra.get("b"):
            wrong.append("%s: half a change is seen: %s" % (node, extra))
        seen = {"exists": True, "extra": extra.get("a"), "maintenance": now["maintenance"],
                "traits": sorted(now["traits"]) or None, "port": ports[0]["address"] if ports else None,
                "agent_version": now["driver_internal_info"].get("agent_version")}
        return {fact: seen[fact] for fact in facts}, wrong

    def facts(self):
        """Everything that is not as it was acknowledged. What is seen becomes what is known."""
        facts, events = self.journal.facts()
        wrong, fixed = [], []
        for node, known in facts.items():
            seen, more = self.seen(node, known)
            wrong += more
            for fact, value in seen.items():
                allowed = known.get(fact, [None])
                if fact in ("maintenance", "exists"):
                    allowed = [bool(v) for v in allowed]
                if value not in allowed:
                    wrong.append("%s: %s is %r, acknowledged was %r" % (node, fact, value, allowed))
                fixed.append((node, fact, value))
        gone = {node for node, fact, value in fixed if fact == "exists" and not value}
        for (node, event), (least, most) in events.items():
            if node in gone:
                continue
            count = [e["event"] for e in self.sim.get("/v1/nodes/%s/history?detail=true" % node)["history"]].count(event)
            if not least <= count <= most:
                wrong.append("%s: \"%s\" is %d times in the history, acknowledged %d to %d times" % (
                    node, event, count, least, most))
        self.journal.add(seen=fixed)
        return wrong

    def all_nodes(self):
        return [n["uuid"] for n in self.sim.get("/v1/nodes?limit=1000")["nodes"]]

    def has_deadline(self, node):
        why = self.sim.get("/ingot/v1/why/" + node)
        return why["provision_state"] in STABLE or why["waits_until"]

    def deadlines(self):
        return [n for n in self.all_nodes() if not wait_for(lambda n=n: self.has_deadline(n), 5, 0.02)]


def prepare(sim, journal):
    """The machines: the first waits for an agent in maintenance, the others are available."""
    sim.images.files["system.img"] = make_image(4)
    for m in sim.machines[1:]:
        sim.to_available(m)
        sim.image(m, "system.img")
    m = sim.machines[0]
    sim.to_available(m)
    sim.image(m, "system.img")
    m.boots = False
    sim.deploy(m)
    m.uuid = sim.reach(m, "wait call-back")["uuid"]
    sim.must("PUT", "/v1/nodes/%s/maintenance" % m.name, {"reason": "its agent has to wait"})
    journal.add(method="-", sets=[(m.uuid, "exists", True)])


def end_conductor(sim, shim, clients, rnd, armed):
    """Waits until the shim has ended it, or ends it at some moment. The point."""
    if armed:
        wait_for(lambda: sim.ingotd.poll() is not None, 30, 0.01)
    else:
        enough = clients.acked + rnd.randrange(5, 60)
        wait_for(lambda: clients.acked > enough, 20, 0.01)
        time.sleep(rnd.random() * 0.05)
    sim.stop(signal.SIGKILL)
    return shim.died() or "any"


def start(sim):
    """True when it is there; it may have been ended while it was starting."""
    try:
        sim.start()
        return True
    except RuntimeError:
        if sim.ingotd.poll() == -signal.SIGKILL:
            return False
        raise


def one_round(sim, shim, clients, judge, number, rnd):
    """One life of the conductor. (point of its end, power lost)"""
    point = rnd.choice(INSIDE) if number % 2 == 0 else "after" if number % 6 == 1 else None
    shim.arm(point, rnd.randrange(3, 60))
    if start(sim):
        clients.begin(number)
        point = end_conductor(sim, shim, clients, rnd, point)
        clients.end()
    else:
        point = shim.died()
        sim.status.append(-signal.SIGKILL)
    power = rnd.random() < 0.5
    if power:
        shim.lose_power(rnd)
    else:
        shim.settle()
    shim.arm(None, 0)
    sim.start()
    what = "%d: %s%s" % (number, point, ", power lost" if power else "")
    wrong = judge.facts()
    tap.ok(not wrong, "%s: what was acknowledged holds, nothing is half" % what, "\n".join(wrong))
    without = judge.deadlines()
    tap.ok(not without, "%s: every node is at rest or has a deadline" % what,
           "\n".join(str(sim.get("/ingot/v1/why/" + n)) for n in without))
    if number + 1 < KILLS:
        sim.stop(signal.SIGKILL)
        shim.settle()
    return point


def last_commands(sim, clients):
    """Every node's next command works."""
    wrong = []
    nodes = [n for mine in clients.nodes for n in mine] + [m.name for m in sim.machines[1:]]
    for node in nodes:
        now = wait_for(lambda n=node: (lambda s, v: s == 404 or v["provision_state"] in STABLE and v)(
            *sim.call("GET", "/v1/nodes/" + n)), 60)
        if now is True:
            continue
        if not now:
            wrong.append("%s does not come to rest: %s" % (node, sim.get("/ingot/v1/why/" + node)))
            continue
        if now["maintenance"]:
            sim.must("DELETE", "/v1/nodes/%s/maintenance" % node)
        if not now["instance_info"].get("image_source") and now["driver"] == "ipmi":
            sim.image(next(m for m in sim.machines if m.name == node), "system.img")
        target = Clients.VERBS[now["provision_state"]][0]
        status, answer = sim.call("PUT", "/v1/nodes/%s/states/provision" % node, {"target": target})
        after = wait_for(lambda n=node: (lambda v: v["provision_state"] in STABLE and not v["last_error"] and v)(
            sim.get("/v1/nodes/" + n)), 60)
        if status != 202 or not after:
            wrong.append("%s: %s from %s: %s %s" % (node, target, now["provision_state"], answer,
                                                   sim.get("/ingot/v1/why/" + node)))
    return wrong


def kills():
    # sessions that a killed conductor leaves behind take room in the BMC until they expire
    with Sim(3, wait=3600, power_timeout=15, bmc_options=("--idle-s", "2", "--slots", "16"),
             extra="[conductor]\nnode_history_max_entries = 10000") as sim:  # all of it is counted
        journal = Journal(os.path.join(sim.folder, "journal"))
        prepare(sim, journal)
        sim.stop(signal.SIGKILL)
        shim = Shim(sim)
        clients, judge = Clients(sim, journal), Judge(sim, journal)
        points = []
        for number in range(KILLS):
            points.append(one_round(sim, shim, clients, judge, number, random.Random("%d %d" % (SEED, number))))
        inside = sum(p in INSIDE for p in points)
        tap.ok(inside >= KILLS // 4, "%d of %d ends were inside a commit" % (inside, KILLS), points)
        tap.ok(clients.acked > KILLS * 10, "%d requests were acknowledged meanwhile" % clients.acked)
        tap.ok(not clients.wrong, "no request got an answer that it should not", "\n".join(clients.wrong[:20]))
        wrong = last_commands(sim, clients)
        tap.ok(not wrong, "every node's next command works", "\n".join(wrong))


if __name__ == "__main__":
    need_shim(tap)
    run_cases((kills,))
