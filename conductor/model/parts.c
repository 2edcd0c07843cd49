/* Field tables of what nodes are made of and stand in; see parts.h. */
#include "conductor/model/parts.h"
#include "conductor/model/fields.h"

static const struct field chassis_fields[] = {
	F(chassis, uuid, FIELD_STR, U),
	F(chassis, description, FIELD_STR, C),
	F(chassis, extra, FIELD_OBJECT, 0),
	F(chassis, created_at, FIELD_TIME, C),
	F(chassis, updated_at, FIELD_TIME, C),
};

static const struct field port_fields[] = {
	F(port, uuid, FIELD_STR, U),
	F(port, node_uuid, FIELD_STR, C),
	F(port, address, FIELD_STR, U),
	F(port, name, FIELD_STR, U),
	F(port, description, FIELD_STR, C),
	F(port, portgroup_uuid, FIELD_STR, C),
	F(port, pxe_enabled, FIELD_BOOL, C),
	F(port, local_link_connection, FIELD_OBJECT, 0),
	F(port, physical_network, FIELD_STR, C),
	F(port, is_smartnic, FIELD_BOOL, C),
	F(port, vendor, FIELD_STR, 0),
	F(port, category, FIELD_STR, 0),
	F(port, available_for_dynamic_portgroup, FIELD_BOOL, 0),
	F(port, extra, FIELD_OBJECT, 0),
	F(port, internal_info, FIELD_OBJECT, 0),
	F(port, created_at, FIELD_TIME, C),
	F(port, updated_at, FIELD_TIME, C),
};

static const struct field portgroup_fields[] = {
	F(portgroup, uuid, FIELD_STR, U),
	F(portgroup, node_uuid, FIELD_STR, C),
	F(portgroup, address, FIELD_STR, U),
	F(portgroup, name, FIELD_STR, U),
	F(portgroup, mode, FIELD_STR, C),
	F(portgroup, properties, FIELD_OBJECT, 0),
	F(portgroup, standalone_ports_supported, FIELD_BOOL, C),
	F(portgroup, physical_network, FIELD_STR, C),
	F(portgroup, category, FIELD_STR, C),
	F(portgroup, dynamic_portgroup, FIELD_BOOL, 0),
	F(portgroup, extra, FIELD_OBJECT, 0),
	F(portgroup, internal_info, FIELD_OBJECT, 0),
	F(portgroup, created_at, FIELD_TIME, C),
	F(portgroup, updated_at, FIELD_TIME, C),
};

static const struct field volume_connector_fields[] = {
	F(volume_connector, uuid, FIELD_STR, U),
	F(volume_connector, node_uuid, FIELD_STR, C),
	F(volume_connector, type, FIELD_STR, C),
	F(volume_connector, connector_id, FIELD_STR, C),
	F(volume_connector, extra, FIELD_OBJECT, 0),
	F(volume_connector, created_at, FIELD_TIME, C),
	F(volume_connector, updated_at, FIELD_TIME, C),
};

static const struct field volume_target_fields[] = {
	F(volume_target, uuid, FIELD_STR, U),
	F(volume_target, node_uuid, FIELD_STR, C),
	F(volume_target, volume_type, FIELD_STR, C),
	F(volume_target, properties, FIELD_OBJECT, 0),
	F(volume_target, boot_index, FIELD_INT, C),
	F(volume_target, volume_id, FIELD_STR, C),
	F(volume_target, extra, FIELD_OBJECT, 0),
	F(volume_target, created_at, FIELD_TIME, C),
	F(volume_target, updated_at, FIELD_TIME, C),
};

TYPE(chassis, "chassis");
TYPE(port, "ports");
TYPE(portgroup, "portgroups");
TYPE(volume_connector, "volume_connectors");
TYPE(volume_target, "volume_targets");
