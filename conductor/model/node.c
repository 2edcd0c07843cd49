/* Field tables of the node and its kin; see node.h. */
#include "conductor/model/node.h"
#include "conductor/model/allocation.h"
#include "conductor/model/fields.h"
#include "conductor/model/inspection.h"
#include "conductor/model/parts.h"
#include "conductor/model/plans.h"

#define F_INTERFACE(api, i)                                                                        \
	{                                                                                          \
		.name = (api), .type = FIELD_STR,                                                  \
		.offset = offsetof(struct node, interfaces) + (i) * sizeof(char *)                 \
	}

const char *const interface_names[IF_COUNT] = {"bios", "boot", "console", "deploy", "firmware",
	"inspect", "management", "network", "power", "raid", "rescue", "storage", "vendor"};

static const struct field node_fields[] = {
	F(node, uuid, FIELD_STR, U),
	F(node, name, FIELD_STR, U),
	F(node, driver, FIELD_STR, C),
	F(node, driver_info, FIELD_OBJECT, 0),
	F(node, driver_internal_info, FIELD_OBJECT, 0),
	F(node, properties, FIELD_OBJECT, 0),
	F(node, instance_info, FIELD_OBJECT, 0),
	F(node, extra, FIELD_OBJECT, 0),
	F(node, instance_uuid, FIELD_STR, U),
	F(node, instance_name, FIELD_STR, C),
	F(node, chassis_uuid, FIELD_STR, C),
	F(node, resource_class, FIELD_STR, C),
	F_ENUM(node, power_state, power_state_names, POWER_STATE_COUNT),
	F_ENUM(node, target_power_state, power_state_names, POWER_STATE_COUNT),
	F_ENUM(node, provision_state, provision_state_names, PS_COUNT),
	F_ENUM(node, target_provision_state, provision_state_names, PS_COUNT),
	F(node, provision_updated_at, FIELD_TIME, C),
	F(node, last_error, FIELD_STR, 0),
	F(node, fault, FIELD_STR, C),
	F(node, health, FIELD_STR, 0),
	F(node, reservation, FIELD_STR, 0),
	F(node, maintenance, FIELD_BOOL, C),
	F(node, maintenance_reason, FIELD_STR, 0),
	F(node, console_enabled, FIELD_BOOL, C),
	F(node, inspection_started_at, FIELD_TIME, C),
	F(node, inspection_finished_at, FIELD_TIME, C),
	F(node, clean_step, FIELD_OBJECT, 0),
	F(node, deploy_step, FIELD_OBJECT, 0),
	F(node, service_step, FIELD_OBJECT, 0),
	F(node, raid_config, FIELD_OBJECT, 0),
	F(node, target_raid_config, FIELD_OBJECT, 0),
	F(node, traits, FIELD_ARRAY, 0),
	F_INTERFACE("bios_interface", IF_BIOS),
	F_INTERFACE("boot_interface", IF_BOOT),
	F_INTERFACE("console_interface", IF_CONSOLE),
	F_INTERFACE("deploy_interface", IF_DEPLOY),
	F_INTERFACE("firmware_interface", IF_FIRMWARE),
	F_INTERFACE("inspect_interface", IF_INSPECT),
	F_INTERFACE("management_interface", IF_MANAGEMENT),
	F_INTERFACE("network_interface", IF_NETWORK),
	F_INTERFACE("power_interface", IF_POWER),
	F_INTERFACE("raid_interface", IF_RAID),
	F_INTERFACE("rescue_interface", IF_RESCUE),
	F_INTERFACE("storage_interface", IF_STORAGE),
	F_INTERFACE("vendor_interface", IF_VENDOR),
	F(node, network_data, FIELD_OBJECT, 0),
	F(node, automated_clean, FIELD_TRI, 0),
	F(node, conductor_group, FIELD_STR, C),
	F(node, conductor, FIELD_STR, C),
	F_AS(node, "protected", is_protected, FIELD_BOOL, C),
	F(node, protected_reason, FIELD_STR, 0),
	F(node, owner, FIELD_STR, C),
	F(node, lessee, FIELD_STR, C),
	F(node, shard, FIELD_STR, C),
	F(node, parent_node, FIELD_STR, C),
	F(node, description, FIELD_STR, C),
	F(node, allocation_uuid, FIELD_STR, C),
	F(node, retired, FIELD_BOOL, C),
	F(node, retired_reason, FIELD_STR, 0),
	F(node, boot_mode, FIELD_STR, 0),
	F(node, secure_boot, FIELD_TRI, 0),
	F(node, disable_power_off, FIELD_BOOL, 0),
	F(node, created_at, FIELD_TIME, C),
	F(node, updated_at, FIELD_TIME, C),
};

static const struct field node_event_fields[] = {
	F(node_event, uuid, FIELD_STR, U),
	F(node_event, node_uuid, FIELD_STR, C),
	F(node_event, conductor, FIELD_STR, 0),
	F(node_event, severity, FIELD_STR, 0),
	F(node_event, event, FIELD_STR, 0),
	F(node_event, event_type, FIELD_STR, 0),
	F(node_event, user, FIELD_STR, 0),
	F(node_event, from_state, FIELD_STR, 0),
	F(node_event, to_state, FIELD_STR, 0),
	F(node_event, duration_ms, FIELD_INT, 0),
	F(node_event, created_at, FIELD_TIME, C),
	F(node_event, updated_at, FIELD_TIME, 0),
};

static const struct field inventory_fields[] = {
	F(inventory, uuid, FIELD_STR, U),
	F(inventory, inventory, FIELD_OBJECT, 0),
	F(inventory, plugin_data, FIELD_OBJECT, 0),
	F(inventory, created_at, FIELD_TIME, C),
	F(inventory, updated_at, FIELD_TIME, C),
};

static const struct field past_inspection_fields[] = {
	F(past_inspection, uuid, FIELD_STR, U),
	F(past_inspection, node_uuid, FIELD_STR, C),
	F(past_inspection, inventory, FIELD_OBJECT, 0),
	F(past_inspection, created_at, FIELD_TIME, C),
	F(past_inspection, updated_at, FIELD_TIME, 0),
};

static const struct field bios_settings_fields[] = {
	F(bios_settings, uuid, FIELD_STR, U),
	F(bios_settings, settings, FIELD_ARRAY, 0),
	F(bios_settings, created_at, FIELD_TIME, C),
	F(bios_settings, updated_at, FIELD_TIME, C),
};

static const struct field firmware_component_fields[] = {
	F(firmware_component, uuid, FIELD_STR, U),
	F(firmware_component, node_uuid, FIELD_STR, C),
	F(firmware_component, component, FIELD_STR, 0),
	F(firmware_component, initial_version, FIELD_STR, 0),
	F(firmware_component, current_version, FIELD_STR, 0),
	F(firmware_component, last_version_flashed, FIELD_STR, 0),
	F(firmware_component, created_at, FIELD_TIME, C),
	F(firmware_component, updated_at, FIELD_TIME, C),
};

static const struct field disk_record_fields[] = {
	F(disk_record, uuid, FIELD_STR, U),
	F(disk_record, node_uuid, FIELD_STR, C),
	F(disk_record, step, FIELD_STR, 0),
	F(disk_record, disk, FIELD_STR, 0),
	F(disk_record, serial, FIELD_STR, 0),
	F(disk_record, wwn, FIELD_STR, 0),
	F(disk_record, model, FIELD_STR, 0),
	F(disk_record, size, FIELD_INT, 0),
	F(disk_record, method, FIELD_STR, 0),
	F(disk_record, outcome, FIELD_STR, 0),
	F(disk_record, error, FIELD_STR, 0),
	F(disk_record, found, FIELD_ARRAY, 0),
	F(disk_record, duration_ms, FIELD_INT, 0),
	F(disk_record, created_at, FIELD_TIME, C),
	F(disk_record, updated_at, FIELD_TIME, 0),
};

static const struct field waiting_fields[] = {
	F(waiting, uuid, FIELD_STR, U),
	F(waiting, address, FIELD_STR, U),
	F(waiting, ignored, FIELD_BOOL, C),
	F(waiting, facts, FIELD_OBJECT, 0),
	F(waiting, asked, FIELD_INT, 0),
	F(waiting, created_at, FIELD_TIME, C),
	F(waiting, updated_at, FIELD_TIME, C),
};

static const struct field delivery_fields[] = {
	F(delivery, uuid, FIELD_STR, U),
	F(delivery, url, FIELD_STR, C),
	F(delivery, body, FIELD_OBJECT, 0),
	F(delivery, attempts, FIELD_INT, 0),
	F(delivery, next_attempt_at, FIELD_TIME, C),
	F(delivery, last_error, FIELD_STR, 0),
	F(delivery, created_at, FIELD_TIME, C),
	F(delivery, updated_at, FIELD_TIME, 0),
};

TYPE(node, "nodes");
TYPE(node_event, "node_events");
TYPE(inventory, "inventories");
TYPE(past_inspection, "past_inspections");
TYPE(bios_settings, "bios_settings");
TYPE(firmware_component, "firmware_components");
TYPE(disk_record, "disk_records");
TYPE(waiting, "waiting");
TYPE(delivery, "deliveries");

const struct record_type *const record_types[] = {&node_type, &port_type, &node_event_type,
	&inventory_type, &waiting_type, &delivery_type, &disk_record_type, &chassis_type,
	&portgroup_type, &volume_connector_type, &volume_target_type, &deploy_template_type,
	&runbook_type, &bios_settings_type, &firmware_component_type, &allocation_type,
	&inspection_rule_type, &past_inspection_type};
const int n_record_types = ARRAY_SIZE(record_types);

void node_init(struct node *n)
{
	record_init(&node_type, n);
}

void node_done(struct node *n)
{
	record_done(&node_type, n);
}

void node_copy(struct node *dst, const struct node *src)
{
	record_copy(&node_type, dst, src);
}
