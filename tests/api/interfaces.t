#!/usr/bin/env python3
"""What a node's interfaces are asked for, and drivers. Expected codes and bodies were asked of Debian's Ironic 21.4
and 29.0 with the same fake-hardware node; where the fake machine can more than theirs it says so here."""

import itertools
import re
import threading
import time
import urllib.request

from harness import Conductor, done, ok, same

c = Conductor()
numbers = itertools.count()


def wait_for(good):
    until = time.monotonic() + 30
    while not good():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def call(method, path, body=None, version="1.110"):
    return c.request(method, path, body, version)[:2]


def code(*args, **kw):
    return call(*args, **kw)[0]


def make(**fields):
    """A node of fake-hardware; its path."""
    name = "if%d" % next(numbers)
    same(code("POST", "/v1/nodes", dict({"driver": "fake-hardware", "name": name}, **fields)), 201, "create " + name)
    return "/v1/nodes/" + name


def field(node, name):
    return call("GET", node)[1][name]


def restart():
    c.kill()
    c.start()


def when_free(*args):
    """The answer of a node that is not held any more by what was asked before."""
    answers = [409]
    wait_for(lambda: answers.append(code(*args)) or answers[-1] != 409)
    return answers[-1]


def becomes(node, name, want, what):
    """What the client does not wait for is in the record soon."""
    wait_for(lambda: field(node, name) == want)
    same(field(node, name), want, what)


def boot_modes():
    n = make()
    for target in ("uefi", "bios"):
        same(code("PUT", n + "/states/boot_mode", {"target": target}), 202, "boot mode " + target)
        becomes(n, "boot_mode", target, "is " + target)
    for bad in ({"target": "efi"}, {"target": None}, {}, {"target": "uefi", "more": 1}):
        same(code("PUT", n + "/states/boot_mode", bad), 400, "boot mode %r" % bad)
    for target, is_now in ((True, True), ("false", False)):
        same(code("PUT", n + "/states/secure_boot", {"target": target}), 202, "secure boot %r" % target)
        becomes(n, "secure_boot", is_now, "is %r" % is_now)
    for bad in ({"target": "efi"}, {"target": None}, {}):
        same(code("PUT", n + "/states/secure_boot", bad), 400, "secure boot %r" % bad)
    for what in ("boot_mode", "secure_boot"):
        body = {"target": "uefi" if what == "boot_mode" else True}
        same(code("PUT", "%s/states/%s" % (n, what), body, version="1.75"), 404, what + " begins with 1.76")
        ok(what not in call("GET", n, version="1.74")[1], what + " is not shown in 1.74")
        ok(what in call("GET", n, version="1.75")[1], "but in 1.75")
    failing = make(driver_info={"fake_management_failure": "no such setting"})
    same(code("PUT", failing + "/states/boot_mode", {"target": "uefi"}), 202, "one that fails is taken")
    wait_for(lambda: field(failing, "last_error"))
    ok("no such setting" in field(failing, "last_error"), "and says so in last_error")
    same(field(failing, "boot_mode"), None, "nothing has changed")


def moving():
    """A node that changes its state by itself, or has its management changed, is left alone."""
    n = make(driver_info={"fake_inspect_delay": 600})
    same(code("PUT", n + "/states/provision", {"target": "manage"}), 202, "manage")
    c.wait_state(n.split("/")[-1], "manageable")
    same(code("PUT", n + "/states/provision", {"target": "inspect"}), 202, "inspect")
    same(code("PUT", n + "/states/boot_mode", {"target": "uefi"}), 409, "no boot mode while inspecting")
    same(code("PUT", n + "/states/secure_boot", {"target": True}), 409, "no secure boot")
    same(code("POST", n + "/vmedia", {"device_type": "cdrom", "image_url": "http://x/y"}), 409, "no virtual media")
    same(code("PUT", n + "/states/raid", {}), 409, "no RAID configuration")
    slow = make(driver_info={"fake_management_delay": 600})
    same(code("PUT", slow + "/states/boot_mode", {"target": "uefi"}), 202, "a slow change")
    same(code("PUT", slow + "/states/power", {"target": "power on"}), 409, "holds the node")
    same(code("PUT", slow + "/states/provision", {"target": "manage"}), 409, "in every way")
    same(code("PUT", slow + "/management/inject_nmi", {}), 409, "for other changes, too")
    same(code("DELETE", slow), 204, "it can be deleted")


def handed_on():
    """How many requests the engine was given."""
    with urllib.request.urlopen(c.url + "/metrics", timeout=30) as answer:
        return int(re.search(r"^ingot_requests_total (\d+)", answer.read().decode(), re.M)[1])


def gone():
    """Who waits for an answer gets one, also when the conductor stops meanwhile."""
    global c
    n = make(driver_info={"fake_management_delay": 600})
    answers = []
    asking = [threading.Thread(target=lambda args=args: answers.append(code(*args))) for args in (
        ("GET", n + "/management/indicators"), ("PUT", n + "/management/inject_nmi", {}),
        ("GET", n + "/management/boot_device"))]
    before = handed_on()
    for thread in asking:
        thread.start()
    ok(wait_for(lambda: handed_on() >= before + 3), "all three are asked")
    same(code("PUT", n + "/states/power", {"target": "power on"}), 409, "and one holds the node")
    c.stop()
    for thread in asking:
        thread.join()
    ok(len(answers) == 3 and all(a >= 400 for a in answers), "an error for each: %r" % answers)
    c = Conductor()


def indicators():
    n = make()
    status, body = call("GET", n + "/management/indicators")
    same(status, 200, "indicators")
    same(sorted((i["name"], i["component"], i["readonly"], tuple(i["states"])) for i in body["indicators"]),
         [("led-0@chassis", "chassis", True, ("off", "on")), ("led@system", "system", False, ("blinking", "off", "on"))],
         "as Ironic's fake machine has them")
    ok(body["indicators"][0]["links"][0]["href"].endswith("/management/indicators/" + body["indicators"][0]["name"]),
       "with links")
    one = n + "/management/indicators/led@system"
    same(call("GET", one), (200, {"state": "on"}), "one is on")
    same(code("PUT", one, {"state": "blinking"}), 204, "the fake machine's can be changed")
    same(call("GET", one)[1], {"state": "blinking"}, "and stays so")
    restart()
    same(call("GET", one)[1], {"state": "blinking"}, "over a restart")
    for bad, body in (("led@system", {"state": "pink"}), ("led@system", {}), ("led-0@chassis", {"state": "off"}),
                      ("led@rack", {"state": "on"}), ("lamp@system", {"state": "on"}), ("led", {"state": "on"})):
        same(code("PUT", "%s/management/indicators/%s" % (n, bad), body), 400, "set %s to %r" % (bad, body))
    for bad in ("led", "led@rack", "lamp@system"):
        same(code("GET", "%s/management/indicators/%s" % (n, bad)), 400, "get " + bad)


def nmi_and_boot_device():
    n = make()
    same(code("PUT", n + "/management/inject_nmi", {}), 204, "NMI")
    same(code("PUT", n + "/management/inject_nmi", {"a": 1}), 400, "it takes nothing")
    same(code("PUT", n + "/management/inject_nmi", {}, version="1.28"), 404, "it begins with 1.29")
    device = n + "/management/boot_device"
    same(call("GET", device), (200, {"boot_device": "pxe", "persistent": False}), "boot device")
    same(call("GET", device + "/supported"), (200, {"supported_boot_devices": ["pxe"]}), "supported")
    for body, want in (({"boot_device": "pxe", "persistent": True}, 204), ({"boot_device": "disk"}, 400), ({}, 400)):
        same(code("PUT", device, body), want, "set %r" % body)
    ipmi = make(driver="ipmi")
    same(call("GET", ipmi + "/management/boot_device/supported")[1]["supported_boot_devices"],
         ["pxe", "disk", "cdrom", "bios", "safe"], "ipmi's are told without its BMC")
    same(code("GET", ipmi + "/management/boot_device"), 400, "which has no address")


def virtual_media():
    n = make()
    iso = {"device_type": "cdrom", "image_url": "http://127.0.0.1/x.iso", "image_download_source": "http"}
    same([m["inserted"] for m in call("GET", n + "/vmedia")[1]], [False] * 3, "three empty drives")
    same(code("POST", n + "/vmedia", iso), 204, "attach")
    wait_for(lambda: any(m["inserted"] for m in call("GET", n + "/vmedia")[1]))
    same([m["image"] for m in call("GET", n + "/vmedia")[1] if m["inserted"]], [iso["image_url"]], "is there")
    same(when_free("DELETE", n + "/vmedia?device_types=disk,floppy"), 204, "detach others")
    same([m["inserted"] for m in call("GET", n + "/vmedia")[1]].count(True), 1, "is there still")
    same(when_free("DELETE", n + "/vmedia"), 204, "detach all")
    wait_for(lambda: not any(m["inserted"] for m in call("GET", n + "/vmedia")[1]))
    same([m["inserted"] for m in call("GET", n + "/vmedia")[1]], [False] * 3, "gone")
    for bad in ({}, dict(iso, device_type="tape"), dict(iso, image_url="file:///x"), dict(iso, more=1),
                dict(iso, image_download_source="ftp")):
        same(code("POST", n + "/vmedia", bad), 400, "attach %r" % bad)
    same(code("DELETE", n + "/vmedia?device_types=cdrom,tape"), 400, "detach a tape")
    for method, since in (("POST", 89), ("DELETE", 89), ("GET", 93)):
        same(code(method, n + "/vmedia", iso if method == "POST" else None, version="1.%d" % (since - 1)), 404,
             "%s begins with 1.%d" % (method, since))
    ipmi = make(driver="ipmi", driver_info={"ipmi_address": "127.0.0.1", "ipmi_port": 1})
    same(code("POST", ipmi + "/vmedia", iso), 204, "ipmi: it is taken as Ironic takes it")
    wait_for(lambda: field(ipmi, "last_error"))
    ok("attach virtual media" in field(ipmi, "last_error"), "and the record says that it cannot")
    same(code("DELETE", ipmi + "/vmedia"), 204, "the same for detaching")
    same(code("GET", ipmi + "/vmedia"), 400, "what is waited for is refused")
    same(code("PUT", ipmi + "/states/boot_mode", {"target": "uefi"}), 202, "boot mode as well")
    same(code("GET", ipmi + "/management/indicators"), 400, "no indicators")


def bios_and_firmware():
    n = make()
    name = n.split("/")[-1]
    same(call("GET", n + "/bios"), (200, {"bios": []}), "no settings yet")
    same(call("GET", n + "/firmware"), (200, {"firmware": []}), "no components")
    same(code("PUT", n + "/states/provision", {"target": "manage"}), 202, "manage")
    c.wait_state(name, "manageable")

    def clean(*steps):
        body = {"target": "clean", "clean_steps": [{"interface": i, "step": s, "args": a} for i, s, a in steps]}
        same(code("PUT", n + "/states/provision", body), 202, "clean: " + ", ".join(s for _, s, _ in steps))
        c.wait_state(name, "manageable")

    settings = [{"name": "VT", "value": "on"}, {"name": "Boot", "value": "Uefi"}]
    clean(("bios", "apply_configuration", {"settings": settings}),
          ("firmware", "update", {"settings": [{"component": "bmc", "url": "http://x/2.14.bin"}]}))
    got = call("GET", n + "/bios")[1]["bios"]
    same([(s["name"], s["value"]) for s in got], [("VT", "on"), ("Boot", "Uefi")], "the settings are kept")
    same(sorted(got[0]), ["created_at", "links", "name", "updated_at", "value"], "what is told of one")
    ok(got[0]["created_at"] and got[0]["updated_at"] is None, "new ones were not updated")
    registry = ["allowable_values", "attribute_type", "created_at", "links", "lower_bound", "max_length", "min_length",
                "name", "read_only", "reset_required", "unique", "updated_at", "upper_bound", "value"]
    same(sorted(call("GET", n + "/bios?detail=True", version="1.74")[1]["bios"][0]), registry, "with detail")
    same(code("GET", n + "/bios?detail=True", version="1.73"), 400, "which begins with 1.74")
    same(sorted(call("GET", n + "/bios?fields=name")[1]["bios"][0]), ["created_at", "links", "name", "updated_at"],
         "fields")
    same(code("GET", n + "/bios?fields=name&detail=true"), 400, "not both")
    same(list(call("GET", n + "/bios/VT")[1]), ["VT"], "one setting")
    same(sorted(call("GET", n + "/bios/VT", version="1.74")[1]["VT"]), registry, "with its registry fields")
    same(sorted(call("GET", n + "/bios/VT", version="1.73")[1]["VT"]),
         ["created_at", "links", "name", "updated_at", "value"], "not before 1.74")
    same(code("GET", n + "/bios/None"), 404, "an unknown one")
    same(code("GET", n + "/bios", version="1.39"), 404, "bios begins with 1.40")
    got = call("GET", n + "/firmware")[1]["firmware"]
    same([(f["component"], f["initial_version"], f["current_version"], f["last_version_flashed"]) for f in got],
         [("bmc", "1.0.0", "2.14.bin", "2.14.bin")], "the component was updated")
    same(code("GET", n + "/firmware", version="1.85"), 404, "firmware begins with 1.86")
    restart()
    same(len(call("GET", n + "/bios")[1]["bios"]), 2, "both are there after a restart")
    clean(("bios", "factory_reset", {}))
    same(call("GET", n + "/bios")[1], {"bios": []}, "reset")
    same(len(call("GET", n + "/firmware")[1]["firmware"]), 1, "firmware stays")

    target = {"logical_disks": [{"size_gb": "MAX", "raid_level": "1", "is_root_volume": True},
                                {"size_gb": 10, "raid_level": "5"}]}
    same(code("PUT", n + "/states/raid", target), 204, "target RAID configuration")
    clean(("raid", "delete_configuration", {}), ("raid", "create_configuration", {"create_nonroot_volumes": False}))
    same(field(n, "raid_config")["logical_disks"], target["logical_disks"][:1], "the root volume was made")
    clean(("raid", "delete_configuration", {}))
    same(field(n, "raid_config"), {}, "deleted")
    same(code("DELETE", n), 204, "delete the node")
    same(code("GET", n + "/bios"), 404, "its settings go with it")


def raid_configurations():
    n = make()
    disk = {"size_gb": 10, "raid_level": "1"}
    good = (disk, dict(disk, size_gb="MAX"), dict(disk, physical_disks=["a"], controller="c"),
            dict(disk, disk_type="ssd", interface_type="sas", is_root_volume=True, share_physical_disks=False,
                 volume_name="v", number_of_physical_disks=2))
    bad = ({}, {"size_gb": 10}, dict(disk, size_gb=-1), dict(disk, size_gb="10"), dict(disk, raid_level="7"),
           dict(disk, raid_level=1), dict(disk, more=1), dict(disk, physical_disks=["a"]),
           dict(disk, physical_disks=[{"a": 1}], controller="c"), dict(disk, number_of_physical_disks=0),
           dict(disk, disk_type="tape"), dict(disk, is_root_volume="true"))
    for d in good:
        same(code("PUT", n + "/states/raid", {"logical_disks": [d]}), 204, "%r" % d)
    for d in bad:
        same(code("PUT", n + "/states/raid", {"logical_disks": [d]}), 400, "%r" % d)
    for body in ({"logical_disks": []}, {"logical_disks": [disk], "more": 1}, {"more": 1}, [],
                 {"logical_disks": [dict(disk, is_root_volume=True)] * 2}):
        same(code("PUT", n + "/states/raid", body), 400, "%r" % body)
    same(code("PUT", n + "/states/raid", {}), 204, "taken back")
    same(code("PUT", n + "/states/raid", {"logical_disks": [disk]}, version="1.11"), 406, "raid begins with 1.12")
    none = make(raid_interface="no-raid")
    same(code("PUT", none + "/states/raid", {"logical_disks": [disk]}), 404, "a node without RAID")
    same(code("PUT", none + "/states/raid", {}), 204, "has nothing to take back")


def validation():
    n = make(bios_interface="no-bios")
    checks = call("GET", n + "/validate")[1]
    same(sorted(checks), ["bios", "boot", "console", "deploy", "firmware", "inspect", "management", "network", "power",
                          "raid", "rescue", "storage"], "every interface but vendor")
    same(sorted(k for k, v in checks.items() if not v["result"]), ["bios"], "what it has not is false")
    ok(checks["bios"]["reason"], "with a reason")
    agent = make(boot_interface="ipxe", deploy_interface="direct",
                 instance_info={"image_source": "http://x/y", "image_checksum": "0" * 32})
    ok("port" in call("GET", agent + "/validate")[1]["boot"]["reason"], "booting by network needs a port")
    uuid = field(agent, "uuid")
    same(code("POST", "/v1/ports", {"node_uuid": uuid, "address": "02:00:00:00:00:77"}), 201, "given")
    same(call("GET", agent + "/validate")[1]["boot"], {"result": True}, "it boots")


def consoles_and_vifs():
    n = make()
    console = n + "/states/console"
    same(call("GET", console), (200, {"console_enabled": False, "console_info": None}), "console")
    same(code("PUT", console, {"enabled": True}), 202, "enable")
    same(call("GET", console), (200, {"console_enabled": True, "console_info": {}}), "a fake console tells nothing")
    same(code("PATCH", n + "?reset_interfaces=True", [{"op": "replace", "path": "/driver", "value": "ipmi"}]), 409,
         "no other driver while it is enabled")
    same(code("PUT", console, {"enabled": "false"}), 202, "disable")
    for bad in ({}, {"enabled": "x"}):
        same(code("PUT", console, bad), 400, "%r" % bad)
    none = make(console_interface="no-console")
    same(call("GET", none + "/states/console")[1], {"console_enabled": False, "console_info": None}, "no console")
    same(code("PUT", none + "/states/console", {"enabled": False}), 400, "cannot be set")
    same(call("GET", n + "/vifs"), (200, {"vifs": []}), "no VIFs")
    same(code("POST", n + "/vifs", {"id": "net-1", "more": 1}), 204, "attach")
    same(call("GET", n + "/vifs"), (200, {"vifs": []}), "which changes nothing: networks are the operator's")
    same(code("DELETE", n + "/vifs/net-1"), 204, "detach")
    for bad in ({}, {"id": 1}, {"id": "a b"}, [], {"id": "a", "port_uuid": "x", "portgroup_uuid": "y"}):
        same(code("POST", n + "/vifs", bad), 400, "attach %r" % bad)
    same(code("DELETE", n + "/vifs/a%20b"), 400, "detach what is no name")


def vendor_methods():
    n = make()
    methods = call("GET", n + "/vendor_passthru/methods")[1]
    same(sorted(methods), ["fourth_method_shared_lock", "log_passthrough", "second_method", "third_method_sync"], "methods")
    same(sorted(methods["second_method"]), ["async", "attach", "description", "http_methods",
                                            "require_exclusive_lock"], "what is told of one")
    same(call("POST", n + "/vendor_passthru?method=third_method_sync", {"bar": "meow"}), (200, True), "one to wait for")
    same(call("POST", n + "/vendor_passthru/third_method_sync", {"bar": "x"}), (200, False), "named in the path")
    same(code("POST", n + "/vendor_passthru?method=second_method", {"bar": "x"}), 202, "one to begin")
    for path, body in (("?method=third_method_sync", {}), ("?method=none", {}), ("", {})):
        same(code("POST", n + "/vendor_passthru" + path, body), 400, "POST %s %r" % (path, body))
    same(code("GET", n + "/vendor_passthru?method=third_method_sync"), 400, "only by POST")


def drivers():
    names = [d["name"] for d in call("GET", "/v1/drivers")[1]["drivers"]]
    ok("fake-hardware" in names and "ipmi" in names, "drivers")
    one = "/v1/drivers/fake-hardware"
    driver = call("GET", one)[1]
    same(driver["default_power_interface"], "fake", "its default")
    ok("no-bios" in driver["enabled_bios_interfaces"], "and what else there is")
    for name, since in (("storage", 33), ("rescue", 38), ("bios", 40), ("firmware", 86)):
        for version, there in ((since - 1, False), (since, True)):
            same("default_%s_interface" % name in call("GET", one, version="1.%d" % version)[1], there,
                 "%s in 1.%d" % (name, version))
    same(sorted(call("GET", one, version="1.29")[1]), ["hosts", "links", "name", "properties"], "in 1.29")
    same(sorted(call("GET", one, version="1.13")[1]), ["hosts", "links", "name"], "in 1.13")
    same(sorted(call("GET", one + "?fields=name,type")[1]), ["links", "name", "type"], "fields")
    for path, version, want in (("?fields=x", "1.110", 400), ("?fields=name", "1.76", 406)):
        same(code("GET", one + path, version=version), want, one + path + " " + version)
        same(code("GET", "/v1/drivers" + path, version=version), want, path + " " + version)
    for path, version, want in (("?detail=true", "1.29", 406), ("?detail=true", "1.30", 200), ("?type=x", "1.30", 400),
                                ("?type=dynamic", "1.29", 406), ("?detail=true&fields=name", "1.110", 400),
                                ("?x=1", "1.110", 400)):
        same(code("GET", "/v1/drivers" + path, version=version), want, path + " " + version)
    same(call("GET", "/v1/drivers?type=classic")[1], {"drivers": []}, "none is classic")
    disk = one + "/raid/logical_disk_properties"
    same(sorted(call("GET", disk)[1]), ["controller", "disk_type", "interface_type", "is_root_volume",
                                        "number_of_physical_disks", "physical_disks", "raid_level",
                                        "share_physical_disks", "size_gb", "volume_name"], "RAID properties")
    same(code("GET", disk, version="1.11"), 406, "which begin with 1.12")
    ok("fake_power_delay" in call("GET", one + "/properties")[1], "properties")
    same(call("GET", one + "/vendor_passthru/methods"), (200, {}), "no methods")
    same(code("POST", one + "/vendor_passthru?method=x", {}), 400, "so none can be called")
    for below in ("", "/properties", "/raid/logical_disk_properties", "/vendor_passthru/methods"):
        same(code("GET", "/v1/drivers/none" + below), 404, "an unknown driver" + below)
    same(code("POST", "/v1/drivers/none/vendor_passthru?method=x", {}), 404, "and its methods")


def choosing():
    """Which interfaces a node may have, and when they may change."""
    for interface, name in (("bios", "redfish"), ("boot", "redfish-virtual-media"), ("power", "none"),
                            ("network", "neutron")):
        status, body = call("POST", "/v1/nodes", {"driver": "fake-hardware", interface + "_interface": name})
        same(status, 400, "%s_interface %s" % (interface, name))
        ok("there is" in body["error_message"], "tells what there is")
    same(code("POST", "/v1/nodes", {"driver": "redfish"}), 400, "a driver that is not there")
    n = make(power_interface="ipmitool")
    same(field(n, "power_interface"), "ipmitool", "a fake machine may have any type's")

    def patch(path, value, query=""):
        op = {"op": "replace", "path": path, "value": value}
        return code("PATCH", n + query, [op if value is not None else {"op": "remove", "path": path}])

    same(patch("/power_interface", "fake"), 200, "back")
    same(patch("/instance_info", {"bios_interface": "no-bios"}), 200, "another for an instance")
    same(call("GET", n + "/validate")[1]["bios"]["result"], False, "counts")
    same(field(n, "bios_interface"), "fake", "and leaves the node's as it is")
    same(patch("/instance_info", {"bios_interface": "redfish"}), 400, "one that is not there")
    same(patch("/instance_info", {}), 200, "taken back")
    same(patch("/deploy_interface", "custom-agent"), 200, "a deployment by the client's own steps")
    same(call("GET", n + "/validate")[1]["deploy"], {"result": True}, "needs no image")
    same(patch("/deploy_interface", "fake"), 200, "back")
    same(patch("/bios_interface", "no-bios"), 200, "another")
    same(patch("/bios_interface", None), 200, "removed")
    same(field(n, "bios_interface"), "fake", "is the default again")
    same(patch("/driver", "ipmi"), 400, "another driver does not have the interfaces")
    same(patch("/driver", "ipmi", "?reset_interfaces=True"), 200, "so they are reset")
    same(field(n, "bios_interface"), "no-bios", "to its own")
    same(patch("/driver", "fake-hardware", "?reset_interfaces=True"), 200, "back")
    same(patch("/extra", {}, "?reset_interfaces=True"), 400, "reset only with a driver")
    name = n.split("/")[-1]
    for target, state in (("manage", "manageable"), ("provide", "available"), ("active", "active")):
        same(code("PUT", n + "/states/provision", {"target": target}), 202, target)
        c.wait_state(name, state)
    same(patch("/bios_interface", "no-bios"), 409, "not in use")
    same(patch("/bios_interface", None), 409, "nor removed")
    same(code("PUT", n + "/maintenance", {}), 202, "maintenance")
    same(patch("/bios_interface", "no-bios"), 200, "there it may")


def configured():
    """What the operator lets nodes have."""
    global c
    c.stop()
    c = Conductor(extra="[drivers]\nenabled = fake-hardware, manual-management\nenabled_bios_interfaces = no-bios\n"
                        "default_console_interface = no-console\n[fake]\npower_delay = 0.1,0.2\n")
    n = make()
    same(field(n, "bios_interface"), "no-bios", "only what is enabled")
    same(field(n, "console_interface"), "no-console", "the default that is configured")
    same(code("POST", "/v1/nodes", {"driver": "fake-hardware", "bios_interface": "fake"}), 400, "what is not is refused")
    same(call("GET", "/v1/drivers/fake-hardware")[1]["enabled_bios_interfaces"], ["no-bios"], "and not listed")
    same(code("POST", "/v1/nodes", {"driver": "ipmi"}), 400, "a driver that is not enabled")
    by_hand = make(driver="manual-management")
    same(field(by_hand, "management_interface"), "noop", "a machine without a BMC")
    same(call("GET", by_hand + "/management/boot_device")[1], {"boot_device": "pxe", "persistent": True}, "boots so")
    same(code("PUT", by_hand + "/management/boot_device", {"boot_device": "disk"}), 204, "or so")
    same(code("PUT", by_hand + "/management/inject_nmi", {}), 400, "and has no button for NMIs")


for part in (boot_modes, moving, gone, indicators, nmi_and_boot_device, virtual_media, bios_and_firmware,
             raid_configurations, validation, consoles_and_vifs, vendor_methods, drivers, choosing, configured):
    part()
done()
