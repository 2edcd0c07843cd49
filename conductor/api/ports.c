/* Ports: the NICs of nodes, by their MAC addresses. */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/patch.h"
#include "conductor/api/resource.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>

#define STR_NULL (T_STR | T_NULL)
#define OBJ_NULL (T_OBJ | T_NULL)

static const struct schema_field port_fields[] = {
	{"uuid", T_STR, S_NO_PATCH, 0, check_uuid},
	{"address", T_STR, S_REQUIRED, 0, check_mac},
	{"node_uuid", T_STR, 0, 0, check_uuid},
	{"name", STR_NULL, 0, 0, check_node_name},
	{"description", STR_NULL, 0, 0, NULL},
	{"portgroup_uuid", STR_NULL, 0, 0, check_uuid},
	{"pxe_enabled", T_BOOL | T_NULL, 0, 0, NULL},
	{"local_link_connection", OBJ_NULL, 0, 0, NULL},
	{"physical_network", STR_NULL, 0, 64, NULL},
	{"is_smartnic", T_BOOL | T_NULL, 0, 0, NULL},
	{"vendor", STR_NULL, 0, 0, NULL},
	{"category", STR_NULL, 0, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(port_schema, "port", port_fields);

static const char *const port_summary[] = {"uuid", "address", "links", NULL};
static const struct query_arg port_args[] = {
	{"node", ARG_NODE, "node_uuid"},
	{"node_uuid", ARG_NODE, "node_uuid"},
	{"address", ARG_MAC, NULL},
	{"portgroup", ARG_TEXT, "portgroup_uuid"},
	{"shard", ARG_NODE_SET, NULL},
	{"conductor_group", ARG_NODE_SET, NULL},
	{"description_contains", ARG_CONTAINS, "description"},
};

const struct resource port_resource = {
	.name = "port",
	.plural = "ports",
	.type = &port_type,
	.summary = port_summary,
	.args = port_args,
	.n_args = ARRAY_SIZE(port_args),
	.not_found = "Port",
};

int ports_list(struct call *c, struct err *e)
{
	return resource_list(c, &port_resource, false, NULL, e);
}

int ports_detail(struct call *c, struct err *e)
{
	return resource_list(c, &port_resource, true, NULL, e);
}

static int list_of_node(struct call *c, bool detail, struct err *e)
{
	struct list_scope scope = {.column = "node_uuid"};
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	scope.value = uuid;
	return r < 0 ? r : resource_list(c, &port_resource, detail, &scope, e);
}

int node_ports(struct call *c, struct err *e)
{
	return list_of_node(c, false, e);
}

int node_ports_detail(struct call *c, struct err *e)
{
	return list_of_node(c, true, e);
}

static void finish_created(struct call *c, struct request *r)
{
	_cleanup_free_ char *location =
		xasprintf("%s/v1/ports/%s", c->base, json_str(r->answer, "uuid"));

	http_reply_header(c->req, "Location", location);
	resource_reply(c, 201, &port_resource, r->answer);
}

static int check_portgroup(const json_t *value, struct err *e)
{
	if (!json_is_string(value))
		return 0;
	return err_set(e, EINVAL, "Portgroup %.64s could not be found.", json_string_value(value));
}

static int build_port(struct call *c, struct port *p, struct err *e)
{
	char uuid[UUID_TEXT_MAX];
	const char *key;
	json_t *value;
	int r;

	p->pxe_enabled = true;
	json_object_foreach (c->body, key, value) {
		if (json_is_null(value))
			continue;
		r = record_field_from_json(record_field(&port_type, key), p, value, e);
		if (r < 0)
			return r;
	}
	uuid_new(uuid);
	if (!p->uuid)
		p->uuid = xstrdup(uuid);
	return check_portgroup(json_object_get(c->body, "portgroup_uuid"), e);
}

int ports_create(struct call *c, struct err *e)
{
	struct port *p;
	struct request *r;

	if (!json_object_get(c->body, "node_uuid"))
		return err_set(e, EINVAL, "port: 'node_uuid' is required");
	p = xcalloc(1, sizeof(*p));
	record_init(&port_type, p);
	if (build_port(c, p, e) < 0) {
		record_done(&port_type, p);
		free(p);
		return -e->code;
	}
	r = call_request(c, REQ_RECORD_CREATE, NULL);
	r->type = &port_type;
	r->record = p;
	return call_submit(c, r, finish_created);
}

/* By UUID, or by name since there are names: the column that has to have this value. */
static int port_column(const struct call *c, const char **ret, struct err *e)
{
	const char *ident = c->params[0];

	*ret = uuid_valid(ident) ? "uuid" : "name";
	if (str_eq(*ret, "name") && c->version < version_since("port", "name"))
		return err_set(e, EINVAL, "Expected a UUID but received %.64s.", ident);
	return 0;
}

int port_get(struct call *c, struct err *e)
{
	const char *column;
	int r = port_column(c, &column, e);

	return r < 0 ? r : resource_show(c, &port_resource, column, c->params[0], NULL, e);
}

static int port_request(struct call *c, enum request_kind kind, struct request **ret, struct err *e)
{
	_cleanup_json_ json_t *stored = NULL;
	const char *column;
	int r = port_column(c, &column, e);

	if (r == 0)
		r = resource_read(c, &port_resource, column, c->params[0], &stored, e);
	if (r == 0)
		*ret = call_request(c, kind, json_str(stored, "uuid"));
	if (r == 0)
		(*ret)->type = &port_type;
	return r;
}

/* On the engine's thread. */
static int edit_port(void *data, void *record, struct err *e)
{
	struct call *c = data;
	struct port *p = record;
	int r = patch_record(&port_schema, &port_type, p, c->body, NULL, e);

	if (r == 0 && (!p->address || !p->node_uuid))
		r = err_set(
			e, EINVAL, "%s: may not be removed", p->address ? "node_uuid" : "address");
	return r;
}

static void finish_updated(struct call *c, struct request *r)
{
	resource_reply(c, 200, &port_resource, r->answer);
}

int port_patch(struct call *c, struct err *e)
{
	struct request *r;
	json_t *o;
	size_t i;

	json_array_foreach (c->body, i, o)
		if (str_eq(json_str(o, "path"), "/portgroup_uuid") &&
			check_portgroup(json_object_get(o, "value"), e) < 0)
			return -e->code;
	if (port_request(c, REQ_RECORD_UPDATE, &r, e) < 0)
		return -e->code;
	r->edit = edit_port;
	return call_submit(c, r, finish_updated);
}

int port_delete(struct call *c, struct err *e)
{
	struct request *r;

	if (port_request(c, REQ_RECORD_DELETE, &r, e) < 0)
		return -e->code;
	return call_submit(c, r, finish_no_content);
}
