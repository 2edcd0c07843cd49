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
same(list(api.port_groups()), [], "port_groups()")
same(list(api.chassis()), [], "chassis()")
same(list(api.allocations()), [], "allocations()")
same(list(api.volume_connectors()), [], "volume_connectors()")
api.delete_port(port)
api.delete_node(node)
same(api.find_node("s1"), None, "delete_node")
done()
