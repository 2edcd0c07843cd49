#!/usr/bin/env python3
"""Every cell of the microversion table, on both sides of its version.

microversions.json holds what Debian's Ironics answered, and above 1.96 what the contract says
(tests/contract/record_versions.py writes it): a row is a request, what to look at in its answer, and
the versions at which that changes. Each row is asked of ingotd at each of these versions, at the one
before, at the first and at the last. What is otherwise here on purpose stands in microversions.md.
"""

import http.client
import json
import os
import re
import sys
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, ok  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
NEWEST = 110
PATIENCE = 20  # seconds that a node may be busy with what was asked before


class Session:
    """One connection, and what the names in braces stand for."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.known = {}
        self.count = 0

    def ask(self, method, path, body, minor):
        """(status, answer)"""
        headers = {"X-OpenStack-Ironic-API-Version": "1.%d" % minor, "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        data = response.read()
        try:
            return response.status, json.loads(data) if data else None
        except ValueError:
            return response.status, None

    def fill(self, value):
        """Names in braces are what is known; those that begin with any are new each time."""
        self.count += 1
        fresh = {"any": "x%d" % self.count, "ANY": "X%d" % self.count, "any_uuid": str(uuid.uuid4()),
                 "any_mac": "52:54:00:0b:%02x:%02x" % (self.count // 256 % 256, self.count % 256)}
        text = re.sub(r"\{(\w+)\}", lambda m: fresh.get(m[1]) or self.known[m[1]], json.dumps(value))
        return json.loads(text)

    def can(self, row):
        names = set(re.findall(r"\{(\w+)\}", json.dumps([row["path"], row.get("body")])))
        return all(n in self.known or n.lower().startswith("any") for n in names)

    def settle(self, node, want=None):
        """Waits until nothing is going on with a node, or until its power is as wanted."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            states = self.ask("GET", "/v1/nodes/%s/states" % node, None, NEWEST)[1]
            if states["target_provision_state"] is None and states["target_power_state"] is None and \
                    want in (None, states["power_state"]):
                return True
            time.sleep(0.02)
        return False

    def prepare(self, item):
        """One thing that rows talk about. False: it could not be made."""
        status, answer = self.ask(item.get("method", "POST"), item["path"], self.fill(item.get("body")), NEWEST)
        if status not in (200, 201):
            return False
        name = str(member(answer, item.get("take", "/uuid")))
        self.known[item["as"]] = name
        for verb in item.get("verbs", ()):
            if self.ask("PUT", "/v1/nodes/%s/states/provision" % name, {"target": verb}, NEWEST)[0] != 202:
                return False
            if not self.settle(name):
                return False
        if "power" in item:
            self.ask("PUT", "/v1/nodes/%s/states/power" % name, {"target": item["power"]}, NEWEST)
            return self.settle(name, item["power"])
        return True

    def remove(self, path):
        """What a row created goes again."""
        if self.ask("DELETE", path, None, NEWEST)[0] >= 300:
            self.ask("PUT", path + "/maintenance", {}, NEWEST)
            self.ask("DELETE", path, None, NEWEST)

    def answer(self, row, minor, want):
        """What a row looks at; a node that is busy with the row before is waited for."""
        until = time.monotonic() + PATIENCE
        while True:
            path, body = self.fill(row["path"]), self.fill(row.get("body"))
            status, answer = self.ask(row["method"], path, body, minor)
            if row["method"] == "POST" and status == 201:
                self.remove(path + "/" + answer["uuid"])
            got = look(status, answer, row["look"])
            if got == want or status != 409 or time.monotonic() > until:
                return got
            time.sleep(0.02)


def member(value, pointer):
    """The member a JSON pointer names; raises LookupError."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError) as e:
            raise LookupError(pointer) from e
    return value


def look(status, answer, how):
    if how == "status":
        return status
    kind, pointer = how.split(" ", 1)
    try:
        found = member(answer, pointer)
    except LookupError:
        return False if kind == "has" else "missing"
    return status < 300 if kind == "has" else found


def expected(row, minor):
    return [answer for since, answer in row["answers"] if since <= minor][-1]


def versions(row, last):
    """The first that there is an answer for, those on both sides of each change, and the last that was asked."""
    first, *changes = [since for since, _ in row["answers"]]
    return sorted({v for c in changes for v in (c - 1, c) if v <= NEWEST} | {first, last})


def title(row):
    body = json.dumps(row["body"]) if "body" in row else ""
    return re.sub(r"\s+", " ", "%s %s %s: %s" % (row["method"], row["path"], body, row["look"]))


def on_purpose():
    """The rows that microversions.md gives a reason for, as title() calls them."""
    with open(os.path.join(HERE, "microversions.md"), encoding="utf-8") as f:
        return set(re.findall(r"^- `(.+)`$", f.read(), re.M))


def main():
    with open(os.path.join(HERE, "microversions.json"), encoding="utf-8") as f:
        table = json.load(f)
    c = Conductor()
    s = Session(c.port)
    for item in table["setup"]:
        ok(s.prepare(item), "there is a %s to ask about" % item["as"])
    reasons = on_purpose()
    used = set()
    for row in table["rows"]:
        wrong = []
        if not s.can(row):
            ok(False, title(row) + ": nothing to ask about")
            continue
        for minor in versions(row, NEWEST if row.get("from") == "contract" else 96):
            want = expected(row, minor)
            got = s.answer(row, minor, want)
            if got != want:
                wrong.append("1.%d: %s, not %s" % (minor, json.dumps(got), json.dumps(want)))
        key = title(row)
        if wrong and key in reasons:
            used.add(key)
            continue
        if not ok(not wrong, key):
            print("#   " + "; ".join(wrong), flush=True)
    for key in sorted(reasons - used):
        ok(False, "a reason for a difference that is none: " + key)
    done()


main()
