"""Every method of openstacksdk's bare-metal proxy, asked of any endpoint with fake-hardware."""

MISSING = "11111111-1111-1111-1111-111111111111"
STEP = {"interface": "bios", "step": "apply_configuration", "args": {}, "priority": 150}


def crud(t, one, given, changed, patch, query, lists=None, **finds):
    """The life of a resource; returns it as created and not yet deleted."""
    lists = lists or one + "s"
    made = t.good("create_" + one, **given)
    t.good("get_" + one, made.id)
    t.good("get_" + one, made.id, fields=["uuid"])
    t.bad("NotFound", "get_" + one, MISSING)
    t.same([r.id for r in t.good(lists)], [made.id], "it is listed")
    for words in query:
        t.good(lists, **words)
    if finds:
        t.same(t.good("find_" + one, finds["find"] or made.id).id, made.id, "it is found")
        t.same(t.good("find_" + one, MISSING), None, "what is not there is not found")
        t.bad("NotFound", "find_" + one, MISSING, ignore_missing=False)
    t.good("update_" + one, t.good("get_" + one, made.id), **changed)
    t.good("patch_" + one, made.id, patch)
    t.bad("BadRequestException", "patch_" + one, made.id, [{"op": "remove", "path": "/extra/none"}])
    return t.good("get_" + one, made.id)


def delete(t, one, made):
    t.good("delete_" + one, made.id)
    t.good("delete_" + one, made.id)
    t.bad("NotFound", "delete_" + one, made.id, ignore_missing=False)


EXTRA = [{"op": "add", "path": "/extra/c", "value": "d"}]
DETAILS = {"details": True}


def chassis(t):
    made = crud(t, "chassis", {"description": "row", "extra": {"a": "b"}}, {"description": "row two"}, EXTRA,
                [DETAILS, {"fields": ["uuid"]}, {"limit": 1}], lists="chassis", find=None)
    t.same((made.description, made.extra), ("row two", {"a": "b", "c": "d"}), "what was changed")
    delete(t, "chassis", made)


def nodes(t):
    """Leaves the node s1 in enroll."""
    n = t.good("create_node", driver="fake-hardware", name="s1", resource_class="large", extra={"a": "b"},
               provision_state="enroll", driver_info={"fake_password": "secret"}, properties={"cpus": 1})
    t.same((n.provision_state, n.driver_info), ("enroll", {"fake_password": "******"}), "create_node")
    for state in ("manageable", "available"):
        other = t.good("create_node", driver="fake-hardware", name="s-" + state, provision_state=state)
        t.same(other.provision_state, state, "created up to " + state)
        t.good("delete_node", other.id)
    t.bad("ConflictException", "create_node", driver="fake-hardware", name="s1", provision_state="enroll")
    t.bad("BadRequestException", "create_node", driver="no-such", provision_state="enroll")
    t.good("get_node", "s1")
    t.good("get_node", "s1", fields=["name", "extra"])
    t.bad("NotFound", "get_node", MISSING)
    t.same(t.good("find_node", "s1").id, n.id, "found by name")
    t.same(t.good("find_node", "no-such"), None, "not found")
    n = t.good("update_node", t.good("get_node", "s1"), extra={"c": "d"}, resource_class="small", is_retired=True)
    t.same((n.extra, n.resource_class, n.is_retired), ({"c": "d"}, "small", True), "update_node")
    n = t.good("patch_node", n, [{"op": "replace", "path": "/resource_class", "value": "large"},
                                 {"op": "remove", "path": "/retired"}])
    t.same((n.resource_class, bool(n.is_retired)), ("large", False), "patch_node")
    t.good("patch_node", n, [{"op": "replace", "path": "/driver", "value": "fake-hardware"}], reset_interfaces=True)
    t.bad("BadRequestException", "patch_node", n, [{"op": "replace", "path": "/power_state", "value": "power on"}])
    for words, count in ((DETAILS, 1), ({"provision_state": "active"}, 0), ({"resource_class": "large"}, 1),
                         ({"driver": "fake-hardware"}, 1), ({"is_maintenance": True}, 0), ({"associated": False}, 1),
                         ({"fields": ["name"]}, 1), ({"limit": 1}, 1)):
        t.same(len(t.good("nodes", **words)), count, "so many nodes")


def ports(t, node):
    group = crud(t, "port_group", {"node_id": node, "name": "sg", "address": "52:54:00:bb:00:10"},
                 {"mode": "802.3ad"}, EXTRA, [DETAILS, {"node": node}, {"address": "52:54:00:bb:00:10"}], find="sg")
    port = crud(t, "port", {"node_id": node, "address": "52:54:00:bb:00:01", "port_group_id": group.id},
                {"extra": {"a": "b"}}, EXTRA, [DETAILS, {"node": node}, {"address": "52:54:00:bb:00:01"}], find=None)
    t.same(port.extra, {"a": "b", "c": "d"}, "what was changed")
    delete(t, "port", port)
    delete(t, "port_group", group)


def life(t, node):
    def to(target, state, **how):
        n = t.good("set_node_provision_state", node, target, wait=True, timeout=60, **how)
        t.same(n and n.provision_state, state, target)

    to("manage", "manageable")
    to("inspect", "manageable")
    to("clean", "manageable", clean_steps=[{"interface": "bios", "step": "factory_reset"}])
    to("provide", "available")
    t.bad("BadRequestException", "set_node_provision_state", node, "rescue", rescue_password="x")
    t.good("validate_node", node)
    t.good("validate_node", node, required=["power"])
    t.bad("BadRequestException", "set_node_provision_state", node, "active",
          deploy_steps=[{"interface": "deploy", "step": "deploy", "args": {}, "priority": 50}])  # may not be moved
    to("active", "active", config_drive={"meta_data": {"name": "s1"}})
    t.good("wait_for_nodes_provision_state", [node], "active", timeout=60)
    to("rebuild", "active")
    to("rescue", "rescue", rescue_password="please")
    t.good("set_node_provision_state", node, "unrescue")
    t.good("wait_for_nodes_provision_state", [node], "active", timeout=60)
    for target, state in (("power off", "power off"), ("power on", "power on"), ("soft rebooting", "power on"),
                          ("rebooting", "power on"), ("soft power off", "power off")):
        t.good("set_node_power_state", node, target, wait=True, timeout=60)
        t.comes_to(node, power_state=state, target_power_state=None)
        t.same(t.good("get_node", node).power_state, state, target)
    t.good("wait_for_node_power_state", node, "power off", timeout=60)
    t.good("wait_for_node_reservation", node, timeout=60)
    t.good("set_node_maintenance", node, "fan")
    n = t.good("get_node", node)
    t.same((n.is_maintenance, n.maintenance_reason), (True, "fan"), "in maintenance")
    t.good("unset_node_maintenance", node)
    t.good("set_node_boot_device", node, "pxe", persistent=True)
    t.do("set_node_boot_mode", node, "uefi")
    t.do("set_node_secure_boot", node, True)
    to("deleted", "available")


def below(t, node):
    t.good("set_node_traits", node, ["CUSTOM_A", "CUSTOM_B"])
    t.good("add_node_trait", node, "CUSTOM_C")
    t.good("remove_node_trait", node, "CUSTOM_A")
    t.same(sorted(t.good("get_node", node).traits), ["CUSTOM_B", "CUSTOM_C"], "traits")
    t.bad("NotFound", "remove_node_trait", node, "CUSTOM_A")
    t.good("attach_vif_to_node", node, MISSING)
    t.same(t.good("list_node_vifs", node), [], "no VIFs")
    t.good("detach_vif_from_node", node, MISSING)
    t.good("list_node_vendor_passthru", node)
    t.good("call_node_vendor_passthru", node, "POST", "second_method", {"bar": "meow"})
    t.good("call_node_vendor_passthru", node, "POST", "third_method_sync", {"bar": "woof"})
    t.bad("BadRequestException", "call_node_vendor_passthru", node, "POST", "no_such", {})


def volumes(t, node):
    c = crud(t, "volume_connector", {"node_id": node, "type": "iqn", "connector_id": "iqn.2026-01.org.example:s"},
             {"connector_id": "iqn.2026-01.org.example:t"}, EXTRA, [DETAILS, {"node": node}], find=None)
    delete(t, "volume_connector", c)
    v = crud(t, "volume_target", {"node_id": node, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v"},
             {"boot_index": 1}, EXTRA, [DETAILS, {"node": node}], find=None)
    t.same(v.boot_index, 1, "what was changed")
    delete(t, "volume_target", v)


def claims(t, node):
    made = t.good("create_allocation", resource_class="large", name="sa", traits=["CUSTOM_B"], candidate_nodes=[node])
    made = t.good("wait_for_allocation", made, timeout=60)
    t.same((made.state, made.node_id), ("active", node), "it has the node")
    t.good("get_allocation", "sa")
    t.good("get_allocation", "sa", fields=["name"])
    t.good("update_allocation", t.good("get_allocation", "sa"), extra={"a": "b"})
    t.good("patch_allocation", made.id, EXTRA)
    for words in ({}, {"node": node}, {"state": "active"}, {"resource_class": "large"}, {"limit": 1}):
        t.same(len(t.good("allocations", **words)), 1, "one allocation")
    t.bad("NotFound", "get_allocation", MISSING)
    delete(t, "allocation", made)
    none = t.good("create_allocation", resource_class="none")
    t.bad("ResourceFailure", "wait_for_allocation", none, timeout=60)
    t.good("wait_for_allocation", none, timeout=60, ignore_error=True)
    t.good("delete_allocation", none)
    template = t.good("create_deploy_template", name="CUSTOM_S", steps=[STEP])
    t.good("get_deploy_template", template.id)
    t.good("get_deploy_template", "CUSTOM_S", fields=["name"])
    t.good("deploy_templates")
    t.good("deploy_templates", details=True)
    t.good("update_deploy_template", t.good("get_deploy_template", template.id), extra={"a": "b"})
    t.good("patch_deploy_template", template.id, EXTRA)
    delete(t, "deploy_template", template)


def drivers(t):
    t.good("drivers")
    t.good("drivers", details=True)
    t.good("get_driver", "fake-hardware")
    t.bad("NotFound", "get_driver", "no-such")
    t.good("list_driver_vendor_passthru", "fake-hardware")
    t.do("call_driver_vendor_passthru", "fake-hardware", "POST", "no_such", {})
    hosts = t.good("conductors")
    t.bad("NotFound", "conductors", details=True)
    host = hosts[0].hostname if hosts else "none"
    t.places[host] = "<host>"
    t.good("get_conductor", host)
    t.bad("NotFound", "get_conductor", "no-such")


def newer(t, node):
    """Not with Debian 12's client."""
    t.good("get_node_boot_device", node)
    t.good("get_node_supported_boot_devices", node)
    t.do("inject_nmi_to_node", node)
    t.good("get_node_console", node)
    t.good("enable_node_console", node)
    t.comes_to(node, console_enabled=True)
    t.good("disable_node_console", node)
    t.comes_to(node, console_enabled=False)
    t.good("list_node_firmware", node)
    t.do("get_node_inventory", node)


def script(t):
    """All of it; leaves the endpoint as it found it, when that was empty."""
    chassis(t)
    nodes(t)
    node = t.good("get_node", "s1").id
    ports(t, node)
    life(t, node)
    below(t, node)
    volumes(t, node)
    claims(t, node)
    if hasattr(t.api, "list_node_firmware"):
        newer(t, node)
    drivers(t)
    delete(t, "node", t.good("get_node", node))
