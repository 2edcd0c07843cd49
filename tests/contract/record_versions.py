#!/usr/bin/python3
"""Writes tests/api/microversions.json: what Debian's Ironics answer at each microversion.

    record_versions.py [bookworm=URL] [trixie=URL]     both are started when no URL is given

A row is one question: a request and what to look at in its answer (the status, whether a member is
there, or its value). It is asked of a real Ironic at its versions, and the row tells the answer and
every version at which it changed: [[1, 406], [51, 200]]. A row in which it answered with an error of
its own (5xx) is left out. Nothing here knows since when anything
exists, except the rows above 1.96, which no Debian release answers: they are from the contract
(its table of microversions, section 2.5) and carry "from": "contract".

Where both releases answer, the newer one counts; what the older one answers differently stands in
the row as "bookworm".
"""

import argparse
import concurrent.futures
import json
import os
import re
import sys
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ironic  # noqa: E402
from ask import Endpoint  # noqa: E402

TO = os.path.join(ironic.TOP, "tests/api/microversions.json")
NARROW = 20  # versions that answer alike at both ends and are not looked between

# --- what has to be there first -------------------------------------------------------------------
# "as" names what a row's {braces} stand for: the member "take" of the answer. Verbs are asked for one
# after the other, each until the node is at rest; then "power", until it is so. What an older API
# does not know is left out.
FAKE = {"driver": "fake-hardware"}
STEP = {"interface": "deploy", "step": "deploy", "args": {}, "priority": 10}
SETUP = [
    {"as": "chassis", "minor": 1, "path": "/v1/chassis", "body": {"description": "c", "extra": {"a": "b"}}},
    {"as": "node", "minor": 11, "path": "/v1/nodes",
     "body": {**FAKE, "name": "mv-node", "chassis_uuid": "{chassis}", "extra": {"a": "b"}},
     "verbs": ["manage", "provide"], "power": "power off"},
    {"as": "enrolled", "minor": 11, "path": "/v1/nodes", "body": {**FAKE, "name": "mv-enrolled"},
     "power": "power off"},
    {"as": "patched", "minor": 11, "path": "/v1/nodes", "body": {**FAKE, "name": "mv-patched"}},
    {"as": "active", "minor": 11, "path": "/v1/nodes", "body": {**FAKE, "name": "mv-active"},
     "verbs": ["manage", "provide", "active"]},
    {"as": "portgroup", "minor": 26, "path": "/v1/portgroups",
     "body": {"node_uuid": "{node}", "address": "52:54:00:0a:00:01", "name": "mv-group"}},
    {"as": "port", "minor": 1, "path": "/v1/ports",
     "body": {"node_uuid": "{node}", "address": "52:54:00:0a:00:02", "extra": {"a": "b"}}},
    {"as": "connector", "minor": 32, "path": "/v1/volume/connectors",
     "body": {"node_uuid": "{node}", "type": "iqn", "connector_id": "iqn.2026-01.org.example:mv"}},
    {"as": "target", "minor": 32, "path": "/v1/volume/targets",
     "body": {"node_uuid": "{node}", "volume_type": "iscsi", "boot_index": 0, "volume_id": "mv"}},
    {"as": "allocation", "minor": 60, "path": "/v1/allocations",
     "body": {"name": "mv-allocation", "resource_class": "mv-none"}},
    {"as": "template", "minor": 55, "path": "/v1/deploy_templates",
     "body": {"name": "CUSTOM_MV", "steps": [STEP]}},
    {"as": "runbook", "minor": 92, "path": "/v1/runbooks",
     "body": {"name": "CUSTOM_MV_BOOK", "steps": [{"interface": "deploy", "step": "x", "args": {}, "order": 1}]}},
    {"as": "rule", "minor": 96, "path": "/v1/inspection_rules",
     "body": {"description": "mv", "conditions": [],
              "actions": [{"op": "set-attribute", "args": {"path": "/extra/mv", "value": "1"}}]}},
    {"as": "conductor", "minor": 49, "method": "GET", "path": "/v1/conductors",
     "take": "/conductors/0/hostname"},
]

# --- the questions --------------------------------------------------------------------------------
NODE, PORT, GROUP = "/v1/nodes/{node}", "/v1/ports/{port}", "/v1/portgroups/{portgroup}"
CONNECTOR, TARGET = "/v1/volume/connectors/{connector}", "/v1/volume/targets/{target}"
ALLOCATION, TEMPLATE = "/v1/allocations/{allocation}", "/v1/deploy_templates/{template}"
RUNBOOK, RULE = "/v1/runbooks/{runbook}", "/v1/inspection_rules/{rule}"

# Objects whose members are recorded one by one: path, where the object stands in the answer.
OBJECTS = [
    ("/v1", ""), (NODE, ""), (NODE + "/states", ""), ("/v1/nodes/detail", "/nodes/0"),
    ("/v1/nodes", "/nodes/0"), ("/v1/nodes?detail=True", "/nodes/0"),
    (PORT, ""), ("/v1/ports/detail", "/ports/0"), ("/v1/ports", "/ports/0"), (NODE + "/ports", "/ports/0"),
    (GROUP, ""), ("/v1/portgroups/detail", "/portgroups/0"), ("/v1/portgroups", "/portgroups/0"),
    (NODE + "/portgroups", "/portgroups/0"),
    ("/v1/chassis/{chassis}", ""), ("/v1/chassis/detail", "/chassis/0"), ("/v1/chassis", "/chassis/0"),
    (CONNECTOR, ""), (TARGET, ""), ("/v1/volume", ""),
    ("/v1/volume/connectors", "/connectors/0"), ("/v1/volume/targets", "/targets/0"),
    (ALLOCATION, ""), ("/v1/allocations", "/allocations/0"),
    (TEMPLATE, ""), ("/v1/deploy_templates", "/deploy_templates/0"),
    (RUNBOOK, ""), ("/v1/runbooks", "/runbooks/0"), (RULE, ""), ("/v1/inspection_rules", "/inspection_rules/0"),
    ("/v1/drivers/fake-hardware", ""), ("/v1/drivers", "/drivers/0"),
    ("/v1/drivers?detail=True", "/drivers/0"),
    ("/v1/conductors/{conductor}", ""), ("/v1/conductors", "/conductors/0"),
]

GETS = [
    NODE, NODE + "/validate", NODE + "/states", NODE + "/states/console", "/v1/nodes", "/v1/nodes/detail",
    "/v1/nodes/mv-node", "/v1/nodes?detail=True", "/v1/nodes?fields=uuid", NODE + "?fields=uuid",
    NODE + "/management/boot_device/supported", NODE + "/management/boot_device",
    NODE + "/management/indicators", NODE + "/management/indicators/chassis",
    NODE + "/management/indicators/led@chassis",
    NODE + "/traits", NODE + "/vifs", NODE + "/bios", NODE + "/bios?detail=True", NODE + "/bios?fields=name",
    NODE + "/bios/none", NODE + "/firmware", NODE + "/history", NODE + "/history/detail",
    NODE + "/history?detail=True", NODE + "/inventory", NODE + "/children", NODE + "/vmedia",
    NODE + "/allocation", NODE + "/ports", NODE + "/ports/detail", NODE + "/portgroups",
    NODE + "/portgroups/detail", NODE + "/portgroups/{portgroup}/ports", NODE + "/volume",
    NODE + "/volume/connectors", NODE + "/volume/targets", NODE + "/vendor_passthru/methods",
    "/v1/chassis/{chassis}/nodes", "/v1/chassis/{chassis}/nodes/detail",
    PORT, "/v1/ports", "/v1/ports/detail", "/v1/ports?detail=True", "/v1/ports?fields=uuid", PORT + "?fields=uuid",
    GROUP, "/v1/portgroups", "/v1/portgroups/detail", "/v1/portgroups/mv-group", GROUP + "/ports",
    GROUP + "/ports/detail", "/v1/portgroups?detail=True", "/v1/portgroups?fields=uuid",
    "/v1/chassis", "/v1/chassis/detail", "/v1/chassis/{chassis}", "/v1/chassis?detail=True",
    "/v1/chassis?fields=uuid", "/v1/chassis/{chassis}?fields=uuid",
    "/v1/volume", "/v1/volume/connectors", "/v1/volume/targets", CONNECTOR, TARGET,
    "/v1/volume/connectors?detail=True", "/v1/volume/targets?detail=True",
    "/v1/volume/connectors?fields=uuid", "/v1/volume/targets?fields=uuid",
    "/v1/drivers", "/v1/drivers/fake-hardware", "/v1/drivers?type=dynamic", "/v1/drivers?type=classic",
    "/v1/drivers?detail=True", "/v1/drivers?fields=name", "/v1/drivers/fake-hardware?fields=name",
    "/v1/drivers/fake-hardware/properties", "/v1/drivers/properties?driver_name=fake-hardware",
    "/v1/drivers/fake-hardware/raid/logical_disk_properties",
    "/v1/drivers/fake-hardware/vendor_passthru/methods",
    "/v1/conductors", "/v1/conductors/{conductor}", "/v1/conductors?detail=True", "/v1/conductors?fields=hostname",
    "/v1/allocations", "/v1/allocations/mv-allocation", ALLOCATION, "/v1/allocations?fields=uuid",
    "/v1/deploy_templates", TEMPLATE, "/v1/deploy_templates/CUSTOM_MV", "/v1/deploy_templates?detail=True",
    "/v1/deploy_templates?fields=uuid",
    "/v1/runbooks", RUNBOOK, "/v1/runbooks?detail=True", "/v1/inspection_rules", RULE,
    "/v1/inspection_rules?detail=True", "/v1/shards", "/v1/events", "/v1/lookup?addresses=52:54:00:0a:00:02",
    "/v1/nodes/mv-node.json", "/v1/no-such", NODE + "/no-such",
]

# Query parameters of lists, with a value each.
FILTERS = {
    "/v1/nodes": {
        "instance_uuid": "{any_uuid}", "chassis_uuid": "{chassis}", "associated": "False",
        "maintenance": "False", "provision_state": "available", "driver": "fake-hardware",
        "resource_class": "mv", "fault": "power failure", "conductor_group": "", "conductor": "localhost",
        "owner": "mv", "lessee": "mv", "project": "mv", "description_contains": "mv", "retired": "False",
        "shard": "mv", "sharded": "False", "parent_node": "{node}", "include_children": "True",
        "limit": "1", "marker": "{node}", "sort_dir": "desc"},
    "/v1/ports": {
        "node": "mv-node", "node_uuid": "{node}", "address": "52:54:00:0a:00:02",
        "portgroup": "{portgroup}", "shard": "mv", "limit": "1", "marker": "{port}"},
    "/v1/portgroups": {"node": "{node}", "address": "52:54:00:0a:00:01", "limit": "1"},
    "/v1/allocations": {"node": "{node}", "resource_class": "mv", "state": "error", "owner": "mv"},
    "/v1/volume/connectors": {"node": "{node}"},
    "/v1/volume/targets": {"node": "{node}"},
    "/v1/chassis": {"limit": "1"},
}

INTERFACES = ("bios", "boot", "console", "deploy", "firmware", "inspect", "management", "network",
              "power", "raid", "rescue", "storage", "vendor")
NODE_VALUES = {
    **{i + "_interface": "noop" if i == "network" else "fake" for i in INTERFACES},
    "automated_clean": True, "chassis_uuid": "{chassis}", "conductor_group": "", "description": "d",
    "disable_power_off": False, "driver": "fake-hardware", "driver_info": {"a": "b"}, "extra": {"a": "b"},
    "instance_info": {"a": "b"}, "instance_uuid": "{any_uuid}", "lessee": "me", "maintenance": False,
    "name": "mv-{any}", "network_data": {}, "owner": "me", "parent_node": "{enrolled}",
    "properties": {"a": "b"}, "protected": False, "protected_reason": "why", "resource_class": "c",
    "retired": False, "retired_reason": "why", "shard": "s",
    "boot_mode": "uefi", "secure_boot": False, "console_enabled": False, "provision_state": "active",
    "power_state": "power on", "reservation": "me", "fault": "x", "traits": ["CUSTOM_A"],
    "clean_step": {}, "deploy_step": {}, "service_step": {}, "raid_config": {}, "target_raid_config": {},
    "driver_internal_info": {"a": "b"}, "allocation_uuid": "{any_uuid}", "last_error": "x",
    "maintenance_reason": "why", "conductor": "localhost", "no_such_field": 1,
}
# What members may be given: the path to create at, what is always given, the object to patch, values.
INPUTS = [
    ("node", "/v1/nodes", FAKE, "/v1/nodes/{patched}", NODE_VALUES),
    ("port", "/v1/ports", {"node_uuid": "{enrolled}", "address": "{any_mac}"}, PORT,
     {"extra": {"a": "b"}, "pxe_enabled": True, "local_link_connection":
      {"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "p", "switch_info": "s"},
      "portgroup_uuid": None, "physical_network": "net", "is_smartnic": False, "name": "mv-{any}",
      "internal_info": {"a": "b"}, "no_such_field": 1}),
    ("portgroup", "/v1/portgroups", {"node_uuid": "{enrolled}"}, GROUP,
     {"extra": {"a": "b"}, "address": "{any_mac}", "name": "mv-{any}", "standalone_ports_supported": True,
      "mode": "active-backup", "properties": {"a": "b"}, "no_such_field": 1}),
    ("chassis", "/v1/chassis", {}, "/v1/chassis/{chassis}",
     {"extra": {"a": "b"}, "description": "d", "no_such_field": 1}),
    ("connector", "/v1/volume/connectors",
     {"node_uuid": "{enrolled}", "type": "iqn", "connector_id": "iqn.2026-01.org.example:{any}"}, CONNECTOR,
     {"extra": {"a": "b"}, "no_such_field": 1}),
    ("target", "/v1/volume/targets",
     {"node_uuid": "{enrolled}", "volume_type": "iscsi", "boot_index": 7, "volume_id": "v-{any}"}, TARGET,
     {"extra": {"a": "b"}, "properties": {"a": "b"}, "no_such_field": 1}),
    ("allocation", "/v1/allocations", {"resource_class": "mv-none"}, ALLOCATION,
     {"name": "mv-{any}", "extra": {"a": "b"}, "traits": ["CUSTOM_A"], "candidate_nodes": ["{enrolled}"],
      "owner": "me", "node": "{enrolled}", "no_such_field": 1}),
    ("deploy template", "/v1/deploy_templates", {"name": "CUSTOM_{ANY}", "steps": [STEP]}, TEMPLATE,
     {"extra": {"a": "b"}, "description": "d", "no_such_field": 1}),
    ("runbook", "/v1/runbooks",
     {"name": "CUSTOM_{ANY}", "steps": [{"interface": "deploy", "step": "x", "args": {}, "order": 1}]}, RUNBOOK,
     {"extra": {"a": "b"}, "description": "d", "disable_ramdisk": True, "public": True, "owner": "me",
      "no_such_field": 1}),
    ("inspection rule", "/v1/inspection_rules",
     {"actions": [{"op": "log", "args": {"msg": "x"}}], "conditions": []}, RULE,
     {"description": "d", "priority": 5, "sensitive": True, "phase": "main", "scope": "s", "no_such_field": 1}),
]

DRIVE = {"meta_data": {"a": "b"}}
CLEAN = [{"interface": "deploy", "step": "x"}]
# Verbs and what goes with them, asked of nodes for which the verb is not possible: too old a version is
# refused before that is looked at.
PROVISION = [
    *[("active", {"target": v}) for v in ("manage", "provide", "inspect", "adopt", "unhold", "unrescue",
                                          "abort", "active", "deploy", "no-such")],
    *[("active", {"target": "clean", "clean_steps": CLEAN, **more})
      for more in ({}, {"disable_ramdisk": True})],
    *[("enrolled", {"target": v}) for v in ("rebuild", "deleted", "undeploy", "rescue", "service", "clean")],
    ("enrolled", {"target": "rescue", "rescue_password": "p"}),
    ("enrolled", {"target": "service", "service_steps": CLEAN}),
    ("enrolled", {"target": "service", "service_steps": CLEAN, "disable_ramdisk": True}),
    ("enrolled", {"target": "service", "runbook": "{runbook}"}),
    ("enrolled", {"target": "active", "configdrive": "aGVsbG8="}),
    ("enrolled", {"target": "active", "configdrive": DRIVE}),
    ("enrolled", {"target": "active", "configdrive": {**DRIVE, "vendor_data": {"a": "b"}}}),
    ("enrolled", {"target": "active", "deploy_steps": [STEP]}),
    ("enrolled", {"target": "rebuild", "configdrive": "aGVsbG8="}),
    ("enrolled", {"target": "rebuild", "configdrive": DRIVE}),
    ("enrolled", {"target": "rebuild", "deploy_steps": [STEP]}),
    ("enrolled", {"target": "provide", "configdrive": "aGVsbG8="}),
    ("enrolled", {"target": "provide", "clean_steps": CLEAN}),
]

NO_NODE = "/v1/nodes/11111111-1111-1111-1111-111111111111"
OTHERS = [
    ("PUT", "/v1/nodes/{patched}/states/power", {"target": "power on"}),
    ("PUT", "/v1/nodes/{patched}/states/power", {"target": "power on", "timeout": 10}),
    ("PUT", "/v1/nodes/{patched}/states/power", {"target": "soft power off"}),
    ("PUT", "/v1/nodes/{patched}/states/power", {"target": "soft rebooting"}),
    ("PUT", "/v1/nodes/{patched}/states/raid", {"logical_disks": []}),
    ("PUT", "/v1/nodes/{patched}/states/console", {"enabled": False}),
    ("PUT", "/v1/nodes/{patched}/states/boot_mode", {"target": "uefi"}),
    ("PUT", "/v1/nodes/{patched}/states/secure_boot", {"target": True}),
    ("PUT", "/v1/nodes/{patched}/maintenance", {"reason": "mv"}),
    ("DELETE", "/v1/nodes/{patched}/maintenance", None),
    ("PUT", "/v1/nodes/{patched}/management/boot_device", {"boot_device": "pxe", "persistent": False}),
    ("PUT", "/v1/nodes/{patched}/management/inject_nmi", {}),
    ("PUT", "/v1/nodes/{patched}/management/indicators/led@chassis", {"state": "on"}),
    ("PUT", "/v1/nodes/{patched}/traits", {"traits": ["CUSTOM_A"]}),
    ("PUT", "/v1/nodes/{patched}/traits/CUSTOM_B", {}),
    ("DELETE", "/v1/nodes/{patched}/traits", None),
    ("POST", NO_NODE + "/vifs", {"id": "{any_uuid}"}),
    ("POST", NO_NODE + "/vmedia", {"device_type": "cdrom", "image_url": "http://127.0.0.1/i"}),
    ("DELETE", NO_NODE + "/vmedia", None),
    ("DELETE", NO_NODE + "/allocation", None),
    ("DELETE", NO_NODE, None),
    ("PATCH", "/v1/nodes/{patched}?reset_interfaces=True",
     [{"op": "replace", "path": "/driver", "value": "fake-hardware"}]),
    ("PATCH", "/v1/nodes/{node}", [{"op": "remove", "path": "/chassis_uuid"}]),
    ("PATCH", "/v1/nodes/mv-patched", [{"op": "add", "path": "/extra/x", "value": 1}]),
    ("PATCH", ALLOCATION, [{"op": "add", "path": "/extra/x", "value": 1}]),
    ("PATCH", TEMPLATE, [{"op": "add", "path": "/extra/x", "value": 1}]),
    ("PATCH", PORT, [{"op": "replace", "path": "/local_link_connection", "value":
                      {"network_type": "managed", "switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "p"}}]),
    ("PATCH", PORT, [{"op": "replace", "path": "/local_link_connection", "value":
                      {"vtep-logical-switch": "s", "vtep-physical-switch": "p", "port_id": "p"}}]),
    ("PATCH", PORT, [{"op": "replace", "path": "/local_link_connection", "value": {}}]),
    ("POST", "/v1/ports", {"node_ident": "mv-enrolled", "address": "{any_mac}"}),
    ("POST", "/v1/allocations", {"node": "{enrolled}", "resource_class": "c"}),
    ("POST", "/v1/events", {"events": [{"event": "network.bind_port", "port_id": "{any_uuid}",
                                        "mac_address": "52:54:00:0a:00:02", "status": "ACTIVE"}]}),
    ("POST", "/v1/heartbeat/{node}", {"callback_url": "https://127.0.0.1:9999"}),
    *[("POST", "/v1/heartbeat/{node}",
       {"callback_url": "https://127.0.0.1:9999", "agent_token": "x", **more})
      for more in ({"agent_version": "9.0"}, {"agent_version": "9.0", "agent_verify_ca": "pem"},
                   {"agent_version": "9.0", "agent_status": "start", "agent_status_message": "m"})],
    ("POST", "/v1/continue_inspection", {"inventory": {"interfaces": []}}),
]

VALUES = [  # (method, path, body, member looked at)
    ("GET", NODE, None, "/provision_state"),
    ("GET", NODE + "/states", None, "/provision_state"),
    ("GET", "/v1/nodes/{active}", None, "/provision_state"),
    ("POST", "/v1/nodes", FAKE, "/provision_state"),
]

# --- above what Debian has: the contract's table, section 2.5 ---------------------------------------
GATE = 406


def contract_rows():
    """Rows for 1.97 to 1.110; each says the version the contract gives."""
    def has(path, member, since):
        return {"method": "GET", "path": path, "look": "has " + member,
                "answers": [[96, False], [since, True]]}

    def takes(method, path, body, since, good):
        return {"method": method, "path": path, "body": body, "look": "status",
                "answers": [[96, GATE], [since, good]]}

    def patch(path, member, value, since):
        return takes("PATCH", path, [{"op": "add", "path": "/" + member, "value": value}], since, 200)

    port = {"node_uuid": "{enrolled}", "address": "{any_mac}"}
    rows = [takes("GET", "/v1/ports?conductor_group=", None, 99, 200),
            takes("GET", "/v1/ports?description_contains=x", None, 97, 200),
            takes("POST", "/v1/nodes", {**FAKE, "instance_name": "mv-{any}"}, 104, 201),
            patch("/v1/nodes/{patched}", "instance_name", "mv-{any}", 104),
            takes("GET", "/v1/nodes?instance_name=x", None, 104, 200),
            has(NODE, "/instance_name", 104), has(NODE, "/health", 109),
            has("/v1/nodes/detail", "/nodes/0/health", 109),
            takes("PUT", "/v1/nodes/{enrolled}/states/provision",
                  {"target": "service", "service_steps": CLEAN, "disable_ramdisk": True}, 108, 400)]
    for member, value, since in (("description", "d", 97), ("vendor", "v", 100), ("category", "c", 101)):
        rows += [has(PORT, "/" + member, since), patch(PORT, member, value, since),
                 takes("POST", "/v1/ports", {**port, member: value}, since, 201)]
    for member, value, since in (("physical_network", "n", 102), ("category", "c", 103)):
        rows += [has(GROUP, "/" + member, since), patch(GROUP, member, value, since),
                 takes("POST", "/v1/portgroups", {"node_uuid": "{enrolled}", member: value}, since, 201)]
    rows.append(takes("GET", "/v1/portgroups?shard=s", None, 106, 200))
    for row in rows:
        row["from"] = "contract"
    return rows


# --- asking ---------------------------------------------------------------------------------------
class Source:
    """One Ironic with its fixtures."""

    def __init__(self, url):
        self.endpoint = Endpoint(url)
        self.newest = self.endpoint.newest()
        self.known = {}
        self.count = 0
        for item in SETUP:
            if item["minor"] <= self.newest:
                self._prepare(item)

    def _prepare(self, item):
        minor = self.newest
        answer = self.endpoint.ask(item.get("method", "POST"), item["path"], self.fill(item.get("body")), minor)
        if answer.status not in (200, 201):
            raise RuntimeError("%s at %s: %d %s" % (item["as"], self.endpoint.url, answer.status, answer.body))
        self.known[item["as"]] = str(member(answer.body, item.get("take", "/uuid")))
        for verb in item.get("verbs", ()):
            path = "/v1/nodes/%s/states/provision" % self.known[item["as"]]
            answer = self.endpoint.ask("PUT", path, {"target": verb}, minor)
            if answer.status != 202:
                raise RuntimeError("%s of %s: %d %s" % (verb, item["as"], answer.status, answer.body))
            self.endpoint.settled(self.known[item["as"]], minor)
        if "power" in item:
            node = "/v1/nodes/%s/states" % self.known[item["as"]]
            self.endpoint.ask("PUT", node + "/power", {"target": item["power"]}, minor)
            self.endpoint.until(node, minor, lambda s: s["power_state"] == item["power"])

    def fill(self, value):
        """Puts what is known in the place of {names}; {any...} is new each time. None: not known here."""
        if value is None:
            return None
        self.count += 1
        fresh = {"any": "x%d" % self.count, "ANY": "X%d" % self.count, "any_uuid": str(uuid.uuid4()),
                 "any_mac": "52:54:00:0b:%02x:%02x" % (self.count // 256 % 256, self.count % 256)}
        text = json.dumps(value)
        for name in set(re.findall(r"\{(\w+)\}", text)):
            text = text.replace("{%s}" % name, fresh.get(name) or self.known[name])
        return json.loads(text)

    def can(self, row):
        names = set(re.findall(r"\{(\w+)\}", json.dumps([row["path"], row.get("body")])))
        return all(n in self.known or n.lower().startswith("any") for n in names)

    def ask(self, row, minor):
        """The answer to a row at a version; what was created goes again. A node may be locked for a moment."""
        for _ in range(6):
            answer = self.endpoint.ask(row["method"], self.fill(row["path"]), self.fill(row.get("body")), minor)
            if answer.status != 409:
                break
            time.sleep(0.3)
        if row["method"] == "POST" and answer.status == 201:
            self._delete(row["path"] + "/" + answer.body["uuid"])
        return answer

    def _delete(self, path):
        if self.endpoint.ask("DELETE", path, None, self.newest).status < 300:
            return
        self.endpoint.ask("PUT", path + "/maintenance", {}, self.newest)
        status = self.endpoint.ask("DELETE", path, None, self.newest).status
        if status >= 300:
            raise RuntimeError("DELETE %s: %d" % (path, status))

    def changes(self, what):
        """[[version, what(version)], ...] with a pair for each version at which it changes.

        Halves the versions where both ends differ, and where more than NARROW lie between them, so that
        an answer that changes and changes back is found as well.
        """
        seen = {}

        def at(minor):
            if minor not in seen:
                seen[minor] = what(minor)
            return seen[minor]

        def search(low, high):
            if high - low < 2:
                return
            middle = (low + high) // 2
            if at(low) != at(high) or high - low > NARROW:
                at(middle)
                search(low, middle)
                search(middle, high)

        at(1)
        at(self.newest)
        search(1, self.newest)
        steps = []
        for minor in sorted(seen):
            if not steps or steps[-1][1] != seen[minor]:
                steps.append([minor, seen[minor]])
        return steps


def member(value, pointer):
    """The member a JSON pointer names; raises LookupError."""
    for part in pointer.split("/")[1:]:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError) as e:
            raise LookupError(pointer) from e
    return value


def look(answer, how):
    """What a row looks at in an answer."""
    if how == "status":
        return answer.status
    kind, pointer = how.split(" ", 1)
    try:
        found = member(answer.body, pointer)
    except LookupError:
        return False if kind == "has" else "missing"
    return answer.status < 300 if kind == "has" else found


def object_rows(source):
    """For each member of each object: since when it is shown."""
    for path, where in OBJECTS:
        row = {"method": "GET", "path": path}
        if not source.can(row):
            continue
        members = {}
        for minor in range(1, source.newest + 1):
            answer = source.ask(row, minor)
            try:
                members[minor] = set(member(answer.body, where)) if answer.status == 200 else set()
            except LookupError:
                members[minor] = set()
        for name in sorted(set().union(*members.values())):
            steps = []
            for minor in sorted(members):
                if not steps or steps[-1][1] != (name in members[minor]):
                    steps.append([minor, name in members[minor]])
            yield {**row, "look": "has %s/%s" % (where, name.replace("~", "~0").replace("/", "~1")),
                   "answers": steps}


def questions():
    """Every row but those of objects, without answers."""
    def status(method, path, body=None):
        return {"method": method, "path": path, **({} if body is None else {"body": body}), "look": "status"}

    for path in GETS:
        yield status("GET", path)
    for path, filters in FILTERS.items():
        for name, value in filters.items():
            yield status("GET", "%s?%s=%s" % (path, name, value.replace(" ", "%20")))
    for name in NODE_VALUES:
        yield status("GET", "/v1/nodes?fields=" + name)
        yield status("GET", NODE + "?fields=" + name)
        yield status("GET", "/v1/nodes?sort_key=" + name)
    for resource, create, always, patch, values in INPUTS:
        yield status("POST", create, always)
        for name, value in values.items():
            yield status("POST", create, {**always, name: value})
            yield status("PATCH", patch, [{"op": "add", "path": "/" + name, "value": value}])
            if resource != "node":
                yield status("GET", "%s?fields=%s" % (create, name))
                yield status("GET", "%s?sort_key=%s" % (create, name))
    for node, body in PROVISION:
        yield status("PUT", "/v1/nodes/{%s}/states/provision" % node, body)
    for method, path, body in OTHERS:
        yield status(method, path, body)
    for method, path, body, pointer in VALUES:
        yield {**status(method, path, body), "look": "value " + pointer}


def record(source, say):
    """{key: row} of one Ironic."""
    rows = {}

    def keep(row):
        key = json.dumps([row["method"], row["path"], row.get("body"), row["look"]])
        rows[key] = row

    for row in object_rows(source):
        keep(row)
    say("%d members of objects" % len(rows))
    for row in questions():
        if source.can(row):
            keep({**row, "answers": source.changes(lambda minor, r=row: look(source.ask(r, minor), r["look"]))})
    say("%d rows" % len(rows))
    return rows


def recorded(release, url):
    """The rows of a release, asked at the URL or of one started for it."""
    ironic.end_when_told()
    running = None if url else ironic.Ironic(release, durable=False)
    try:
        return record(Source(url or running.url), lambda text: print("%s: %s" % (release, text), flush=True))
    finally:
        if running:
            running.stop()


def merge(older, newer):
    """The rows of the newer one, with what the older one answers differently."""
    for key, row in newer.items():
        row["from"] = "trixie"
        if key in older:
            last = 82
            mine = [s for s in row["answers"] if s[0] <= last]
            if older[key]["answers"] != mine:
                row["bookworm"] = older[key]["answers"]
    return [row for row in newer.values()
            if not any(type(answer) is int and answer >= 500 for _, answer in row["answers"])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("at", nargs="*", help="bookworm=URL, trixie=URL")
    parser.add_argument("--to", default=TO)
    args = parser.parse_args()
    urls = dict(a.split("=", 1) for a in args.at)
    with concurrent.futures.ProcessPoolExecutor() as pool:
        asked = {r: pool.submit(recorded, r, urls.get(r)) for r in ironic.RELEASES}
        rows = merge(asked["bookworm"].result(), asked["trixie"].result()) + contract_rows()
    sources = {**{r: ironic.version(r) for r in ironic.RELEASES}, "contract": "section 2.5"}
    with open(args.to, "w", encoding="utf-8") as f:
        f.write('{"sources": %s,\n"setup": [\n%s\n],\n"rows": [\n%s\n]}\n' % (
            json.dumps(sources), ",\n".join(json.dumps(s) for s in SETUP),
            ",\n".join(json.dumps(r) for r in rows)))
    print("%s: %d rows" % (args.to, len(rows)))


if __name__ == "__main__":
    main()
