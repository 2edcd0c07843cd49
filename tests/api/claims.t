#!/usr/bin/python3
"""Allocations (who gets which node, and when it may go), inspection rules (kept, and at work in an inspection that
this script plays the agent of), events, shards, conductors, traits, and whose an agent's inspection data is."""

import json
import os
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import OUT, Conductor, done, fault, ok, run, same  # noqa: E402

BUILT_IN = """
- uuid: built-in-1
  description: everything is counted
  priority: -5
  conditions:
    - {op: "!is-none", args: ["{inventory[cpu][count]}"]}
  actions:
    - op: set-attribute
      args: {path: extra/order, value: "{node.extra[order]}b"}
"""
rules_file = tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="ingot-rules-")
rules_file.write(BUILT_IN)
rules_file.flush()
EXTRA = "[inspection_rules]\nbuilt_in_rules = %s\n" % rules_file.name
c = Conductor(extra=EXTRA)
LIMIT = 60 * float(os.environ.get("INGOT_SLOW", "1"))


def req(method, path, body=None, status=None, version="1.110"):
    code, answer, _ = c.request(method, path, body, version=version)
    if status is not None:
        same(code, status, "%s %s %s: %d" % (method, path, str(body)[:70] if body else "", status))
    return answer


def node(name, **fields):
    """A node that is available."""
    made = req("POST", "/v1/nodes", dict(fields, driver="fake-hardware", name=name))
    for target, state in (("manage", "manageable"), ("provide", "available")):
        req("PUT", "/v1/nodes/%s/states/provision" % name, {"target": target})
        c.wait_state(name, state)
    return made["uuid"]


def settled(ident):
    """The allocation when it is decided."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        a = req("GET", "/v1/allocations/" + ident)
        if a["state"] != "allocating":
            return a
        time.sleep(0.02)
    return a


def allocate(**fields):
    made = req("POST", "/v1/allocations", fields, 201)
    same((made["state"], made["node_uuid"]), ("allocating", None), "it is answered before it has a node")
    return settled(made["uuid"])


# Eight clients at once: no node is given twice, and who comes too late is told
uuids = {node("n%02d" % i, resource_class="many") for i in range(16)}
answers = []


def claim():
    for _ in range(3):
        answers.append(c.request("POST", "/v1/allocations", {"resource_class": "many"})[1]["uuid"])


threads = [threading.Thread(target=claim) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
decided = [settled(a) for a in answers]
given = [a["node_uuid"] for a in decided if a["state"] == "active"]
same((len(given), set(given)), (16, uuids), "each node is given once")
late = [a for a in decided if a["state"] == "error"]
same((len(late), {a["node_uuid"] for a in late}), (8, {None}), "the others have an error")
ok(all("resource class many" in a["last_error"] for a in late), "that says why: " + late[0]["last_error"])
n00 = req("GET", "/v1/nodes/n00")
same((n00["instance_uuid"], n00["instance_info"]), (n00["allocation_uuid"], {"traits": []}),
     "the node is its instance's")
same(req("GET", "/v1/nodes/n00/allocation", None, 200)["uuid"], n00["allocation_uuid"], "which is found by the node")
same([a["uuid"] for a in req("GET", "/v1/allocations?node=n00&state=active&resource_class=many")["allocations"]],
     [n00["allocation_uuid"]], "and by filters")
req("GET", "/v1/allocations?node=nope", None, 400)
req("GET", "/v1/allocations", None, 404, "1.51")
req("POST", "/v1/allocations", {"resource_class": "many"}, 405, "1.51")
req("POST", "/v1/allocations", {"resource_class": "many", "owner": "x"}, 406, "1.59")

# What is asked for
one, two = node("one", resource_class="few", owner="me"), node("two", resource_class="few")
req("PUT", "/v1/nodes/one/traits", {"traits": ["CUSTOM_A", "HW_CPU_X86_VMX"]}, 204)
same(allocate(resource_class="few", traits=["CUSTOM_B"])["state"], "error", "traits that nobody has")
a = allocate(resource_class="few", traits=["CUSTOM_A"], name="by-trait")
same(a["node_uuid"], one, "the node with the trait")
same(req("GET", "/v1/nodes/one")["instance_info"], {"traits": ["CUSTOM_A"]}, "which its instance knows")
req("DELETE", "/v1/allocations/by-trait", None, 204)
same([req("GET", "/v1/nodes/one")[k] for k in ("instance_uuid", "allocation_uuid")], [None, None],
     "without the allocation the node is free")
same(allocate(resource_class="few", owner="me")["node_uuid"], one, "the owner's node")
same(allocate(resource_class="few", candidate_nodes=["one"])["state"], "error", "a candidate that is taken")
req("DELETE", "/v1/nodes/one/allocation", None, 204)
same(allocate(resource_class="few", candidate_nodes=["two"])["node_uuid"], two, "a candidate by its name")
req("PATCH", "/v1/nodes/two", [{"op": "remove", "path": "/instance_uuid"}], 200)
req("GET", "/v1/nodes/two/allocation", None, 404)
same(allocate(resource_class="few", name="two")["node_uuid"], two, "the node of the same name comes first")
for bad in ({"name": "x"}, {"resource_class": "few", "candidate_nodes": ["nope"]}, {"resource_class": "few", "x": 1},
            {"resource_class": "few", "traits": ["bad"]}, {"resource_class": "few", "name": "a b"},
            {"resource_class": "few", "uuid": "1"}, {"node": "nope"}, {"node": "one"}):
    req("POST", "/v1/allocations", bad, 400)
req("POST", "/v1/allocations", {"resource_class": "few", "name": "two"}, 409)
changed = req("PATCH", "/v1/allocations/two",
              [{"op": "replace", "path": "/name", "value": "deux"}, {"op": "add", "path": "/extra/a", "value": 1}], 200)
same((changed["name"], changed["extra"]), ("deux", {"a": 1}), "name and extra can be changed")
req("PATCH", "/v1/allocations/deux", [{"op": "replace", "path": "/resource_class", "value": "x"}], 400)
req("PATCH", "/v1/allocations/deux", [{"op": "remove", "path": "/name"}], 405, "1.56")

# A node in use keeps its allocation, and undeploying takes it away
req("PUT", "/v1/nodes/two/states/provision", {"target": "active"}, 202)
same(c.wait_state("two", "active"), "active", "the node is deployed")
req("DELETE", "/v1/allocations/deux", None, 409)
req("DELETE", "/v1/nodes/two/allocation", None, 409)
req("PATCH", "/v1/nodes/two", [{"op": "remove", "path": "/instance_uuid"}], 409)
req("PUT", "/v1/nodes/two/states/provision", {"target": "deleted"}, 202)
same(c.wait_state("two", "available"), "available", "and undeployed")
req("GET", "/v1/allocations/deux", None, 404)

# Backfilling: of a node that is active, and with its instance
instance = "1be26c0b-03f2-4d2e-ae87-c02d7f33c999"
req("PATCH", "/v1/nodes/two", [{"op": "add", "path": "/instance_uuid", "value": instance}], 200)
req("POST", "/v1/allocations", {"node": "two"}, 400)
req("PUT", "/v1/nodes/two/states/provision", {"target": "active"}, 202)
c.wait_state("two", "active")
req("POST", "/v1/allocations", {"node": "two"}, 400, "1.57")
req("POST", "/v1/allocations", {"node": "two", "resource_class": "other"}, 400)
req("POST", "/v1/allocations", {"node": "two", "uuid": "1be26c0b-03f2-4d2e-ae87-c02d7f33c998"}, 409)
filled = req("POST", "/v1/allocations", {"node": "two", "name": "filled"}, 201)
same([filled[k] for k in ("uuid", "state", "node_uuid", "resource_class")], [instance, "active", two, "few"],
     "it has the instance's UUID and the node's class")
req("POST", "/v1/allocations", {"node": "two"}, 409)
req("PUT", "/v1/nodes/two/maintenance", {}, 202)
req("DELETE", "/v1/allocations/filled", None, 204)

# Inspection rules as a resource
FAIL = {"op": "fail", "args": {"msg": "x"}}
req("POST", "/v1/inspection_rules", {"actions": [FAIL]}, 405, "1.95")
req("GET", "/v1/inspection_rules", None, 404, "1.95")
for bad in ({}, {"actions": []}, {"actions": [{"op": "fly", "args": {}}]}, {"actions": [{"op": "fail", "args": {}}]},
            {"actions": [FAIL], "phase": "x"}, {"actions": [FAIL], "priority": 10000},
            {"actions": [FAIL], "conditions": [{"op": "eq", "args": {"value": 1}}]},
            {"actions": [{"op": "set-attribute", "args": ["provision_state", "active"]}]},
            {"actions": [{"op": "api-call", "args": {"url": "http://127.0.0.1/"}}]}):
    req("POST", "/v1/inspection_rules", bad, 400)
rule = req("POST", "/v1/inspection_rules", {"actions": [FAIL], "description": "d", "conditions": [
    {"op": "eq", "args": [[1, 1]], "loop": [1]}]}, 201)
same([rule[k] for k in ("priority", "sensitive", "phase", "actions", "conditions")],
     [0, False, "main", [FAIL], [{"op": "eq", "args": [[1, 1]], "loop": [1], "multiple": "any"}]], "it is as it was sent")
same(set(req("GET", "/v1/inspection_rules")["inspection_rules"][0]), {"uuid", "description", "priority", "phase", "links"},
     "a list tells little")
path = "/v1/inspection_rules/" + rule["uuid"]
changed = req("PATCH", path, [{"op": "add", "path": "/sensitive", "value": True}], 200)
same((changed["conditions"], changed["actions"]), (None, None), "a sensitive one hides what it does")
same(req("GET", path + "?fields=actions")["actions"], None, "also when asked for")
req("PATCH", path, [{"op": "replace", "path": "/sensitive", "value": False}], 400)
req("PATCH", path, [{"op": "remove", "path": "/actions"}], 400)
req("DELETE", path, None, 204)
req("DELETE", path, None, 404)
req("GET", "/v1/inspection_rules/nope", None, 400)

# Rules at work. This script is the agent.
MAC, BMC = "52:54:00:aa:00:01", "10.9.8.7"
INVENTORY = {"interfaces": [{"name": "eth0", "mac_address": MAC}], "cpu": {"count": 4, "architecture": "x86_64"},
             "memory": {"physical_mb": 8192}, "bmc_address": BMC}


def enroll(name, mac, **fields):
    uuid = req("POST", "/v1/nodes", dict(fields, driver="fake-hardware", name=name, inspect_interface="agent"), 201)["uuid"]
    port = req("POST", "/v1/ports", {"node_uuid": uuid, "address": mac}, 201)["uuid"]
    req("PUT", "/v1/nodes/%s/states/provision" % name, {"target": "manage"}, 202)
    c.wait_state(name, "manageable")
    return uuid, port


def inspect(name, body, want, version="1.110"):
    """The node when the inspection is over."""
    req("PUT", "/v1/nodes/%s/states/provision" % name, {"target": "inspect"}, 202)
    until = time.monotonic() + LIMIT
    while c.node_state(name) != "inspect wait" and time.monotonic() < until:
        time.sleep(0.02)
    answer = req("POST", "/v1/continue_inspection", body, 202, version)
    until = time.monotonic() + LIMIT
    while c.node_state(name) not in ("manageable", "inspect failed") and time.monotonic() < until:
        time.sleep(0.02)
    found = req("GET", "/v1/nodes/" + name)
    same(found["provision_state"], want, "%s is %s: %s" % (name, want, found["last_error"]))
    return found, answer


uuid, port = enroll("r1", MAC, extra={"order": ""}, driver_info={"ipmi_address": BMC, "ipmi_password": "geheim"})
for rule in ({"priority": 1, "actions": [{"op": "set-attribute", "args": ["extra/order", "{node.extra[order]}1"]}]},
             {"priority": 9, "description": "big", "conditions": [
                 {"op": "gt", "args": {"values": ["{inventory[memory][physical_mb]}", 4000]}},
                 {"op": "in-net", "args": ["{inventory[bmc_address]}", "10.9.0.0/16"]},
                 {"op": "matches", "args": ["{inventory[cpu][architecture]}", "x86_\\d+"]}],
              "actions": [{"op": "set-attribute", "args": ["extra/order", "{node.extra[order]}9"]},
                          {"op": "set-attribute", "args": ["resource_class", "big"]},
                          {"op": "add-trait", "args": {"name": "CUSTOM_BIG"}},
                          {"op": "set-capability", "args": ["cpus", "{inventory[cpu][count]}"]},
                          {"op": "set-plugin-data", "args": ["seen.by", "{node.name}"]},
                          {"op": "set-port-attribute", "args": [port, "extra/rack", "r12"]},
                          {"op": "log", "args": ["password {node.driver_info[ipmi_password]}"]}]},
             {"conditions": [{"op": "!eq", "args": ["{node.driver}", "fake-hardware"]}], "actions": [FAIL]}):
    req("POST", "/v1/inspection_rules", rule, 201)
r1, answer = inspect("r1", {"inventory": INVENTORY, "root_disk": None}, "manageable", "1.1")
same(answer, {"uuid": uuid}, "an old agent is told whose its data is")
same(r1["extra"], {"order": "91b"}, "rules run by priority, the built-in one last")
same((r1["resource_class"], r1["traits"], r1["properties"]["capabilities"]), ("big", ["CUSTOM_BIG"], "cpus:4"),
     "the node is changed")
same(req("GET", "/v1/ports/" + port)["extra"], {"rack": "r12"}, "and its port")
found = req("GET", "/v1/nodes/r1/inventory", None, 200)
same((found["inventory"], found["plugin_data"]["seen"]), (INVENTORY, {"by": "r1"}), "and what is kept of the inspection")
events = [e["event"] for e in req("GET", "/v1/nodes/r1/history?detail=true")["history"]]
ok(any("rule big: " in e and "added trait CUSTOM_BIG" in e for e in events), "the history says what rules did")
with open(c.log, encoding="utf-8") as f:
    log = f.read()
ok("password ***" in log and "geheim" not in log, "a password does not come into the log")
req("POST", "/v1/inspection_rules", {"priority": 99, "actions": [
    {"op": "fail", "args": {"msg": "{inventory[cpu][count]} CPUs are too few"}}]}, 201)
r1, answer = inspect("r1", {"inventory": INVENTORY}, "inspect failed")
ok("4 CPUs are too few" in r1["last_error"], "a rule can fail the inspection")
same(r1["extra"], {"order": "91b"}, "which then changes nothing")
same(set(answer), {"node", "config"}, "a new agent is answered as by a lookup")
same(answer["node"]["links"][0]["href"], "%s/v1/nodes/%s" % (c.url, uuid), "with links")
same(len(answer["config"]["agent_token"]), 43, "and its token")
req("DELETE", "/v1/inspection_rules", None, 204)
same(req("GET", "/v1/inspection_rules")["inspection_rules"], [], "all rules can be deleted at once")

# Switch ports, and what earlier inspections found
_, port3 = enroll("r3", "52:54:00:aa:00:03")
first = {"interfaces": [{"name": "eth0", "mac_address": "52:54:00:aa:00:03"}, {"name": "eth1", "mac_address": "52:54:00:aa:00:04",
                                                                           "lldp": [[2, "0737"]]}],
         "cpu": {"count": 4}, "boot": {"pxe_interface": "52:54:00:aa:00:04"}}
lldp = {"eth0": [[1, "04001c7300aabb"], [2, "0545746865726e657437"], [5, "6c6561662d612e6c6162"], [5, "zz"], "x"], "eth9": 4}
inspect("r3", {"inventory": first, "lldp_raw": lldp}, "manageable")
same(req("GET", "/v1/ports/" + port3)["local_link_connection"],
     {"switch_id": "00:1c:73:00:aa:bb", "port_id": "Ethernet7", "switch_info": "leaf-a.lab"}, "a port knows its switch")
same([p["local_link_connection"] for p in req("GET", "/v1/ports/detail?node=r3")["ports"] if p["address"].endswith("04")],
     [{"port_id": "7"}], "a new one, too")
same(req("GET", "/v1/nodes/r3/inventory")["plugin_data"]["parsed_lldp"],
     {"eth0": {"switch_chassis_id": "00:1c:73:00:aa:bb", "switch_port_id": "Ethernet7", "switch_system_name": "leaf-a.lab"},
      "eth1": {"switch_port_id": "7"}}, "in words as well")
lldp["eth0"][1][1] = "0545746865726e657438"
for count in range(5, 9):
    inspect("r3", {"inventory": dict(first, cpu={"count": count}), "lldp_raw": lldp}, "manageable")
same(req("GET", "/v1/ports/" + port3)["local_link_connection"]["port_id"], "Ethernet7", "what is known stays")
kept = req("GET", "/ingot/v1/nodes/r3/inspections")["inspections"]
same([k["inventory"]["cpu"]["count"] for k in kept], [8, 7, 6, 5], "the last four inspections, the newest first")
same(sorted(kept[0]), ["created_at", "inventory"], "and when they were")
status, out, err = run(os.path.join(OUT, "ingot"), "--url", c.url, "node", "inventory", "r3", "--diff", "@2", "--json")
same((status, json.loads(out)), (0, [{"path": "cpu.count", "before": 6, "after": 8}]), "ingot tells what was changed")
status, out, err = run(os.path.join(OUT, "ingot"), "--url", c.url, "node", "inventory", "r3", "--diff", "r1")
ok(status == 0 and "cpu.count" in out and "[eth0]" not in out and "no difference" not in out, "or what another has: " + out)
status, out, err = run(os.path.join(OUT, "ingot"), "--url", c.url, "node", "inventory", "r3", "--diff", "@9")
ok(status == 1 and "only 4" in err, "what is not kept is said: " + err)
status, out, err = run(os.path.join(OUT, "ingot"), "--url", c.url, "node", "inventory", "r3")
ok("leaf-a.lab Ethernet" in out and "8, sockets" not in out, "shown with its switch ports: " + out)
req("DELETE", "/v1/nodes/r3", None, 204)

# Whose the data is: nobody is told more than that it is not his
uuid2, _ = enroll("r2", "52:54:00:aa:00:02", driver_info={"redfish_address": "https://[fd00::2]:8443"})
req("PUT", "/v1/nodes/r1/states/provision", {"target": "manage"}, 202)
c.wait_state("r1", "manageable")
post = "/v1/continue_inspection"
req("POST", post, {"inventory": INVENTORY}, 404)
for bad in ({}, {"inventory": {}}, {"inventory": {"interfaces": []}}, {"inventory": {"interfaces": [{"name": "x"}]}},
            {"inventory": dict(INVENTORY, bmc_address=4)}, [1]):
    req("POST", post, bad, 400)
req("POST", post + "?node_uuid=zz", {"inventory": INVENTORY}, 400)
for name in ("r1", "r2"):
    req("PUT", "/v1/nodes/%s/states/provision" % name, {"target": "inspect"}, 202)
    until = time.monotonic() + LIMIT
    while c.node_state(name) != "inspect wait" and time.monotonic() < until:
        time.sleep(0.02)
both = [{"mac_address": MAC}, {"mac_address": "52:54:00:aa:00:02"}]
strange = [{"mac_address": "52:54:00:aa:00:99"}]
refused = [(post, {"interfaces": both}, "MAC addresses of two nodes"),
           (post + "?node_uuid=" + uuid2, INVENTORY, "another node's UUID"),
           (post, dict(INVENTORY, bmc_address="fd00:0::2"), "another node's BMC"),
           (post, {"interfaces": strange, "bmc_address": "10.0.0.9"}, "nothing that is known")]
texts = set()
for where, inventory, what in refused:
    code, answer, _ = c.request("POST", where, {"inventory": inventory})
    same(code, 404, "refused: " + what)
    texts.add(fault(answer))
same(len(texts), 1, "all in the same words")
same(req("POST", post, {"inventory": {"interfaces": strange, "bmc_v6address": "fd00::2"}}, 202, "1.84")["node"]["uuid"],
     uuid2, "a machine without ports is known by its BMC")

# Machines that nobody knows become nodes where that is wished for
explorer = Conductor(extra=EXTRA + "[auto_discovery]\nenabled = true\ndriver = fake-hardware\n")
code, rule, _ = explorer.request("POST", "/v1/inspection_rules", {
    "conditions": [{"op": "is-true", "args": ["{plugin_data[auto_discovered]}"]}],
    "actions": [{"op": "set-attribute", "args": ["driver_info/ipmi_address", "{inventory[bmc_address]}"]},
                {"op": "set-attribute", "args": ["name", "found-{inventory[cpu][count]}"]}]})
code, answer, _ = explorer.request("POST", post, {"inventory": INVENTORY})
same((code, len(answer["config"]["agent_token"])), (202, 43), "the agent of an unknown machine gets an answer")
new = explorer.request("GET", "/v1/nodes/found-4")[1]
same([new[k] for k in ("uuid", "driver", "provision_state", "driver_info", "power_state")],
     [answer["node"]["uuid"], "fake-hardware", "enroll", {"ipmi_address": BMC}, None], "and is a node that rules completed")
same([p["address"] for p in explorer.request("GET", "/v1/nodes/found-4/ports")[1]["ports"]], [MAC], "with its port")
same(explorer.request("GET", "/v1/nodes/found-4/inventory")[1]["plugin_data"], {"auto_discovered": True},
     "and its inventory")
same(explorer.request("POST", post, {"inventory": INVENTORY})[0], 404, "it is discovered once")
explorer.stop()

# Events
EVENT = {"event": "network.bind_port", "port_id": uuid, "mac_address": MAC, "status": "ACTIVE", "device_id": None,
         "binding:host_id": uuid, "binding:vnic_type": "baremetal"}
req("POST", "/v1/events", {"events": [EVENT]}, 204)
req("POST", "/v1/events", {"events": [EVENT]}, 404, "1.53")
for key, value in (("event", "network.x"), ("port_id", "x"), ("mac_address", "x"), ("status", 1), ("x", "y"),
                   ("binding:host_id", "host")):
    req("POST", "/v1/events", {"events": [dict(EVENT, **{key: value})]}, 400)
for bad in ({"events": []}, {}, {"events": [EVENT], "x": 1}, {"events": [3]}):
    req("POST", "/v1/events", bad, 400)

# Shards
for name, shard in (("s1", "b"), ("s2", "a"), ("s3", "b")):
    req("POST", "/v1/nodes", {"driver": "fake-hardware", "name": name, "shard": shard}, 201)
without = len(req("GET", "/v1/nodes?sharded=false&limit=1000")["nodes"])
same(req("GET", "/v1/shards", None, 200),
     {"shards": [{"name": "None", "count": without}, {"name": "a", "count": 1}, {"name": "b", "count": 2}]},
     "how many nodes each shard has")
req("GET", "/v1/shards", None, 404, "1.81")

# Conductors
first = req("GET", "/v1/conductors", None, 200)["conductors"][0]
host = first["hostname"]
same(set(first), {"hostname", "conductor_group", "alive", "links"}, "what a list tells of a conductor")
same(set(req("GET", "/v1/conductors/" + host, None, 200)),
     {"hostname", "conductor_group", "alive", "drivers", "links", "created_at", "updated_at"}, "what it tells of itself")
same(set(req("GET", "/v1/conductors?fields=drivers")["conductors"][0]), {"drivers", "links"}, "what it is asked for")
for bad in ("fields=nope", "fields=alive&detail=true", "sort_key=alive", "sort_key=nope", "limit=0", "sort_dir=x"):
    req("GET", "/v1/conductors?" + bad, None, 400)
ok("next" in req("GET", "/v1/conductors?limit=1"), "a page that is full has a next one")
same(req("GET", "/v1/conductors?marker=" + host)["conductors"], [], "which is empty")
req("GET", "/v1/conductors?marker=nope", None, 404)
req("GET", "/v1/conductors/nope", None, 404)

# Traits
traits = "/v1/nodes/s1/traits"
req("GET", traits, None, 406, "1.36")
req("PUT", traits, {"traits": []}, 405, "1.36")
req("PUT", traits, {"traits": ["CUSTOM_%d" % i for i in range(50)]}, 204)
req("PUT", traits + "/CUSTOM_Z", None, 400)
req("PUT", traits + "/CUSTOM_1", None, 204)
req("PUT", traits, {"traits": ["CUSTOM_B", "HW_CPU_X86_VMX", "CUSTOM_A"]}, 204)
same(req("GET", traits), {"traits": ["CUSTOM_A", "CUSTOM_B", "HW_CPU_X86_VMX"]}, "traits are told in order")
for bad in ("custom", "HW_NOPE", "CUSTOM_" + "X" * 250):
    req("PUT", traits + "/" + bad, None, 400)
req("DELETE", traits + "/CUSTOM_Q", None, 404)
req("DELETE", traits, None, 204)
same(req("GET", traits), {"traits": []}, "none is left")
req("GET", "/v1/nodes/nope/traits", None, 404)
done()
