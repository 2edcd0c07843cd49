#!/usr/bin/python3
"""Chassis, ports, port groups, volumes, deploy templates, runbooks: what the contract and Ironic say of them."""

import json
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, fault, ok, same  # noqa: E402

c = Conductor()
NONE = "11111111-2222-3333-4444-555555555555"


def code(method, path, body=None, version="1.110"):
    return c.request(method, path, body, version)[0]


def get(path, version="1.110"):
    return c.request("GET", path, version=version)[1]


def make(path, body, version="1.110"):
    status, answer, headers = c.request("POST", path, body, version)
    if status != 201:
        ok(False, "POST %s %r: %d %s" % (path, body, status, fault(answer)))
        return {}
    same(headers["location"], "%s%s/%s" % (c.url, path, answer["uuid"]), "201 and Location " + path)
    return answer


def patch(path, op, name, value=None, version="1.110"):
    operation = {"op": op, "path": name}
    if op != "remove":
        operation["value"] = value
    return code("PATCH", path, [operation], version)


def uuids(path, key, version="1.110"):
    return sorted(r["uuid"] for r in get(path, version)[key])


def stored(table, uuid):
    """The record as the store has it, secrets and all."""
    with sqlite3.connect("file:%s/ingot.db?mode=ro" % c.folder, uri=True) as db:
        return json.loads(db.execute("SELECT doc FROM %s WHERE uuid = ?" % table, (uuid,)).fetchone()[0])


def power(state):
    until = time.monotonic() + 30
    while get("/v1/nodes/one/states")["power_state"] != state and time.monotonic() < until:
        time.sleep(0.02)


node = make("/v1/nodes", {"driver": "fake-hardware", "name": "one"})
other = make("/v1/nodes", {"driver": "fake-hardware", "name": "two", "shard": "s1", "conductor_group": "g1"})
N, O = node["uuid"], other["uuid"]

# Chassis
rack = make("/v1/chassis", {"description": "rack 12", "extra": {"row": 3}})
same(sorted(rack), ["created_at", "description", "extra", "links", "nodes", "updated_at", "uuid"], "a chassis' fields")
R = rack["uuid"]
same(get("/v1/chassis/" + R)["extra"], {"row": 3}, "shown")
same(sorted(get("/v1/chassis")["chassis"][0]), ["description", "links", "uuid"], "its list is short")
same(get("/v1/chassis/detail")["chassis"][0]["extra"], {"row": 3}, "its details are not")
same(get("/v1/chassis?fields=extra")["chassis"][0]["extra"], {"row": 3}, "fields")
same((code("GET", "/v1/chassis?fields=extra", version="1.7"), code("GET", "/v1/chassis?detail=true", version="1.42")),
     (406, 400), "what old clients can not ask")
same((code("GET", "/v1/chassis/" + NONE), code("GET", "/v1/chassis/frob")), (404, 400), "no such chassis")
same((code("POST", "/v1/chassis", {"frob": 1}), code("POST", "/v1/chassis", {"description": "x" * 256}),
      code("POST", "/v1/chassis", {"uuid": "x"}), code("POST", "/v1/chassis", {"uuid": R})), (400, 400, 400, 409),
     "chassis that can not be made")
same(patch("/v1/chassis/" + R, "replace", "/description", "row 3"), 200, "changed")
same(get("/v1/chassis/" + R)["description"], "row 3", "as it says")
same((patch("/v1/chassis/" + R, "add", "/extra/a", [1]), get("/v1/chassis/" + R)["extra"]),
     (200, {"row": 3, "a": [1]}), "a member of extra")
same((patch("/v1/chassis/" + R, "replace", "/uuid", NONE), patch("/v1/chassis/" + R, "remove", "/extra/none"),
      patch("/v1/chassis/" + NONE, "remove", "/extra")), (400, 400, 404), "patches that are refused")
same(patch("/v1/nodes/one", "add", "/chassis_uuid", NONE), 400, "a node goes into no chassis")
same(patch("/v1/nodes/one", "add", "/chassis_uuid", R), 200, "a node goes into one that is")
same((uuids("/v1/nodes?chassis_uuid=" + R, "nodes"), uuids("/v1/chassis/%s/nodes" % R, "nodes"),
      len(get("/v1/chassis/%s/nodes/detail" % R)["nodes"][0]) > 30), ([N], [N], True), "and is found there")
same(code("POST", "/v1/nodes", {"driver": "fake-hardware", "chassis_uuid": NONE}), 400, "no node is made in no chassis")
same(code("DELETE", "/v1/chassis/" + R), 400, "a chassis with nodes stays")
same(patch("/v1/nodes/one", "remove", "/chassis_uuid"), 200, "the node goes out")
same((code("DELETE", "/v1/chassis/" + R), code("DELETE", "/v1/chassis/" + R)), (204, 404), "an empty one goes")

# Port groups
same((code("GET", "/v1/portgroups", version="1.22"), code("POST", "/v1/portgroups", {"node_uuid": N}, "1.22")),
     (404, 404), "1.22 has no port groups")
group = make("/v1/portgroups", {"node_uuid": N, "name": "bond0", "address": "52:54:00:AA:00:01"})
same(sorted(group), ["address", "category", "created_at", "extra", "internal_info", "links", "mode", "name",
                     "node_uuid", "physical_network", "ports", "properties", "standalone_ports_supported",
                     "updated_at", "uuid"], "a port group's fields")
same((group["mode"], group["standalone_ports_supported"], group["address"], group["properties"]),
     ("active-backup", True, "52:54:00:aa:00:01", {}), "what it is when nothing is said")
G = group["uuid"]
ok("mode" in get("/v1/portgroups/" + G, "1.25") and "category" not in get("/v1/portgroups/" + G, "1.102") and
   "physical_network" in get("/v1/portgroups/" + G, "1.102"), "old clients see less")
same((get("/v1/portgroups/bond0")["uuid"], sorted(get("/v1/portgroups")["portgroups"][0])),
     (G, ["address", "links", "name", "uuid"]), "by its name; its list")
same((uuids("/v1/portgroups?node=one", "portgroups"), uuids("/v1/portgroups?node=two", "portgroups"),
      uuids("/v1/portgroups?address=52:54:00:aa:00:01", "portgroups"), uuids("/v1/nodes/one/portgroups", "portgroups"),
      get("/v1/nodes/one/portgroups/detail")["portgroups"][0]["mode"]), ([G], [], [G], [G], "active-backup"), "found")
same((code("POST", "/v1/portgroups", {"node_uuid": N, "name": "bond0"}),
      code("POST", "/v1/portgroups", {"node_uuid": O, "address": "52:54:00:aa:00:01"}),
      code("POST", "/v1/portgroups", {"node_uuid": NONE}), code("POST", "/v1/portgroups", {}),
      code("POST", "/v1/portgroups", {"node_uuid": N, "mode": "x"}, "1.25"),
      code("POST", "/v1/portgroups", {"node_uuid": N, "name": "a b"})), (409, 409, 400, 400, 406, 400),
     "port groups that can not be made")
same((patch("/v1/portgroups/bond0", "replace", "/mode", "802.3ad"), patch("/v1/portgroups/bond0", "remove", "/mode"),
      patch("/v1/portgroups/bond0", "add", "/properties/miimon", 100), get("/v1/portgroups/bond0")["properties"]),
     (200, 400, 200, {"miimon": 100}), "changed")

# Ports
mac = "52:54:00:00:00:0%d"
port = make("/v1/ports", {"node_uuid": N, "address": mac % 1, "portgroup_uuid": G, "physical_network": "physnet1"})
same(sorted(port), ["address", "category", "created_at", "description", "extra", "internal_info", "is_smartnic", "links",
                    "local_link_connection", "name", "node_uuid", "physical_network", "portgroup_uuid", "pxe_enabled",
                    "updated_at", "uuid", "vendor"], "a port's fields")
same((port["pxe_enabled"], port["is_smartnic"], port["portgroup_uuid"]), (True, False, G), "what it is")
P = port["uuid"]
status, answer, _ = c.request("POST", "/v1/ports", {"node_uuid": O, "address": mac % 1})
ok(status == 409 and N in fault(answer) and P in fault(answer), "a MAC twice: " + fault(answer))
same((code("DELETE", "/v1/portgroups/" + G), uuids("/v1/portgroups/bond0/ports", "ports"),
      len(get("/v1/portgroups/bond0/ports/detail")["ports"][0]), uuids("/v1/ports?portgroup=bond0", "ports")),
     (400, [P], 17, [P]), "the group is not empty")
named = make("/v1/ports", {"node_ident": "two", "address": mac % 2, "name": "eth0", "vendor": "v", "category": "c",
                           "description": "the Second port", "pxe_enabled": "false"})
same((named["node_uuid"], named["pxe_enabled"], get("/v1/ports/eth0")["uuid"]), (O, False, named["uuid"]), "by name")
same((code("POST", "/v1/ports", {"node_ident": "two", "address": mac % 3}, "1.93"),
      code("POST", "/v1/ports", {"node_ident": "two", "node_uuid": O, "address": mac % 3}),
      code("POST", "/v1/ports", {"address": mac % 3}), code("POST", "/v1/ports", {"node_uuid": O}),
      code("POST", "/v1/ports", {"node_uuid": NONE, "address": mac % 3}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "name": "eth0"}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "portgroup_uuid": NONE}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "portgroup_uuid": G}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "physical_network": ""}),
      code("POST", "/v1/ports", {"node_uuid": N, "address": mac % 3, "portgroup_uuid": G}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "is_smartnic": True,
                                 "local_link_connection": {"switch_id": "00:00:00:00:00:01", "port_id": "p"}})),
     (406, 400, 400, 400, 400, 409, 400, 400, 400, 409, 400), "ports that can not be made")
link = {"switch_id": "0A:1b:2C:3d:4E:5f", "port_id": "Ethernet3/1", "switch_info": "s1"}
same((code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "local_link_connection": {"switch_id": "x", "port_id": "y"}}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "local_link_connection": {"port_id": "y"}}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3, "local_link_connection": {"frob": "y"}}),
      code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 3,
                                 "local_link_connection": {"network_type": "unmanaged"}}, "1.63")),
     (400, 400, 400, 406), "links that are none")
smart = make("/v1/ports", {"node_uuid": O, "address": mac % 3, "is_smartnic": True,
                           "local_link_connection": {"port_id": "rep0-0", "hostname": "host"}})
wired = make("/v1/ports", {"node_uuid": O, "address": mac % 4, "local_link_connection": link})
same(wired["local_link_connection"]["switch_id"], "0a:1b:2c:3d:4e:5f", "a switch's MAC is lower case")
same((patch("/v1/ports/" + wired["uuid"], "replace", "/local_link_connection/switch_id", "00000A1B2C3D4E5F"),
      get("/v1/ports/" + wired["uuid"])["local_link_connection"]["switch_id"],
      patch("/v1/ports/" + wired["uuid"], "remove", "/local_link_connection/port_id")), (200, "00000a1b2c3d4e5f", 400),
     "so is a datapath")
same((uuids("/v1/ports?shard=s1,s2", "ports"), uuids("/v1/ports?conductor_group=g1&limit=1", "ports"),
      uuids("/v1/ports?description_contains=second", "ports"), uuids("/v1/ports?node_uuid=" + N, "ports"),
      uuids("/v1/ports?address=" + mac % 2, "ports"), uuids("/v1/nodes/one/ports", "ports")),
     (sorted([named["uuid"], smart["uuid"], wired["uuid"]]), [named["uuid"]], [named["uuid"]], [P], [named["uuid"]], [P]),
     "filters")
same((code("GET", "/v1/ports?node=one&portgroup=bond0"), code("GET", "/v1/ports?portgroup=none"),
      code("GET", "/v1/ports?frob=1"), code("GET", "/v1/ports?fields=frob"), code("GET", "/v1/ports?shard=a", version="1.81"),
      code("GET", "/v1/ports?sort_key=extra"), code("GET", "/v1/ports?node_uuid=one"),
      code("GET", "/v1/nodes?chassis_uuid=" + NONE)), (403, 404, 400, 400, 406, 400, 400, 404), "filters that are none")
same([r["address"] for r in get("/v1/ports?sort_key=address&sort_dir=desc&fields=address")["ports"]],
     [mac % i for i in (4, 3, 2, 1)], "sorted")
same((patch("/v1/ports/eth0", "replace", "/address", mac % 1), patch("/v1/ports/eth0", "replace", "/address", "x"),
      patch("/v1/ports/eth0", "remove", "/address"), patch("/v1/ports/eth0", "replace", "/address", mac % 5),
      patch("/v1/ports/eth0", "add", "/portgroup_uuid", G), patch("/v1/ports/eth0", "remove", "/pxe_enabled"),
      get("/v1/ports/eth0")["pxe_enabled"], patch("/v1/ports/eth0", "add", "/internal_info", {})),
     (409, 400, 400, 200, 400, 200, True, 400), "changed")
same((patch("/v1/ports/" + P, "replace", "/physical_network", "physnet2"), code("DELETE", "/v1/ports/" + smart["uuid"])),
     (200, 204), "alone in its group it may change its network")
strict = make("/v1/portgroups", {"node_uuid": N, "standalone_ports_supported": False})
same((code("POST", "/v1/ports", {"node_uuid": N, "address": mac % 6, "portgroup_uuid": strict["uuid"], "pxe_enabled": True}),
      code("POST", "/v1/ports", {"node_uuid": N, "address": mac % 6, "portgroup_uuid": strict["uuid"], "pxe_enabled": False})),
     (409, 201), "ports that are not used alone do not boot")

# Contract 2.3: a node in use
for verb, state in (("manage", "manageable"), ("provide", "available")):
    same(code("PUT", "/v1/nodes/one/states/provision", {"target": verb}), 202, verb)
    c.wait_state("one", state)
same((patch("/v1/ports/" + P, "replace", "/pxe_enabled", False), patch("/v1/ports/" + P, "add", "/extra/a", 1),
      patch("/v1/ports/" + P, "replace", "/address", mac % 7)), (409, 200, 200), "how an available node is wired stays")
same(code("PUT", "/v1/nodes/one/maintenance", {}), 202, "in maintenance")
same(patch("/v1/ports/" + P, "replace", "/pxe_enabled", False), 200, "it may change")

# Volumes
same((code("GET", "/v1/volume", version="1.31"), sorted(get("/v1/volume")), sorted(get("/v1/nodes/one/volume"))),
     (404, ["connectors", "links", "targets"], ["connectors", "links", "targets"]), "volumes")
con = make("/v1/volume/connectors", {"node_uuid": N, "type": "iqn", "connector_id": "iqn.2017-07.org:a"})
same(sorted(con), ["connector_id", "created_at", "extra", "links", "node_uuid", "type", "updated_at", "uuid"],
     "a connector's fields")
ok(con["links"][0]["href"].endswith("/v1/volume/connectors/" + con["uuid"]), "and its link")
tgt = make("/v1/volume/targets", {"node_uuid": N, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v",
                                  "properties": {"auth_password": "secret", "target_lun": 1}})
same(tgt["properties"], {"auth_password": "******", "target_lun": 1}, "a target's secrets are not shown")
same(sorted(tgt), ["boot_index", "created_at", "extra", "links", "node_uuid", "properties", "updated_at", "uuid",
                   "volume_id", "volume_type"], "a target's fields")
same((code("POST", "/v1/volume/connectors", {"node_uuid": O, "type": "iqn", "connector_id": "iqn.2017-07.org:a"}),
      code("POST", "/v1/volume/connectors", {"node_uuid": NONE, "type": "iqn", "connector_id": "b"}),
      code("POST", "/v1/volume/connectors", {"node_uuid": N, "type": "iqn"}),
      code("POST", "/v1/volume/targets", {"node_uuid": N, "volume_type": "iscsi", "boot_index": 0, "volume_id": "w"}),
      code("POST", "/v1/volume/targets", {"node_uuid": N, "volume_type": "iscsi", "boot_index": "x", "volume_id": "w"})),
     (409, 400, 400, 409, 400), "volumes that can not be made")
same((uuids("/v1/volume/connectors?node=one", "connectors"), uuids("/v1/nodes/two/volume/connectors", "connectors"),
      sorted(get("/v1/volume/targets")["targets"][0]), get("/v1/volume/targets?detail=True")["targets"][0]["properties"],
      uuids("/v1/nodes/one/volume/targets", "targets")),
     ([con["uuid"]], [], ["boot_index", "links", "node_uuid", "uuid", "volume_id", "volume_type"],
      {"auth_password": "******", "target_lun": 1}, [tgt["uuid"]]), "found")
same(code("PUT", "/v1/nodes/one/states/power", {"target": "power on"}), 202, "on")
power("power on")
same((patch("/v1/volume/targets/" + tgt["uuid"], "replace", "/volume_id", "w"),
      code("DELETE", "/v1/volume/connectors/" + con["uuid"])), (400, 400), "a machine that is on")
same(code("PUT", "/v1/nodes/one/states/power", {"target": "power off"}), 202, "off")
power("power off")
same((patch("/v1/volume/targets/" + tgt["uuid"], "replace", "/volume_id", "w"),
      patch("/v1/volume/targets/" + tgt["uuid"], "replace", "/properties/auth_password", "******"),
      code("DELETE", "/v1/volume/connectors/" + con["uuid"])), (200, 200, 204), "one that is off")
same(stored("volume_targets", tgt["uuid"])["properties"]["auth_password"], "secret", "what comes back masked is kept")

# Deploy templates
step = {"interface": "bios", "step": "apply_configuration", "args": {"settings": [], "password": "x"}, "priority": 150}
same((code("GET", "/v1/deploy_templates", version="1.54"), code("POST", "/v1/deploy_templates", {}, "1.54")), (404, 405),
     "1.54 has none")
tpl = make("/v1/deploy_templates", {"name": "CUSTOM_HYPER", "steps": [step]})
same((sorted(tpl), tpl["steps"][0]["args"]["password"], tpl["steps"][0]["priority"]),
     (["created_at", "extra", "links", "name", "steps", "updated_at", "uuid"], "******", 150), "a template")
same((get("/v1/deploy_templates/CUSTOM_HYPER")["uuid"], sorted(get("/v1/deploy_templates")["deploy_templates"][0])),
     (tpl["uuid"], ["links", "name", "uuid"]), "by name; its list")


def template(**changes):
    return code("POST", "/v1/deploy_templates", {"name": "CUSTOM_X", "steps": [dict(step, **changes)]})


same((template(interface="frob"), template(step=""), template(args=None), template(priority=-1), template(priority="x"),
      template(frob=1), code("POST", "/v1/deploy_templates", {"name": "CUSTOM_X", "steps": []}),
      code("POST", "/v1/deploy_templates", {"name": "CUSTOM_X", "steps": [step, step]}),
      code("POST", "/v1/deploy_templates", {"name": "hyper", "steps": [step]}),
      code("POST", "/v1/deploy_templates", {"name": "CUSTOM_HYPER", "steps": [step]}),
      code("POST", "/v1/deploy_templates", {"name": "CUSTOM_X"})), (400,) * 9 + (409, 400), "templates that are none")
same((patch("/v1/deploy_templates/CUSTOM_HYPER", "replace", "/steps", tpl["steps"]),
      stored("deploy_templates", tpl["uuid"])["steps"]), (200, [step]), "steps that come back masked are kept")
same((patch("/v1/deploy_templates/CUSTOM_HYPER", "replace", "/steps/0/priority", "20"),
      get("/v1/deploy_templates/CUSTOM_HYPER")["steps"][0]["priority"],
      patch("/v1/deploy_templates/CUSTOM_HYPER", "add", "/steps/-", step),
      patch("/v1/deploy_templates/CUSTOM_HYPER", "remove", "/steps"),
      patch("/v1/deploy_templates/CUSTOM_HYPER", "replace", "/name", "CUSTOM_OTHER"),
      code("DELETE", "/v1/deploy_templates/CUSTOM_HYPER"), code("DELETE", "/v1/deploy_templates/CUSTOM_OTHER")),
     (200, 20, 400, 400, 200, 404, 204), "changed and gone")

# Runbooks
order = {"interface": "raid", "step": "create_configuration", "order": "1"}
same((code("GET", "/v1/runbooks", version="1.91"), code("POST", "/v1/runbooks", {}, "1.91")), (404, 405), "1.91 has none")
book = make("/v1/runbooks", {"name": "CUSTOM_BOOK", "steps": [order]})
same((sorted(book), book["steps"], book["public"], book["owner"]),
     (["created_at", "disable_ramdisk", "extra", "links", "name", "owner", "public", "steps", "updated_at", "uuid"],
      [dict(order, order=1, args={})], False, None), "a runbook")
same((code("POST", "/v1/runbooks", {"name": "book", "steps": [order]}),
      code("POST", "/v1/runbooks", {"name": "CUSTOM_B", "steps": [order, order]}),
      code("POST", "/v1/runbooks", {"name": "CUSTOM_B", "steps": [order], "traits": []}),
      code("POST", "/v1/runbooks", {"name": "CUSTOM_BOOK", "steps": [order]})), (400, 400, 400, 409), "that are none")
same((patch("/v1/runbooks/CUSTOM_BOOK", "replace", "/owner", "p1"), patch("/v1/runbooks/CUSTOM_BOOK", "replace", "/public", True),
      get("/v1/runbooks/CUSTOM_BOOK")["owner"], patch("/v1/runbooks/CUSTOM_BOOK", "replace", "/owner", "p1"),
      code("GET", "/v1/runbooks?project=true")), (200, 200, None, 400, 200), "a public one has no owner")
same(code("DELETE", "/v1/runbooks/" + book["uuid"]), 204, "gone")

# What was acknowledged is there after a power failure, and what is unique still is
everything = ["/v1/chassis/detail", "/v1/ports/detail", "/v1/portgroups/detail", "/v1/volume/targets?detail=true",
              "/v1/volume/connectors?detail=true", "/v1/deploy_templates?detail=true", "/v1/runbooks?detail=true"]
rack = make("/v1/chassis", {"extra": {"row": 4}})
make("/v1/deploy_templates", {"name": "CUSTOM_KEPT", "steps": [step]})
make("/v1/runbooks", {"name": "CUSTOM_KEPT", "steps": [order]})
make("/v1/volume/connectors", {"node_uuid": O, "type": "ip", "connector_id": "10.0.0.1"})
same(patch("/v1/nodes/two", "add", "/chassis_uuid", rack["uuid"]), 200, "a node in a chassis")
before = [get(path) for path in everything]
c.kill()
c.start()
same([get(path) for path in everything], before, "all records are as they were")
same((code("POST", "/v1/ports", {"node_uuid": O, "address": mac % 5}),
      code("POST", "/v1/portgroups", {"node_uuid": O, "name": "bond0"}),
      code("POST", "/v1/volume/connectors", {"node_uuid": N, "type": "ip", "connector_id": "10.0.0.1"}),
      code("POST", "/v1/volume/targets", {"node_uuid": N, "volume_type": "iscsi", "boot_index": 0, "volume_id": "w"}),
      code("POST", "/v1/deploy_templates", {"name": "CUSTOM_KEPT", "steps": [step]}),
      code("DELETE", "/v1/chassis/" + rack["uuid"]), code("DELETE", "/v1/portgroups/bond0")), (409,) * 5 + (400, 400),
     "and what they hold")

# What hangs on a node goes with it
same(code("DELETE", "/v1/nodes/one"), 204, "a node goes")
same((uuids("/v1/ports?node=two", "ports") == uuids("/v1/ports", "ports"), get("/v1/portgroups")["portgroups"],
      get("/v1/volume/targets")["targets"]), (True, [], []), "with all that hangs on it")
same(code("GET", "/v1/ports/" + P), 404, "its ports too")
done()
