#!/usr/bin/env python3
"""Every call that changes something, mixed by several clients at full speed, while the conductor is ended
by SIGKILL again and again: at any moment and inside of commits; half of the time power is lost with it.
Each client keeps a journal of what it asked for and what was acknowledged, outside of ingotd. After each
restart everything acknowledged is there, nothing is there half, and what belongs to a deleted node is
gone with it. INGOT_KILLS: how many ends. INGOT_SEED makes the choices those of an earlier run."""
import collections
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from shimlib import INSIDE, Shim, need_shim  # noqa: E402
from simlib import BUILD, LOST, SEED, SLOW, VARIANT, free_port, wait_for, with_parent  # noqa: E402
from vracklib import TOP  # noqa: E402

KILLS = int(os.environ.get("INGOT_KILLS", "5" if VARIANT == "build" else "2"))
CLIENTS, NODES_EACH, PARTS_EACH = 4, 3, 24
STABLE = ("enroll", "manageable", "available", "active", "error", "rescue")
JSON_TYPE = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "latest"}

# Calls that are not mixed in: agents make them (kills.t), nothing is kept of them, or no version we offer has them.
ELSEWHERE = ("/v1/heartbeat", "/v1/continue_inspection", "/v1/events", "inject_nmi", "vendor_passthru",
             "/v1/runbooks/{runbook}/traits")


class House:
    """A conductor in a folder of its own that is started and ended often."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ingot-mix-")
        self.port = free_port()
        self.env = dict(os.environ)
        self.process = None
        with open(self.folder + "/ingot.conf", "w", encoding="ascii") as f:
            f.write("[api]\nlisten = 127.0.0.1:%d\nauth = none\n[store]\nurl = sqlite:%s/ingot.sqlite\n"
                    "[drivers]\nenabled = fake-hardware\n[boot]\ndhcp = none\nhttp_listen = 127.0.0.1:%d\n"
                    "state_dir = %s/state\n[conductor]\nnode_history_max_entries = 10000\n[log]\nlevel = warning\n"
                    % (self.port, self.folder, free_port(), self.folder))

    def start(self):
        """False when it was ended while it started."""
        with open(self.folder + "/log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "ingotd"), "--config", self.folder + "/ingot.conf"],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env,
                                            preexec_fn=with_parent)
        until = time.monotonic() + 60 * SLOW
        while time.monotonic() < until and self.process.poll() is None:
            try:
                Peer(self).call("GET", "/v1")
                return True
            except LOST:
                time.sleep(0.01)
        if self.process.poll() == -signal.SIGKILL:
            return False
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as f:
            raise RuntimeError("ingotd does not answer: " + f.read()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def clean(self):
        if self.process:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer:
    """One kept connection to it."""

    def __init__(self, house):
        self.house, self.connection = house, None

    def call(self, method, path, body=None):
        """(status, parsed body)"""
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=60 * SLOW)
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, JSON_TYPE)
            answer = self.connection.getresponse()
            text = answer.read()
        except LOST:
            self.connection.close()
            self.connection = None
            raise
        return answer.status, json.loads(text) if text else None


class Thing:
    """Something that is kept: a record, or a part of a node that is asked for by itself. `allowed` are the
    states it may be in: what was acknowledged last, and what was asked for since and not answered."""

    def __init__(self, name, look, node=None):
        self.name, self.look, self.node = name, look, node
        self.allowed = [None]
        self.fleeting = False  # a flow may take it away

    def settle(self, seen):
        self.allowed = [seen]


def fields(path, names):
    """How a record is looked at: its named fields, None when it is not there."""
    def look(peer):
        status, now = peer.call("GET", path)
        return None if status == 404 else {name: now[name] for name in names}
    return look


class Kind:
    """A collection: how a record of it is made and changed. Functions take a random source and a number."""

    def __init__(self, path, make, change, of_node=False):
        self.path, self.make, self.change, self.of_node = path, make, change, of_node


def pair(rnd):
    value = rnd.randrange(1 << 30)
    return {"a": value, "b": value}


def mac(rnd):
    return "52:54:02:%02x:%02x:%02x" % tuple(rnd.randbytes(3))


def steps(rnd, interface="deploy"):
    return [{"interface": interface, "step": "step%d" % i, "args": {"x": rnd.randrange(1000)}, "priority": 50 + i}
            for i in range(rnd.randrange(1, 4))]


def trait(name):
    return "CUSTOM_" + name.upper().replace("-", "_")


KINDS = {
    "chassis": Kind("/v1/chassis", lambda rnd, n: {"description": n, "extra": pair(rnd)},
                    lambda rnd, n: {"description": n, "extra": pair(rnd)}),
    "port": Kind("/v1/ports", lambda rnd, n: {"address": mac(rnd), "name": n, "extra": pair(rnd)},
                 lambda rnd, n: {"name": n, "extra": pair(rnd)}, of_node=True),
    "portgroup": Kind("/v1/portgroups", lambda rnd, n: {"address": mac(rnd), "name": n, "extra": pair(rnd)},
                      lambda rnd, n: {"name": n, "extra": pair(rnd)}, of_node=True),
    "volume connector": Kind("/v1/volume/connectors",
                             lambda rnd, n: {"type": "iqn", "connector_id": "iqn." + n, "extra": pair(rnd)},
                             lambda rnd, n: {"connector_id": "iqn." + n, "extra": pair(rnd)}, of_node=True),
    "volume target": Kind("/v1/volume/targets",
                          lambda rnd, n: {"volume_type": "iscsi", "boot_index": rnd.randrange(1 << 30), "volume_id": n,
                                          "extra": pair(rnd)},
                          lambda rnd, n: {"volume_id": n, "extra": pair(rnd)}, of_node=True),
    "deploy template": Kind("/v1/deploy_templates",
                            lambda rnd, n: {"name": trait(n), "steps": steps(rnd), "extra": pair(rnd)},
                            lambda rnd, n: {"steps": steps(rnd), "extra": pair(rnd)}),
    "runbook": Kind("/v1/runbooks", lambda rnd, n: {"name": trait(n), "steps": [
        {"interface": "bios", "step": "apply", "args": {"x": rnd.randrange(1000)}, "order": 1}], "extra": pair(rnd)},
                    lambda rnd, n: {"extra": pair(rnd), "name": trait(n)}),
    "allocation": Kind("/v1/allocations", lambda rnd, n: {"name": n, "resource_class": "none-" + n, "extra": pair(rnd)},
                       lambda rnd, n: {"name": n, "extra": pair(rnd)}),
    "inspection rule": Kind("/v1/inspection_rules", lambda rnd, n: {
        "description": n, "priority": rnd.randrange(9999), "actions": [{"op": "log", "args": {"msg": n}}]},
                            lambda rnd, n: {"description": n, "priority": rnd.randrange(9999)}),
    "node": Kind("/v1/nodes", lambda rnd, n: {"name": n, "description": n, "extra": pair(rnd)},
                 lambda rnd, n: {"description": n, "extra": pair(rnd)}),
}
NODE_DRIVER = {"driver": "fake-hardware", "driver_info": {"fake_%s_delay" % w: 0.05 for w in
                                                          ("power", "deploy", "clean", "inspect")}}


class Client:
    """One of those who ask, on things of its own."""

    def __init__(self, house, journal, number):
        self.peer, self.journal, self.number = Peer(house), journal, number
        self.rnd = random.Random("%d client %d" % (SEED, number))
        self.count = 0
        self.nodes = []  # (uuid, its Thing, {name: Thing} of its parts)
        self.records = []  # (kind, uuid, Thing)
        self.gone = []  # Things that were deleted: they have to stay so
        self.acked, self.calls, self.wrong = collections.Counter(), set(), []

    def things(self):
        """With those of a node behind it."""
        for _, thing, parts in self.nodes:
            yield thing
            yield from parts.values()
        for _, _, thing in self.records:
            yield thing
        yield from self.gone[-50:]

    def text(self):
        self.count += 1
        return "m%d-%d-%d" % (self.number, self.count, self.rnd.randrange(1000000))

    def ask(self, what, thing, method, path, body, new, benign=(409,), later=False):
        """One call that makes `new` of a thing. `later`: acknowledged is that it will, not that it has."""
        self.journal.write("%d asks %s %s %s %s\n" % (self.number, what, method, path, json.dumps(body)))
        try:
            status, answer = self.peer.call(method, path, body)
        except LOST:
            thing.allowed.append(new)
            raise
        self.journal.write("%d told %d\n" % (self.number, status))
        if status < 300 and not later:
            thing.allowed = [new]
        elif status < 300 or status >= 500:
            thing.allowed.append(new)
        self.acked[what] += status < 300
        if status < 300:
            self.calls.add("%s %s" % (method, path))
        if status >= 300 and status not in benign and status not in (503, 507):
            self.wrong.append("%s %s %s: %s %s" % (method, path, json.dumps(body), status, answer))
        return status

    # records of any kind

    def create(self, name, node=None):
        kind, ident = KINDS[name], str(uuid.UUID(int=self.rnd.getrandbits(128), version=4))
        body = kind.make(self.rnd, self.text())
        thing = Thing(name + " " + ident, fields(kind.path + "/" + ident, list(body)), node and node[1])
        own_class = {"resource_class": "class-%d" % self.number} if name == "node" and not self.nodes else {}
        sent = dict(body, uuid=ident, **own_class, **(NODE_DRIVER if name == "node" else {"node_uuid": node[0]} if node else {}))
        if name == "node":
            self.nodes.append((ident, thing, {}))
        else:
            self.records.append((name, ident, thing))
        if self.ask("create a " + name, thing, "POST", kind.path, sent, body, benign=(409, 404) if node else ()) >= 300 \
                and len(thing.allowed) == 1:
            (self.nodes if name == "node" else self.records).pop()

    def change(self, name, ident, thing):
        kind = KINDS[name]
        values = kind.change(self.rnd, self.text())
        if thing.allowed[0] is None:
            return
        patch = [{"op": "replace", "path": "/" + field, "value": value} for field, value in values.items()]
        self.ask("change a " + name, thing, "PATCH", kind.path + "/" + ident, patch, dict(thing.allowed[0], **values),
                 benign=(409, 400) if "volume" in name else (409, 404) if thing.fleeting else (409,))

    def delete(self, name, ident, thing):
        return self.ask("delete a " + name, thing, "DELETE", KINDS[name].path + "/" + ident, None, None,
                        benign=(409, 400) if "volume" in name else (409, 404)) < 300

    def any_record(self):
        """Makes, changes or deletes one that is no node."""
        names = [n for n in KINDS if n != "node"]
        if len(self.records) < PARTS_EACH and (not self.records or self.rnd.random() < 0.4):
            name = self.rnd.choice(names)
            self.create(name, self.rnd.choice(self.nodes) if KINDS[name].of_node else None)
            return
        at = self.rnd.randrange(len(self.records))
        name, ident, thing = self.records[at]
        if self.rnd.random() < 0.7:
            self.change(name, ident, thing)
        elif self.delete(name, ident, thing):
            self.gone.append(self.records.pop(at)[2])

    # nodes and what hangs on them; the first of each client is for what moves

    def any_node(self):
        ident, thing, _ = self.rnd.choice(self.nodes)
        self.change("node", ident, thing)

    def delete_node(self):
        at = self.rnd.randrange(1, len(self.nodes))
        ident, thing, parts = self.nodes[at]
        if self.delete("node", ident, thing):
            del self.nodes[at]
            self.gone += [thing, *parts.values()]
            self.forget([r for r in self.records if r[2].node is thing])

    def forget(self, records):
        """They went with something else."""
        for record in records:
            record[2].settle(None)
            self.records.remove(record)
            self.gone.append(record[2])

    def part(self, node, name, look, first):
        """The Thing of a part of a node, which is as `first` when nobody has changed it."""
        thing = node[2].get(name)
        if not thing:
            thing = node[2][name] = Thing("%s of node %s" % (name, node[0]), look, node[1])
            thing.allowed = [first]
        return thing

    def member(self, node, below, get):
        def look(peer):
            status, now = peer.call("GET", "/v1/nodes/%s%s" % (node[0], below))
            return None if status == 404 else get(now)
        return look

    def traits(self):
        node = self.rnd.choice(self.nodes)
        thing = self.part(node, "traits", self.member(node, "/traits", lambda now: sorted(now["traits"])), [])
        path, now, one = "/v1/nodes/%s/traits" % node[0], thing.allowed[0] or [], "CUSTOM_%d" % self.rnd.randrange(9)
        how = self.rnd.randrange(4)
        if how == 0:
            new = sorted({"CUSTOM_%d" % self.rnd.randrange(9) for _ in range(3)})
            self.ask("set traits", thing, "PUT", path, {"traits": new}, new)
        elif how == 1:
            self.ask("add a trait", thing, "PUT", path + "/" + one, None, sorted({*now, one}))
        elif how == 2:
            self.ask("remove a trait", thing, "DELETE", path + "/" + one, None, [t for t in now if t != one], (409, 404))
        else:
            self.ask("remove traits", thing, "DELETE", path, None, [])

    def maintenance(self):
        node, reason = self.rnd.choice(self.nodes[1:]), self.text()
        thing = self.part(node, "maintenance", self.member(
            node, "", lambda now: [now["maintenance"], now["maintenance_reason"]]), [False, None])
        path = "/v1/nodes/%s/maintenance" % node[0]
        if self.rnd.random() < 0.5:
            self.ask("set maintenance", thing, "PUT", path, {"reason": reason}, [True, reason])
        else:
            self.ask("end maintenance", thing, "DELETE", path, None, [False, None])

    def raid(self):
        node = self.rnd.choice(self.nodes[1:])
        thing = self.part(node, "RAID target", self.member(node, "", lambda now: now["target_raid_config"]), {})
        new = {"logical_disks": [{"size_gb": self.rnd.randrange(1, 1000), "raid_level": "1"}]}
        self.ask("set a RAID target", thing, "PUT", "/v1/nodes/%s/states/raid" % node[0], new, new)

    def lamp(self):
        node, state = self.rnd.choice(self.nodes[1:]), self.rnd.choice(("on", "off", "blinking"))
        below = "/management/indicators/led@system"
        thing = self.part(node, "lamp", self.member(node, below, lambda now: now["state"]), "on")
        self.ask("set an indicator", thing, "PUT", "/v1/nodes/" + node[0] + below, {"state": state}, state)

    def settings(self):
        """What the fake machine is told; it is no record, so that only the answers count."""
        node, nothing = self.rnd.choice(self.nodes[1:]), Thing("-", None)
        base = "/v1/nodes/%s" % node[0]
        what, method, path, body = self.rnd.choice((
            ("set the boot device", "PUT", "/management/boot_device", {"boot_device": self.rnd.choice(["pxe", "disk"])}),
            ("set the boot mode", "PUT", "/states/boot_mode", {"target": self.rnd.choice(["uefi", "bios"])}),
            ("set secure boot", "PUT", "/states/secure_boot", {"target": self.rnd.random() < 0.5}),
            ("set the console", "PUT", "/states/console", {"enabled": self.rnd.random() < 0.5}),
            ("attach a VIF", "POST", "/vifs", {"id": "vif"}),  # by noop, which keeps none
            ("detach a VIF", "DELETE", "/vifs/vif", None),
            ("attach media", "POST", "/vmedia", {"device_type": "cdrom", "image_url": "http://127.0.0.1:9/x.iso"}),
            ("detach media", "DELETE", "/vmedia", None)))
        self.ask(what, nothing, method, base + path, body, None, (409, 400, 404))

    VERBS = {"enroll": ("manage",), "manageable": ("provide", "inspect", "adopt"), "available": ("active", "manage"),
             "active": ("deleted", "rebuild"), "error": ("deleted",)}
    EVENTS = {"active": "deploy", "deleted": "delete"}

    def verb(self):
        """A flow; each order that was acknowledged is in the history, once."""
        node = self.nodes[0]
        _, now = self.peer.call("GET", "/v1/nodes/" + node[0])
        state = now["provision_state"] if now else ""
        if state.endswith(" failed"):
            target = "manage" if state != "deploy failed" else "active"
        elif state in self.VERBS:
            target = self.rnd.choice(self.VERBS[state])
        else:
            return
        event = self.EVENTS.get(target, target) + " asked for"

        def look(peer):
            path, count = "/v1/nodes/%s/history?detail=True" % node[0], 0
            while path:
                status, page = peer.call("GET", path)
                if status == 404:
                    return None
                count += [e["event"] for e in page["history"]].count(event)
                path = re.sub("^http://[^/]*", "", page.get("next", ""))
            return count
        thing = self.part(node, "\"%s\" in the history" % event, look, 0)
        new = (thing.allowed[-1] or 0) + 1
        self.ask("order " + target, thing, "PUT", "/v1/nodes/%s/states/provision" % node[0], {"target": target}, new,
                 (409, 400))

    def allocate(self):
        """One that its first node can serve; the end of the node's deployment ends it, too."""
        ident, rnd = str(uuid.UUID(int=self.rnd.getrandbits(128), version=4)), self.rnd
        body = {"name": self.text(), "resource_class": "class-%d" % self.number, "extra": pair(rnd)}
        thing = Thing("allocation " + ident, fields("/v1/allocations/" + ident, list(body)))
        thing.fleeting = True
        self.records.append(("allocation", ident, thing))
        if self.ask("allocate a node", thing, "POST", "/v1/allocations", dict(body, uuid=ident), body) >= 300:
            self.records.pop()

    def release(self):
        """Ends the allocation of its first node."""
        node = self.nodes[0][0]
        _, now = self.peer.call("GET", "/v1/nodes/" + node)
        for at, (name, ident, thing) in enumerate(self.records):
            if now and name == "allocation" and ident == now["allocation_uuid"]:
                if self.ask("release a node", thing, "DELETE", "/v1/nodes/%s/allocation" % node, None, None,
                            (409, 404, 400)) < 300:
                    self.gone.append(self.records.pop(at)[2])
                return

    def power(self):
        self.ask("switch power", Thing("-", None), "PUT", "/v1/nodes/%s/states/power" % self.nodes[0][0],
                 {"target": self.rnd.choice(("power on", "power off", "rebooting"))}, None, (409, 400))

    def acts(self):
        return [self.any_record] * 10 + [self.any_node] * 4 + [self.traits] * 2 + [self.verb] * 2 + [
            self.maintenance, self.raid, self.lamp, self.power, self.settings, self.settings, self.delete_node,
            self.allocate, self.release]

    def act(self):
        if len(self.nodes) < NODES_EACH:
            self.create("node")
        else:
            self.rnd.choice(self.acts())()

    def run(self, stopping):
        """Until it is told to stop, or nobody answers any more."""
        self.peer = Peer(self.peer.house)
        try:
            while not stopping.is_set():
                self.act()
        except LOST as problem:
            if not wait_for(lambda: self.peer.house.process.poll() is not None, 20):
                self.wrong.append("no answer from a conductor that lives: %r" % problem)
        except Exception:  # pylint: disable=broad-except
            self.wrong.append(traceback.format_exc())


def judge(house, clients):
    """What is not as it was acknowledged. What is seen is from now on what was acknowledged."""
    peer, wrong = Peer(house), []
    for client in clients:
        absent = set()
        for thing in client.things():
            seen = thing.look(peer)
            if seen is None and thing.node is None:
                absent.add(thing)
            if thing.node is not None and (thing.node in absent or thing.node.allowed == [None]):
                if seen is not None:
                    wrong.append("%s is there and its node is not: %s" % (thing.name, seen))
            elif seen not in thing.allowed and not (seen is None and thing.fleeting):
                wrong.append("%s is %s, acknowledged was %s" % (thing.name, seen, thing.allowed))
            thing.settle(seen)
        client.nodes = [n for n in client.nodes if n[1].allowed != [None]]
        client.records = [r for r in client.records if r[2].allowed != [None]]
    return wrong


def restless(house):
    """Nodes in a state of passage that do not come to rest."""
    peer = Peer(house)

    def moving():
        nodes = peer.call("GET", "/v1/nodes?limit=1000")[1]["nodes"]
        return [n["uuid"] for n in nodes if n["provision_state"] not in STABLE and
                not n["provision_state"].endswith(" failed")]
    return moving() if not wait_for(lambda: not moving(), 60) else []


def one_life(house, shim, clients, number):
    """The conductor lives until it is killed; the point at which that was."""
    rnd = random.Random("%d %d" % (SEED, number))
    point = rnd.choice(INSIDE) if number % 2 == 0 else None
    shim.arm(point, rnd.randrange(20, 120))
    stopping = threading.Event()
    if house.start():
        threads = [threading.Thread(target=c.run, args=(stopping,), daemon=True) for c in clients]
        for t in threads:
            t.start()
        if point:
            wait_for(lambda: house.process.poll() is not None, 20, 0.005)
        else:
            time.sleep(rnd.uniform(0.3, 2.0))
        house.kill()
        stopping.set()
        for t in threads:
            t.join(120 * SLOW)
    power = rnd.random() < 0.5
    if power:
        shim.lose_power(rnd)
    else:
        shim.settle()
    return (shim.died() or "any") + (", power lost" if power else "")


def served():
    """All calls that change something, as the table of routes has them."""
    with open(os.path.join(TOP, "conductor/api/openapi.yaml"), encoding="utf-8") as f:
        text = f.read()
    calls, path = [], None
    for line in text.splitlines():
        found = re.match(r"  (/\S*):$", line)
        if found:
            path = found.group(1)
        found = re.match(r"    (post|put|patch|delete):", line)
        if found and path.startswith("/v1/") and not any(word in path for word in ELSEWHERE):
            calls.append("%s %s" % (found.group(1).upper(), path))
    return calls


def missing(clients):
    """Calls that nobody has made with success yet."""
    made = set().union(*(c.calls for c in clients))
    return [call for call in served()
            if not any(re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", call), one) for one in made)]


def delete_all_rules(clients):
    """Those of all clients at once, while nobody else asks."""
    if clients[0].ask("delete all inspection rules", Thing("-", None), "DELETE", "/v1/inspection_rules", None, None) < 300:
        for c in clients:
            c.forget([r for r in c.records if r[0] == "inspection rule"])


def warm_up(house, clients):
    """Every call once before the first end. What is missing after so long."""
    house.start()
    until = time.monotonic() + 300 * SLOW
    while missing(clients) and time.monotonic() < until:
        for c in clients:
            c.act()
        if missing(clients) == ["DELETE /v1/inspection_rules"]:
            delete_all_rules(clients)
    house.kill()
    return missing(clients)


def mix():
    house = House()
    try:
        shim = Shim(house)
        journal = open(house.folder + "/journal", "w", buffering=1, encoding="utf-8")
        clients = [Client(house, journal, i) for i in range(CLIENTS)]
        without = warm_up(house, clients)
        shim.settle()
        tap.ok(not without, "every call that changes something is made", "\n".join(without))
        points = []
        for number in range(KILLS):
            points.append(one_life(house, shim, clients, number))
            shim.arm(None, 0)
            house.start()
            wrong = judge(house, clients)
            tap.ok(not wrong, "%d: %s: everything acknowledged is there, and nothing half" % (number, points[-1]),
                   "\n".join(wrong[:20]))
            if number + 1 < KILLS:
                house.kill()
                shim.settle()
        moving = restless(house)
        tap.ok(not moving, "every node comes to rest", moving)
        wrong = [w for c in clients for w in c.wrong]
        tap.ok(not wrong, "no call got an answer that it should not", "\n".join(wrong[:20]))
        acked = sum((c.acked for c in clients), collections.Counter())
        tap.diag("acknowledged: %d, of %d kinds: %s" % (sum(acked.values()), len(acked), dict(acked)))
        tap.ok(sum(acked.values()) > 50 * KILLS, "%d calls were acknowledged" % sum(acked.values()))
    finally:
        house.clean()


if __name__ == "__main__":
    need_shim(tap)
    run_cases((mix,))
