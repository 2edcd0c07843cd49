/* Ports: the NICs of nodes, by their MAC addresses. */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define STR_NULL (T_STR | T_NULL)
#define OBJ_NULL (T_OBJ | T_NULL)

static int check_network_type(const char *name, json_t *value, struct err *e)
{
	const char *text = json_string_value(value);

	if (str_eq(text, "managed") || str_eq(text, "unmanaged"))
		return 0;
	return err_set(e, EINVAL, "%s: expected managed or unmanaged", name);
}

/* A MAC address, or an OpenFlow datapath ID: 16 hexadecimal digits; made lower case. */
static int check_switch(const char *name, json_t *value, struct err *e)
{
	const char *text = json_string_value(value);
	uint8_t datapath[8];
	char lower[32];

	if (strlen(text) == 16 && hex_decode(text, datapath, sizeof(datapath)) == 8)
		hex_encode(datapath, sizeof(datapath), lower);
	else if (mac_normalise(text, lower) < 0)
		return err_set(
			e, EINVAL, "%s: expected a MAC address or an OpenFlow datapath ID", name);
	json_string_set(value, lower);
	return 0;
}

static const struct schema_field link_fields[] = {
	{"port_id", T_STR, 0, 0, NULL},
	{"switch_id", T_STR, 0, 0, check_switch},
	{"hostname", T_STR, 0, 0, NULL},
	{"switch_info", T_STR, 0, 0, NULL},
	{"network_type", T_STR, 0, 0, check_network_type},
	{"vtep-logical-switch", T_STR, 0, 0, NULL},
	{"vtep-physical-switch", T_STR, 0, 0, NULL},
};
static SCHEMA(link_schema, "local_link_connection", link_fields);

/* Which members have to be there together: one of these. */
static const char *const link_forms[][3] = {
	{"port_id", "switch_id"},
	{"port_id", "hostname"},
	{"port_id", "vtep-logical-switch", "vtep-physical-switch"},
};

static int check_link(const char *name, json_t *value, struct err *e)
{
	bool whole =
		!json_object_size(value) || str_eq(json_str(value, "network_type"), "unmanaged");
	int r = schema_body(&link_schema, 1 << 20, value, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(link_forms); i++) {
		bool all = true;

		for (size_t k = 0; k < ARRAY_SIZE(link_forms[i]) && link_forms[i][k]; k++)
			all &= json_object_get(value, link_forms[i][k]) != NULL;
		whole |= all;
	}
	if (whole && !json_object_get(value, "vtep-logical-switch") ==
			     !json_object_get(value, "vtep-physical-switch"))
		return 0;
	return err_set(e, EINVAL,
		"%s: expected port_id with switch_id, with hostname (a Smart NIC) or with both "
		"vtep-logical-switch and vtep-physical-switch, or network_type unmanaged",
		name);
}

static const struct schema_field port_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"address", T_STR, S_REQUIRED, 0, check_mac},
	{"node_uuid", T_STR, S_KEEP, 0, check_uuid},
	{"node_ident", T_STR, S_NO_PATCH, 0, NULL},
	{"name", STR_NULL, 0, 0, check_node_name},
	{"description", STR_NULL, 0, 0, NULL},
	{"portgroup_uuid", STR_NULL, 0, 0, check_uuid},
	{"pxe_enabled", T_BOOL | T_NULL, S_TRUE, 0, NULL},
	{"local_link_connection", OBJ_NULL, 0, 0, check_link},
	{"physical_network", STR_NULL, 0, 64, NULL},
	{"is_smartnic", T_BOOL | T_NULL, 0, 0, NULL},
	{"vendor", STR_NULL, 0, 0, NULL},
	{"category", STR_NULL, 0, 80, NULL},
	{"available_for_dynamic_portgroup", T_BOOL | T_NULL, S_TRUE, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(port_schema, "port", port_fields);

static const char *const port_summary[] = {"uuid", "address", "links", NULL};
static const struct query_arg port_args[] = {
	{"node", ARG_NODE, "node_uuid"},
	{"node_uuid", ARG_NODE_UUID, NULL},
	{"address", ARG_MAC, NULL},
	{"portgroup", ARG_PORTGROUP, "portgroup_uuid"},
	{"shard", ARG_NODE_SET, NULL},
	{"conductor_group", ARG_NODE_SET, NULL},
	{"description_contains", ARG_CONTAINS, "description"},
};

static const char *const port_alone[] = {"node", "portgroup", "shard", NULL};

/* Members of the link that are newer than the version asked for. */
static int check_link_versions(const struct call *c, const struct port *p, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach (p->local_link_connection, key, value)
		if (version_check(c->version, link_schema.name, key, e) < 0)
			return -e->code;
	return 0;
}

static int port_check(struct call *c, void *rec, const void *old, struct err *e)
{
	const char *ident = json_str(c->body, "node_ident");
	struct port *p = rec;

	if (old)
		return json_equal(p->local_link_connection,
			       ((const struct port *)old)->local_link_connection)
			       ? 0
			       : check_link_versions(c, p, e);
	if (!ident == !p->node_uuid)
		return err_set(e, EINVAL,
			"port: one of 'node_uuid' and 'node_ident' is required, and not both");
	if (ident)
		str_replace(&p->node_uuid, ident);
	c->flag = json_is_true(json_object_get(c->body, "pxe_enabled"));
	return check_link_versions(c, p, e);
}

const struct resource port_resource = {
	.name = "port",
	.plural = "ports",
	.type = &port_type,
	.summary = port_summary,
	.args = port_args,
	.n_args = ARRAY_SIZE(port_args),
	.alone = port_alone,
	.not_found = "Port",
	.schema = &port_schema,
	.named = true,
	.check = port_check,
};
