/* A batch's body; see batchplan.h. */
#include "conductor/api/batchplan.h"
#include "conductor/api/batch.h"
#include "conductor/api/resource.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

#define PREFIX "/v1/nodes/{node}"

static const struct schema_field batch_fields[] = {
	{"nodes", T_ARR, S_REQUIRED, BATCH_NODES_MAX, NULL},
	{"requests", T_ARR, 0, BATCH_REQUESTS_MAX, NULL},
	{"dry_run", T_BOOL, 0, 0, NULL},
	{"at_most", T_INT, 0, 0, NULL},
};
SCHEMA(batch_schema, "batch", batch_fields);

/* Targets of states/provision after which data may be gone from a node's disks. */
static const char *const destroying[] = {"active", "rebuild", "deleted", "provide", "clean"};

json_t *batch_node_name(const json_t *node)
{
	return json_is_object(node) ? json_object_get(node, "node") : (json_t *)node;
}

const json_t *batch_requests(const json_t *body, const json_t *node)
{
	const json_t *own = json_is_object(node) ? json_object_get(node, "requests") : NULL;

	return own ? own : json_object_get(body, "requests");
}

char *batch_path(const json_t *node, const json_t *request)
{
	const char *path = json_str(request, "path");

	return xasprintf(
		"/v1/nodes/%s%s", json_string_value(batch_node_name(node)), path ? path : "");
}

static int check_request(const json_t *node, const json_t *request, struct err *e)
{
	const char *method = json_str(request, "method"), *path = json_str(request, "path");
	_cleanup_free_ char *whole = NULL;
	struct route_match match;

	if (!method || (!path && json_object_get(request, "path")))
		return err_set(e, EINVAL,
			"requests: expected objects {method, path, body}, the path from the node "
			"on");
	whole = batch_path(node, request);
	router_match(method, whole, &match);
	if (match.route && !str_eq(match.route->method, "GET") &&
		!(match.route->flags & (ROUTE_PUBLIC | ROUTE_RAMDISK)) &&
		str_starts(match.route->path, PREFIX))
		return 0;
	return err_set(e, EINVAL, "requests: %.16s %.128s is nothing a batch can ask of a node",
		method, path ? path : "");
}

static bool destroys(const json_t *request)
{
	const char *target = json_str(json_object_get(request, "body"), "target");
	const char *path = json_str(request, "path");

	if (str_empty(path))
		return str_eq(json_str(request, "method"), "DELETE");
	for (size_t i = 0; i < ARRAY_SIZE(destroying); i++)
		if (str_eq(path, "/states/provision") && str_eq(target, destroying[i]))
			return true;
	return false;
}

/* Name and requests of one node; adds to *lost when they destroy. */
static int check_node(const json_t *body, const json_t *node, size_t *lost, struct err *e)
{
	const char *name = json_string_value(batch_node_name(node));
	const json_t *requests = batch_requests(body, node);
	bool loses = false;
	json_t *request;
	size_t i;

	if (!name || (!node_name_valid(name) && !uuid_valid(name)))
		return err_set(e, EINVAL,
			"nodes: '%.64s': expected names, UUIDs, or objects {node, requests}",
			name ? name : "");
	if (!json_array_size(requests) || json_array_size(requests) > BATCH_REQUESTS_MAX)
		return err_set(e, EINVAL, "nodes: %s: expected 1 to %d requests", name,
			BATCH_REQUESTS_MAX);
	json_array_foreach (requests, i, request) {
		int r = check_request(node, request, e);

		if (r < 0)
			return r;
		loses |= destroys(request);
	}
	*lost += loses;
	return 0;
}

static int check_nodes(const json_t *body, size_t *lost, struct err *e)
{
	const json_t *nodes = json_object_get(body, "nodes");
	struct map seen = {0};
	json_t *node;
	size_t i;
	int r = 0;

	json_array_foreach (nodes, i, node) {
		const char *name = json_string_value(batch_node_name(node));

		r = check_node(body, node, lost, e);
		if (r == 0 && map_get(&seen, name))
			r = err_set(e, EINVAL, "nodes: %s is named twice", name);
		if (r < 0)
			break;
		map_put(&seen, name, node);
	}
	map_done(&seen);
	return r;
}

int batch_check(const json_t *body, struct err *e)
{
	int64_t at_most = json_int(body, "at_most", DESTROY_AT_MOST);
	size_t lost = 0;
	int r = check_nodes(body, &lost, e);

	if (r < 0 || json_flag(body, "dry_run", false) || (int64_t)lost <= at_most)
		return r;
	return err_set(e, EINVAL,
		"at_most: this may destroy data on %zu nodes and %s %lld; ask with \"dry_run\": "
		"true "
		"what it would touch, then say \"at_most\": %zu",
		lost,
		json_object_get(body, "at_most") ? "you allowed" : "without at_most the limit is",
		(long long)at_most, lost);
}

static json_t *disks_of(const struct call *c, const char *uuid)
{
	json_t *rows = json_array(), *disk;
	struct inventory found;
	size_t i;

	record_init(&inventory_type, &found);
	if (store_get(call_store(c), &inventory_type, "uuid", uuid, &found, NULL) == 0)
		json_array_foreach (json_object_get(found.inventory, "disks"), i, disk)
			json_array_append_new(rows, json_pack("{s:O?, s:O?, s:O?, s:O?}", "name",
							    json_object_get(disk, "name"), "serial",
							    json_object_get(disk, "serial"),
							    "model", json_object_get(disk, "model"),
							    "size", json_object_get(disk, "size")));
	record_done(&inventory_type, &found);
	return rows;
}

void batch_describe(const struct call *c, json_t *row)
{
	_cleanup_json_ json_t *node = NULL;
	const json_t *home;

	if (node_read(c, json_str(row, "node"), &node, NULL) < 0)
		return;
	home = json_object_get(json_object_get(node, "driver_internal_info"), "phone_home");
	json_object_set(row, "uuid", json_object_get(node, "uuid"));
	json_object_set(row, "provision_state", json_object_get(node, "provision_state"));
	json_object_set(row, "power_state", json_object_get(node, "power_state"));
	json_object_set(row, "instance_uuid", json_object_get(node, "instance_uuid"));
	json_put_str(
		row, "image", json_str(json_object_get(node, "instance_info"), "image_source"));
	json_put_str(row, "system", json_str(home, "hostname"));
	json_object_set_new(row, "disks", disks_of(c, json_str(node, "uuid")));
}
