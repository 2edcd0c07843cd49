/*
 * The one microversion table: since when each field, query argument, verb and part of a body
 * exists. Since when a method exists stands with its path in routes.c. Sources: contract section
 * 2.5, and for what it does not say, what Ironic 21.4 (1.82) and 29.0 (1.96) answer.
 */
#include "conductor/api/api.h"
#include "conductor/api/version.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Asked for too early these get 400, as if they were unknown, instead of 406. */
#define UNKNOWN EINVAL

static const struct since table[] = {
	{"node", "driver_internal_info", 3, 0, false},
	{"node", "name", 5, 0, false},
	{"node", "inspection_finished_at", 6, 0, false},
	{"node", "inspection_started_at", 6, 0, false},
	{"node", "clean_step", 7, 0, false},
	{"node", "raid_config", 12, 0, false},
	{"node", "target_raid_config", 12, 0, false},
	{"node", "states", 14, 0, false},
	{"node", "network_interface", 20, 0, false},
	{"node", "resource_class", 21, 0, false},
	{"node", "portgroups", 24, 0, false},
	{"node", "chassis_uuid removed", 25, 0, false},
	{"node", "boot_interface", 31, 0, false},
	{"node", "console_interface", 31, 0, false},
	{"node", "deploy_interface", 31, 0, false},
	{"node", "inspect_interface", 31, 0, false},
	{"node", "management_interface", 31, 0, false},
	{"node", "power_interface", 31, 0, false},
	{"node", "raid_interface", 31, 0, false},
	{"node", "vendor_interface", 31, 0, false},
	{"node", "volume", 32, 0, false},
	{"node", "storage_interface", 33, 0, false},
	{"node", "traits", 37, 0, false},
	{"node", "rescue_interface", 38, 0, false},
	{"node", "bios_interface", 40, 0, false},
	{"node", "fault", 42, 0, false},
	{"node", "deploy_step", 44, 0, false},
	{"node", "conductor_group", 46, 0, false},
	{"node", "automated_clean", 47, 0, false},
	{"node", "protected", 48, 0, false},
	{"node", "protected_reason", 48, 0, false},
	{"node", "conductor", 49, 0, false},
	{"node", "owner", 50, 0, false},
	{"node", "description", 51, 0, false},
	{"node", "allocation_uuid", 52, 0, false},
	{"node", "retired", 61, 0, false},
	{"node", "retired_reason", 61, 0, false},
	{"node", "lessee", 65, 0, false},
	{"node", "network_data", 66, 0, false},
	{"node", "boot_mode", 75, 0, false},
	{"node", "secure_boot", 75, 0, false},
	{"node", "shard", 82, 0, false},
	{"node", "parent_node", 83, 0, false},
	{"node", "firmware_interface", 86, 0, false},
	{"node", "service_step", 87, 0, false},
	{"node", "disable_power_off", 95, 0, false},
	{"node", "instance_name", 104, 0, false},
	{"node", "health", 109, 0, false},
	{"node?", "fields", 8, 0, false},
	{"node?", "provision_state", 9, 0, false},
	{"node?", "driver", 16, 0, false},
	{"node?", "resource_class", 21, 0, false},
	{"node?", "fault", 42, 0, false},
	{"node?", "detail", 43, UNKNOWN, false},
	{"node?", "reset_interfaces", 45, 0, false},
	{"node?", "conductor_group", 46, 0, false},
	{"node?", "conductor", 49, 0, false},
	{"node?", "owner", 50, 0, false},
	{"node?", "lessee", 65, 0, false},
	{"node?", "shard", 82, 0, false},
	{"node?", "sharded", 82, 0, false},
	{"node?", "parent_node", 83, 0, false},
	{"node?", "include_children", 83, 0, false},
	{"node?", "instance_name", 104, 0, false},
	{"port", "internal_info", 18, 0, false},
	{"port", "pxe_enabled", 19, 0, false},
	{"port", "local_link_connection", 19, 0, false},
	{"port", "portgroup_uuid", 24, 0, false},
	{"port", "physical_network", 34, 0, false},
	{"port", "is_smartnic", 53, 0, false},
	{"port", "name", 88, 0, false},
	{"port", "node_ident", 94, 0, false},
	{"port", "description", 97, 0, false},
	{"port", "vendor", 100, 0, false},
	{"port", "category", 101, 0, false},
	{"port", "available_for_dynamic_portgroup", 111, 0, false},
	{"port?", "fields", 8, 0, false},
	{"port?", "portgroup", 24, 0, false},
	{"port?", "detail", 43, UNKNOWN, false},
	{"port?", "shard", 82, 0, false},
	{"port?", "description_contains", 97, 0, false},
	{"port?", "conductor_group", 99, 0, false},
	{"local_link_connection", "network_type", 64, 0, false},
	{"local_link_connection", "vtep-logical-switch", 90, 0, false},
	{"local_link_connection", "vtep-physical-switch", 90, 0, false},
	{"portgroup", "mode", 26, 0, true},
	{"portgroup", "properties", 26, 0, true},
	{"portgroup", "physical_network", 102, 0, false},
	{"portgroup", "category", 103, 0, false},
	{"portgroup", "dynamic_portgroup", 111, 0, false},
	{"portgroup?", "detail", 43, UNKNOWN, false},
	{"portgroup?", "shard", 106, 0, false},
	{"chassis?", "fields", 8, 0, false},
	{"chassis?", "detail", 43, UNKNOWN, false},
	{"runbook", "description", 112, UNKNOWN, false},
	{"runbook", "traits", 112, UNKNOWN, false},
	{"allocation", "node", 58, UNKNOWN, false},
	{"allocation", "owner", 60, 0, false},
	{"allocation?", "owner", 60, 0, false},
	{"driver", "properties", 14, 0, false},
	{"driver", "type", 30, 0, false},
	{"driver", "default_storage_interface", 33, 0, false},
	{"driver", "enabled_storage_interfaces", 33, 0, false},
	{"driver", "default_rescue_interface", 38, 0, false},
	{"driver", "enabled_rescue_interfaces", 38, 0, false},
	{"driver", "default_bios_interface", 40, 0, false},
	{"driver", "enabled_bios_interfaces", 40, 0, false},
	{"driver", "default_firmware_interface", 86, 0, false},
	{"driver", "enabled_firmware_interfaces", 86, 0, false},
	{"driver?", "type", 30, 0, false},
	{"driver?", "detail", 30, 0, false},
	{"driver?", "fields", 77, 0, false},
	{"bios?", "detail", 74, UNKNOWN, false},
	{"bios?", "fields", 74, UNKNOWN, false},
	{"power", "soft power off", 27, 0, false},
	{"power", "soft rebooting", 27, 0, false},
	{"power", "timeout", 27, 0, false},
	{"provision", "manage", 4, 0, false},
	{"provision", "provide", 4, 0, false},
	{"provision", "inspect", 6, 0, false},
	{"provision", "abort", 13, 0, false},
	{"provision", "clean", 15, 0, false},
	{"provision", "adopt", 17, 0, false},
	{"provision", "configdrive rebuild", 35, UNKNOWN, false},
	{"provision", "rescue", 38, 0, false},
	{"provision", "unrescue", 38, 0, false},
	{"provision", "configdrive object", 56, UNKNOWN, false},
	{"provision", "vendor_data", 59, UNKNOWN, false},
	{"provision", "deploy_steps", 69, 0, false},
	{"provision", "disable_ramdisk", 70, 0, false},
	{"provision", "deploy", 73, 0, false},
	{"provision", "undeploy", 73, 0, false},
	{"provision", "unhold", 85, 0, false},
	{"provision", "service", 87, 0, false},
	{"provision", "runbook", 92, 0, false},
	{"provision", "disable_ramdisk service", 108, 0, false},
	{"heartbeat", "agent_version", 36, UNKNOWN, false},
	{"heartbeat", "agent_verify_ca", 68, UNKNOWN, false},
	{"heartbeat", "agent_status", 72, UNKNOWN, false},
	{"heartbeat", "agent_status_message", 72, UNKNOWN, false},
	{"patch", "a path with other characters than A-Z a-z 0-9 _ -", 98, UNKNOWN, false},
};

/* The rows in the order of kind and name, made at the first question. */
static const struct since *sorted[ARRAY_SIZE(table)];
static pthread_once_t sorted_once = PTHREAD_ONCE_INIT;

static int compare(const struct since *a, const struct since *b)
{
	int r = strcmp(a->kind, b->kind);

	return r ? r : strcmp(a->name, b->name);
}

static int compare_rows(const void *a, const void *b)
{
	return compare(*(const struct since *const *)a, *(const struct since *const *)b);
}

static int compare_key(const void *key, const void *row)
{
	return compare(key, *(const struct since *const *)row);
}

static void sort_rows(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		sorted[i] = &table[i];
	qsort(sorted, ARRAY_SIZE(sorted), sizeof(*sorted), compare_rows);
}

const struct since *since_find(const char *kind, const char *name)
{
	struct since key = {.kind = kind, .name = name};
	const struct since **found;

	pthread_once(&sorted_once, sort_rows);
	found = bsearch(&key, sorted, ARRAY_SIZE(sorted), sizeof(*sorted), compare_key);
	return found ? *found : NULL;
}
