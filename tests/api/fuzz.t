#!/usr/bin/env python3
"""Requests made from openapi.yaml and then spoiled, sent over HTTP to a running ingotd.

    fuzz.t [--seconds N] [--seed N]      make fuzz-api: ten minutes with the address sanitizer

A request is made as the document says: a path with things that exist, arguments, a body with values
that mean something. Then it is changed: types, keys, depths, lengths, bytes, versions, methods. Every
answer has to be one that the document allows, in its form; no answer is 500; the conductor lives to
the end, without a word from a sanitizer, and does not grow without bound. What failed is printed as
it was sent.
"""

import argparse
import copy
import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.parse
import uuid

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import Conductor, done, ok  # noqa: E402

THREADS = 4
PATIENCE = 60  # seconds for an answer
BODY_MAX = 2 * 1024 * 1024
RSS_MAX_MB = {"release": 192, "asan": 1024}
FAILURES_SHOWN = 10
ENDLESS = "/ingot/v1/nodes/{node}/console"  # a stream that nobody ends

VERBS = ("manage provide inspect active deploy rebuild deleted undeploy clean service rescue unrescue adopt "
         "abort unhold").split()
STEP = {"interface": "deploy", "step": "deploy", "args": {}, "priority": 10}
CLEAN = {"interface": "deploy", "step": "erase_devices", "args": {"a": [1, {"b": None}]}}
RULE = {"op": "set-attribute", "args": {"path": "/extra/x", "value": "{inventory[cpu][count]}"}}
NETWORK = {"links": [{"id": "a", "type": "phy", "ethernet_mac_address": "52:54:00:01:02:03"}], "networks": [],
           "services": [{"type": "dns", "address": "192.0.2.1"}]}
# Values that mean something, by the name of a member or argument.
VALUES = {
    "driver": ["fake-hardware"], "interface": ["deploy", "bios"], "step": ["x"], "args": [{}],
    "clean_steps": [[CLEAN]], "service_steps": [[CLEAN]], "deploy_steps": [[STEP]],
    "traits": [["CUSTOM_A"], ["CUSTOM_A", "HW_CPU_X86_VMX"], []], "trait": ["CUSTOM_A", "CUSTOM_B"],
    "configdrive": [{"meta_data": {"a": 1}, "user_data": "x"}, "aGVsbG8=", "http://127.0.0.1:9/x"],
    "target": VERBS + ["power on", "power off", "rebooting", "soft power off", "uefi", "bios", True, False],
    "boot_device": ["pxe", "disk", "cdrom"], "device_type": ["cdrom", "floppy"], "state": ["on", "off", "active"],
    "image_url": ["http://127.0.0.1:9/i.iso"], "network_data": [NETWORK, {}], "phase": ["main"],
    "properties": [{"cpus": 4, "memory_mb": "1024", "capabilities": "boot_mode:uefi"}],
    "driver_info": [{"a": {"password": "s"}}, {}], "instance_info": [{"image_source": "http://127.0.0.1:9/i"}],
    "logical_disks": [[{"size_gb": 10, "raid_level": "1"}], []], "resource_class": ["baremetal", "c"],
    "local_link_connection": [{"switch_id": "52:54:00:00:00:01", "port_id": "p"}, {}],
    "conditions": [[{"op": "eq", "args": {"values": ["{node.driver}", "x"]}}], []],
    "actions": [[RULE], [{"op": "log", "args": {"msg": "{item}"}, "loop": [1, 2]}]],
    "events": [[{"event": "network.bind_port", "port_id": str(uuid.uuid4()), "mac_address": "52:54:00:00:00:01",
                 "status": "ACTIVE"}]],
    "inventory": [{"interfaces": [{"name": "e", "mac_address": "52:54:00:00:00:01"}], "cpu": {"count": 2}}],
    "provision_state": ["available", "enroll", "active"], "fault": ["power failure"], "sort_dir": ["asc", "desc"],
    "sort_key": ["uuid", "name", "created_at", "id", "extra"], "fields": ["uuid", "uuid,name,extra", "links"],
    "limit": ["1", "2", "0", "1000000"], "detail": ["True", "false", "1"], "type": ["dynamic", "iqn"],
    "callback_url": ["https://127.0.0.1:9999"], "method": ["GET", "PUT", "first_method", "second_method"],
    "volume_type": ["iscsi"], "boot_index": [0, 1], "priority": [0, 5, 100], "agent_token": ["t"],
    "candidate_nodes": [[]], "indicator": ["led-0@chassis", "chassis"], "file": ["a.tar.gz", "..%2f..%2fetc"],
    "action": ["accept", "ignore"], "address": None, "node": None, "uuid": None, "name": None,
    "format": ["json", "csv"], "data": ["00 01"], "bond_mode": ["802.3ad"],
}
NASTY = [None, True, -1, 0, 1, 2 ** 31, 2 ** 63 - 1, -2 ** 63, 10 ** 30, 1.5, 1e308, "", " ", "x" * 300, "x" * 70000,
         "\u0000", "\ud7ff\ue000", "../../etc/passwd", "%s%n", "'; DROP TABLE nodes; --", "\r\nX: y", "{node.x[a]}",
         "~", "~0~1~2", "******", [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": [1, [2, [3]]]}}}, "é" * 200,
         "1.2.3.4", "52:54:00:00:00:zz", "00000000-0000-0000-0000-000000000000", "true", "latest"]
VERSIONS = ["1.110"] * 12 + ["latest", "1.1", "1.5", "1.11", "1.31", "1.52", "1.82", "1.96", "1.999", "2.0", "x", "", None]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "FROB"]


def encode(value):
    """JSON text of at most BODY_MAX bytes: what is longer is cut."""
    parts, size = [], 0
    try:
        for part in json.JSONEncoder().iterencode(value):
            parts.append(part)
            size += len(part)
            if size > BODY_MAX:
                break
    except RecursionError:
        parts = ["[" * 3000]
    return "".join(parts).encode("utf-8", "surrogatepass")[:BODY_MAX]


class Maker:
    """Makes requests; one for each thread."""

    def __init__(self, doc, seed):
        self.doc = doc
        self.random = random.Random(seed)
        self.count = seed % 200 * 100000
        self.pool = {}  # by parameter name: what is known to exist
        self.operations = [(path, method, o) for path, methods in doc["paths"].items() for method, o in methods.items()
                           if path != ENDLESS]

    def resolve(self, node):
        while "$ref" in node:
            target = self.doc
            for part in node["$ref"].split("/")[1:]:
                target = target[part]
            node = target
        return node

    def learn(self, path, answer):
        """Remembers what an answer shows to be there."""
        if not isinstance(answer, dict):
            return
        words = path.strip("/").split("/")
        kind = {"nodes": "node", "ports": "port", "portgroups": "portgroup", "chassis": "chassis",
                "connectors": "volume_connector", "targets": "volume_target", "allocations": "allocation",
                "deploy_templates": "deploy_template", "runbooks": "runbook", "inspection_rules": "rule",
                "history": "event"}.get(words[-1])
        for item in (answer.get(words[-1]) or [answer] if kind else []):
            if isinstance(item, dict) and "uuid" in item:
                known = self.pool.setdefault(kind, [])
                known.append(item["uuid"])
                if isinstance(item.get("name"), str) and item["name"]:
                    known.append(item["name"])
                del known[:-20]

    def known(self, name):
        """Something that exists for a parameter or member of this name; None when there is none."""
        for suffix in ("_uuid", "_ident", ""):
            if name.endswith(suffix) and name[:len(name) - len(suffix)] in self.pool:
                return self.random.choice(self.pool[name[:len(name) - len(suffix)]])
        return None

    def value(self, name, schema):
        r = self.random
        self.count += 1
        existing = self.known(name)
        if existing and r.random() < 0.8:
            return existing
        if VALUES.get(name):
            return copy.deepcopy(r.choice(VALUES[name]))
        if name == "address":
            return "52:54:%02x:%02x:%02x:%02x" % tuple(r.randrange(256) for _ in range(4))
        if name == "name":
            return r.choice(["n%d", "ns~n%d", "CUSTOM_N%d"]) % self.count
        kinds = schema.get("type", "string")
        kind = r.choice(kinds if isinstance(kinds, list) else [kinds])
        if schema.get("format") == "uuid" and kind == "string":
            return str(uuid.UUID(int=r.getrandbits(128), version=4))
        return {"string": "s%d" % self.count, "integer": r.randrange(10), "boolean": r.random() < 0.5, "null": None,
                "object": {"k%d" % r.randrange(3): r.randrange(5)}, "array": []}.get(kind)

    def patch(self, path):
        """A patch of what GET of the same path shows."""
        r = self.random
        shown = self.doc["paths"][path].get("get", {}).get("responses", {}).get("200", {})
        schema = self.resolve(shown.get("content", {}).get("application/json", {}).get("schema", {}))
        names = list(schema.get("properties", {})) or ["extra"]
        out = []
        for _ in range(r.choice([0, 1, 1, 1, 2, 5])):
            name = r.choice(names + ["extra"] * 5)
            where = "/" + name + r.choice(["", "", "/k1", "/k1/0", "/k1/-", "/a~1b", "/a/b/c/d"])
            op = {"op": r.choice(["add", "add", "replace", "remove"]), "path": where}
            if op["op"] != "remove":
                op["value"] = self.value(name, self.resolve(schema.get("properties", {}).get(name, {})))
            out.append(op)
        return out

    def body(self, path, o):
        if "requestBody" not in o:
            return None
        schema = self.resolve(o["requestBody"]["content"]["application/json"]["schema"])
        if schema.get("type") == "array":
            return self.patch(path)
        out = {}
        for name, prop in schema.get("properties", {}).items():
            if name in schema.get("required", ()) or self.random.random() < 0.25:
                out[name] = self.value(name, self.resolve(prop))
        if not schema.get("properties"):
            for name in self.random.sample(sorted(VALUES), 3):
                out[name] = self.value(name, {})
        if path == "/ingot/v1/batch":
            out = {"nodes": self.pool.get("node", ["x"])[:5], "requests": [
                {"method": "PUT", "path": "/states/provision", "body": {"target": self.random.choice(VERBS)}}],
                "dry_run": self.random.random() < 0.5, "at_most": 10}
        return out

    def spoil(self, value):
        """One change somewhere inside of a value."""
        r = self.random
        if isinstance(value, dict) and value and r.random() < 0.8:
            key = r.choice(list(value))
            how = r.randrange(5)
            if how == 0:
                del value[key]
            elif how == 1:
                value[r.choice(["x", "", "uuid", "é", key * 2, "a" * 300])] = copy.deepcopy(value[key])
            else:
                value[key] = self.spoil(value[key])
            return value
        if isinstance(value, list) and value and r.random() < 0.8:
            i = r.randrange(len(value))
            value[i] = self.spoil(value[i])
            return value * (r.choice([1, 1, 1, 2, 60]) if len(value) < 100 else 1)
        if r.random() < 0.1:
            for _ in range(r.choice([5, 24, 25, 26, 2000])):
                value = [value]
        return copy.deepcopy(r.choice(NASTY)) if r.random() < 0.8 else value

    def spoil_text(self, text):
        """Changes of bytes."""
        r = self.random
        data = bytearray(text)
        for _ in range(r.choice([1, 1, 2, 8])):
            if not data:
                break
            i = r.randrange(len(data))
            how = r.randrange(4)
            if how == 0:
                data[i] = r.randrange(256)
            elif how == 1:
                del data[i:i + r.randrange(1, 20)]
            elif how == 2:
                data[i:i] = r.choice([b'"', b"{", b"]", b"\\u0000", b"\xff", b"\x00", b"1e999", b'"a":1,"a":2,', b"//"])
            else:
                data[i:i] = data[i:i + r.randrange(1, 50)]
        return bytes(data)

    def request(self):
        """(method, path as the document has it, target, version, body bytes, operation or None)"""
        r = self.random
        path, method, o = r.choice(self.operations)
        target = path
        for p in map(self.resolve, o.get("parameters", [])):
            if p["in"] == "path":
                value = self.value(p["name"], p["schema"]) if r.random() < 0.92 else r.choice(NASTY)
                safe = "~" if r.random() < 0.97 else "/%~"
                target = target.replace("{%s}" % p["name"], urllib.parse.quote(str(value)[:2000], safe=safe))
        query = []
        for p in map(self.resolve, o.get("parameters", [])):
            if p["in"] == "query" and r.random() < 0.12:
                value = self.value(p["name"], p["schema"]) if r.random() < 0.8 else r.choice(NASTY)
                query.append((p["name"], str(value)[:2000]))
        if r.random() < 0.03:
            query.append((str(r.choice(NASTY))[:50], "1"))
        if query:
            target += "?" + urllib.parse.urlencode(query)
        body = self.body(path, o)
        for _ in range(r.choice([0, 0, 0, 1, 1, 2, 4])):
            body = self.spoil(body) if body is not None else None
        text = None if body is None else encode(body)
        if text is not None and r.random() < 0.15:
            text = self.spoil_text(text)
        if r.random() < 0.03:
            return r.choice(METHODS), path, target, r.choice(VERSIONS), text, None
        return method.upper(), path, target, r.choice(VERSIONS), text, o


def complaint(method, status, headers, data, o):
    """What is wrong with an answer, or None."""
    if status >= 500 and status not in (501, 503, 507):
        return "status %d" % status
    if o and 200 <= status < 300 and str(status) not in o["responses"]:
        return "status %d, which openapi.yaml does not have" % status
    if method == "HEAD" or not data:
        return None if status < 400 or method == "HEAD" else "an error without a body"
    if status in (202, 204):
        return "a body with %d" % status if status == 204 else None
    if status < 400 and not headers.get("content-type", "").startswith("application/json"):
        return None  # metrics, CSV, logs
    try:
        answer = json.loads(data)
    except ValueError:
        return "no JSON"
    if status < 400:
        return None
    try:
        inner = json.loads(answer["error_message"])
        if set(inner) != {"faultcode", "faultstring", "debuginfo"} or not inner["faultstring"]:
            return "an error of another form"
        if inner["faultcode"] != ("Client" if status < 500 else "Server"):
            return "the wrong faultcode"
    except (KeyError, TypeError, ValueError):
        return "an error of another form"
    return None


class Hammer(threading.Thread):
    """Sends requests until the time is over or too much went wrong."""

    def __init__(self, port, maker, until):
        super().__init__()
        self.port, self.maker, self.until = port, maker, until
        self.sent, self.good, self.failures = 0, 0, []

    def run(self):
        try:
            self.hammer()
        except Exception as e:  # an error of this script, which must not pass for success
            self.failures.append("the fuzzer itself: %r" % e)

    def hammer(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        while time.monotonic() < self.until and len(self.failures) < FAILURES_SHOWN:
            try:
                method, path, target, version, body, o = self.maker.request()
            except RecursionError:  # spoiled too deep for Python itself
                continue
            headers = {"X-OpenStack-Ironic-API-Version": version} if version is not None else {}
            what = "%s %s [%s] %r" % (method, target[:300], version, body[:600] if body else body)
            try:
                connection.request(method, target, body, headers)
                response = connection.getresponse()
                data = response.read()
            except (http.client.HTTPException, OSError, UnicodeError) as e:
                connection.close()
                if isinstance(e, (ConnectionRefusedError, TimeoutError)):
                    self.failures.append("%s: %s" % (what, e))
                continue
            self.sent += 1
            self.good += response.status < 300
            wrong = complaint(method, response.status, {k.lower(): v for k, v in response.getheaders()}, data, o)
            if wrong:
                self.failures.append("%s: %s: %s" % (what, wrong, data[:300]))
            elif response.status in (200, 201):
                self.learn(path, data)

    def learn(self, path, data):
        try:
            self.maker.learn(path, json.loads(data))
        except ValueError:
            pass


def build():
    """The programs with the address sanitizer when they are as new as the others; (folder, name)."""
    if "INGOT_OUT" in os.environ:
        return harness.OUT, "asan" if "asan" in harness.OUT else "release"
    asan = os.path.join(harness.OUT, "asan")
    try:
        if os.path.getmtime(os.path.join(asan, "ingotd")) >= os.path.getmtime(os.path.join(harness.OUT, "ingotd")):
            return asan, "asan"
    except OSError:
        pass
    return harness.OUT, "release"


def resident_mb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) // 1024 for line in f if line.startswith("VmRSS:"))


def prepare(c, maker):
    """Something of everything, so that most requests are about what exists."""
    def made(path, body, version="1.110"):
        status, answer, _ = c.request("POST", path, body, version)
        if ok(status == 201, "POST %s" % path):
            maker.learn(path, answer)
        return answer

    nodes = [made("/v1/nodes", {"driver": "fake-hardware", "name": "f%d" % i, "resource_class": "c"})
             for i in range(4)]
    made("/v1/ports", {"node_uuid": nodes[0]["uuid"], "address": "52:54:00:00:00:01"})
    made("/v1/portgroups", {"node_uuid": nodes[0]["uuid"], "name": "g"})
    made("/v1/chassis", {})
    made("/v1/volume/connectors", {"node_uuid": nodes[0]["uuid"], "type": "iqn", "connector_id": "i"})
    made("/v1/volume/targets", {"node_uuid": nodes[0]["uuid"], "volume_type": "iscsi", "volume_id": "v", "boot_index": 0})
    made("/v1/deploy_templates", {"name": "CUSTOM_T", "steps": [STEP]})
    made("/v1/runbooks", {"name": "CUSTOM_R", "steps": [{"interface": "deploy", "step": "x", "order": 1}]})
    for target in ("manage", "provide"):
        c.request("PUT", "/v1/nodes/f1/states/provision", {"target": target})
        c.wait_state("f1", "manageable" if target == "manage" else "available")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    harness.OUT, variant = build()
    print("# seed %d, %s" % (args.seed, variant), flush=True)
    with open(os.path.join(harness.TOP, "conductor/api/openapi.yaml"), encoding="utf-8") as f:
        doc = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    c = Conductor()
    makers = [Maker(doc, args.seed + i) for i in range(THREADS)]
    prepare(c, makers[0])
    for m in makers[1:]:
        m.pool = copy.deepcopy(makers[0].pool)
    hammers = [Hammer(c.port, m, time.monotonic() + args.seconds) for m in makers]
    for h in hammers:
        h.start()
    for h in hammers:
        h.join()
    failures = [f for h in hammers for f in h.failures]
    print("# %d requests, %d of them with success" % (sum(h.sent for h in hammers), sum(h.good for h in hammers)))
    ok(not failures, "every answer is one the document allows")
    for f in failures[:FAILURES_SHOWN]:
        print("#   " + f.replace("\n", "\\n"), flush=True)
    ok(sum(h.good for h in hammers) > sum(h.sent for h in hammers) / 20, "many requests succeeded")
    if ok(c.process.poll() is None, "the conductor is alive"):
        ok(c.request("GET", "/v1/nodes?limit=1")[0] == 200, "and answers")
        rss = resident_mb(c.process.pid)
        ok(rss < RSS_MAX_MB[variant], "with %d MB of memory" % rss)
    done()


main()
