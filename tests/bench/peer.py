"""The API beside Debian's Ironic on the same machine: reading one node, lists, creating, memory."""
import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

from benchlib import BUILD, OBJ, TOP, API_VERSION, CannotMeasure, Conductor, folder, need, row

HERE = os.path.dirname(os.path.abspath(__file__))
RELEASE = "bookworm"
PAGE = 1000  # nodes in a list


class Ours:
    name = "Ingot"

    def __init__(self, place):
        self.conductor = Conductor(place, "[drivers]\nenabled = fake-hardware\n")
        self.url = self.conductor.url

    def resident_mb(self):
        return self.conductor.resident_mb()

    def stop(self):
        self.conductor.stop()


class Theirs:
    """Ironic with two API workers, from a root that is made when it is not there."""
    name = "Ironic"

    def __init__(self):
        sys.path.insert(0, os.path.join(TOP, "tests/contract"))
        from ironic import Ironic  # pylint: disable=import-outside-toplevel
        self.ironic = Ironic(RELEASE, api_workers=2)
        self.url = self.ironic.url

    def resident_mb(self):
        """Of the programs themselves; what they share is counted once."""
        total = 0
        for pid in descendants(self.ironic.process.pid):
            with contextlib.suppress(OSError), open("/proc/%d/cmdline" % pid, "rb") as f:
                if b"ironic-" not in f.read():
                    continue
                with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as rollup:
                    total += int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1))
        return total * 1024 / 1e6

    def stop(self):
        self.ironic.stop()


def descendants(pid):
    found = [pid]
    for task in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(OSError), open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as f:
            for child in f.read().split():
                found += descendants(int(child))
    return found


def wrk(url, connections, seconds, script=None, tag=None):
    """Requests and bytes a second."""
    threads = connections if script else 1
    command = ["wrk", "-c", str(connections), "-t", str(threads), "-d", "%ds" % seconds, "--timeout", "60s", "-H",
               "X-OpenStack-Ironic-API-Version: " + API_VERSION]
    command += ["-s", script, url, "--", tag] if script else [url]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds + 90, check=False).stdout
    got = re.search(r"(\d+) requests in ([\d.]+)(m?s), ([\d.]+)(B|KB|MB|GB) read", out)
    if not got or "Non-2xx" in out:
        raise CannotMeasure("wrk %s: %s" % (url, out[-400:]))
    taken = float(got.group(2)) / (1000 if got.group(3) == "ms" else 1)
    read = float(got.group(4)) * 1024 ** ["B", "KB", "MB", "GB"].index(got.group(5))
    return int(got.group(1)) / taken, read / taken


def get(url, path):
    request = urllib.request.Request(url + path, headers={"X-OpenStack-Ironic-API-Version": API_VERSION})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def sqlite_alone(seconds):
    """Single-row commits a second of SQLite itself, on the disk of the build."""
    program = os.path.join(OBJ, "tests/bench/store_bench")
    need(program)
    run = subprocess.run([program, BUILD, str(seconds), "plain"], stdout=subprocess.PIPE, text=True, timeout=180,
                         check=True)
    return json.loads(run.stdout)["sqlite_plain"]


def create(side, seconds):
    """Creates over one connection, then over four."""
    script = os.path.join(HERE, "create.lua")
    one, _ = wrk(side.url, 1, seconds, script, "one")
    four, _ = wrk(side.url, 4, seconds, script, "four")
    return one, four


def fill(side, count, limit_s):
    """Until there are so many nodes."""
    until, turn = time.monotonic() + limit_s, 0
    while time.monotonic() < until:
        there = len(json.loads(get(side.url, "/v1/nodes?limit=%d&fields=uuid" % PAGE))["nodes"])
        if there >= count:
            return
        turn += 1
        wrk(side.url, 4, 1 if isinstance(side, Ours) else 5, os.path.join(HERE, "create.lua"), "fill%d" % turn)
    raise CannotMeasure("%s: not %d nodes after %d s" % (side.name, count, limit_s))


def read(side, seconds):
    """Answers a second to GET of one node, and nodes a second in pages of a list with details."""
    page = get(side.url, "/v1/nodes/detail?limit=%d" % PAGE)
    nodes = json.loads(page)["nodes"]
    one, _ = wrk(side.url + "/v1/nodes/" + nodes[len(nodes) // 2]["uuid"], 8, seconds)
    _, read_bytes = wrk(side.url + "/v1/nodes/detail?limit=%d" % PAGE, 8, seconds)
    return one, read_bytes / (len(page) / len(nodes)), len(nodes)


def measure(side, quick):
    seconds = 3 if quick else 8
    one, four = create(side, seconds)
    fill(side, 100 if quick else PAGE, 120)
    answers, listed, nodes = read(side, seconds)
    return {"one": one, "four": four, "get": answers, "list": listed, "nodes": nodes, "mb": side.resident_mb()}


def theirs(quick):
    """Ironic's figures; none, and why, when there is no Ironic."""
    try:
        side = Theirs()
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as problem:
        return {}, "no Ironic beside: %s" % problem
    try:
        return measure(side, quick), None
    finally:
        side.stop()


def resident(conductor, count):
    """Megabytes with so many nodes, all of which were read."""
    body = {"driver": "fake-hardware", "resource_class": "large", "driver_info": {"address": "10.0.0.1"},
            "properties": {"cpu_arch": "x86_64", "cpus": 64, "memory_mb": 262144, "local_gb": 960}}
    conductor.create([body] * count)
    page, seen = conductor.call("GET", "/v1/nodes/detail"), 0
    while True:
        seen += len(page["nodes"])
        if "next" not in page:
            break
        page = conductor.call("GET", page["next"][len(conductor.url):])
    if seen != count:
        raise CannotMeasure("%d nodes were made, and %d are listed" % (count, seen))
    return conductor.resident_mb()


def bench_peer(quick):
    """Ingot's API and Ironic's, asked the same by the same clients."""
    peer, why = theirs(quick)
    with folder() as place:
        side = Ours(place)
        try:
            alone = [sqlite_alone(1 if quick else 3)]
            ours = measure(side, quick)
            alone.append(sqlite_alone(1 if quick else 3))
        finally:
            side.stop()
    count = 2000 if quick else 10000
    with folder() as place:  # another one, for the creations above make as many nodes as they can
        side = Ours(place)
        try:
            full = resident(side.conductor, count)
        finally:
            side.stop()
    sqlite = sum(alone) / len(alone)

    def times(key, factor):
        return factor * peer[key] if key in peer else None

    def beside(key):
        return ("Ironic", peer.get(key))
    return [
        row("GET of one node, 8 connections", "1/s", ours["get"], least=times("get", 100), beside=beside("get"),
            note=why),
        row("list with details, pages of %d, 8 connections" % ours["nodes"], "nodes/s", ours["list"],
            least=times("list", 30), beside=beside("list")),
        row("create nodes, one client, durable", "1/s", ours["one"], least=max(times("one", 15) or 0, 0.7 * sqlite),
            beside=[beside("one"), ("SQLite's single-row commits", sqlite)]),
        row("create nodes, four clients, durable", "1/s", ours["four"], least=2 * ours["one"], beside=beside("four")),
        row("resident memory with %d nodes, after lists of them" % count, "MB", full, 64,
            ("Ironic with %d" % peer["nodes"], peer["mb"]) if peer else None),
    ]
