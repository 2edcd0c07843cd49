/*
 * Allocations: claims on nodes of a kind. Who gets which node is the engine's (node/allocate.c),
 * all else crud.c's.
 */
#include "conductor/api/allocations.h"
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/model/allocation.h"
#include "lib/base/str.h"

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

/* A node that a request's body or query names: not there is the request's fault. */
static int named_node(const struct call *c, const char *ident, char **ret, struct err *e)
{
	int r = node_uuid(c, ident, ret, e);

	return r == -ENOENT ? err_set(e, EINVAL, "Node %.255s could not be found.", ident) : r;
}

static int take_candidates(const struct call *c, struct allocation *a, struct err *e)
{
	json_t *one, *uuids = json_array();
	size_t i;
	int r = 0;

	json_array_foreach (a->candidate_nodes, i, one) {
		_cleanup_free_ char *uuid = NULL;

		r = named_node(c, json_string_value(one), &uuid, e);
		if (r < 0)
			break;
		json_array_append_new(uuids, json_string(uuid));
	}
	json_decref(a->candidate_nodes);
	a->candidate_nodes = uuids;
	return r < 0 ? err_prefix(e, "candidate_nodes") : 0;
}

static int check_allocation(struct call *c, void *rec, const void *old, struct err *e)
{
	struct allocation *a = rec;
	const char *node = json_str(c->body, "node");
	int r = 0;

	if (old)
		return 0;
	c->flag = !a->uuid; /* the engine may give it that of the node's instance */
	if (node)
		r = named_node(c, node, &a->node_uuid, e);
	else if (str_empty(a->resource_class))
		return err_set(e, EINVAL,
			"resource_class: is required unless an allocation is made for a node that "
			"is active");
	return r < 0 ? r : take_candidates(c, a, e);
}

const struct resource allocation_resource = {
	.name = "allocation",
	.plural = "allocations",
	.type = &allocation_type,
	.schema = &allocation_schema,
	.named = true,
	.check = check_allocation,
	.args = allocation_args,
	.n_args = ARRAY_SIZE(allocation_args),
	.not_found = "Allocation",
};

int allocations_list(struct call *c, struct err *e)
{
	const char *node = http_arg(c->req, "node");
	_cleanup_free_ char *uuid = NULL;
	int r = node ? named_node(c, node, &uuid, e) : 0;

	return r < 0 ? r : record_list(c, e);
}

/* That of the node which the path names. */
static int allocation_of_node(struct call *c, char **ret_node, json_t **ret, struct err *e)
{
	int r = node_uuid(c, c->params[0], ret_node, e);

	if (r < 0)
		return r;
	r = resource_read(c, &allocation_resource, "node_uuid", *ret_node, ret, e);
	return r == -ENOENT ? err_set(e, ENOENT, "Node %s has no allocation.", *ret_node) : r;
}

int node_allocation_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *node = NULL;
	_cleanup_json_ json_t *stored = NULL;
	int r = allocation_of_node(c, &node, &stored, e);

	return r < 0 ? r : resource_show(c, &allocation_resource, "node_uuid", node, NULL, e);
}

int node_allocation_delete(struct call *c, struct err *e)
{
	_cleanup_free_ char *node = NULL;
	_cleanup_json_ json_t *stored = NULL;
	struct request *r;

	if (allocation_of_node(c, &node, &stored, e) < 0)
		return -e->code;
	r = call_request(c, REQ_RECORD_DELETE, json_str(stored, "uuid"));
	r->type = &allocation_type;
	return call_submit(c, r, finish_no_content);
}
