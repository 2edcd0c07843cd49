/* The tables of all resources but nodes, which have theirs in noderesource.c. */
#include "conductor/cli/allocation.h"
#include "conductor/cli/fieldrows.h"
#include "lib/base/str.h"

#include <string.h>

/* --- port --------------------------------------------------------------------------------------
 */

static const struct field port_fields[] = {
	NODE_REF("whose port it is"),
	UUID,
	TEXT("address", "address", "MAC", "another MAC address", IN_SET),
	TEXT("name", "name", "NAME", "a name", IN_ALL),
	TEXT("description", "description", "TEXT", "for people", IN_ALL),
	REF("port-group", "portgroup_uuid", "/v1/portgroups/", "PORTGROUP",
		"the group it belongs to", IN_ALL),
	PAIRS("local-link-connection", "local_link_connection",
		"the switch it is plugged into: switch_id, port_id, switch_info", IN_ALL),
	PAIRS("l", "local_link_connection", "the same", IN_CREATE),
	BOOL("pxe-enabled", "pxe_enabled", "it boots from the network", IN_CREATE | IN_SET),
	NO("pxe-disabled", "pxe_enabled", "it does not boot from the network", IN_CREATE | IN_SET),
	NO("no-pxe", "pxe_enabled", "the same", IN_CREATE | IN_SET),
	TEXT("physical-network", "physical_network", "NETWORK", "the network it is plugged into",
		IN_ALL),
	BOOL("is-smartnic", "is_smartnic", "it is a Smart NIC", IN_CREATE | IN_SET),
	ROW(FIELD_RESET, "is-smartnic", "is_smartnic", NULL, "it is none", IN_UNSET),
	TEXT("category", "category", "TEXT", "what it is used for", IN_ALL),
	TEXT("vendor", "vendor", "TEXT", "who made it", IN_ALL),
	EXTRA,
	NODE_FILTER,
	TEXT("address", "address", "MAC", "only the one of this address", IN_LIST),
	TEXT("port-group", "portgroup", "PORTGROUP", "only of this port group", IN_LIST),
	TEXT("description-contains", "description_contains", "TEXT", "only with this in it",
		IN_LIST),
	TEXT("conductor-group", "conductor_group", "GROUP", "only of nodes of this group", IN_LIST),
	LIST("shards", "shard", "SHARD", "only of nodes of these shards", IN_LIST),
};
static const struct table_column port_columns[] = {{"address", NULL}, {"pxe_enabled", "PXE"},
	{"physical_network", "NETWORK"}, {"node_uuid", "NODE"}, {"uuid", NULL}};
static const struct cli_option address_option[] = {
	{"address", NULL, "what is named is a MAC address, for which it is taken anyway"}};
static const struct resource port = {.noun = "port",
	.many = "NICs of nodes",
	.path = "/v1/ports",
	.plural = "ports",
	.kind = "PORT|MAC",
	.idents = "uuid,address",
	.positional = "address",
	.positional_kind = "MAC",
	.by_address = true,
	.verbs = VERBS_ALL,
	FIELDS(port_fields, port_columns),
	.extra = {[RESOURCE_SHOW] = CLI_OPTIONS(address_option)},
	.help = {[RESOURCE_CREATE] = "add a NIC to a node"},
	.examples = {
		"--node r12u07",
		"52:54:00:12:00:07",
		"52:54:00:12:00:07 --node r12u07\n52:54:00:12:00:08 --node r12u07 --no-pxe",
		"52:54:00:12:00:07 --physical-network rack12 --pxe-enabled false",
		"52:54:00:12:00:07 --physical-network --extra note",
		"52:54:00:12:00:07\n'52:54:00:12:*' --dry-run",
	}};

/* --- port group --------------------------------------------------------------------------------
 */

static const struct field portgroup_fields[] = {
	NODE_REF("whose port group it is"),
	UUID,
	TEXT("address", "address", "MAC", "the MAC address of the bond", IN_ALL),
	TEXT("name", "name", "NAME", "a name", IN_ALL),
	TEXT("mode", "mode", "MODE", "how it is bonded: active-backup, 802.3ad ...",
		IN_CREATE | IN_SET),
	PAIRS("property", "properties", "of the bond, as in miimon=100", IN_ALL),
	YES("support-standalone-ports", "standalone_ports_supported",
		"its ports may be used by themselves, too", IN_CREATE | IN_SET),
	NO("unsupport-standalone-ports", "standalone_ports_supported", "they may not",
		IN_CREATE | IN_SET),
	TEXT("physical-network", "physical_network", "NETWORK", "the network it is plugged into",
		IN_ALL),
	TEXT("category", "category", "TEXT", "what it is used for", IN_ALL),
	EXTRA,
	NODE_FILTER,
	TEXT("address", "address", "MAC", "only the one of this address", IN_LIST),
	LIST("shards", "shard", "SHARD", "only of nodes of these shards", IN_LIST),
};
static const struct table_column portgroup_columns[] = {
	{"name", NULL}, {"address", NULL}, {"mode", NULL}, {"node_uuid", "NODE"}, {"uuid", NULL}};
static const struct resource portgroup = {.noun = "port group",
	.many = "port groups",
	.path = "/v1/portgroups",
	.plural = "portgroups",
	.kind = "PORTGROUP|MAC",
	.idents = "uuid,name,address",
	.by_address = true,
	.verbs = VERBS_ALL,
	FIELDS(portgroup_fields, portgroup_columns),
	.extra = {[RESOURCE_SHOW] = CLI_OPTIONS(address_option)},
	.examples = {
		"--node r12u07",
		"bond0",
		"--node r12u07 --name bond0 --mode 802.3ad --property miimon=100",
		"bond0 --mode active-backup",
		"bond0 --property miimon",
		"bond0\n'bond*' --dry-run",
	}};

/* --- chassis -----------------------------------------------------------------------------------
 */

static const struct field chassis_fields[] = {
	UUID,
	TEXT("description", "description", "TEXT", "for people; @TEXT names its nodes", IN_ALL),
	EXTRA,
};
static const struct table_column chassis_columns[] = {{"description", NULL}, {"uuid", NULL}};
static const struct resource chassis = {.noun = "chassis",
	.many = "chassis",
	.path = "/v1/chassis",
	.plural = "chassis",
	.kind = "CHASSIS",
	.idents = "uuid",
	.verbs = VERBS_ALL,
	FIELDS(chassis_fields, chassis_columns),
	.examples = {
		"",
		"2f0ab0b2-0bb7-4f0f-9c39-5d2f6b1b7a10",
		"--description rack12 --extra row=4",
		"2f0ab0b2-0bb7-4f0f-9c39-5d2f6b1b7a10 --description rack13",
		"2f0ab0b2-0bb7-4f0f-9c39-5d2f6b1b7a10 --extra row",
		"2f0ab0b2-0bb7-4f0f-9c39-5d2f6b1b7a10",
	}};

/* --- volume connector, volume target -----------------------------------------------------------
 */

static const struct field connector_fields[] = {
	NODE_REF("whose connector it is"),
	UUID,
	TEXT("type", "type", "iqn|ip|mac|wwnn|wwpn|port|portgroup", "what its id is",
		IN_CREATE | IN_SET | REQUIRED),
	TEXT("connector-id", "connector_id", "ID", "such as iqn.2010-10.org.example:r12u07",
		IN_CREATE | IN_SET | REQUIRED),
	EXTRA,
	NODE_FILTER,
};
static const struct table_column connector_columns[] = {
	{"type", NULL}, {"connector_id", "ID"}, {"node_uuid", "NODE"}, {"uuid", NULL}};
static const struct resource volume_connector = {.noun = "volume connector",
	.many = "volume connectors, by which nodes are known to storage",
	.path = "/v1/volume/connectors",
	.plural = "connectors",
	.kind = "CONNECTOR",
	.idents = "uuid",
	.verbs = VERBS_ALL,
	FIELDS(connector_fields, connector_columns),
	.examples = {
		"--node r12u07",
		"5e8a4f0e-3b1c-4b8e-8d52-6f9d1c0f7a21",
		"--node r12u07 --type iqn --connector-id iqn.2010-10.org.example:r12u07",
		"5e8a4f0e-3b1c-4b8e-8d52-6f9d1c0f7a21 --extra note=spare",
		"5e8a4f0e-3b1c-4b8e-8d52-6f9d1c0f7a21 --extra note",
		"5e8a4f0e-3b1c-4b8e-8d52-6f9d1c0f7a21",
	}};

static const struct field target_fields[] = {
	NODE_REF("whose volume it is"),
	UUID,
	TEXT("type", "volume_type", "TYPE", "iscsi, fibre_channel ...",
		IN_CREATE | IN_SET | REQUIRED),
	ROW(FIELD_INT, "boot-index", "boot_index", "N", "0 is the one to boot from",
		IN_CREATE | IN_SET | REQUIRED),
	TEXT("volume-id", "volume_id", "ID", "what the storage calls it",
		IN_CREATE | IN_SET | REQUIRED),
	PAIRS("property", "properties", "target_iqn, target_portal, target_lun ...", IN_ALL),
	EXTRA,
	NODE_FILTER,
};
static const struct table_column target_columns[] = {{"boot_index", "INDEX"},
	{"volume_type", "TYPE"}, {"volume_id", "VOLUME"}, {"node_uuid", "NODE"}, {"uuid", NULL}};
static const struct resource volume_target = {.noun = "volume target",
	.many = "volume targets, from which nodes boot",
	.path = "/v1/volume/targets",
	.plural = "targets",
	.kind = "TARGET",
	.idents = "uuid",
	.verbs = VERBS_ALL,
	FIELDS(target_fields, target_columns),
	.examples = {
		"--node r12u07",
		"0d6f7a0c-5c3e-4e3c-8f0e-2f9f8a5b1c11",
		"--node r12u07 --type iscsi --boot-index 0 --volume-id vol7 --property "
		"target_lun=1",
		"0d6f7a0c-5c3e-4e3c-8f0e-2f9f8a5b1c11 --boot-index 1",
		"0d6f7a0c-5c3e-4e3c-8f0e-2f9f8a5b1c11 --property target_lun",
		"0d6f7a0c-5c3e-4e3c-8f0e-2f9f8a5b1c11",
	}};

/* --- allocation --------------------------------------------------------------------------------
 */

static const struct field allocation_fields[] = {
	TEXT("name", "name", "NAME", "a name", IN_ALL),
	UUID,
	TEXT("resource-class", "resource_class", "CLASS", "what kind of node it shall be",
		IN_CREATE),
	LIST("trait", "traits", "TRAIT",
		"a trait the node has to have; may be given more than once", IN_CREATE),
	LIST("candidate-node", "candidate_nodes", "NODE",
		"one of these nodes; may be given more than once", IN_CREATE),
	TEXT("node", "node", "NODE", "this node, which has an instance already", IN_CREATE),
	TEXT("owner", "owner", "OWNER", "whose it is", IN_CREATE),
	EXTRA,
	NODE_FILTER,
	TEXT("resource-class", "resource_class", "CLASS", "only of this class", IN_LIST),
	TEXT("state", "state", "allocating|active|error", "only in this state", IN_LIST),
	TEXT("owner", "owner", "OWNER", "only of this owner", IN_LIST),
};
static const struct table_column allocation_columns[] = {{"name", NULL}, {"state", NULL},
	{"resource_class", "CLASS"}, {"node_uuid", "NODE"}, {"uuid", NULL}};
static const struct cli_option allocation_wait[] = {
	{"wait", "[SECONDS]", "wait until a node is found or none is"}};
static const struct resource allocation = {.noun = "allocation",
	.many = "allocations, which choose nodes by class and traits",
	.path = "/v1/allocations",
	.plural = "allocations",
	.kind = "ALLOCATION",
	.idents = "uuid,name",
	.verbs = VERBS_ALL,
	FIELDS(allocation_fields, allocation_columns),
	.extra = {[RESOURCE_CREATE] = CLI_OPTIONS(allocation_wait)},
	.created = allocation_created,
	.examples = {
		"--state error",
		"web1",
		"--resource-class large --trait CUSTOM_GPU --name web1 --wait",
		"web1 --extra purpose=shop",
		"web1 --extra purpose",
		"web1\n'web*' --dry-run",
	}};

/* --- deploy template, runbook ------------------------------------------------------------------
 */

#define STEPS_HELP "a list of {interface, step, args, priority}"

static const struct field template_fields[] = {
	UUID,
	TEXT("name", "name", "TRAIT", "another trait", IN_SET),
	JSON("steps", "steps", STEPS_HELP, IN_CREATE | IN_SET | REQUIRED),
	EXTRA,
};
static const struct table_column template_columns[] = {{"name", NULL}, {"uuid", NULL}};
static const struct resource deploy_template = {.noun = "deploy template",
	.many = "deploy templates: steps that a trait adds to deployments",
	.path = "/v1/deploy_templates",
	.plural = "deploy_templates",
	.kind = "TEMPLATE",
	.idents = "uuid,name",
	.positional = "name",
	.positional_kind = "TRAIT",
	.verbs = VERBS_ALL,
	FIELDS(template_fields, template_columns),
	.examples = {
		"",
		"CUSTOM_HYPERTHREADING",
		"CUSTOM_HYPERTHREADING --steps steps.yaml",
		"CUSTOM_HYPERTHREADING --steps '[{\"interface\": \"bios\", \"step\": "
		"\"apply_configuration\", \"args\": {\"settings\": []}, \"priority\": 150}]'",
		"CUSTOM_HYPERTHREADING --extra note",
		"CUSTOM_HYPERTHREADING",
	}};

static const struct field runbook_fields[] = {
	UUID,
	TEXT("name", "name", "TRAIT", "the trait by which nodes may be given it",
		IN_CREATE | IN_SET),
	TEXT("description", "description", "TEXT", "for people", IN_ALL),
	JSON("steps", "steps", "a list of {interface, step, args, order}",
		IN_CREATE | IN_SET | REQUIRED),
	BOOL("public", "public", "everybody may use it", IN_CREATE | IN_SET),
	BOOL("disable-ramdisk", "disable_ramdisk", "its steps need no agent", IN_CREATE | IN_SET),
	TEXT("owner", "owner", "OWNER", "whose it is", IN_ALL),
	LIST("trait", "traits", "TRAIT", "a trait of nodes it is for", IN_CREATE),
	EXTRA,
};
static const struct table_column runbook_columns[] = {
	{"name", NULL}, {"public", NULL}, {"owner", NULL}, {"uuid", NULL}};
static const struct resource runbook = {.noun = "runbook",
	.many = "runbooks: steps by a name, for cleaning and servicing",
	.path = "/v1/runbooks",
	.plural = "runbooks",
	.kind = "RUNBOOK",
	.idents = "uuid,name",
	.positional = "name",
	.positional_kind = "TRAIT",
	.positional_optional = true,
	.verbs = VERBS_ALL,
	FIELDS(runbook_fields, runbook_columns),
	.examples = {
		"",
		"CUSTOM_FIRMWARE",
		"--name CUSTOM_FIRMWARE --steps steps.yaml",
		"CUSTOM_FIRMWARE --public",
		"CUSTOM_FIRMWARE --owner",
		"CUSTOM_FIRMWARE",
	}};

/* --- inspection rule ---------------------------------------------------------------------------
 */

static const struct field rule_fields[] = {
	UUID,
	TEXT("description", "description", "TEXT", "for people", IN_ALL),
	ROW(FIELD_INT, "priority", "priority", "N", "0 to 9999; larger ones come first", IN_ALL),
	BOOL("sensitive", "sensitive", "its errors do not tell what was found", IN_CREATE | IN_SET),
	TEXT("phase", "phase", "main", "when it runs", IN_ALL),
	TEXT("scope", "scope", "TEXT", "for which nodes it is", IN_ALL),
	JSON("conditions", "conditions", "a list of {op, args}", IN_ALL),
	JSON("actions", "actions", "a list of {op, args}", IN_CREATE | IN_SET | REQUIRED),
};
static const struct table_column rule_columns[] = {
	{"priority", NULL}, {"phase", NULL}, {"description", NULL}, {"uuid", NULL}};
static const struct cli_option rule_all[] = {{"all", NULL, "every rule but the built-in ones"}};
static const struct resource inspection_rule = {.noun = "inspection rule",
	.many = "inspection rules: what is done with what was found in a node",
	.path = "/v1/inspection_rules",
	.plural = "inspection_rules",
	.kind = "RULE",
	.idents = "uuid",
	.verbs = VERBS_ALL,
	FIELDS(rule_fields, rule_columns),
	.extra = {[RESOURCE_DELETE] = CLI_OPTIONS(rule_all)},
	.examples = {
		"",
		"9c1b3e5a-6d5e-4b46-b1d1-9a1f0b7d2c33",
		"--description 'vendor to extra' --actions '[{\"op\": \"set-attribute\", \"args\": "
		"{\"path\": \"extra/vendor\", \"value\": "
		"\"{inventory[system_vendor][manufacturer]}\"}}]'",
		"9c1b3e5a-6d5e-4b46-b1d1-9a1f0b7d2c33 --priority 100",
		"9c1b3e5a-6d5e-4b46-b1d1-9a1f0b7d2c33 --description",
		"9c1b3e5a-6d5e-4b46-b1d1-9a1f0b7d2c33\n--all --dry-run",
	}};

/* --- driver, conductor, shard ------------------------------------------------------------------
 */

static const struct field driver_fields[] = {
	TEXT("type", "type", "classic|dynamic", "only of this type", IN_LIST),
};
static const struct table_column driver_columns[] = {
	{"name", NULL}, {"type", NULL}, {"hosts", NULL}};
static const struct resource driver = {.noun = "driver",
	.many = "drivers the conductor has",
	.path = "/v1/drivers",
	.no_pages = true,
	.plural = "drivers",
	.kind = "DRIVER",
	.idents = "name",
	.verbs = VERBS_READ,
	FIELDS(driver_fields, driver_columns),
	.examples = {"", "ipmi\nipmi --fields default_boot_interface"}};

static const struct table_column conductor_columns[] = {{"hostname", NULL}, {"alive", NULL},
	{"conductor_group", "GROUP"}, {"drivers", NULL}, {"updated_at", "SEEN"}};
static const struct resource conductor = {.noun = "conductor",
	.many = "conductors",
	.path = "/v1/conductors",
	.plural = "conductors",
	.kind = "CONDUCTOR",
	.idents = "hostname",
	.verbs = VERBS_READ,
	.columns = conductor_columns,
	.n_columns = ARRAY_SIZE(conductor_columns),
	.examples = {"", "rack12.example.org"}};

static const struct table_column shard_columns[] = {{"name", NULL}, {"count", "NODES"}};
static const struct resource shard = {.noun = "shard",
	.many = "shards, and how many nodes each has",
	.path = "/v1/shards",
	.plural = "shards",
	.kind = "SHARD",
	.idents = "name",
	.no_fields = true,
	.no_pages = true,
	.verbs = 1u << RESOURCE_LIST,
	.columns = shard_columns,
	.n_columns = ARRAY_SIZE(shard_columns),
	.examples = {""}};

const struct resource *const resources[] = {&node_resource, &port, &portgroup, &chassis,
	&volume_connector, &volume_target, &allocation, &deploy_template, &runbook,
	&inspection_rule, &driver, &conductor, &shard};
const size_t n_resources = ARRAY_SIZE(resources);

const struct resource *resource_of(const struct cli_line *line)
{
	for (size_t i = 0; i < n_resources; i++)
		if (str_eq(resources[i]->noun, line->verb->noun))
			return resources[i];
	return NULL;
}

/* Fields that are no options and in no list. */
static const char *const more_fields[] = {"boot_mode", "candidate_nodes", "clean_step", "conductor",
	"connector_id", "console_enabled", "created_at", "deploy_step", "driver_internal_info",
	"event_type", "fault", "health", "inspection_finished_at", "inspection_started_at",
	"internal_info", "last_error", "links", "maintenance_reason", "portgroup_uuid",
	"power_state", "provision_updated_at", "raid_config", "reservation", "secure_boot",
	"service_step", "steps", "target_power_state", "target_raid_config", "traits", "updated_at",
	"user", "value"};

static bool in_resource(const struct resource *r, const char *root)
{
	for (size_t i = 0; i < r->n_fields; i++)
		if (str_eq(r->fields[i].member, root))
			return true;
	for (size_t i = 0; i < r->n_columns; i++)
		if (str_eq(r->columns[i].key, root))
			return true;
	return false;
}

bool field_known(const char *word)
{
	_cleanup_free_ char *root = xstrndup(word, strcspn(word, ".,"));

	for (size_t i = 0; i < ARRAY_SIZE(more_fields); i++)
		if (str_eq(more_fields[i], root))
			return true;
	for (size_t i = 0; i < n_resources; i++)
		if (in_resource(resources[i], root))
			return true;
	return false;
}
