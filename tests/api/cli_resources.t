#!/usr/bin/python3
"""The ingot program over every resource and every verb of nodes: what goes out, what is said, exit codes."""

import contextlib
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import OUT, Conductor, done, ok, run, same  # noqa: E402

conductor = Conductor()
env = {"INGOT_URL": conductor.url, "HOME": conductor.folder}
for name in ("OS_CLOUD", "OS_USERNAME", "OS_PASSWORD", "OS_AUTH_TYPE", "OS_ENDPOINT"):
    env[name] = ""


def ingot(*words, **kw):
    return run(os.path.join(OUT, "ingot"), *words, env=kw.pop("env", env), **kw)


def well(*words, **kw):
    """The output of a command that has to succeed."""
    status, out, err = ingot(*words, **kw)
    same(status, 0, "ingot %s%s" % (" ".join(words), ": " + err if status else ""))
    return out


def answer(*words):
    out = well(*words, "--json")
    try:
        return json.loads(out)
    except ValueError:
        ok(False, "which is no JSON: " + out)
        return {}


def fails(status, says, *words, **kw):
    got, out, err = ingot(*words, **kw)
    ok(got == status and says in err, "ingot %s: status %d, %s" % (" ".join(words), got, err.strip()))


def get(path):
    return conductor.request("GET", path)[1]


def path_of(name):
    return os.path.join(conductor.folder, name)


def in_file(name, text):
    path = path_of(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


# Nodes: created many at once and as baremetal does it, set and unset
made = answer("node", "create", "n[01-04]", "--driver", "fake-hardware", "--property", "rack=r1")
same([n["name"] for n in made], ["n01", "n02", "n03", "n04"], "a range makes many")
one = answer("node", "create", "--driver", "fake-hardware", "--name", "m1", "--resource-class", "large",
             "--owner", "me", "--no-automated-clean", "--boot-interface", "fake", "--chassis-uuid",
             json.loads(ingot("chassis", "create", "--description", "row4", "--json")[1]).get("uuid", "x"))
same((one["name"], one["resource_class"], one["owner"], one["automated_clean"]), ("m1", "large", "me", False),
     "with its options")
fails(2, "exclude", "node", "create", "x1", "--name", "x2", "--driver", "fake-hardware")
fails(2, "--mac", "node", "create", "x[1-2]", "--driver", "fake-hardware", "--mac", "52:54:00:00:00:01")
fails(1, "n01", "node", "create", "n01", "--driver", "fake-hardware")
well("node", "set", "n0[1-2]", "--extra", "a=1", "--description", "two", "--retired", "--retired-reason", "why")
same([(n["extra"], n["description"], n["retired_reason"]) for n in answer("node", "show", "n0[1-2]")],
     [({"a": 1}, "two", "why")] * 2, "set, of a range")
well("node", "unset", "n0[1-2]", "--extra", "a", "--description", "--retired")
same([(n["extra"], n["description"], n["retired"]) for n in answer("node", "show", "n0[1-2]")],
     [({}, None, False)] * 2, "unset")
fails(2, "say what to set", "node", "set", "n01")
fails(2, "say what to unset", "node", "unset", "n01")
fails(2, "--driver", "node", "set", "n01", "--reset-interfaces")
well("node", "set", "n01", "--driver", "fake-hardware", "--reset-interfaces")
well("node", "set", "n01", "--target-raid-config",
     in_file("raid.yaml", "logical_disks:\n- size_gb: MAX\n  raid_level: '1'\n"))
same(answer("node", "show", "n01")["target_raid_config"], {"logical_disks": [{"size_gb": "MAX", "raid_level": "1"}]},
     "a RAID configuration out of YAML")
well("node", "unset", "n01", "--target-raid-config")
same(answer("node", "show", "n01")["target_raid_config"], {}, "and without")

# Which nodes: groups, globs, fields; formats
same(sorted(n["name"] for n in answer("node", "list", "@r1")), ["n01", "n02", "n03", "n04"], "a rack")
same([n["name"] for n in answer("node", "list", "@row4")], ["m1"], "a chassis by its description")
same([n["name"] for n in answer("node", "list", "@resource_class=lar*")], ["m1"], "a field by a pattern")
same([n["name"] for n in answer("node", "list", "@" + get("/v1/nodes/m1")["chassis_uuid"])], ["m1"], "by its UUID")
fails(1, "@none", "node", "show", "@none")
fails(1, "gone: there is none", "node", "list", "gone", "n01")
same(well("node", "list", "n0*", "-f", "value", "-c", "name"), "n01\nn02\nn03\nn04\n", "bare values")
same(well("node", "list", "m1", "--fields", "name", "properties.rack", "resource_class", "-f", "csv"),
     "name,properties.rack,resource_class\nm1,null,large\n", "CSV, fields as baremetal takes them")
same(well("node", "list", "--sort", "name:desc", "--limit", "2", "-f", "value", "-c", "name"), "n04\nn03\n",
     "sorted, not all")
same(answer("node", "list", "--resource-class", "large", "--fields", "name"), [{"name": "m1"}], "filtered")
ok("owner" in well("node", "list", "--long"), "--long shows all")
out = well("node", "show", "n0[1-4]", "m1", "--fields", "resource_class")
ok("n[01-04] (4)" in out and out.count("resource_class") == 2, "what is the same is said once: " + out)
fails(2, "--format", "node", "list", "--format", "xml")
fails(2, "--sort", "node", "list", "--sort", "name:up")
fails(1, "", "node", "show", "--instance", "8a4b1c3e-6a52-4f0c-9fd4-3a1d5c7b9e01")

# States
well("node", "manage", "n0[1-4]", "m1", "--wait", "60")
well("node", "inspect", "n01", "--wait")
well("node", "provide", "n01", "--wait")
well("node", "adopt", "m1", "--wait")
same(conductor.node_state("m1"), "active", "adopted")
fails(2, "--clean-steps or --runbook", "node", "clean", "n02")
fails(2, "list of steps", "node", "clean", "n02", "--clean-steps", "{}", "--yes")
steps = in_file("steps.yaml", "- interface: bios\n  step: factory_reset\n")
well("node", "clean", "n02", "--clean-steps", steps, "--yes", "--wait")
well("node", "clean", "n02", "--clean-steps", "-", "--yes", "--wait",
     stdin='[{"interface": "bios", "step": "factory_reset"}]')
same(conductor.node_state("n02"), "manageable", "cleaned")
secret = in_file("rescue.pass", "sesame-open\n")
status, out, err = ingot("node", "rescue", "m1", "--rescue-password", "@" + secret, "--wait")
ok(status == 0 and "sesame" not in out + err, "rescue by a password out of a file: " + err)
well("node", "unrescue", "m1", "--wait")
status, out, err = ingot("node", "rescue", "m1", "--rescue-password", "sesame-open", "--wait")
ok(status == 0 and "everybody" in err and "sesame" not in out + err, "on the command line it warns: " + err)
well("node", "unrescue", "m1", "--wait")
fails(2, "terminal", "node", "rescue", "m1", "--rescue-password")
well("node", "service", "m1", "--service-steps", '[{"interface": "bios", "step": "factory_reset"}]', "--dry-run")
drive = os.path.join(conductor.folder, "drive", "openstack", "latest")
os.makedirs(drive)
with open(os.path.join(drive, "meta_data.json"), "w", encoding="utf-8") as f:
    f.write("{}")
well("node", "deploy", "n01", "--config-drive", os.path.dirname(os.path.dirname(drive)), "--wait")
ok(get("/v1/nodes/n01")["instance_info"].get("configdrive") == "******", "a folder became a config drive")
well("node", "rebuild", "n01", "--yes", "--config-drive", '{"meta_data": {"a": "b"}}', "--wait")
same(conductor.node_state("n01"), "active", "rebuilt")
well("node", "undeploy", "n01", "--yes", "--wait=60")
fails(1, "can not be performed", "node", "abort", "n01")
fails(1, "", "node", "unhold", "n01")

# Power, with its guard
well("node", "power", "on", "n0[1-4]", "--wait")
power = lambda n: conductor.request("GET", "/v1/nodes/%s/states" % n)[1]["power_state"]
out = well("node", "power", "off", "n0[1-4]", "--dry-run")
ok("Switch off 4 nodes" in out and power("n01") == "power on", "a dry run of power off changes nothing: " + out)
fails(2, "--yes", "node", "power", "off", "--all")
same(power("n01"), "power on", "not all nodes without a word")
well("node", "power", "off", "n01", "--soft", "--power-timeout", "30", "--wait")
same(power("n01"), "power off", "softly")
well("node", "reboot", "n02", "--soft", "--wait")
fails(2, "--soft", "node", "power", "on", "n01", "--soft")
well("node", "maintenance", "set", "n03", "--reason", "fan")
same([n["name"] for n in answer("node", "list", "--maintenance")], ["n03"], "maintenance set")
well("node", "maintenance", "unset", "n03")

# What is below nodes
out = well("node", "validate", "n0[1-4]")
ok("n[01-04] (4)" in out and "INTERFACE" in out, "validate, collated: " + out[:60])
well("node", "add", "trait", "n0[1-2]", "CUSTOM_A", "CUSTOM_B")
same(answer("node", "trait", "list", "n01")["traits"], ["CUSTOM_A", "CUSTOM_B"], "traits of one")
same([n["node"] for n in answer("node", "trait", "list", "n0[1-3]")], ["n01", "n02", "n03"], "and of many")
well("node", "trait", "set", "n02", "CUSTOM_C")
well("node", "remove", "trait", "n01", "--all")
fails(2, "--all", "node", "remove", "trait", "n01")
same((get("/v1/nodes/n01/traits")["traits"], get("/v1/nodes/n02/traits")["traits"]), ([], ["CUSTOM_C"]), "changed")
well("node", "boot", "device", "set", "n01", "n02", "pxe", "--persistent")
same(answer("node", "boot", "device", "show", "n02"), {"boot_device": "pxe", "persistent": False}, "the boot device")
ok("pxe" in answer("node", "boot", "device", "show", "n02", "--supported")["supported_boot_devices"], "those there are")
well("node", "inject", "nmi", "n02")
well("node", "vif", "attach", "n01", "8c6a0ef7-37ff-4c4c-9d2c-4f1fba8d3a11")
well("node", "vif", "list", "n01")
well("node", "vif", "detach", "n01", "8c6a0ef7-37ff-4c4c-9d2c-4f1fba8d3a11")
well("node", "console", "enable", "n01")
well("node", "console", "show", "n01")
well("node", "console", "disable", "n01")
for what in (("states", "show"), ("bios", "setting", "list"), ("firmware", "list"), ("history", "list"),
             ("children", "list"), ("passthru", "list"), ("boot", "mode", "show")):
    well("node", *what, "n01")
    well("node", *what, "n01", "--json")
well("node", "clean", "n02", "--clean-steps", json.dumps([{"interface": "bios", "step": "apply_configuration", "args": {
    "settings": [{"name": "Turbo", "value": "on"}]}}]), "--yes", "--wait")
same(answer("node", "bios", "setting", "show", "n02", "Turbo")["Turbo"]["value"], "on", "a BIOS setting")
ok("Turbo" in well("node", "bios", "setting", "list", "n02") and "no BIOS" in well("node", "bios", "setting", "list", "n03"),
   "their list")
well("node", "boot", "mode", "set", "n02", "n03", "uefi")
well("node", "secure", "boot", "on", "n02", "n03")
for _ in range(100):
    if all(n["secure_boot"] for n in answer("node", "boot", "mode", "show", "n0[2-3]")):
        break
ok("n[02-03] (2)" in well("node", "boot", "mode", "show", "n0[2-3]"), "boot modes, collated")
well("node", "indicator", "set", "n0[2-3]", "led@system", "blinking")
same(answer("node", "indicator", "show", "n03", "led@system"), {"state": "blinking"}, "an indicator")
ok("led@system" in well("node", "indicator", "list", "n03"), "their list")
well("node", "vmedia", "attach", "n0[2-3]", "--image-url", "http://h/x.iso")
well("node", "vmedia", "show", "n02")
well("node", "vmedia", "detach", "n02", "--device-type", "cdrom")
well("node", "vmedia", "detach", "n02", "n03")
fails(2, "--image-url", "node", "vmedia", "attach", "n02")
fails(1, "No handler", "node", "passthru", "call", "n02", "nothing")
fails(2, "--http-method", "node", "passthru", "call", "n02", "nothing", "--http-method", "FROB")
same(answer("node", "passthru", "call", "n02", "third_method_sync", "--arg", "bar=meow"), True, "a method's answer")
status, out, err = ingot("node", "clean", "n02", "--clean-steps", '[{"interface": "power", "step": "hold"}]', "--yes", "--wait=1")
ok(status == 3 and "operator" in err, "who waits sees what for: " + err)
well("node", "unhold", "n02", "--wait")
well("node", "inventory", "save", "n01", "--file", path_of("inventory.json"))
ok("cpu" in well("node", "inventory", "show", "n01"), "the inventory for people")
same(json.load(open(path_of("inventory.json"), encoding="utf-8")), answer("node", "inventory", "save", "n01"), "and as a file")
same([w["name"] for w in answer("why", "n0[1-2]")], ["n01", "n02"], "why, of many")
ok("WAITS FOR" in well("why", "n0[1-2]"), "a line each")
event = answer("node", "history", "list", "n01")["history"][0]
same(answer("node", "history", "get", "n01", event["uuid"])["event"], event["event"], "one event of the history")
ok("no difference" in well("node", "inventory", "n01", "--diff", path_of("inventory.json")), "compared with what was saved")
fails(2, "@1", "node", "inventory", "n01", "--diff", "@x")
fails(2, "one node", "node", "inventory", "n01", "n02", "--diff", "n03")
fails(1, "", "node", "inventory", "save", "nobody")

# Every other resource: create, show, list, set, unset, delete; by its own name where it has one
node = get("/v1/nodes/n03")["uuid"]
well("node", "power", "off", "n02", "--wait")
port = answer("port", "create", "52:54:00:00:01:01", "--node", "n03", "--extra", "a=b", "-l", "port_id=Eth1/1",
              "-l", "switch_id=00:11:22:33:44:55", "--pxe-enabled", "false", "--physical-network", "net1")
same((port["node_uuid"], port["pxe_enabled"], port["physical_network"], port["local_link_connection"]),
     (node, False, "net1", {"port_id": "Eth1/1", "switch_id": "00:11:22:33:44:55"}), "a port with all its options")
well("port", "set", "52:54:00:00:01:01", "--pxe-enabled", "--extra", "c=1")
well("port", "unset", "52:54:00:00:01:01", "--extra", "a", "--physical-network")
port = answer("port", "show", "52:54:00:00:01:01")
same((port["pxe_enabled"], port["extra"], port["physical_network"]), (True, {"c": 1}, None), "set and unset by address")
same(len(answer("port", "list", "--node", "n03")), 1, "the ports of a node")
fails(2, "--node", "port", "create", "52:54:00:00:01:02")
fails(1, "gone", "port", "create", "52:54:00:00:01:02", "--node", "gone")
ok("Nothing was changed" in well("port", "delete", "52:54:00:00:01:*", "--dry-run"), "a dry run of a deletion")
well("port", "delete", "52:54:00:00:01:01")
fails(1, "no port has this address", "port", "show", "52:54:00:00:01:01")

kinds = [
    # noun, create, name in the answer, set, unset, what both change
    ("port group", ["--node", "n01", "--name", "bond0", "--mode", "802.3ad", "--property", "miimon=100"], "name",
     ["--address", "52:54:00:00:02:01", "--extra", "a=1"], ["--address", "--extra", "a"],
     [("address", "52:54:00:00:02:01", None), ("extra", {"a": 1}, {})]),
    ("chassis", ["--description", "x", "--extra", "a=1"], "uuid", ["--description", "y", "--extra", "b=2"],
     ["--extra", "a"], [("description", "y", "y"), ("extra", {"a": 1, "b": 2}, {"b": 2})]),
    ("volume connector", ["--node", "n02", "--type", "iqn", "--connector-id", "iqn.2010-10.org.x:1"], "uuid",
     ["--extra", "a=1"], ["--extra", "a"], [("extra", {"a": 1}, {})]),
    ("volume target", ["--node", "n02", "--type", "iscsi", "--boot-index", "0", "--volume-id", "v1", "--property",
                       "target_lun=1"], "uuid", ["--volume-id", "v2", "--property", "a=b"], ["--property", "a"],
     [("volume_id", "v2", "v2"), ("properties", {"target_lun": 1, "a": "b"}, {"target_lun": 1})]),
    ("deploy template", ["CUSTOM_T1", "--steps",
                         '[{"interface": "bios", "step": "x", "args": {}, "priority": 10}]'], "name",
     ["--extra", "a=1"], ["--extra", "a"], [("extra", {"a": 1}, {})]),
    ("runbook", ["--name", "CUSTOM_R1", "--steps",
                 '[{"interface": "bios", "step": "x", "args": {}, "order": 1}]'], "name",
     ["--extra", "a=1"], ["--extra", "a"], [("extra", {"a": 1}, {})]),
    ("inspection rule", ["--description", "r", "--actions",
                         '[{"op": "set-attribute", "args": {"path": "extra/a", "value": "b"}}]'], "uuid",
     ["--priority", "7"], ["--description"], [("priority", 7, 7), ("description", "r", None)]),
]
for noun, create, ident, to_set, to_unset, changes in kinds:
    words = noun.split()
    record = answer(*words, "create", *create)
    name = record.get(ident, "?")
    ok(name in [r.get(ident) for r in answer(*words, "list", "--fields", ident)], "%s is listed" % noun)
    ok(well(*words, "list").startswith(""), "for people, too")
    well(*words, "set", name, *to_set)
    shown = answer(*words, "show", name)
    same([shown.get(k) for k, _, _ in changes], [v for _, v, _ in changes], "%s was set" % noun)
    well(*words, "unset", name, *to_unset)
    shown = answer(*words, "show", name)
    same([shown.get(k) for k, _, _ in changes], [v for _, _, v in changes], "%s was unset" % noun)
    ok(name in well(*words, "delete", name, "--dry-run", "-f", "value", "-c", ident), "a dry run shows it")
    well(*words, "delete", name)
    fails(1, name, *words, "show", name)
    fails(2, "say what to set", *words, "set", name)
    fails(2, "", *words, "delete")

for number in range(3):
    well("inspection", "rule", "create", "--description", "many%d" % number, "--conditions", "[]", "--actions",
         '[{"op": "log", "args": {"msg": "x"}}]')
fails(2, "--yes", "inspection", "rule", "delete", "--all")
same(len(answer("inspection", "rule", "delete", "--all", "--dry-run")), 3, "a dry run of all")
well("inspection", "rule", "delete", "--all", "--yes")
same(answer("inspection", "rule", "list"), [], "every rule is gone")

answer("allocation", "create", "--resource-class", "none", "--name", "a1")
status, out, err = ingot("allocation", "create", "--resource-class", "none", "--name", "a2", "--wait")
ok(status == 1 and "no node" in err, "an allocation that finds no node says why: " + err)
well("node", "set", "n01", "--resource-class", "small")
got = answer("allocation", "create", "--resource-class", "small", "--name", "a3", "--candidate-node", "n0[1-2]", "--wait", "30")
same((got["state"], got["node_uuid"]), ("active", get("/v1/nodes/n01")["uuid"]), "one that finds its node")
same(answer("node", "allocation", "show", "n01")["name"], "a3", "the node's allocation")
well("allocation", "set", "a3", "--extra", "a=1")
well("allocation", "unset", "a3", "--extra", "a")
well("allocation", "delete", "a1", "a2", "a3")
same(answer("allocation", "list"), [], "none is left")

same(sorted(d["name"] for d in answer("driver", "list")), ["fake-hardware", "ipmi"], "drivers")
same(answer("driver", "show", "fake-hardware")["name"], "fake-hardware", "one of them")
well("driver", "property", "list", "ipmi")
well("driver", "raid", "property", "list", "fake-hardware")
well("driver", "passthru", "list", "fake-hardware")
host = answer("conductor", "list")[0]["hostname"]
same(answer("conductor", "show", host)["alive"], True, "a conductor")
well("node", "set", "n04", "--shard", "s1")
ok({"name": "s1", "count": 1} in answer("shard", "list"), "shards")
fails(1, "", "port", "show", "52:54:00:00:09:09")
fails(1, "nobody", "node", "show", "nobody")

# Files of resources, as baremetal create reads them
rack = in_file("rack.yaml", """
chassis:
- description: made
  nodes:
  - {name: y1, driver: fake-hardware, properties: {cpus: 4}, portgroups: [{name: ybond, ports: [{address: '52:54:00:00:05:01'}]}]}
nodes:
- name: y2
  driver: fake-hardware
  ports:
  - address: 52:54:00:00:05:02
- name: n01
  driver: fake-hardware
  ports: [{address: '52:54:00:00:05:03'}]
""")
same(len(json.loads(well("create", rack, "--dry-run", "--json"))), 8, "a dry run shows what would be made")
same(ingot("node", "show", "y1")[0], 1, "and makes nothing")
status, out, err = ingot("create", rack)
ok(status == 1 and "nodes n01" in err and "y2" in out, "what can be made is, with its reason what not: " + err)
ports = {p["address"]: p for p in get("/v1/ports/detail")["ports"]}
same((sorted(a for a in ports if a.startswith("52:54:00:00:05")), ports["52:54:00:00:05:01"]["portgroup_uuid"]),
     (["52:54:00:00:05:01", "52:54:00:00:05:02"], get("/v1/portgroups/ybond")["uuid"]), "with what belongs to them")
ok(answer("node", "show", "y1")["chassis_uuid"] is not None, "and whose it is")
fails(2, "expected chassis and nodes", "create", in_file("bad.yaml", "ports: []\n"))
fails(2, "expected a list", "create", in_file("bad.json", '{"nodes": {}}'))

# Who asks, and in which version
status, out, err = ingot("node", "list", "--os-password", "secret", "--os-username", "u")
ok(status == 0 and "everybody" in err and "secret" not in out + err, "--os-password warns: " + err)
fails(1, "Keystone", "node", "list", "--os-auth-type", "v3password")
fails(1, "a name is missing", "node", "list", "--os-auth-type", "http_basic")
well("node", "list", "--os-auth-type", "none", env={**env, "OS_USERNAME": "u"})
fails(1, "1.N", "node", "list", "--os-baremetal-api-version", "2.0")
fails(1, "--os-baremetal-api-version", "node", "list", "--os-baremetal-api-version", "1.9999")
ok("resource_class" not in answer("--os-baremetal-api-version", "1.15", "node", "show", "m1"), "an old version")
with open(os.path.join(conductor.folder, "clouds.yaml"), "w", encoding="utf-8") as f:
    f.write("clouds:\n  lab:\n    auth_type: none\n    region_name: RegionOne\n    auth: {endpoint: '%s'}\n"
            "  stack:\n    auth_type: password\n    auth: {auth_url: 'http://k'}\n" % conductor.url)
clouds = {**env, "INGOT_URL": "", "OS_CLIENT_CONFIG_FILE": os.path.join(conductor.folder, "clouds.yaml")}
status, out, err = ingot("--os-cloud", "lab", "node", "list", env=clouds)
ok(status == 0 and "regions are ignored" in err, "regions are told to be ignored: " + err)
fails(1, "Keystone", "--os-cloud", "stack", "node", "list", env=clouds)

# http_basic over TLS; of "myPassword", from the manual of Apache's htpasswd
key, cert = path_of("key.pem"), path_of("cert.pem")
run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert)
in_file("htpasswd", "admin:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n")


class SecureConductor(Conductor):
    def _wait(self):
        self.url = self.url.replace("http:", "https:")
        for _ in range(300):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.1)


secure = SecureConductor("auth = http_basic\nhtpasswd = %s\ntls_cert = %s\ntls_key = %s\n" % (
    path_of("htpasswd"), cert, key))
tls = {**env, "INGOT_URL": secure.url, "OS_CACERT": cert}
basic = {**tls, "OS_USERNAME": "admin", "OS_PASSWORD": "myPassword"}
fails(1, "--password-file", "node", "list", env=tls)
fails(1, "--password-file", "node", "list", env={**basic, "OS_PASSWORD": "wrong"})
well("node", "list", env=basic)
well("node", "list", "--os-username", "admin", "--password-file", in_file("pass", "myPassword\n"), "--os-cacert", cert, env={
    **env, "INGOT_URL": secure.url})
fails(1, "certificate", "node", "list", env={**basic, "OS_CACERT": ""})
status, out, err = ingot("node", "list", "--insecure", env={**basic, "OS_CACERT": ""})
ok(status == 0 and "not checked" in err, "--insecure says what it means: " + err)
status, out, err = ingot("node", "create", "p1", "--driver", "fake-hardware", "--insecure", env={**basic, "OS_CACERT": ""})
status, out, err = ingot("node", "set", "p1", "--extra", "a=1", "--insecure", env={**basic, "OS_CACERT": ""})
same((status, err.count("not checked")), (0, 1), "a verb opens one connection, and asks or warns once: " + err)
in_file("clouds.yaml", "clouds:\n  lab:\n    auth_type: http_basic\n    cacert: %s\n    auth: {endpoint: '%s'}\n" % (
    cert, secure.url))
in_file("secure.yaml", "clouds: {lab: {auth: {username: admin, password: myPassword}}}\n")
well("--os-cloud", "lab", "node", "list", env=clouds)
same(len(json.loads(well("node", "create", "t[01-30]", "--driver", "fake-hardware", "--json", env=basic))), 30,
     "a range over TLS")

# Help
ok("--fields" in ingot("port", "list", "--help")[1] and "Examples" in ingot("port", "list", "--help")[1], "help of a verb")
ok("port group" in ingot("help", "port")[1], "help of a noun")
status, out, err = ingot("node", "boot")
ok(status == 2 and "ingot node boot --help" in err, "half a command says where help is: " + err)
done()
