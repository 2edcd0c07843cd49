/* The table of nodes; see resource.h. Verbs of nodes that are more than fields are in nodes.c. */
#include "conductor/cli/fieldrows.h"
#include "conductor/cli/nodes.h"

#define INTERFACE(name)                                                                            \
	TEXT(name "-interface", name "_interface", "NAME",                                         \
		"the " name " interface; unset: the driver's own choice", IN_ALL),                 \
		ROW(FIELD_RESET, "reset-" name "-interface", name "_interface", NULL,              \
			"back to the driver's own choice", IN_SET)

static const struct field fields[] = {
	TEXT("name", "name", "NAME", "a name", IN_ALL),
	UUID,
	TEXT("driver", "driver", "DRIVER", "ipmi when a node is created and nothing else is said",
		IN_CREATE | IN_SET),
	ROW(FIELD_TEXTS, "driver-info", "driver_info", "KEY=VALUE",
		"how to reach the BMC; KEY=@FILE, KEY=? for passwords", IN_ALL),
	PAIRS("property", "properties", "what the machine is", IN_ALL),
	EXTRA,
	PAIRS("instance-info", "instance_info", "what to deploy", IN_SET | IN_UNSET),
	TEXT("instance-uuid", "instance_uuid", "UUID", "whose machine it is now",
		IN_SET | IN_UNSET),
	TEXT("instance-name", "instance_name", "NAME", "what its user calls it", IN_SET | IN_UNSET),
	TEXT("resource-class", "resource_class", "CLASS",
		"what kind of machine it is to schedulers", IN_ALL),
	TEXT("description", "description", "TEXT", "for people", IN_ALL),
	TEXT("chassis-uuid", "chassis_uuid", "CHASSIS", "the chassis it is in", IN_ALL),
	TEXT("conductor-group", "conductor_group", "GROUP", "conductors that may have it", IN_ALL),
	TEXT("owner", "owner", "OWNER", "whose it is", IN_ALL),
	TEXT("lessee", "lessee", "LESSEE", "who has it for now", IN_ALL),
	TEXT("shard", "shard", "SHARD", "for clients that share the work", IN_ALL),
	REF("parent-node", "parent_node", "/v1/nodes/", "NODE", "the node it is a part of", IN_ALL),
	JSON("network-data", "network_data", "its addresses, for networks without DHCP", IN_ALL),
	YES("automated-clean", "automated_clean", "clean it between users", IN_CREATE | IN_SET),
	NO("no-automated-clean", "automated_clean", "do not", IN_CREATE | IN_SET),
	ROW(FIELD_RESET, "automated-clean", "automated_clean", NULL, "as the conductor has it",
		IN_UNSET),
	YES("disable-power-off", "disable_power_off", "never switch it off", IN_CREATE | IN_SET),
	NO("enable-power-off", "disable_power_off", "it may be switched off", IN_CREATE | IN_SET),
	YES("protected", "protected", "it may not be undeployed, rebuilt or deleted", IN_SET),
	ROW(FIELD_RESET, "protected", "protected", NULL, "it may again", IN_UNSET),
	TEXT("protected-reason", "protected_reason", "TEXT", "why", IN_SET | IN_UNSET),
	YES("retired", "retired", "it leaves service: it does not come back to available", IN_SET),
	ROW(FIELD_RESET, "retired", "retired", NULL, "it stays in service", IN_UNSET),
	TEXT("retired-reason", "retired_reason", "TEXT", "why", IN_SET | IN_UNSET),
	INTERFACE("bios"),
	INTERFACE("boot"),
	INTERFACE("console"),
	INTERFACE("deploy"),
	INTERFACE("firmware"),
	INTERFACE("inspect"),
	INTERFACE("management"),
	INTERFACE("network"),
	INTERFACE("power"),
	INTERFACE("raid"),
	INTERFACE("rescue"),
	INTERFACE("storage"),
	INTERFACE("vendor"),

	TEXT("provision-state", "provision_state", "STATE", "only nodes in this state", IN_LIST),
	TEXT("driver", "driver", "DRIVER", "only nodes of this driver", IN_LIST),
	TEXT("resource-class", "resource_class", "CLASS", "only nodes of this class", IN_LIST),
	BOOL("maintenance", "maintenance", "only nodes in maintenance, or with false not in it",
		IN_LIST),
	NO("no-maintenance", "maintenance", "only nodes that are not", IN_LIST),
	YES("retired", "retired", "only retired nodes", IN_LIST),
	NO("no-retired", "retired", "only nodes that are not", IN_LIST),
	YES("associated", "associated", "only nodes with an instance", IN_LIST),
	NO("unassociated", "associated", "only nodes without", IN_LIST),
	TEXT("fault", "fault", "FAULT", "only nodes with this fault", IN_LIST),
	TEXT("conductor-group", "conductor_group", "GROUP", "only nodes of this group", IN_LIST),
	TEXT("conductor", "conductor", "CONDUCTOR", "only nodes of this conductor", IN_LIST),
	TEXT("chassis", "chassis_uuid", "CHASSIS", "only nodes in this chassis", IN_LIST),
	TEXT("instance-uuid", "instance_uuid", "UUID", "only the node of this instance", IN_LIST),
	TEXT("instance-name", "instance_name", "NAME", "only nodes whose user calls them so",
		IN_LIST),
	TEXT("owner", "owner", "OWNER", "only nodes of this owner", IN_LIST),
	TEXT("lessee", "lessee", "LESSEE", "only nodes that this one has", IN_LIST),
	TEXT("description-contains", "description_contains", "TEXT", "only with this in it",
		IN_LIST),
	LIST("shards", "shard", "SHARD", "only nodes of these shards", IN_LIST),
	YES("sharded", "sharded", "only nodes with a shard", IN_LIST),
	NO("unsharded", "sharded", "only nodes without", IN_LIST),
	TEXT("parent-node", "parent_node", "NODE", "only parts of this node", IN_LIST),
	YES("include-children", "include_children", "parts of nodes, too", IN_LIST),
};

static const struct table_column columns[] = {{"name", NULL}, {"provision_state", "STATE"},
	{"target_provision_state", "TARGET"}, {"power_state", "POWER"}, {"maintenance", "MAINT"},
	{"driver", NULL}, {"uuid", NULL}};

static const struct cli_option show_options[] = {
	{"instance", NULL, "what is named is an instance: its UUID"}};
static const struct cli_option create_options[] = {
	{"mac", "MAC", "address of a NIC that boots; may be given more than once"}};
static const struct cli_option set_options[] = {
	{"reset-interfaces", NULL, "with --driver: all interfaces as the new driver has them"},
	{"target-raid-config", "FILE|JSON",
		"how its disks are to be put together: {logical_disks}"},
	{"unset", "FIELD[/KEY]", "remove a value"}};
static const struct cli_option unset_options[] = {
	{"target-raid-config", NULL, "how its disks were to be put together"}};

const struct resource node_resource = {.noun = "node",
	.many = "nodes",
	.path = "/v1/nodes",
	.plural = "nodes",
	.kind = "NODE",
	.idents = "uuid,name",
	.positional = "name",
	.positional_kind = "NAME",
	.positional_optional = true,
	.verbs = VERBS_ALL,
	FIELDS(fields, columns),
	.extra = {[RESOURCE_SHOW] = CLI_OPTIONS(show_options),
		[RESOURCE_CREATE] = CLI_OPTIONS(create_options),
		[RESOURCE_SET] = CLI_OPTIONS(set_options),
		[RESOURCE_UNSET] = CLI_OPTIONS(unset_options)},
	.help = {[RESOURCE_CREATE] = "enroll nodes", [RESOURCE_DELETE] = "forget nodes"},
	.examples =
		{
			"\n'r12u*' --provision-state available\n@rack12 --fields "
			"name,properties.serial\n"
			"--maintenance --json\n--sort provision_updated_at:desc --limit 10",
			"r12u07\nr12u07 --fields driver_info\n"
			"'r12u[01-40]' --fields power_state,properties.cpu_arch",
			"r12u07 --driver-info ipmi_address=10.0.12.7 --driver-info "
			"ipmi_username=admin --driver-info ipmi_password=@bmc.pass --mac "
			"52:54:00:12:00:07\n"
			"--driver fake-hardware --name test1 --property cpu_arch=x86_64\n"
			"'test[01-40]' --driver fake-hardware",
			"'r12u[01-40]' --property capabilities=boot_mode:uefi\n"
			"r12u07 --driver-info 'ipmi_password=?'\n"
			"'r12u*' --driver-info image_pull_secret=@registry.secret\n"
			"@rack12 --protected --protected-reason 'audit until Friday'\n"
			"r12u07 --unset extra/note",
			"r12u07 --extra note\n"
			"@rack12 --protected",
			"'r12u[39-40]'\n'r12u*' --dry-run",
		},
	.run = {[RESOURCE_CREATE] = verb_node_create,
		[RESOURCE_SET] = verb_node_set,
		[RESOURCE_UNSET] = verb_node_unset,
		[RESOURCE_DELETE] = verb_node_delete}};
