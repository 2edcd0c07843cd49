/* What nodes are made of and stand in, as resources: chassis, port groups, volumes. */
#include "conductor/api/parts.h"
#include "conductor/api/handlers.h"
#include "lib/base/str.h"

#include <errno.h>

#define STR_NULL (T_STR | T_NULL)
#define OBJ_NULL (T_OBJ | T_NULL)

static const struct schema_field chassis_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"description", STR_NULL, 0, 255, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(chassis_schema, "chassis", chassis_fields);

static const char *const chassis_summary[] = {"uuid", "description", "links", NULL};
static const char *const chassis_sublinks[] = {"nodes", NULL};

const struct resource chassis_resource = {
	.name = "chassis",
	.plural = "chassis",
	.type = &chassis_type,
	.summary = chassis_summary,
	.sublinks = chassis_sublinks,
	.not_found = "Chassis",
	.schema = &chassis_schema,
};

static const struct schema_field portgroup_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"node_uuid", T_STR, S_REQUIRED, 0, check_uuid},
	{"address", STR_NULL, 0, 0, check_mac},
	{"name", STR_NULL, 0, 0, check_node_name},
	{"mode", STR_NULL, S_KEEP, 0, NULL},
	{"properties", OBJ_NULL, 0, 0, NULL},
	{"standalone_ports_supported", T_BOOL | T_NULL, S_TRUE, 0, NULL},
	{"physical_network", STR_NULL, 0, 64, NULL},
	{"category", STR_NULL, 0, 80, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(portgroup_schema, "portgroup", portgroup_fields);

static const char *const portgroup_summary[] = {"uuid", "address", "name", "links", NULL};
static const char *const portgroup_sublinks[] = {"ports", NULL};
static const struct query_arg portgroup_args[] = {
	{"node", ARG_NODE, "node_uuid"},
	{"address", ARG_MAC, NULL},
	{"shard", ARG_NODE_SET, NULL},
};

static int portgroup_complete(struct call *c, void *rec, const void *old, struct err *e)
{
	struct portgroup *pg = rec;

	if (!old && str_empty(pg->mode))
		str_replace(&pg->mode, "active-backup");
	return 0;
}

const struct resource portgroup_resource = {
	.name = "portgroup",
	.plural = "portgroups",
	.type = &portgroup_type,
	.summary = portgroup_summary,
	.sublinks = portgroup_sublinks,
	.args = portgroup_args,
	.n_args = ARRAY_SIZE(portgroup_args),
	.not_found = "Portgroup",
	.schema = &portgroup_schema,
	.named = true,
	.check = portgroup_complete,
};

static const struct query_arg volume_args[] = {
	{"node", ARG_NODE, "node_uuid"},
	{"project", ARG_IGNORED, NULL},
};

static const struct schema_field volume_connector_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"node_uuid", T_STR, S_REQUIRED, 0, check_uuid},
	{"type", T_STR, S_REQUIRED, 0, NULL},
	{"connector_id", T_STR, S_REQUIRED, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(volume_connector_schema, "volume_connector", volume_connector_fields);

static const char *const connector_summary[] = {
	"uuid", "node_uuid", "type", "connector_id", "links", NULL};

const struct resource volume_connector_resource = {
	.name = "volume_connector",
	.plural = "connectors",
	.path = "volume/connectors",
	.type = &volume_connector_type,
	.summary = connector_summary,
	.args = volume_args,
	.n_args = ARRAY_SIZE(volume_args),
	.not_found = "Volume connector",
	.schema = &volume_connector_schema,
};

static const struct schema_field volume_target_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"node_uuid", T_STR, S_REQUIRED, 0, check_uuid},
	{"volume_type", T_STR, S_REQUIRED, 0, NULL},
	{"boot_index", T_INT, S_REQUIRED, 0, NULL},
	{"volume_id", T_STR, S_REQUIRED, 0, NULL},
	{"properties", OBJ_NULL, 0, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(volume_target_schema, "volume_target", volume_target_fields);

static const char *const target_summary[] = {
	"uuid", "node_uuid", "volume_type", "boot_index", "volume_id", "links", NULL};
static const char *const target_masked[] = {"properties", NULL};

const struct resource volume_target_resource = {
	.name = "volume_target",
	.plural = "targets",
	.path = "volume/targets",
	.type = &volume_target_type,
	.summary = target_summary,
	.masked = target_masked,
	.args = volume_args,
	.n_args = ARRAY_SIZE(volume_args),
	.not_found = "Volume target",
	.schema = &volume_target_schema,
};

/* {"links", "connectors", "targets"} below /v1/volume, or below that of a node. */
int volume_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL, *below = NULL;
	json_t *answer = json_object();
	const char *names[] = {"", "connectors", "targets"};

	if (c->params[0] && node_uuid(c, c->params[0], &uuid, e) < 0) {
		json_decref(answer);
		return -e->code;
	}
	below = uuid ? xasprintf("%s/volume", uuid) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		json_object_set_new(answer, i ? names[i] : "links",
			call_links(c, uuid ? "nodes" : "volume", uuid ? below : names[i],
				uuid ? names[i] : NULL));
	call_reply_json(c, 200, answer);
	return 0;
}
