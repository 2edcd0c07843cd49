/*
 * Bodies of every POST, PUT and PATCH through parsing, schema and patching, without a server, and
 * what they make of a record through its JSON and back. An input is a request as a person would
 * write it: "PATCH /v1/nodes/r1 82", a newline, the body.
 */
#include "conductor/api/batch.h"
#include "conductor/api/batchplan.h"
#include "conductor/api/call.h"
#include "conductor/api/mask.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/api/states.h"
#include "conductor/model/node.h"
#include "lib/base/str.h"
#include "tests/unit/api/fake_engine.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 120

static const char *const masked[] = {"driver_info", "instance_info", NULL};

/* A record that was accepted comes back from its JSON as it was. */
static void round_trip(const struct record_type *t, const void *rec, void *again)
{
	json_t *first = record_to_json(t, rec), *second;

	if (record_from_json(t, again, first, NULL) < 0)
		abort();
	second = record_to_json(t, again);
	if (!json_equal(first, second))
		abort();
	json_decref(first);
	json_decref(second);
}

static void node_round_trip(const struct node *n)
{
	struct node again, copy;

	node_init(&again);
	round_trip(&node_type, n, &again);
	record_copy(&node_type, &copy, &again);
	node_done(&again);
	node_done(&copy);
}

/* Records that a damaged store may hold. */
static void read_records(const json_t *body)
{
	struct node n;

	node_init(&n);
	if (record_from_json(&node_type, &n, body, NULL) == 0)
		node_round_trip(&n);
	node_done(&n);
}

static void patch_node(const json_t *patch, int version)
{
	struct node n;

	node_init(&n);
	n.driver = xstrdup("fake-hardware");
	json_object_set_new(n.driver_info, "ipmi_password", json_string("secret"));
	json_object_set_new(n.extra, "list", json_pack("[i, {s:i}]", 1, "a", 2));
	if (patch_check_roots(&node_schema, version, patch, NULL) == 0 &&
		patch_record(&node_schema, &node_type, &n, patch, masked, NULL) == 0)
		node_round_trip(&n);
	node_done(&n);
}

/* Of any resource of stored records: created from the body, or changed by it. */
static void change_record(const struct resource *res, bool patch, int version, const json_t *body)
{
	void *rec = xmalloc(res->type->size), *again = xmalloc(res->type->size);
	const struct field *f;
	const char *key;
	json_t *value;
	int r = 0;

	record_init(res->type, rec);
	record_init(res->type, again);
	f = record_field(res->type, "steps");
	if (f)
		json_array_append_new(FIELD_AT(rec, f, json_t *),
			json_pack("{s:s, s:s, s:{s:s}}", "interface", "bios", "step", "apply",
				"args", "password", "x"));
	if (patch) {
		r = patch_check_roots(res->schema, version, body, NULL);
		if (r == 0)
			r = patch_record(res->schema, res->type, rec, body, res->masked, NULL);
	} else {
		json_object_foreach ((json_t *)body, key, value) {
			f = record_field(res->type, key);
			if (f && r == 0 && !json_is_null(value))
				r = record_field_from_json(f, rec, value, NULL);
		}
	}
	if (r == 0)
		round_trip(res->type, rec, again);
	record_done(res->type, rec);
	record_done(res->type, again);
	free(rec);
	free(again);
}

/* What json_text() made is always understood, and a masked text is text that jansson understands.
 */
static void mask(const json_t *body)
{
	struct buf out = BUF_INIT(1 << 20);
	char *text = json_text(body);
	json_t *again;

	if (mask_text("driver_info", (struct json_span){text, strlen(text)}, &out) < 0)
		abort();
	again = out.overflow ? json_null() : json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
	if (!again)
		abort();
	json_decref(again);
	buf_done(&out);
	free(text);
}

static void check_more(const struct route *route, int version, const json_t *body)
{
	enum power_state power;
	enum verb verb;

	if (route->schema == &provision_schema)
		(void)provision_check(version, body, &verb, NULL);
	if (route->schema == &power_schema)
		(void)power_check(version, body, &power, NULL);
	if (route->schema == &batch_schema)
		(void)batch_check(body, NULL);
	if (route->body == BODY_PATCH)
		patch_node(body, version);
	if (route->resource && route->resource->schema && route->schema)
		change_record(route->resource, route->body == BODY_PATCH, version, body);
	mask(body);
}

/* The request line; -1 when it is none of ours. Versions count round, so that any number is one. */
static int read_head(const char *head, const struct route **ret, int *ret_version)
{
	char method[8], path[HEAD_MAX];
	struct route_match match;
	unsigned version = 0;

	if (sscanf(head, "%7s %100s %u", method, path, &version) < 2)
		return -1;
	router_match(method, path, &match);
	*ret = match.route;
	*ret_version = (int)(1 + version % API_MINOR_MAX);
	return match.route ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = memchr(data, '\n', size), *text = end ? end + 1 : NULL;
	size_t head_len = end ? (size_t)(end - (const char *)data) : size;
	const struct route *route;
	char head[HEAD_MAX] = "";
	struct err e = {0};
	json_t *body = NULL;
	int version;

	if (!text || head_len >= sizeof(head))
		return 0;
	memcpy(head, data, head_len);
	if (read_head(head, &route, &version) < 0)
		return 0;
	if (call_parse_body(route, version, text, size - head_len - 1, &body, &e) == 0 && body)
		check_more(route, version, body);
	if (body)
		read_records(body);
	free(call_error_text(call_status(e.code), e.text));
	json_decref(body);
	return 0;
}
