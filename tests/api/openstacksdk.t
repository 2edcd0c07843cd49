#!/usr/bin/python3
"""Debian's python3-openstacksdk as the judge: enroll to active and back."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, ok, same  # noqa: E402

import openstack  # noqa: E402

conductor = Conductor()
cloud = openstack.connection.Connection(auth_type="none", endpoint=conductor.url,
                                        baremetal_endpoint_override=conductor.url)
api = cloud.baremetal

node = api.create_node(driver="fake-hardware", name="s1", provision_state="enroll")
same(node.provision_state, "enroll", "create_node")
port = api.create_port(address="52:54:00:bb:00:01", node_uuid=node.id)
same([p.address for p in api.ports(node=node.id)], ["52:54:00:bb:00:01"], "ports()")
node = api.update_node(node, extra={"a": 1}, resource_class="x")
same((node.extra, node.resource_class), ({"a": 1}, "x"), "update_node")
node = api.set_node_provision_state(node, "manage", wait=True)
same(node.provision_state, "manageable", "manage")
node = api.set_node_provision_state(node, "provide", wait=True)
same(node.provision_state, "available", "provide")
api.update_node(node, instance_info={"image_source": "http://h/i", "image_checksum": "0" * 64})
ok(api.validate_node(node), "validate_node")
node = api.set_node_provision_state(node, "active", wait=True,
                                    config_drive={"meta_data": {"name": "s1"}})
same(node.provision_state, "active", "active")
api.set_node_power_state(node, "power off", wait=True)
same(api.get_node(node).power_state, "power off", "power off")
api.set_node_maintenance(node, "why not")
same(api.get_node(node).is_maintenance, True, "maintenance")
api.unset_node_maintenance(node)
same(api.get_node(node).is_maintenance, False, "no maintenance")
api.set_node_traits(node, ["CUSTOM_A"])
same(api.get_node(node).traits, ["CUSTOM_A"], "traits")
node = api.set_node_provision_state(node, "deleted", wait=True)
same(node.provision_state, "available", "deleted")
same([n.name for n in api.nodes(details=True)], ["s1"], "nodes(details)")
same([n.name for n in api.nodes(provision_state="active")], [], "nodes(provision_state)")
same(sorted(d.name for d in api.drivers()), ["fake-hardware", "ipmi"], "drivers()")
same([c.alive for c in api.conductors()], [True], "conductors()")
same(list(api.allocations()), [], "allocations()")

rack = api.update_chassis(api.create_chassis(description="rack 1"), description="rack 2")
same([x.description for x in api.chassis(details=True)], ["rack 2"], "chassis")
api.patch_chassis(rack, [{"op": "remove", "path": "/description"}])
same((api.get_chassis(rack).description, api.delete_chassis(rack).id, api.find_chassis(rack.id)), (None, rack.id, None),
     "patched, deleted")
group = api.update_port_group(api.create_port_group(node_id=node.id, name="bond0"), mode="802.3ad")
same([(x.name, x.mode) for x in api.port_groups(details=True)], [("bond0", "802.3ad")], "port groups")
api.set_node_maintenance(node)
port = api.update_port(port, port_group_id=group.id, physical_network="physnet1")
same((port.port_group_id, api.get_port(port).physical_network), (group.id, "physnet1"), "a port in it")
api.update_port(port, port_group_id=None)
api.delete_port_group("bond0")
same(list(api.port_groups()), [], "deleted")
con = api.create_volume_connector(node_id=node.id, type="iqn", connector_id="iqn.2017-07.org:a")
target = api.create_volume_target(node_id=node.id, volume_type="iscsi", boot_index=0, volume_id="v")
con = api.update_volume_connector(con, connector_id="iqn.2017-07.org:b")
target = api.update_volume_target(target, boot_index=1)
same([(x.type, x.connector_id) for x in api.volume_connectors(details=True)], [("iqn", "iqn.2017-07.org:b")], "connectors")
same([(x.volume_id, x.boot_index) for x in api.volume_targets(details=True)], [("v", 1)], "targets")
api.delete_volume_connector(con)
api.delete_volume_target(target)
steps = [{"interface": "bios", "step": "apply_configuration", "args": {}, "priority": 10}]
template = api.update_deploy_template(api.create_deploy_template(name="CUSTOM_A", steps=steps), name="CUSTOM_B")
same([(x.name, x.steps) for x in api.deploy_templates(details=True)], [("CUSTOM_B", steps)], "deploy templates")
api.delete_deploy_template("CUSTOM_B")
same(list(api.deploy_templates()), [], "deleted")
api.delete_port(port)
api.delete_node(node)
same(api.find_node("s1"), None, "delete_node")
done()
