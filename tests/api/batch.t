#!/usr/bin/python3
"""POST /ingot/v1/batch: many requests about nodes in one call, their answers one by one, the guard against
destroying more than was meant, and dry runs that change nothing."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, fault, ok, same  # noqa: E402

COUNT = 1000
c = Conductor()


def batch(body, status=200):
    code, answer, _ = c.request("POST", "/ingot/v1/batch", body, version=None)
    same(code, status, "the batch is answered %d" % status)
    return answer


def provision(target, **more):
    return {"method": "PUT", "path": "/states/provision", "body": dict(target=target, **more)}


def states():
    found, marker = {}, ""
    while True:
        page = c.request("GET", "/v1/nodes?fields=name,uuid,provision_state&limit=1000" + marker)[1]["nodes"]
        found.update((n["name"], n["provision_state"]) for n in page)
        if len(page) < 1000:
            return found
        marker = "&marker=" + page[-1]["uuid"]


def all_come_to(state, limit_s=120):
    until = time.monotonic() + limit_s * float(os.environ.get("INGOT_SLOW", "1"))
    while time.monotonic() < until and set(states().values()) != {state}:
        time.sleep(0.2)
    return same(set(states().values()), {state}, "all come to " + state)


names = ["b%04d" % i for i in range(COUNT)]
def enroll(mine):
    for name in mine:
        c.request("POST", "/v1/nodes", {"driver": "fake-hardware", "name": name})


workers = [threading.Thread(target=enroll, args=(names[i::4],)) for i in range(4)]
for w in workers:
    w.start()
for w in workers:
    w.join()
same(len(states()), COUNT, "a thousand nodes")

# One call, one result for each node, in the order given
answer = batch({"nodes": names, "requests": [provision("manage")]})
same([r["node"] for r in answer["results"]], names, "a result for each, in order")
same((answer["failed"], {r["status"] for r in answer["results"]}), (0, {202}), "all were taken")
all_come_to("manageable")

# The guard: what destroys is limited unless the caller says how many are meant
answer = batch({"nodes": names, "requests": [provision("provide")]}, 400)
ok("1000 nodes" in fault(answer) and "at_most" in fault(answer), "the guard says what to do: " + fault(answer))
answer = batch({"nodes": names, "requests": [provision("provide")], "at_most": 999}, 400)
same(set(states().values()), {"manageable"}, "nothing was touched")

# A dry run says what it would touch, and changes nothing
answer = batch({"nodes": names[:3] + ["b9999"], "requests": [provision("provide")], "dry_run": True})
same([r["status"] for r in answer["results"]], [202, 202, 202, 404], "what would be taken")
same((answer["results"][0]["provision_state"], answer["results"][0]["disks"]), ("manageable", []), "and what it is now")
ok("b9999" in answer["results"][3]["error"], "what would be refused, and why")
power = c.request("GET", "/v1/nodes/b0000/states")[1]["power_state"]
other = "power off" if power == "power on" else "power on"
switch = {"method": "PUT", "path": "/states/power", "body": {"target": other}}
trait = {"method": "PUT", "path": "/traits/CUSTOM_DRY"}
answer = batch({"nodes": ["b0000", "b9999"], "requests": [switch, trait], "dry_run": True})
same([r["status"] for r in answer["results"]], [204, 404], "a dry run of other requests checks them")
same((c.request("GET", "/v1/nodes/b0000/states")[1]["power_state"],
      c.request("GET", "/v1/nodes/b0000/traits")[1]["traits"]), (power, []),
     "and does none of them")
answer = batch({"nodes": names[:2], "requests": [{"method": "DELETE"}], "dry_run": True})
same([r["status"] for r in answer["results"]], [204, 204], "a deletion that would be taken")
same((len(states()), set(states().values())), (COUNT, {"manageable"}), "nothing was changed")
batch({"nodes": names, "requests": [provision("provide")], "at_most": COUNT})
all_come_to("available")

# Requests about one node go one after the other, until one is refused; nodes may have their own
patch = {"method": "PATCH", "body": [{"op": "add", "path": "/instance_info/image_source", "value": "http://h/i"}]}
wrong = {"method": "PATCH", "body": [{"op": "add", "path": "/frob", "value": 1}]}
answer = batch({"nodes": ["b0000", {"node": "b0001", "requests": [wrong, provision("active")]}],
                "requests": [patch, provision("active")], "dry_run": True})
same([r["status"] for r in answer["results"]], [202, 400], "a dry run takes patch and verb together")
ok("frob" in answer["results"][1]["error"], "and refuses what the patch would be refused for")
same(c.request("GET", "/v1/nodes/b0000")[1]["instance_info"], {}, "and changes nothing")
for bad in ([7], [{"op": "add"}], {"op": "add"}, [{"op": "add", "path": "/uuid", "value": 1}], 7, None):
    body = {"method": "PATCH"} if bad is None else {"method": "PATCH", "body": bad}
    answer = batch({"nodes": ["b0000"], "requests": [body, provision("active")], "dry_run": True})
    same(answer["results"][0]["status"], 400, "a dry run's patch is checked: %r: %s" % (bad, answer["results"][0]["error"]))
answer = batch({"nodes": ["b0000", {"node": "b0001", "requests": [wrong, provision("active")]}, "b0002", "b0003"],
                "requests": [patch, provision("active")]})
same([r["status"] for r in answer["results"]], [202, 400, 202, 202], "refused patch, no verb")
ok("frob" in answer["results"][1]["error"], "with its reason: " + answer["results"][1]["error"])
until = time.monotonic() + 60
while time.monotonic() < until and states()["b0000"] != "active":
    time.sleep(0.1)
same((states()["b0000"], states()["b0001"]), ("active", "available"), "each as told")
same(c.request("GET", "/v1/nodes/b0001")[1]["instance_info"], {}, "the refused patch left nothing")

# What is no batch
for body, word in (({"nodes": [], "requests": [patch], "frob": 1}, "frob"), ({"requests": [patch]}, "nodes"),
                   ({"nodes": ["b0000"]}, "b0000"), ({"nodes": ["b0000", "b0000"], "requests": [patch]}, "twice"),
                   ({"nodes": ["../x"], "requests": [patch]}, "../x"), ({"nodes": [7], "requests": [patch]}, "nodes"),
                   ({"nodes": ["b0000"], "requests": [{"method": "GET"}]}, "GET"),
                   ({"nodes": ["b0000"], "requests": [{"method": "POST", "path": "/../../heartbeat/x"}]}, "POST"),
                   ({"nodes": ["b0000"], "requests": [7]}, "requests"),
                   ({"nodes": ["b0000"], "requests": [patch] * 9}, "requests"),
                   ({"nodes": names * 11, "requests": [patch]}, "nodes")):
    answer = batch(body, 400)
    ok(word in fault(answer), "says so: " + fault(answer)[:120])
answer = batch({"nodes": ["b0002"], "requests": [{"method": "PUT", "path": "/states/provision"}]})
same(answer["results"][0]["status"], 400, "a request without its body is refused alone: " + answer["results"][0]["error"])
same(batch({"nodes": [], "requests": [patch]})["results"], [], "an empty batch")

# It may be stopped in the middle
stopping = threading.Thread(target=lambda: c.request("POST", "/ingot/v1/batch", {
    "nodes": names, "requests": [{"method": "PUT", "path": "/maintenance", "body": {"reason": "x" * 1000}}] * 8}, version=None))


def ignore(_):
    pass


threading.excepthook = ignore  # the connection may end without an answer
stopping.start()
time.sleep(0.3)
c.stop()
stopping.join()
done()
