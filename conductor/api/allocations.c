/* Allocations: claims on nodes of a kind; who gets which node is the engine's (node/allocate.c). */
#include "conductor/api/allocations.h"
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/api/version.h"
#include "conductor/model/allocation.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>

#define STR_NULL       (T_STR | T_NULL)
#define CANDIDATES_MAX 10000

static int check_candidates(const char *name, json_t *value, struct err *e)
{
	json_t *one;
	size_t i;

	json_array_foreach (value, i, one) {
		if (!json_is_string(one))
			return err_set(e, EINVAL, "%s: expected names or UUIDs of nodes", name);
	}
	return 0;
}

static const struct schema_field allocation_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"name", STR_NULL, 0, 0, check_node_name},
	{"node", STR_NULL, S_NO_PATCH, 0, NULL},
	{"resource_class", STR_NULL, S_NO_PATCH, 80, NULL},
	{"traits", T_ARR | T_NULL, S_NO_PATCH, 0, check_traits},
	{"candidate_nodes", T_ARR | T_NULL, S_NO_PATCH, CANDIDATES_MAX, check_candidates},
	{"owner", STR_NULL, S_NO_PATCH, 0, NULL},
	{"extra", T_OBJ | T_NULL, 0, 0, NULL},
};
SCHEMA(allocation_schema, "allocation", allocation_fields);

static const struct query_arg allocation_args[] = {
	{"node", ARG_NODE, "node_uuid"},
	{"resource_class", ARG_TEXT, NULL},
	{"state", ARG_TEXT, NULL},
	{"owner", ARG_TEXT, NULL},
};

const struct resource allocation_resource = {
	.name = "allocation",
	.plural = "allocations",
	.type = &allocation_type,
	.args = allocation_args,
	.n_args = ARRAY_SIZE(allocation_args),
	.not_found = "Allocation",
};

/* A node that a request's body or query names: not there is the request's fault. */
static int named_node(const struct call *c, const char *ident, char **ret, struct err *e)
{
	int r = node_uuid(c, ident, ret, e);

	return r == -ENOENT ? err_set(e, EINVAL, "Node %.255s could not be found.", ident) : r;
}

int allocations_list(struct call *c, struct err *e)
{
	const char *node = http_arg(c->req, "node");
	_cleanup_free_ char *uuid = NULL;
	int r = node ? named_node(c, node, &uuid, e) : 0;

	return r < 0 ? r : resource_list(c, &allocation_resource, false, NULL, e);
}

static const char *ident_column(const char *ident)
{
	return uuid_valid(ident) ? "uuid" : "name";
}

int allocation_get(struct call *c, struct err *e)
{
	return resource_show(
		c, &allocation_resource, ident_column(c->params[0]), c->params[0], NULL, e);
}

int node_allocation_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r == 0)
		r = resource_show(c, &allocation_resource, "node_uuid", uuid, NULL, e);
	return r == -ENOENT && uuid ? err_set(e, ENOENT, "Node %s has no allocation.", uuid) : r;
}

static void finish_created(struct call *c, struct request *r)
{
	_cleanup_free_ char *location =
		xasprintf("%s/v1/allocations/%s", c->base, json_str(r->answer, "uuid"));

	http_reply_header(c->req, "Location", location);
	resource_reply(c, 201, &allocation_resource, r->answer);
}

static int take_candidates(
	const struct call *c, const json_t *given, struct allocation *a, struct err *e)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)given, i, one) {
		_cleanup_free_ char *uuid = NULL;
		int r = named_node(c, json_string_value(one), &uuid, e);

		if (r < 0)
			return err_prefix(e, "candidate_nodes");
		json_array_append_new(a->candidate_nodes, json_string(uuid));
	}
	return 0;
}

static int build_allocation(const struct call *c, struct allocation *a, struct err *e)
{
	const char *node = json_str(c->body, "node"), *key;
	json_t *value;
	int r = 0;

	json_object_foreach (c->body, key, value) {
		if (json_is_null(value) || str_eq(key, "node") || str_eq(key, "candidate_nodes"))
			continue;
		r = record_field_from_json(record_field(&allocation_type, key), a, value, e);
		if (r < 0)
			return r;
	}
	if (node)
		r = named_node(c, node, &a->node_uuid, e);
	else if (str_empty(a->resource_class))
		return err_set(e, EINVAL,
			"resource_class: is required unless an allocation is made for a node that "
			"is active");
	return r < 0 ? r : take_candidates(c, json_object_get(c->body, "candidate_nodes"), a, e);
}

int allocations_create(struct call *c, struct err *e)
{
	struct allocation *a = xcalloc(1, sizeof(*a));
	struct request *r;

	record_init(&allocation_type, a);
	if (build_allocation(c, a, e) < 0) {
		record_done(&allocation_type, a);
		free(a);
		return -e->code;
	}
	r = call_request(c, REQ_RECORD_CREATE, NULL);
	r->type = &allocation_type;
	r->flag = !a->uuid;
	r->record = a;
	return call_submit(c, r, finish_created);
}

/* On the engine's thread. */
static int edit_allocation(void *data, void *record, struct err *e)
{
	const struct call *c = data;

	return patch_record(&allocation_schema, &allocation_type, record, c->body, NULL, e);
}

static void finish_updated(struct call *c, struct request *r)
{
	resource_reply(c, 200, &allocation_resource, r->answer);
}

static struct request *allocation_request(struct call *c, enum request_kind kind, const char *ident)
{
	struct request *r = call_request(c, kind, ident);

	r->type = &allocation_type;
	return r;
}

int allocation_patch(struct call *c, struct err *e)
{
	struct request *r = allocation_request(c, REQ_RECORD_UPDATE, c->params[0]);

	r->edit = edit_allocation;
	return call_submit(c, r, finish_updated);
}

int allocation_delete(struct call *c, struct err *e)
{
	return call_submit(
		c, allocation_request(c, REQ_RECORD_DELETE, c->params[0]), finish_no_content);
}

int node_allocation_delete(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	_cleanup_json_ json_t *stored = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r == 0)
		r = resource_read(c, &allocation_resource, "node_uuid", uuid, &stored, e);
	if (r == -ENOENT && uuid)
		return err_set(e, ENOENT, "Node %s has no allocation.", uuid);
	if (r < 0)
		return r;
	return call_submit(c, allocation_request(c, REQ_RECORD_DELETE, json_str(stored, "uuid")),
		finish_no_content);
}
