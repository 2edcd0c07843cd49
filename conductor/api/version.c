/* Microversions; see version.h. Adding one is a row here, and its handler's row in routes.c. */
#include "conductor/api/version.h"
#include "conductor/api/api.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

struct since {
	const char *kind, *name;
	int minor;
};

static const struct since table[] = {
	{"node", "driver_internal_info", 3},
	{"node", "name", 5},
	{"node", "inspection_finished_at", 6},
	{"node", "inspection_started_at", 6},
	{"node", "clean_step", 7},
	{"node", "raid_config", 12},
	{"node", "target_raid_config", 12},
	{"node", "states", 14},
	{"node", "network_interface", 20},
	{"node", "resource_class", 21},
	{"node", "portgroups", 24},
	{"node", "boot_interface", 31},
	{"node", "console_interface", 31},
	{"node", "deploy_interface", 31},
	{"node", "inspect_interface", 31},
	{"node", "management_interface", 31},
	{"node", "power_interface", 31},
	{"node", "raid_interface", 31},
	{"node", "vendor_interface", 31},
	{"node", "volume", 32},
	{"node", "storage_interface", 33},
	{"node", "traits", 37},
	{"node", "rescue_interface", 38},
	{"node", "bios_interface", 40},
	{"node", "fault", 42},
	{"node", "deploy_step", 44},
	{"node", "conductor_group", 46},
	{"node", "automated_clean", 47},
	{"node", "protected", 48},
	{"node", "protected_reason", 48},
	{"node", "conductor", 49},
	{"node", "owner", 50},
	{"node", "description", 51},
	{"node", "allocation_uuid", 52},
	{"node", "retired", 61},
	{"node", "retired_reason", 61},
	{"node", "lessee", 65},
	{"node", "network_data", 66},
	{"node", "boot_mode", 75},
	{"node", "secure_boot", 75},
	{"node", "shard", 82},
	{"node", "parent_node", 83},
	{"node", "firmware_interface", 86},
	{"node", "service_step", 87},
	{"node", "disable_power_off", 95},
	{"node", "instance_name", 104},
	{"node", "health", 109},
	{"node?", "fields", 8},
	{"node?", "provision_state", 9},
	{"node?", "driver", 16},
	{"node?", "resource_class", 21},
	{"node?", "fault", 42},
	{"node?", "detail", 43},
	{"node?", "reset_interfaces", 45},
	{"node?", "conductor_group", 46},
	{"node?", "conductor", 49},
	{"node?", "owner", 50},
	{"node?", "description_contains", 51},
	{"node?", "retired", 61},
	{"node?", "lessee", 65},
	{"node?", "project", 65},
	{"node?", "shard", 82},
	{"node?", "sharded", 82},
	{"node?", "parent_node", 83},
	{"node?", "include_children", 83},
	{"node?", "instance_name", 104},
	{"port", "internal_info", 18},
	{"port", "pxe_enabled", 19},
	{"port", "local_link_connection", 19},
	{"port", "portgroup_uuid", 24},
	{"port", "physical_network", 34},
	{"port", "is_smartnic", 53},
	{"port", "name", 88},
	{"port", "description", 97},
	{"port", "vendor", 100},
	{"port", "category", 101},
	{"port?", "node", 6},
	{"port?", "fields", 8},
	{"port?", "portgroup", 24},
	{"port?", "detail", 43},
	{"port?", "shard", 82},
	{"port?", "description_contains", 97},
	{"port?", "conductor_group", 99},
	{"driver?", "type", 30},
	{"driver?", "detail", 30},
	{"driver?", "fields", 77},
	{"provision", "manage", 4},
	{"provision", "provide", 4},
	{"provision", "inspect", 6},
	{"provision", "abort", 13},
	{"provision", "clean", 15},
	{"provision", "clean_steps", 15},
	{"provision", "adopt", 17},
	{"provision", "rescue", 38},
	{"provision", "unrescue", 38},
	{"provision", "rescue_password", 38},
	{"provision", "configdrive object", 56},
	{"provision", "vendor_data", 59},
	{"provision", "deploy_steps", 69},
	{"provision", "disable_ramdisk", 70},
	{"provision", "deploy", 73},
	{"provision", "undeploy", 73},
	{"provision", "unhold", 85},
	{"provision", "service", 87},
	{"provision", "service_steps", 87},
	{"provision", "runbook", 92},
	{"provision", "disable_ramdisk service", 108},
};

int version_since(const char *kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_eq(table[i].kind, kind) && str_eq(table[i].name, name))
			return table[i].minor;
	return API_MINOR_MIN;
}

int version_need(int version, int since, const char *what, struct err *e)
{
	if (version >= since)
		return 0;
	return err_set(e, EPROTONOSUPPORT,
		"%s needs API version 1.%d or later, the request asked for 1.%d", what, since,
		version);
}

/* "1.N" alone. */
static int parse_number(const char *text, int *ret, struct err *e)
{
	int minor;

	if (!str_starts(text, "1.") || str_to_int(text + 2, 0, 1 << 20, &minor) < 0)
		return err_set(e, EPROTONOSUPPORT,
			"Invalid API version '%.32s'; expected 1.N or latest", text);
	if (minor < API_MINOR_MIN || minor > API_MINOR_MAX)
		return err_set(e, EPROTONOSUPPORT,
			"Version %.32s was requested but the requested API version is not "
			"supported; versions 1.%d to 1.%d are",
			text, API_MINOR_MIN, API_MINOR_MAX);
	*ret = minor;
	return 0;
}

static int parse_text(const char *text, int *ret, struct err *e)
{
	char copy[64];

	if (!str_copy(copy, sizeof(copy), text))
		return err_set(e, EPROTONOSUPPORT, "Invalid API version '%.32s...'", text);
	text = str_trim(copy);
	if (str_ieq(text, "latest")) {
		*ret = API_MINOR_MAX;
		return 0;
	}
	return parse_number(text, ret, e);
}

/* "baremetal 1.N" in a comma-separated list of services; NULL when it does not speak of us. */
static char *our_version(const char *openstack)
{
	_cleanup_free_ char *copy = xstrdup(openstack);
	char *save = NULL;

	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		item = str_trim(item);
		if (!strncasecmp(item, "baremetal ", 10))
			return xstrdup(item + 10);
	}
	return NULL;
}

int version_parse(const char *ironic, const char *openstack, int *ret, struct err *e)
{
	_cleanup_free_ char *ours = openstack ? our_version(openstack) : NULL;

	if (ours)
		return parse_text(ours, ret, e);
	if (ironic)
		return parse_text(ironic, ret, e);
	*ret = API_MINOR_MIN;
	return 0;
}

static const struct {
	const char *state, *before;
	int since;
} states[] = {
	{"available", NULL, 2},
	{"inspect wait", "inspecting", 39},
};

const char *version_state_name(int version, const char *state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (version < states[i].since && str_eq(state, states[i].state))
			return states[i].before;
	return state;
}
