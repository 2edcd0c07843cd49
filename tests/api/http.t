#!/usr/bin/python3
"""The API over plain HTTP, cell by cell from the contract: versions, codes, shapes, states, auth."""

import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, fault, ok, same  # noqa: E402

c = Conductor()


def code(method, path, body=None, version="1.110", **kw):
    return c.request(method, path, body, version, **kw)[0]


# Section 2.1: negotiation
status, answer, headers = c.request("GET", "/", version=None)
same((status, answer["default_version"]["status"], answer["versions"][0]["min_version"]),
     (200, "CURRENT", "1.1"), "GET /")
status, answer, headers = c.request("GET", "/v1", version="latest")
same(answer["version"]["version"], headers["x-openstack-ironic-api-version"],
     "latest is the newest")
ok("openstack-request-id" in headers, "answers have request ids")
status, answer, headers = c.request("GET", "/v1/nodes", version="1.9999")
same((status, headers["x-openstack-ironic-api-minimum-version"],
      headers["x-openstack-ironic-api-maximum-version"]), (406, "1.1", "1.110"), "406 negotiates")
same(c.request("GET", "/v1/nodes", version=None,
               headers={"OpenStack-API-Version": "baremetal 1.72"})[2]["x-openstack-ironic-api-version"],
     "1.72", "the other header")
for path in ("/v1/nodes", "/v1/nodes/", "/nodes", "/nodes/"):
    same(code("GET", path), 200, "GET " + path)
same(code("HEAD", "/v1/nodes"), 200, "HEAD")
same((code("GET", "/v1/frob"), code("POST", "/v1"), code("DELETE", "/v1/nodes")), (404, 405, 405),
     "404 and 405")

# 2.2, 2.7: creation and its errors
status, node, headers = c.request("POST", "/v1/nodes", {
    "driver": "fake-hardware", "name": "ns~h1", "disable_power_off": False,
    "uuid": "6d1f6a0e-9ad0-4c4f-9e3f-2b1df04d70c1"})
same((status, headers["location"]), (201, c.url + "/v1/nodes/" + node["uuid"]), "201 and Location")
same((node["provision_state"], node["power_state"], node["properties"]), ("enroll", None, {}),
     "a new node")
status, answer, _ = c.request("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "ns~h1"})
same((status, "ns~h1" in fault(answer)), (409, True), "a name taken: " + fault(answer))
same(code("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": node["uuid"]}), 409, "a uuid taken")
status, answer, _ = c.request("POST", "/v1/nodes", {"driver": "frob"})
same(status, 400, "an unknown driver: " + fault(answer))
same(code("POST", "/v1/nodes", {"driver": "fake-hardware", "power_interface": "frob"}), 400,
     "an unknown interface")
same(c.request("GET", "/v1/nodes/ns~h1")[1]["uuid"], node["uuid"], "'~' in a path")
same(code("GET", "/v1/nodes/none"), 404, "no such node")
same(c.announce("POST", "/v1/nodes", 1100 * 1024), 413, "a body over 1 MiB")
same(code("POST", "/v1/nodes", b"\xff\xfe"), 400, "no UTF-8")
same(code("POST", "/v1/nodes", b'{"driver": "a", "driver": "b"}'), 400, "a member twice")

# 2.3: vendor methods, as stock Ironic's fake has them, named in the query and in the path
passthru = "/v1/nodes/ns~h1/vendor_passthru"
status, methods, _ = c.request("GET", passthru + "/methods")
same((status, methods["third_method_sync"]["async"], methods["second_method"]["http_methods"],
      methods["fourth_method_shared_lock"]["require_exclusive_lock"]), (200, False, ["POST"], False),
     "vendor methods")
same(c.request("POST", passthru + "?method=third_method_sync", {"bar": "meow"})[:2], (200, True),
     "one that is waited for")
same(c.request("POST", passthru + "/second_method", {"bar": "kazoo"})[:2], (202, None), "one that is not")
same(code("POST", passthru + "?method=second_method", {}), 400, "without its argument")
same(code("GET", passthru + "?method=second_method"), 400, "by another HTTP method")
same((code("POST", passthru, {}), code("POST", passthru + "?method=frob", {})), (400, 400),
     "no method, an unknown one")
same(c.request("GET", "/ingot/v1/nodes/ns~h1/bmc/sensors")[:2], (200, {"sensors": [], "missing": None}),
     "a fake machine has no sensors")
same((code("GET", "/ingot/v1/nodes/ns~h1/bmc/fru"), code("GET", "/ingot/v1/nodes/none/bmc/fru"),
      code("GET", "/ingot/v1/nodes/ns~h1/bmc/sel?last=x")), (400, 404, 400), "and no BMC")
same(code("POST", "/ingot/v1/nodes/ns~h1/bmc/raw", {"netfn": 6, "command": 256}), 400, "no command")
same(code("POST", "/ingot/v1/nodes/ns~h1/bmc/raw", {"netfn": 6, "command": 1, "data": "0x0"}), 400, "no bytes")

# 2.5: old clients
old = c.request("GET", "/v1/nodes/" + node["uuid"], version="1.1")[1]
ok("name" not in old and "driver_internal_info" not in old, "1.1 knows no names")
same((code("GET", "/v1/nodes/ns~h1", version="1.4"), code("GET", "/v1/nodes/ns~h1", version="1.9")), (404, 400),
     "nor takes them, and those of 1.5 were host names")
same((code("GET", "/v1/conductors", version="1.48"), code("GET", "/v1/conductors", version="1.49")),
     (404, 200), "conductors begin with 1.49")

# 2.3 and 3: states
same(code("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "active"}), 400, "enroll to active")
same(code("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "manage"}, "1.3"), 406, "too old")
status, answer, headers = c.request("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "manage"})
same((status, answer, "content-type" in headers), (202, None, False), "202 has no body, no type")
ok(headers["location"].endswith("/states"), "but a Location")
same(c.wait_state("ns~h1", "manageable"), "manageable", "manageable")
same(code("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "provide"}), 202, "provide")
same(c.wait_state("ns~h1", "available"), "available", "available")
same(c.request("GET", "/v1/nodes/" + node["uuid"], version="1.1")[1]["provision_state"], None,
     "which is null below 1.2")
same(code("PATCH", "/v1/nodes/ns~h1", [
    {"op": "add", "path": "/instance_info/image_source", "value": "http://h/i"},
    {"op": "add", "path": "/driver_info/fake_password", "value": "secret"}]), 200, "PATCH")
same(code("PUT", "/v1/nodes/ns~h1/states/provision",
          {"target": "active", "configdrive": {"meta_data": {"a": 1}}}), 202, "active")
same(c.wait_state("ns~h1", "active"), "active", "is active")
shown = c.request("GET", "/v1/nodes/ns~h1")[1]
same((shown["driver_info"]["fake_password"], shown["power_state"], shown["last_error"]),
     ("******", "power on", None), "no secret, power on, no error")
same(shown["instance_info"].get("configdrive", "******"), "******", "the config drive is hidden")
same(code("DELETE", "/v1/nodes/ns~h1"), 409, "an active node is not deleted")
same(code("PATCH", "/v1/nodes/ns~h1", [{"op": "add", "path": "/protected", "value": True}]), 200,
     "protect it")
same(code("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "deleted"}), 403, "protected: 403")
same(code("PATCH", "/v1/nodes/ns~h1", [{"op": "remove", "path": "/protected"}]), 200, "unprotect")
same(code("PUT", "/v1/nodes/ns~h1/states/power", {"target": "frob"}), 400, "a bad power target")
same(code("PUT", "/v1/nodes/ns~h1/maintenance", {"reason": "x"}), 202, "maintenance")
same(code("PUT", "/v1/nodes/ns~h1/states/provision", {"target": "rebuild"}), 400,
     "no rebuild in maintenance")
same(code("DELETE", "/v1/nodes/ns~h1/maintenance"), 202, "and out")
same(code("PUT", "/v1/nodes/ns~h1/states/raid", {"logical_disks": []}), 400, "RAID of no disks")
same(code("PUT", "/v1/nodes/ns~h1/states/raid", {}), 204, "raid is 204")
same(code("PUT", "/v1/nodes/ns~h1/management/boot_device", {"boot_device": "pxe"}), 204, "204")
same(code("PUT", "/v1/nodes/ns~h1/management/boot_device", {"boot_device": "frob"}), 400, "frob")
same(code("PUT", "/v1/nodes/ns~h1/management/inject_nmi", {}), 204, "NMI")
same(code("PUT", "/v1/nodes/ns~h1/traits", {"traits": ["CUSTOM_A"]}), 204, "traits")
same(code("PUT", "/v1/nodes/ns~h1/traits/CUSTOM_B"), 204, "one trait more")
same(sorted(c.request("GET", "/v1/nodes/ns~h1/traits")[1]["traits"]), ["CUSTOM_A", "CUSTOM_B"], "two")
same(code("DELETE", "/v1/nodes/ns~h1/traits/CUSTOM_C"), 404, "a trait it has not")
same(code("POST", "/v1/nodes/ns~h1/vifs", {"id": "v"}), 204, "VIFs are taken")
same(code("GET", "/v1/nodes/ns~h1/inventory"), 404, "no inventory before inspection")
states = c.request("GET", "/v1/nodes/ns~h1/states")[1]
same(sorted(states), sorted([
    "boot_mode", "console_enabled", "last_error", "power_state", "provision_state",
    "provision_updated_at", "raid_config", "secure_boot", "target_power_state",
    "target_provision_state", "target_raid_config"]), "the members of states")
history = c.request("GET", "/v1/nodes/ns~h1/history")[1]["history"]
ok(history and all(set(h) == {"uuid", "created_at", "severity", "event"} for h in history),
   "history of %d" % len(history))

# Ports
status, port, _ = c.request("POST", "/v1/ports", {"address": "52:54:00:CC:00:01",
                                                  "node_uuid": node["uuid"]})
same((status, port["address"]), (201, "52:54:00:cc:00:01"), "a port")
same(code("POST", "/v1/ports", {"address": "52:54:00:cc:00:01", "node_uuid": node["uuid"]}), 409,
     "its address is taken")
same(code("POST", "/v1/ports", {"address": "52:54:00:cc:00:02",
                                "node_uuid": "00000000-0000-4000-8000-000000000000"}), 400,
     "a port of no node")
same([p["uuid"] for p in c.request("GET", "/v1/ports?address=52:54:00:cc:00:01")[1]["ports"]],
     [port["uuid"]], "found by address")
same(code("PATCH", "/v1/ports/" + port["uuid"],
          [{"op": "replace", "path": "/extra", "value": {"a": 1}}]), 200, "PATCH of a port")
same(code("DELETE", "/v1/ports/" + port["uuid"]), 204, "DELETE of a port")

# The ramdisk's endpoints
same((code("GET", "/v1/lookup"), code("GET", "/v1/lookup?addresses=52:54:00:99:99:99"),
      code("GET", "/v1/lookup?addresses=x", version="1.21")), (400, 404, 404), "lookup")
same(code("POST", "/v1/heartbeat/" + node["uuid"], {"callback_url": "https://h:9999"}), 400,
     "a heartbeat without a token")
same(code("POST", "/v1/continue_inspection", {"inventory": {}}, version=None), 400,
     "an inspection without NICs")
same(code("POST", "/ingot/v1/phone-home/frob", {}, version=None), 404, "a token that never was")

# Ingot's own
same(c.request("GET", "/ingot/v1/why/ns~h1")[1]["provision_state"], "active", "why")
same(len(c.request("GET", "/ingot/v1/progress")[1]["nodes"]), 1, "progress")
same(c.request("GET", "/ingot/v1/waiting")[1]["waiting"], [], "waiting")
same(code("GET", "/ingot/v1/boot/frob"), 404, "boot records of no MAC and no node")
same(code("POST", "/ingot/v1/waiting/52:54:00:00:00:99", {"action": "accept", "driver": "ipmi"}), 404,
     "accept of a machine that does not wait")
same(code("GET", "/metrics"), 200, "metrics")
same(code("GET", "/ingot/v1/inventory?format=csv"), 200, "inventory")
c.stop()

# http_basic
# of "myPassword", from the manual of Apache's htpasswd
words = "admin:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"
htpasswd = os.path.join(os.environ.get("TMPDIR", "/tmp"), "ingot-api-%d.htpasswd" % os.getpid())
try:
    with open(htpasswd, "w", encoding="utf-8") as f:
        f.write(words + "\n")
    c = Conductor(api="auth = http_basic\nhtpasswd = %s\n" % htpasswd)
    basic = {"Authorization": "Basic " + base64.b64encode(b"admin:myPassword").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"admin:mypassword").decode()}
    status, answer, headers = c.request("GET", "/v1/nodes")
    same((status, headers.get("www-authenticate")), (401, 'Basic realm="Baremetal API"'), "401")
    ok("uthoriz" in fault(answer), "with a reason: " + fault(answer))
    same(code("GET", "/v1/nodes", headers=wrong), 401, "a wrong password")
    same(code("GET", "/v1/nodes", headers=basic), 200, "the right one")
    same(code("GET", "/v1/nodes", headers=basic), 200, "again")
    same((code("GET", "/"), code("GET", "/v1"), code("GET", "/v1/lookup")), (200, 200, 400), "public")
    same((code("GET", "/metrics"), code("GET", "/ingot/v1/progress"), code("GET", "/v1/frob")),
         (401, 401, 401), "the rest is not")
    c.stop()
finally:
    os.unlink(htpasswd)
done()
