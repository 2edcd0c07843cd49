"""Every command and option of Debian's `baremetal`, asked of any endpoint with fake-hardware."""

import json
import os
import tempfile

UUIDS = {name: "%08x-0000-4000-8000-00000000abcd" % n for n, name in enumerate(
    ("chassis", "node", "port", "group", "connector", "target", "template", "allocation", "instance",
     "vif", "none", "second"), 1)}
INTERFACES = ("bios", "boot", "console", "deploy", "inspect", "management", "network", "power", "raid",
              "rescue", "storage", "vendor")
NETWORK = '{"links": [], "networks": [], "services": []}'
CORE_STEP = '[{"interface": "deploy", "step": "deploy", "args": {}, "priority": 50}]'  # may not be moved
SORTS = ("--limit", "2", "--sort", "uuid:desc")


def interface(name):
    return "noop" if name == "network" else "fake"


def chassis(t):
    c = t.good("chassis", "create", "--description", "row one", "--extra", "a=b", "--uuid", UUIDS["chassis"])
    t.same((c["description"], c["extra"]), ("row one", {"a": "b"}), "what was given")
    t.bad("chassis", "create", "--uuid", UUIDS["chassis"])
    t.good("chassis", "create")
    t.same(len(t.good("chassis", "list")), 2, "two chassis")
    first = t.good("chassis", "list", "--limit", "1", "--sort", "uuid:asc")[0]["UUID"]
    t.good("chassis", "list", "--marker", first, "--long", "--sort", "uuid:asc")
    t.good("chassis", "list", "--fields", "uuid", "extra")
    t.good("chassis", "set", UUIDS["chassis"], "--description", "row two", "--extra", "c=d")
    t.good("chassis", "unset", UUIDS["chassis"], "--extra", "a")
    shown = t.good("chassis", "show", UUIDS["chassis"])
    t.same((shown["description"], shown["extra"]), ("row two", {"c": "d"}), "what was set")
    t.good("chassis", "unset", UUIDS["chassis"], "--description")
    t.good("chassis", "show", UUIDS["chassis"], "--fields", "description")
    t.bad("chassis", "show", UUIDS["none"])


def node_create(t):
    interfaces = [w for i in INTERFACES for w in ("--%s-interface" % i, interface(i))]
    n = t.good("node", "create", "--driver", "fake-hardware", "--name", "n1", "--uuid", UUIDS["node"],
               "--chassis-uuid", UUIDS["chassis"], "--driver-info", "username=me", "--driver-info",
               "fake_password=secret", "--property", "memory_mb=1024", "--extra", "a=b",
               "--resource-class", "large", "--conductor-group", "", "--automated-clean", "--network-data", NETWORK,
               *interfaces)
    t.same((n["provision_state"], n["power_state"]), ("enroll", None), "it starts in enroll")
    t.same(n["driver_info"]["fake_password"], "******", "its password is hidden")
    t.same((n["automated_clean"], n["resource_class"], n["chassis_uuid"]), (True, "large", UUIDS["chassis"]),
           "what was given")
    t.bad("node", "create", "--driver", "fake-hardware", "--name", "n1")
    t.bad("node", "create", "--driver", "fake-hardware", "--uuid", UUIDS["node"])
    t.bad("node", "create", "--driver", "no-such")
    t.bad("node", "create", "--driver", "fake-hardware", "--name", "not a name")
    t.bad("node", "create", "--driver", "fake-hardware", "--power-interface", "no-such")
    t.bad("node", "create", "--driver", "fake-hardware", "--chassis-uuid", UUIDS["none"])
    t.bad("node", "create", "--driver", "fake-hardware", "--network-data", '{"links": 1}')
    t.good("node", "create", "--driver", "fake-hardware", "--name", "n2", "--uuid", UUIDS["second"],
           "--no-automated-clean")
    # Debian 12's client has these options and refuses them itself
    t.run("node", "create", "--driver", "fake-hardware", "--name", "n3", "--owner", "me", "--lessee", "you",
          "--description", "the third")
    t.run("node", "delete", "n3")


def node_set(t):
    t.good("node", "set", "n1", "--property", "cpus=4", "--extra", "note=hello", "--driver-info", "port=1",
           "--instance-info", "image_source=http://127.0.0.1:9/i", "--description", "again", "--owner", "him",
           "--lessee", "her", "--resource-class", "small", "--automated-clean", "--conductor-group", "",
           "--network-data", NETWORK, "--instance-uuid", UUIDS["instance"])
    n = t.good("node", "show", "n1")
    t.same((n["properties"], n["extra"], n["description"], n["owner"], n["lessee"], n["resource_class"],
            n["instance_uuid"]),
           ({"memory_mb": 1024, "cpus": 4}, {"a": "b", "note": "hello"}, "again", "him", "her", "small",
            UUIDS["instance"]), "what was set")
    t.good("node", "show", "--instance", UUIDS["instance"])
    t.good("node", "show", "n1", "--fields", "name", "extra")
    t.bad("node", "show", "no-such")
    t.good("node", "set", "n2", "--retired", "--retired-reason", "old", "--no-automated-clean")
    n = t.good("node", "show", "n2")
    t.same((n["retired"], n["retired_reason"], n["automated_clean"]), (True, "old", False), "retired")
    t.bad("node", "set", "n1", "--protected")
    for i in INTERFACES:
        t.good("node", "set", "n1", "--%s-interface" % i, interface(i))
    t.good("node", "set", "n1", "--driver", "fake-hardware", *["--reset-%s-interface" % i for i in INTERFACES])
    t.good("node", "set", "n1", "--driver", "fake-hardware", "--reset-interfaces")
    t.good("node", "set", "n1", "--name", "n1", "--chassis-uuid", UUIDS["chassis"])
    t.good("node", "set", "n1", "--target-raid-config", '{"logical_disks": [{"size_gb": 10, "raid_level": "1"}]}')
    t.bad("node", "set", "n1", "--name", "n2")
    t.bad("node", "set", "n1", "--driver", "no-such")
    t.bad("node", "set", "n1", "--power-interface", "no-such")
    t.bad("node", "set", "no-such", "--extra", "a=b")
    t.bad("node", "set", "n2", "--instance-uuid", UUIDS["instance"])


def node_list(t):
    t.same([n["Name"] for n in t.good("node", "list", "--sort", "name:desc")], ["n2", "n1"], "sorted by name")
    t.good("node", "list", "--long", "--sort", "name")
    t.good("node", "list", "--fields", "name", "driver_info", "--sort", "name")
    t.good("node", "list", "--limit", "1", "--sort", "name:asc")
    t.same([n["Name"] for n in t.good("node", "list", "--marker", UUIDS["node"], "--sort", "name:asc")], ["n2"],
           "the second page")
    for words, names in (
            (("--maintenance",), []), (("--no-maintenance",), ["n1", "n2"]), (("--retired",), ["n2"]),
            (("--no-retired",), ["n1"]), (("--fault", "power failure"), []), (("--associated",), ["n1"]),
            (("--unassociated",), ["n2"]), (("--provision-state", "enroll"), ["n1", "n2"]),
            (("--provision-state", "active"), []), (("--driver", "fake-hardware"), ["n1", "n2"]),
            (("--resource-class", "small"), ["n1"]), (("--conductor-group", ""), ["n1", "n2"]),
            (("--conductor", "no-such"), []), (("--chassis", UUIDS["chassis"]), ["n1"]), (("--owner", "him"), ["n1"]),
            (("--lessee", "her"), ["n1"])):
        t.same([n["Name"] for n in t.good("node", "list", *words, "--sort", "name")], names, "those nodes")
    t.run("node", "list", "--description-contains", "gai")  # Debian 12's client refuses it itself
    t.bad("node", "list", "--provision-state", "no-such")
    t.bad("node", "list", "--marker", UUIDS["none"])
    t.bad("node", "list", "--sort", "driver_info")


def node_unset(t):
    t.good("node", "unset", "n1", "--extra", "note", "--property", "cpus", "--driver-info", "port",
           "--instance-info", "image_source", "--description", "--owner", "--lessee", "--resource-class",
           "--network-data", "--chassis-uuid", "--instance-uuid")
    t.good("node", "unset", "n2", "--retired", "--retired-reason")
    t.good("node", "unset", "n1", "--automated-clean")
    t.good("node", "unset", "n1", "--conductor-group")
    for i in INTERFACES:
        t.good("node", "unset", "n1", "--%s-interface" % i)
    t.good("node", "unset", "n1", "--target-raid-config")
    n = t.good("node", "show", "n1")
    t.same((n["extra"], n["owner"], n["protected"], n["instance_uuid"], n["chassis_uuid"], n["automated_clean"]),
           ({"a": "b"}, None, False, None, None, None), "what was unset")
    t.bad("node", "unset", "n1", "--extra", "nothing")
    t.good("node", "unset", "n2", "--name")
    t.good("node", "list", "--sort", "provision_state")
    t.good("node", "delete", UUIDS["second"])


def ports(t):
    p = t.good("port", "create", "52:54:00:AA:00:01", "--node", UUIDS["node"], "--uuid", UUIDS["port"],
               "--extra", "a=b", "--local-link-connection", "switch_id=0a:1b:2c:3d:4e:5f", "-l", "port_id=p1",
               "--pxe-enabled", "true", "--physical-network", "net1")
    t.same((p["address"], p["pxe_enabled"], p["physical_network"]), ("52:54:00:aa:00:01", True, "net1"), "a port")
    t.bad("port", "create", "52:54:00:aa:00:01", "--node", UUIDS["node"])
    t.bad("port", "create", "52:54:00:aa:00", "--node", UUIDS["node"])
    t.bad("port", "create", "52:54:00:aa:00:07", "--node", UUIDS["none"])
    g = t.good("port", "group", "create", "--node", UUIDS["node"], "--address", "52:54:00:aa:00:10",
               "--name", "g1", "--extra", "a=b", "--mode", "802.3ad", "--property", "miimon=100",
               "--support-standalone-ports")
    t.same((g["mode"], g["standalone_ports_supported"]), ("802.3ad", True), "a port group")
    t.run("port", "group", "create", "--node", UUIDS["node"], "--uuid", UUIDS["group"])  # not with Debian 12's client
    t.run("port", "group", "delete", UUIDS["group"])
    t.good("port", "group", "create", "--node", UUIDS["node"], "--unsupport-standalone-ports")
    t.bad("port", "group", "create", "--node", UUIDS["node"], "--name", "g1")
    t.good("port", "create", "52:54:00:aa:00:02", "--node", UUIDS["node"], "--port-group", g["uuid"],
           "--physical-network", "net1")
    t.good("port", "create", "52:54:00:aa:00:03", "--node", UUIDS["node"], "--is-smartnic",
           "-l", "port_id=rep0", "-l", "hostname=nic1")
    t.good("port", "list", "--sort", "address")
    t.good("port", "list", "--long", "--sort", "address")
    t.good("port", "list", "--fields", "address", "extra", "--sort", "address")
    t.good("port", "list", "--limit", "1", "--sort", "uuid", "--marker", UUIDS["port"])
    t.same([len(t.good("port", "list", *w)) for w in (
        ("--address", "52:54:00:aa:00:02"), ("--node", "n1"), ("--port-group", "g1"))], [1, 3, 1], "filtered")
    t.good("port", "show", UUIDS["port"])
    t.good("port", "show", "--address", "52:54:00:aa:00:02")
    t.good("port", "show", UUIDS["port"], "--fields", "address")
    t.good("port", "set", UUIDS["port"], "--address", "52:54:00:aa:00:04", "--extra", "c=d", "--pxe-disabled",
           "--physical-network", "net1", "--port-group", g["uuid"], "--local-link-connection", "port_id=p2",
           "--node", UUIDS["node"])
    p = t.good("port", "show", UUIDS["port"])
    t.same((p["address"], p["pxe_enabled"], p["extra"]), ("52:54:00:aa:00:04", False, {"a": "b", "c": "d"}), "set")
    t.good("port", "set", UUIDS["port"], "--pxe-enabled")
    t.good("port", "unset", UUIDS["port"], "--extra", "c", "--port-group", "--physical-network")
    t.good("port", "set", UUIDS["port"], "--is-smartnic", "--local-link-connection", "port_id=rep0",
           "--local-link-connection", "hostname=nic2")
    t.good("port", "unset", UUIDS["port"], "--is-smartnic")
    t.bad("port", "unset", UUIDS["port"], "--extra", "none")
    t.bad("port", "set", UUIDS["port"], "--address", "52:54:00:aa:00:02")
    t.bad("port", "show", UUIDS["none"])


def port_groups(t):
    t.good("port", "group", "list")
    t.good("port", "group", "list", "--long", "--sort", "uuid")
    t.good("port", "group", "list", "--fields", "name", "mode", "--sort", "mode")
    g = t.good("port", "group", "show", "g1")
    t.good("port", "group", "list", "--limit", "1", "--sort", "uuid", "--marker", g["uuid"])
    t.same([len(t.good("port", "group", "list", *w)) for w in (
        ("--address", "52:54:00:aa:00:10"), ("--node", "n1"))], [1, 2], "filtered")
    t.good("port", "group", "show", "--address", "52:54:00:aa:00:10", "--fields", "address", "name")
    t.good("port", "group", "set", "g1", "--address", "52:54:00:aa:00:11", "--name", "g2", "--extra", "c=d",
           "--mode", "active-backup", "--property", "x=1", "--node", UUIDS["node"], "--support-standalone-ports")
    t.bad("port", "group", "set", "g2", "--unsupport-standalone-ports", "--mode", "802.3ad", "--name", "not a name")
    t.good("port", "group", "set", "g2", "--unsupport-standalone-ports")
    t.good("port", "group", "unset", "g2", "--extra", "c", "--property", "x", "--address")
    g = t.good("port", "group", "show", "g2")
    t.same((g["address"], g["mode"], g["extra"], g["standalone_ports_supported"]),
           (None, "active-backup", {"a": "b"}, False), "what was set")
    t.good("port", "group", "unset", "g2", "--name")
    t.bad("port", "group", "show", "g2")
    t.bad("port", "group", "delete", g["uuid"])
    for port in t.good("port", "list"):
        t.good("port", "delete", port["UUID"])
    t.bad("port", "delete", UUIDS["none"])
    t.good("port", "group", "delete", *[g["UUID"] for g in t.good("port", "group", "list")])


def traits(t):
    t.good("node", "add", "trait", "n1", "CUSTOM_FAST", "HW_CPU_X86_VMX")
    t.same(sorted(x["Traits"] for x in t.good("node", "trait", "list", "n1")), ["CUSTOM_FAST", "HW_CPU_X86_VMX"],
           "two traits")
    t.good("node", "remove", "trait", "n1", "CUSTOM_FAST")
    t.bad("node", "remove", "trait", "n1", "CUSTOM_FAST")
    t.bad("node", "add", "trait", "n1", "fast")
    t.good("node", "remove", "trait", "n1", "--all")
    t.same(t.good("node", "trait", "list", "n1"), [], "no traits")


def life(t):
    wait = ("--wait", "60")
    t.bad("node", "deploy", "n1")
    t.bad("node", "provide", "n1")
    t.good("node", "manage", "n1", *wait)
    t.good("node", "inspect", "n1", *wait)
    t.bad("node", "abort", "n1")
    t.good("node", "clean", "n1", *wait, "--clean-steps", '[{"interface": "bios", "step": "factory_reset"}]')
    t.bad("node", "clean", "n1", "--clean-steps", '[{"interface": "no-such", "step": "x"}]')
    t.good("node", "adopt", "n1", *wait)
    t.comes_to("n1", provision_state="active")
    t.good("node", "undeploy", "n1", *wait)
    t.comes_to("n1", provision_state="available")
    t.good("node", "validate", "n1")
    t.good("node", "deploy", "n1", *wait, "--config-drive", '{"meta_data": {"hostname": "n1"}}')
    n = t.good("node", "show", "n1")
    t.same((n["provision_state"], n["target_provision_state"], n["last_error"]), ("active", None, None), "deployed")
    t.bad("node", "delete", "n1")
    t.good("node", "rebuild", "n1", *wait, "--config-drive", '{"meta_data": {"hostname": "n1"}}')
    t.comes_to("n1", provision_state="active")
    t.good("node", "rescue", "n1", *wait, "--rescue-password", "please")
    t.comes_to("n1", provision_state="rescue")
    t.good("node", "unrescue", "n1", *wait)
    t.comes_to("n1", provision_state="active")
    t.good("node", "set", "n1", "--protected", "--protected-reason", "ours")
    n = t.good("node", "show", "n1")
    t.same((n["protected"], n["protected_reason"]), (True, "ours"), "protected")
    t.bad("node", "undeploy", "n1")
    t.bad("node", "rebuild", "n1", "--deploy-steps", CORE_STEP)
    t.good("node", "unset", "n1", "--protected", "--protected-reason")
    t.good("node", "undeploy", "n1", *wait)
    t.bad("node", "deploy", "n1", *wait, "--deploy-steps", CORE_STEP)
    t.comes_to("n1", provision_state="available")
    t.good("node", "manage", "n1", *wait)
    t.good("node", "provide", "n1", *wait)
    t.comes_to("n1", provision_state="available")
    t.good("node", "show", "n1")


def power(t):
    t.good("node", "power", "off", "n1")
    t.comes_to("n1", power_state="power off", target_power_state=None)
    t.good("node", "power", "on", "n1", "--power-timeout", "60")
    t.comes_to("n1", power_state="power on", target_power_state=None)
    t.good("node", "power", "off", "n1", "--soft", "--power-timeout", "60")
    t.comes_to("n1", power_state="power off", target_power_state=None)
    t.good("node", "reboot", "n1")
    t.comes_to("n1", power_state="power on", target_power_state=None)
    t.good("node", "reboot", "n1", "--soft", "--power-timeout", "60")
    t.comes_to("n1", power_state="power on", target_power_state=None)
    t.good("node", "maintenance", "set", "n1", "--reason", "fan")
    n = t.good("node", "show", "n1")
    t.same((n["maintenance"], n["maintenance_reason"], n["power_state"]), (True, "fan", "power on"), "maintained")
    t.bad("node", "deploy", "n1")
    t.good("node", "maintenance", "unset", "n1")
    t.bad("node", "power", "on", "no-such")


def management(t):
    t.good("node", "boot", "device", "set", "n1", "pxe", "--persistent")
    t.good("node", "boot", "device", "show", "n1")
    t.good("node", "boot", "device", "show", "n1", "--supported")
    t.bad("node", "boot", "device", "set", "n1", "cdrom")
    t.run("node", "inject", "nmi", "n1")
    t.good("node", "console", "show", "n1")
    t.good("node", "console", "enable", "n1")
    t.comes_to("n1", console_enabled=True)
    t.good("node", "console", "show", "n1")
    t.good("node", "console", "disable", "n1")
    t.comes_to("n1", console_enabled=False)
    t.run("node", "boot", "mode", "set", "n1", "uefi")
    t.run("node", "secure", "boot", "on", "n1")
    t.run("node", "secure", "boot", "off", "n1")
    t.good("node", "bios", "setting", "list", "n1")
    t.good("node", "bios", "setting", "list", "n1", "--long")
    t.good("node", "bios", "setting", "list", "n1", "--fields", "name", "value")
    t.bad("node", "bios", "setting", "show", "n1", "none")
    t.good("node", "manage", "n1", "--wait", "60")
    t.good("node", "clean", "n1", "--wait", "60", "--clean-steps", json.dumps(
        [{"interface": "bios", "step": "apply_configuration",
          "args": {"settings": [{"name": "virtualization", "value": "on"}]}}]))
    t.good("node", "bios", "setting", "list", "n1", "--long")
    t.good("node", "bios", "setting", "show", "n1", "virtualization")
    t.good("node", "vif", "list", "n1")
    t.good("node", "vif", "attach", "n1", UUIDS["vif"])
    t.good("node", "vif", "attach", "n1", UUIDS["vif"], "--port-uuid", UUIDS["none"], "--vif-info", "a=b")
    t.good("node", "vif", "detach", "n1", UUIDS["vif"])


def vendor(t):
    t.good("node", "passthru", "list", "n1")
    t.good("node", "passthru", "call", "n1", "second_method", "--arg", "bar=meow", "--http-method", "POST")
    t.good("node", "passthru", "call", "n1", "third_method_sync", "--arg", "bar=woof")
    t.bad("node", "passthru", "call", "n1", "second_method")
    t.bad("node", "passthru", "call", "n1", "no_such")
    t.good("driver", "passthru", "list", "fake-hardware")
    t.bad("driver", "passthru", "call", "fake-hardware", "no_such", "--arg", "a=b", "--http-method", "POST")
    events = t.good("node", "history", "list", "n1")
    t.run("node", "history", "list", "n1", "--long")  # Debian 12's client asks for what is not there
    t.run("node", "history", "get", "n1", events[0]["UUID"] if events else UUIDS["none"])
    t.bad("node", "history", "get", "n1", UUIDS["none"])


def drivers(t):
    t.good("driver", "list")
    t.good("driver", "list", "--long", "--type", "dynamic")
    t.good("driver", "list", "--fields", "name", "hosts")
    t.same(t.good("driver", "show", "fake-hardware")["default_power_interface"], "fake", "its default")
    t.good("driver", "show", "fake-hardware", "--fields", "name", "type")
    t.bad("driver", "show", "no-such")
    t.good("driver", "property", "list", "fake-hardware")
    t.good("driver", "property", "list", "ipmi")
    t.good("driver", "raid", "property", "list", "fake-hardware")
    hosts = t.good("conductor", "list", *SORTS[:2], "--sort", "hostname:asc")
    t.good("conductor", "list", "--long")
    t.good("conductor", "list", "--fields", "hostname", "alive")
    host = hosts[0]["Hostname"] if hosts else "none"
    t.places[host] = "<host>"
    t.good("conductor", "list", "--marker", host)
    t.good("conductor", "show", host)
    t.good("conductor", "show", host, "--fields", "hostname", "drivers")
    t.bad("conductor", "show", "no-such")


def volumes(t):
    t.good("node", "power", "off", "n1")
    t.comes_to("n1", power_state="power off", target_power_state=None)
    kinds = (
        ("connector", ("--type", "iqn", "--connector-id", "iqn.2026-01.org.example:a"),
         ("--type", "mac", "--connector-id", "52:54:00:aa:00:20"), ("--extra", "a")),
        ("target", ("--type", "iscsi", "--boot-index", "0", "--volume-id", "v1", "--property", "target_iqn=x"),
         ("--type", "fibre_channel", "--boot-index", "1", "--volume-id", "v2", "--property", "y=z"),
         ("--extra", "a", "--property", "y")))
    for kind, given, changed, unset in kinds:
        words, uuid = ("volume", kind), UUIDS[kind]
        t.good(*words, "create", "--node", UUIDS["node"], "--uuid", uuid, "--extra", "a=b", *given)
        t.bad(*words, "create", "--node", UUIDS["node"], *given)
        t.good(*words, "list")
        t.good(*words, "list", "--node", "n1", "--long", *SORTS)
        t.good(*words, "list", "--fields", "uuid", "extra")
        t.good(*words, "list", "--marker", uuid)
        t.good(*words, "show", uuid)
        t.good(*words, "show", uuid, "--fields", "uuid", "node_uuid")
        t.good(*words, "set", uuid, "--node", UUIDS["node"], "--extra", "c=d", *changed)
        t.good(*words, "unset", uuid, *unset)
        t.good(*words, "show", uuid)
        t.good(*words, "delete", uuid)
        t.bad(*words, "show", uuid)


def templates(t):
    steps = json.dumps([{"interface": "bios", "step": "apply_configuration", "args": {}, "priority": 150}])
    t.good("deploy", "template", "create", "CUSTOM_T1", "--uuid", UUIDS["template"], "--extra", "a=b", "--steps", steps)
    t.bad("deploy", "template", "create", "CUSTOM_T1", "--steps", steps)
    t.bad("deploy", "template", "create", "no_trait", "--steps", steps)
    t.bad("deploy", "template", "create", "CUSTOM_T2", "--steps", "[]")
    t.good("deploy", "template", "list", *SORTS)
    t.good("deploy", "template", "list", "--long")
    t.good("deploy", "template", "list", "--fields", "name", "steps")
    t.good("deploy", "template", "list", "--marker", UUIDS["template"])
    t.good("deploy", "template", "show", "CUSTOM_T1")
    t.good("deploy", "template", "show", "CUSTOM_T1", "--fields", "name")
    t.good("deploy", "template", "set", "CUSTOM_T1", "--name", "CUSTOM_T3", "--extra", "c=d", "--steps", steps)
    t.good("deploy", "template", "unset", "CUSTOM_T3", "--extra", "a")
    t.good("deploy", "template", "show", UUIDS["template"])
    t.good("deploy", "template", "delete", "CUSTOM_T3")
    t.bad("deploy", "template", "show", "CUSTOM_T3")


def allocations(t):
    t.good("node", "set", "n1", "--resource-class", "large", "--owner", "me")  # an allocation's owner has to own it
    t.good("node", "add", "trait", "n1", "CUSTOM_FAST")
    t.good("node", "provide", "n1", "--wait", "60")
    a = t.good("allocation", "create", "--resource-class", "large", "--trait", "CUSTOM_FAST", "--candidate-node", "n1",
               "--name", "a1", "--uuid", UUIDS["allocation"], "--owner", "me", "--extra", "a=b", "--wait", "60")
    t.same((a["state"], a["node_uuid"], a["last_error"]), ("active", UUIDS["node"], None), "n1 is taken")
    t.same(t.good("node", "show", "n1")["instance_uuid"], UUIDS["allocation"], "and says so")
    t.bad("allocation", "create", "--resource-class", "large", "--wait", "60", "--name", "a2")
    t.bad("allocation", "create", "--resource-class", "large", "--name", "a1")
    for words in (("--node", "n1"), ("--resource-class", "large"), ("--state", "active"), ("--owner", "me"),
                  ("--long", *SORTS), ("--fields", "name", "state"), ("--marker", UUIDS["allocation"])):
        t.good("allocation", "list", *words)
    t.good("allocation", "show", "a1")
    t.good("allocation", "show", "a1", "--fields", "name", "node_uuid")
    t.good("allocation", "set", "a1", "--name", "a3", "--extra", "c=d")
    t.good("allocation", "unset", "a3", "--extra", "a")
    t.good("allocation", "unset", "a3", "--name")
    t.bad("allocation", "show", "a3")
    t.good("allocation", "delete", UUIDS["allocation"])
    t.good("allocation", "delete", "a2")
    t.same(t.good("node", "show", "n1")["instance_uuid"], None, "n1 is free")
    t.good("node", "deploy", "n1", "--wait", "60")
    t.good("allocation", "create", "--node", "n1", "--name", "a4", "--wait", "60", "--resource-class", "large")
    t.good("allocation", "show", "a4")
    t.good("node", "undeploy", "n1", "--wait", "60")
    t.bad("allocation", "show", "a4")
    t.good("node", "unset", "n1", "--owner")


def families(t):
    """Children, shards, firmware, names of ports: not with Debian 12's client."""
    t.good("node", "create", "--driver", "fake-hardware", "--name", "c1", "--parent-node", UUIDS["node"], "--shard", "s1",
           "--firmware-interface", "fake", "--disable-power-off")
    t.same([n["Name"] for n in t.good("node", "list", "--sort", "name")], ["n1"], "a child is not listed")
    t.same(len(t.good("node", "list", "--include-children")), 2, "but when asked for")
    t.same([n["Name"] for n in t.good("node", "list", "--parent-node", UUIDS["node"])], ["c1"], "by its parent")
    t.good("node", "children", "list", "n1")
    for words in (("--shards", "s1", "s2"), ("--sharded",), ("--unsharded",)):
        t.good("node", "list", "--include-children", *words, "--sort", "name")
    t.good("shard", "list")
    t.good("node", "set", "c1", "--shard", "s2", "--firmware-interface", "no-firmware", "--enable-power-off")
    t.good("node", "set", "c1", "--driver", "fake-hardware", "--reset-firmware-interface")
    t.good("node", "set", "c1", "--disable-power-off")
    t.good("node", "unset", "c1", "--shard", "--firmware-interface")
    t.good("node", "unset", "c1", "--parent-node")
    t.good("node", "set", "c1", "--parent-node", UUIDS["node"])
    t.good("node", "show", "c1")
    t.good("node", "delete", "c1")
    t.good("node", "firmware", "list", "n1")
    t.run("node", "inventory", "save", "n1", "--file", "/dev/null")
    t.good("port", "create", "52:54:00:aa:00:40", "--node", UUIDS["node"], "--name", "p1")
    t.good("port", "set", "p1", "--name", "p2")
    t.good("port", "show", "p2")
    t.good("port", "unset", "p2", "--name")
    t.good("port", "delete", *[p["UUID"] for p in t.good("port", "list")])


def runbooks(t):
    """Runbooks and service: not with Debian 12's client."""
    reset = [{"interface": "bios", "step": "factory_reset", "args": {}, "order": 1}]
    log = [{"interface": "vendor", "step": "log_passthrough", "args": {}, "order": 1}]
    t.good("runbook", "create", "--name", "CUSTOM_R1", "--uuid", UUIDS["none"], "--extra", "a=b", "--steps",
           json.dumps(reset))
    t.good("runbook", "create", "--name", "CUSTOM_R2", "--steps", json.dumps(log))
    t.run("runbook", "create", "--name", "CUSTOM_R4", "--public", "true", "--steps", json.dumps(log))
    t.run("runbook", "create", "--name", "CUSTOM_R5", "--owner", "me", "--steps", json.dumps(log))
    t.run("runbook", "delete", "CUSTOM_R4")
    t.run("runbook", "delete", "CUSTOM_R5")
    t.bad("runbook", "create", "--name", "CUSTOM_R2", "--steps", json.dumps(log))
    for words in (("--limit", "1", "--sort", "uuid:desc"), ("--long", "--sort", "name"), ("--fields", "name", "steps"),
                  ("--marker", UUIDS["none"])):
        t.good("runbook", "list", *words)
    t.good("runbook", "show", "CUSTOM_R1")
    t.good("runbook", "show", "CUSTOM_R1", "--fields", "name", "public")
    t.good("runbook", "set", "CUSTOM_R1", "--name", "CUSTOM_R3", "--extra", "c=d", "--steps", json.dumps(reset))
    t.run("runbook", "set", "CUSTOM_R3", "--public", "false")
    t.run("runbook", "set", "CUSTOM_R3", "--owner", "you")
    t.good("runbook", "unset", "CUSTOM_R3", "--extra", "c")
    for words in (("--public",), ("--owner",), ("--name",), ("--step", "0")):
        t.run("runbook", "unset", "CUSTOM_R3", *words)
    t.good("runbook", "show", UUIDS["none"])
    t.good("node", "manage", "n1", "--wait", "60")
    t.bad("node", "clean", "n1", "--wait", "60", "--runbook", "CUSTOM_R3")  # the node lacks the trait
    t.good("node", "add", "trait", "n1", "CUSTOM_R2", "CUSTOM_R3")
    t.good("node", "clean", "n1", "--wait", "60", "--runbook", "CUSTOM_R3")
    t.good("node", "provide", "n1", "--wait", "60")
    t.bad("node", "clean", "n1", "--disable-ramdisk", "--clean-steps",
          '[{"interface": "bios", "step": "factory_reset"}]')
    t.good("node", "deploy", "n1", "--wait", "60")
    t.good("node", "service", "n1", "--wait", "60", "--service-steps",
           '[{"interface": "vendor", "step": "log_passthrough"}]')
    t.comes_to("n1", provision_state="active")
    t.good("node", "service", "n1", "--wait", "60", "--runbook", "CUSTOM_R2")
    t.run("node", "service", "n1", "--disable-ramdisk", "--service-steps",
          '[{"interface": "vendor", "step": "log_passthrough"}]')
    t.comes_to("n1", provision_state="active")
    t.bad("node", "unhold", "n1")
    t.good("node", "undeploy", "n1", "--wait", "60")
    t.good("runbook", "delete", "CUSTOM_R2", UUIDS["none"])
    t.bad("runbook", "show", "CUSTOM_R2")


def many(t):
    resources = {"chassis": [{"description": "from a file", "nodes": [
        {"driver": "fake-hardware", "name": "f1", "ports": [{"address": "52:54:00:aa:00:30"}],
         "portgroups": [{"name": "fg", "ports": [{"address": "52:54:00:aa:00:31"}]}]}]}],
        "nodes": [{"driver": "fake-hardware", "name": "f2"}]}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "resources.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(resources, f)
        os.chdir(folder)
        t.good("create", "resources.json")
        os.chdir("/")
    t.good("node", "list", "--sort", "provision_state")
    t.good("port", "list", "--node", "f1", "--sort", "address")
    t.bad("node", "delete", "no-such", "f2")
    t.run("node", "delete", "f2")
    t.good("node", "delete", "f1")
    t.same(t.good("port", "list"), [], "its ports went with it")


def end(t):
    for n in t.good("node", "list"):
        t.good("node", "delete", n["UUID"])
    t.good("chassis", "delete", *[c["UUID"] for c in t.good("chassis", "list")])
    t.bad("chassis", "delete", UUIDS["none"])
    t.same(t.good("node", "list"), [], "nothing is left")


def script(t):
    """All of it; leaves the endpoint as it found it, when that was empty."""
    newer = (families, runbooks) if "runbook create" in t.commands else ()
    for part in (chassis, node_create, node_set, node_list, node_unset, ports, port_groups, traits, life, power,
                 management, vendor, drivers, volumes, templates, allocations, *newer, many, end):
        part(t)
