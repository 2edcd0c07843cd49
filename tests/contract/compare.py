"""Two transcripts of the same script beside each other: what differs, and which of it is accepted.

A difference has a key, one line of what was done, asked and looked at:

    baremetal | node show | GET /v1/nodes/n1 | value provision_state

Accepted ones stand in tests/api/differences.md, each as a paragraph that begins with the keys it
covers, in backticks, in which * stands for anything, and goes on with the reason.
"""

import difflib
import fnmatch
import json
import re
import urllib.parse

from talk import TIME, UUID

# What is inside them is an implementation's own affair: that they are there and of which type counts.
OPAQUE = {"driver_internal_info", "internal_info", "debuginfo", "faultstring", "media_types"}
# Members whose value nobody can foresee, or is free text.
FREE = {"hostname", "conductor", "hosts", "last_error", "reason", "description", "event", "user", "severity",
        "console_info", "alive"}
# Members that are there for a moment: whether it is caught is chance.
FLEETING = {"reservation"}
# Members that may be so or not yet in the answer of a node that was told to become something.
MOVING = {"provision_state", "target_provision_state", "power_state", "target_power_state"}


def plain(value):
    """A value without what differs from run to run: UUIDs, times, where the API is."""
    if isinstance(value, str):
        if TIME.match(value):
            return "<time>"
        if value.startswith("http"):
            parts = urllib.parse.urlsplit(value)
            if parts.hostname in ("127.0.0.1", "localhost"):
                value = parts.path + ("?" + parts.query if parts.query else "")
                value = re.sub("conductors/.+", "conductors/<host>", value)
        return UUID.sub("<uuid>", value)
    return value


# Answers whose members are texts for people.
TEXTS = re.compile(r"^GET /v1/drivers/[^/]+/(properties|raid/logical_disk_properties)$")
# How far the API goes is not what is compared.
NEWEST = re.compile(r"^GET /(v1/?)?$")


def kind(value):
    return {dict: "object", list: "list", str: "string", bool: "boolean", int: "number", float: "number",
            type(None): "null"}[type(value)]


def ordered(items):
    """Things with names by their names: who asks for an order checks it, and else there is none."""
    if all(isinstance(i, dict) and isinstance(i.get("name"), str) for i in items):
        return sorted(items, key=lambda i: i["name"])
    return items


def leaves(value, at=""):
    """{pointer: (type, value or None)} of everything in a JSON value."""
    found = {at: (kind(value), None)}
    name = at.rsplit("/", 1)[-1]
    if name in OPAQUE:
        pass
    elif name in FLEETING:
        del found[at]
    elif isinstance(value, list) and all(isinstance(i, str) for i in value):
        found[at] = ("list", None if name in FREE else sorted(plain(i) for i in value))
    elif isinstance(value, dict):
        for k, v in value.items():
            found.update(leaves(v, "%s/%s" % (at, UUID.sub("<uuid>", k))))
    elif isinstance(value, list):
        found[at] = ("list", len(value))
        for i, v in enumerate(ordered(value)):
            found.update(leaves(v, "%s/%d" % (at, i)))
    elif name not in FREE:
        found[at] = (kind(value), plain(value))
    return found


def name_of(pointer):
    """A pointer without the places in lists: differences of every item of a list are one."""
    return re.sub(r"/\d+(?=/|$)", "/*", pointer) or "/"


def members(theirs, ours):
    """(what, theirs, ours) for each difference between two JSON values."""
    a, b = leaves(theirs), leaves(ours)
    for pointer in sorted(set(a) | set(b)):
        parent = pointer.rsplit("/", 1)[0]
        if pointer not in b:
            if parent in b and b[parent][0] == a[parent][0]:
                yield "lacks " + name_of(pointer), a[pointer], None
        elif pointer not in a:
            if parent in a and b[parent][0] == a[parent][0]:
                yield "adds " + name_of(pointer), None, b[pointer]
        elif a[pointer][0] != b[pointer][0]:
            yield "type " + name_of(pointer), a[pointer], b[pointer]
        elif a[pointer][1] != b[pointer][1] and not name_of(pointer).endswith("/next"):
            yield "value " + name_of(pointer), a[pointer][1], b[pointer][1]


def differences(script, theirs, ours):
    """{key: [(done, theirs, ours), ...]} of two transcripts."""
    found = {}

    def differ(event, call, what, a, b):
        words = re.split(r"\(| --?[a-z]", event["do"])[0]
        found.setdefault(" | ".join((script, words, call, what)), []).append((event["do"], a, b))

    pairs = []
    did = [[e["do"] for e in events] for events in (theirs, ours)]
    for _, i, j, k, m in difflib.SequenceMatcher(None, *did, autojunk=False).get_opcodes():
        if did[0][i:j] == did[1][k:m]:
            pairs += zip(theirs[i:j], ours[k:m])
        else:
            differ((theirs[i:j] + ours[k:m])[0], "", "what was done", did[0][i:j], did[1][k:m])
    for a, b in pairs:
        if a["end"] != b["end"]:
            differ(a, "", "end", a["end"], b["end"])
        asked = [[c["ask"] for c in e["calls"]] for e in (a, b)]
        if asked[0] != asked[1]:
            differ(a, "", "requests", *asked)
            continue
        for x, y in zip(a["calls"], b["calls"]):
            if x["minor"] != y["minor"]:
                differ(a, x["ask"], "microversion", x["minor"], y["minor"])
            if x["status"] != y["status"]:
                differ(a, x["ask"], "status", x["status"], y["status"])
            elif x["status"] < 400 or x["answer"] is None or y["answer"] is None:
                texts = TEXTS.match(x["ask"]) or NEWEST.match(x["ask"])
                for what, m, n in members(x["answer"], y["answer"]):
                    if not (texts and what.startswith("value ")) and not (
                            a.get("moving") and what.rsplit("/", 1)[-1] in MOVING):
                        differ(a, x["ask"], what, m, n)
    return found


class Accepted:
    """The listed differences; knows at the end which of them did not occur."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            paragraphs = re.split(r"\n\s*\n", f.read())
        self.patterns = {}  # pattern -> how often it was met
        for p in paragraphs:
            if p.startswith("`"):
                keys = re.match(r"(?:`[^`]* \| [^`]*`\s*)+", p).group(0)
                if not p[len(keys):].strip():
                    raise ValueError("%s: no reason is given for %s" % (path, keys))
                self.patterns.update({k: 0 for k in re.findall(r"`([^`]+)`", keys)})

    def has(self, key):
        met = [p for p in self.patterns if fnmatch.fnmatchcase(key, p.replace("[", "[[]"))]
        for p in met:
            self.patterns[p] += 1
        return bool(met)

    def unmet(self):
        return [p for p, n in self.patterns.items() if not n]


def shown(value):
    text = json.dumps(value)
    return text if len(text) < 160 else text[:157] + "..."
