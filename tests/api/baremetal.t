#!/usr/bin/python3
"""Debian's `baremetal` command as the judge: a node's life on fake-hardware."""

import contextlib
import io
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, ok, run, same  # noqa: E402

conductor = Conductor()
os.environ["HOME"] = conductor.folder  # its version cache
from ironicclient import shell  # noqa: E402

where = ("--os-auth-type", "none", "--os-endpoint", conductor.url)


def bm(*words):
    """What /usr/bin/baremetal does, without its two seconds of start-up."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = shell.main([*where, *words])
        except SystemExit as e:
            status = e.code
    return status or 0, out.getvalue(), err.getvalue()


status, out, err = run("/usr/bin/baremetal", *where, "node", "list", "-f", "json")
same((status, out.strip()), (0, "[]"), "the command itself: " + err)


def good(what, *words):
    """Runs a command that has to succeed; its output parsed when it is JSON."""
    status, out, err = bm(*words)
    ok(status == 0, "%s: %s" % (what, err.strip()[:300] if status else "exit 0"))
    try:
        return json.loads(out)
    except ValueError:
        return out.strip()


def bad(what, text, *words):
    status, out, err = bm(*words)
    ok(status != 0 and text in out + err, "%s is refused: %s" % (what, err.strip()[:300]))


node = good("create", "node", "create", "--driver", "fake-hardware", "--name", "b1",
            "--driver-info", "username=me", "--driver-info", "fake_password=secret",
            "--property", "memory_mb=1024", "--resource-class", "large", "-f", "json")
uuid = node["uuid"]
same(node["provision_state"], "enroll", "it starts in enroll")
same(node["driver_info"]["fake_password"], "******", "its password is hidden")
bad("the same name again", "b1", "node", "create", "--driver", "fake-hardware", "--name", "b1")
bad("an unknown driver", "no-such", "node", "create", "--driver", "no-such")
port = good("port create", "port", "create", "52:54:00:AA:00:01", "--node", uuid, "-f", "json")
same(port["address"], "52:54:00:aa:00:01", "the address in lower case")
bad("the same address again", "52:54:00:aa:00:01", "port", "create", "52:54:00:aa:00:01",
    "--node", uuid)
same(len(good("port list", "port", "list", "--node", uuid, "-f", "json")), 1, "one port")
good("port set", "port", "set", port["uuid"], "--pxe-disabled", "--extra", "a=b")
same(good("port show", "port", "show", port["uuid"], "-f", "json")["pxe_enabled"], False, "is set")
bad("a port of no node", "not be found", "port", "show", "1" * 8 + "-1111-1111-1111-" + "1" * 12)

same([n["Name"] for n in good("list", "node", "list", "-f", "json")], ["b1"], "one node")
long = good("list --long", "node", "list", "--long", "-f", "json")
same(long[0]["Driver Info"].get("fake_password"), "******", "hidden in lists too")
same(good("list by state", "node", "list", "--provision-state", "active", "-f", "json"), [],
     "none is active")
good("set", "node", "set", "b1", "--property", "cpus=4", "--extra", "note=hello", "--description",
     "the first", "--instance-info", "image_source=http://h/i", "--owner", "me", "--protected")
shown = good("show", "node", "show", "b1", "-f", "json")
same((shown["properties"], shown["extra"], shown["description"], shown["protected"]),
     ({"memory_mb": 1024, "cpus": 4}, {"note": "hello"}, "the first", True), "what was set")
good("unset", "node", "unset", "b1", "--extra", "note", "--owner", "--protected")
shown = good("show", "node", "show", "b1", "-f", "json")
same((shown["extra"], shown["owner"], shown["protected"]), ({}, None, False), "what was unset")
bad("unset of what is not there", "nothing", "node", "unset", "b1", "--extra", "nothing")

bad("deploy from enroll", "can not be performed", "node", "deploy", "b1")
good("manage --wait", "node", "manage", "b1", "--wait", "60")
good("inspect --wait", "node", "inspect", "b1", "--wait", "60")
good("provide --wait", "node", "provide", "b1", "--wait", "60")
same(conductor.node_state("b1"), "available", "it is available")
checks = good("validate", "node", "validate", "b1", "-f", "json")
ok(all(c["Result"] is not False for c in checks), "every interface is fit or not there")
good("deploy --wait", "node", "deploy", "b1", "--wait", "60", "--config-drive",
     '{"meta_data": {"hostname": "b1"}}')
same(conductor.node_state("b1"), "active", "it is active")
good("power off", "node", "power", "off", "b1")
good("power on", "node", "power", "on", "b1", "--power-timeout", "60")
good("reboot", "node", "reboot", "b1")
good("boot device set", "node", "boot", "device", "set", "b1", "pxe", "--persistent")
same(good("boot device show", "node", "boot", "device", "show", "b1", "-f", "json")["boot_device"],
     "pxe", "what was set")
good("boot device show --supported", "node", "boot", "device", "show", "b1", "--supported")
good("inject nmi", "node", "inject", "nmi", "b1")
good("maintenance set", "node", "maintenance", "set", "b1", "--reason", "fan")
shown = good("show", "node", "show", "b1", "-f", "json")
same((shown["maintenance"], shown["maintenance_reason"]), (True, "fan"), "it is in maintenance")
good("maintenance unset", "node", "maintenance", "unset", "b1")
good("trait add", "node", "add", "trait", "b1", "CUSTOM_FAST", "HW_CPU_X86_VMX")
same(sorted(t["Traits"] for t in good("trait list", "node", "trait", "list", "b1", "-f", "json")),
     ["CUSTOM_FAST", "HW_CPU_X86_VMX"], "two traits")
good("trait remove", "node", "remove", "trait", "b1", "CUSTOM_FAST")
bad("a bad trait", "fast", "node", "add", "trait", "b1", "fast")
good("undeploy --wait", "node", "undeploy", "b1", "--wait", "60")
same(conductor.node_state("b1"), "available", "it is available again")
events = good("history list", "node", "history", "list", "b1", "--long", "-f", "json")
ok(len(events) >= 6, "a history of %d events" % len(events))
good("history get", "node", "history", "get", "b1", events[0]["UUID"])

same(sorted(d["Supported driver(s)"] for d in good("driver list", "driver", "list", "-f", "json")),
     ["fake-hardware", "ipmi"], "two drivers")
driver = good("driver show", "driver", "show", "fake-hardware", "-f", "json")
same(driver["default_power_interface"], "fake", "its default power interface")
ok("ipmi_address" in str(good("driver property list", "driver", "property", "list", "ipmi")),
   "ipmi tells its properties")
good("raid property list", "driver", "raid", "property", "list", "fake-hardware")
hosts = good("conductor list", "conductor", "list", "-f", "json")
same([h["Alive"] for h in hosts], [True], "one conductor, alive")
good("conductor show", "conductor", "show", hosts[0]["Hostname"])
for words in (("chassis", "list"), ("port", "group", "list"), ("volume", "connector", "list"),
              ("volume", "target", "list"), ("allocation", "list"), ("deploy", "template", "list"),
              ("node", "vif", "list", "b1"), ("node", "bios", "setting", "list", "b1")):
    same(good(" ".join(words), *words, "-f", "json"), [], "an empty list")
good("node console show", "node", "console", "show", "b1")
good("target raid config", "node", "set", "b1", "--target-raid-config",
     '{"logical_disks": [{"size_gb": "MAX", "raid_level": "1"}]}')

good("manage from available", "node", "manage", "b1", "--wait", "60")
good("port delete", "port", "delete", port["uuid"])
good("delete", "node", "delete", "b1")
bad("show of a deleted node", "not be found", "node", "show", "b1")
done()
