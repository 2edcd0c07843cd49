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
	{"node", "driver_internal_info", 3, 0},
	{"node", "name", 5, 0},
	{"node", "inspection_finished_at", 6, 0},
	{"node", "inspection_started_at", 6, 0},
	{"node", "clean_step", 7, 0},
	{"node", "raid_config", 12, 0},
	{"node", "target_raid_config", 12, 0},
	{"node", "states", 14, 0},
	{"node", "network_interface", 20, 0},
	{"node", "resource_class", 21, 0},
	{"node", "portgroups", 24, 0},
	{"node", "chassis_uuid removed", 25, 0},
	{"node", "boot_interface", 31, 0},
	{"node", "console_interface", 31, 0},
	{"node", "deploy_interface", 31, 0},
	{"node", "inspect_interface", 31, 0},
	{"node", "management_interface", 31, 0},
	{"node", "power_interface", 31, 0},
	{"node", "raid_interface", 31, 0},
	{"node", "vendor_interface", 31, 0},
	{"node", "volume", 32, 0},
	{"node", "storage_interface", 33, 0},
	{"node", "traits", 37, 0},
	{"node", "rescue_interface", 38, 0},
	{"node", "bios_interface", 40, 0},
	{"node", "fault", 42, 0},
	{"node", "deploy_step", 44, 0},
	{"node", "conductor_group", 46, 0},
	{"node", "automated_clean", 47, 0},
	{"node", "protected", 48, 0},
	{"node", "protected_reason", 48, 0},
	{"node", "conductor", 49, 0},
	{"node", "owner", 50, 0},
	{"node", "description", 51, 0},
	{"node", "allocation_uuid", 52, 0},
	{"node", "retired", 61, 0},
	{"node", "retired_reason", 61, 0},
	{"node", "lessee", 65, 0},
	{"node", "network_data", 66, 0},
	{"node", "boot_mode", 75, 0},
	{"node", "secure_boot", 75, 0},
	{"node", "shard", 82, 0},
	{"node", "parent_node", 83, 0},
	{"node", "firmware_interface", 86, 0},
	{"node", "service_step", 87, 0},
	{"node", "disable_power_off", 95, 0},
	{"node", "instance_name", 104, 0},
	{"node", "health", 109, 0},
	{"node?", "fields", 8, 0},
	{"node?", "provision_state", 9, 0},
	{"node?", "driver", 16, 0},
	{"node?", "resource_class", 21, 0},
	{"node?", "fault", 42, 0},
	{"node?", "detail", 43, UNKNOWN},
	{"node?", "reset_interfaces", 45, 0},
	{"node?", "conductor_group", 46, 0},
	{"node?", "conductor", 49, 0},
	{"node?", "owner", 50, 0},
	{"node?", "lessee", 65, 0},
	{"node?", "shard", 82, 0},
	{"node?", "sharded", 82, 0},
	{"node?", "parent_node", 83, 0},
	{"node?", "include_children", 83, 0},
	{"node?", "instance_name", 104, 0},
	{"port", "internal_info", 18, 0},
	{"port", "pxe_enabled", 19, 0},
	{"port", "local_link_connection", 19, 0},
	{"port", "portgroup_uuid", 24, 0},
	{"port", "physical_network", 34, 0},
	{"port", "is_smartnic", 53, 0},
	{"port", "name", 88, 0},
	{"port", "node_ident", 94, 0},
	{"port", "description", 97, 0},
	{"port", "vendor", 100, 0},
	{"port", "category", 101, 0},
	{"port", "available_for_dynamic_portgroup", 111, 0},
	{"port?", "fields", 8, 0},
	{"port?", "portgroup", 24, 0},
	{"port?", "detail", 43, UNKNOWN},
	{"port?", "shard", 82, 0},
	{"port?", "description_contains", 97, 0},
	{"port?", "conductor_group", 99, 0},
	{"local_link_connection", "network_type", 64, 0},
	{"local_link_connection", "vtep-logical-switch", 90, 0},
	{"local_link_connection", "vtep-physical-switch", 90, 0},
	{"portgroup", "mode", 26, 0},
	{"portgroup", "properties", 26, 0},
	{"portgroup", "physical_network", 102, 0},
	{"portgroup", "category", 103, 0},
	{"portgroup", "dynamic_portgroup", 111, 0},
	{"portgroup?", "detail", 43, UNKNOWN},
	{"portgroup?", "shard", 106, 0},
	{"chassis?", "fields", 8, 0},
	{"chassis?", "detail", 43, UNKNOWN},
	{"runbook", "description", 112, UNKNOWN},
	{"runbook", "traits", 112, UNKNOWN},
	{"allocation", "node", 58, UNKNOWN},
	{"allocation", "owner", 60, 0},
	{"allocation?", "owner", 60, 0},
	{"driver", "properties", 14, 0},
	{"driver", "type", 30, 0},
	{"driver", "default_storage_interface", 33, 0},
	{"driver", "enabled_storage_interfaces", 33, 0},
	{"driver", "default_rescue_interface", 38, 0},
	{"driver", "enabled_rescue_interfaces", 38, 0},
	{"driver", "default_bios_interface", 40, 0},
	{"driver", "enabled_bios_interfaces", 40, 0},
	{"driver", "default_firmware_interface", 86, 0},
	{"driver", "enabled_firmware_interfaces", 86, 0},
	{"driver?", "type", 30, 0},
	{"driver?", "detail", 30, 0},
	{"driver?", "fields", 77, 0},
	{"bios?", "detail", 74, UNKNOWN},
	{"bios?", "fields", 74, UNKNOWN},
	{"power", "soft power off", 27, 0},
	{"power", "soft rebooting", 27, 0},
	{"power", "timeout", 27, 0},
	{"provision", "manage", 4, 0},
	{"provision", "provide", 4, 0},
	{"provision", "inspect", 6, 0},
	{"provision", "abort", 13, 0},
	{"provision", "clean", 15, 0},
	{"provision", "adopt", 17, 0},
	{"provision", "configdrive rebuild", 35, UNKNOWN},
	{"provision", "rescue", 38, 0},
	{"provision", "unrescue", 38, 0},
	{"provision", "abort inspect wait", 41, 0},
	{"provision", "configdrive object", 56, UNKNOWN},
	{"provision", "vendor_data", 59, UNKNOWN},
	{"provision", "deploy_steps", 69, 0},
	{"provision", "disable_ramdisk", 70, 0},
	{"provision", "deploy", 73, 0},
	{"provision", "undeploy", 73, 0},
	{"provision", "unhold", 85, 0},
	{"provision", "service", 87, 0},
	{"provision", "runbook", 92, 0},
	{"provision", "disable_ramdisk service", 108, 0},
	{"provision", "abort wait call-back", 110, 0},
	{"heartbeat", "agent_version", 36, UNKNOWN},
	{"heartbeat", "agent_verify_ca", 68, UNKNOWN},
	{"heartbeat", "agent_status", 72, UNKNOWN},
	{"heartbeat", "agent_status_message", 72, UNKNOWN},
	{"patch", "a path with other characters than A-Z a-z 0-9 _ -", 98, UNKNOWN},
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

const struct since *since_rows(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(table);
	return table;
}
