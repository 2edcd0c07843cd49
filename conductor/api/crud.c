/*
 * List, show, create, change and delete of any resource that is stored records: its struct resource
 * and its schema say all there is to know. The rules between records are the engine's
 * (conductor/node/rules.c).
 */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "lib/base/str.h"

#include <errno.h>

/* Of all, or of those below the one that the path names; /detail shows all fields. */
int record_list(struct call *c, struct err *e)
{
	const struct route *route = c->route;
	struct list_scope scope = {.column = route->column};
	bool detail = str_ends(route->path, "/detail");
	_cleanup_free_ char *uuid = NULL;

	if (route->below && resource_uuid(c, route->below, c->params[0], &uuid, e) < 0)
		return -e->code;
	scope.value = uuid;
	return resource_list(c, route->resource, detail, uuid ? &scope : NULL, e);
}

int record_get(struct call *c, struct err *e)
{
	const char *column;
	int r = resource_key(c, c->route->resource, c->params[0], &column, e);

	return r < 0 ? r : resource_show(c, c->route->resource, column, c->params[0], NULL, e);
}

static void finish_created(struct call *c, struct request *r)
{
	const struct resource *res = c->route->resource;
	_cleanup_free_ char *location = xasprintf("%s/v1/%s/%s", c->base,
		res->path ? res->path : res->plural, json_str(r->answer, "uuid"));

	http_reply_header(c->req, "Location", location);
	resource_reply(c, 201, res, r->answer);
}

/* What the body says, over what holds when it says nothing. */
static int build(struct call *c, const struct resource *res, void *rec, struct err *e)
{
	const struct field *f;
	const char *key;
	json_t *value;
	int r = 0;

	for (int i = 0; i < res->schema->n_fields; i++) {
		f = record_field(res->type, res->schema->fields[i].name);
		if (f && (res->schema->fields[i].flags & S_TRUE))
			FIELD_AT(rec, f, bool) = true;
	}
	json_object_foreach (c->body, key, value) {
		f = record_field(res->type, key);
		if (!f || json_is_null(value))
			continue;
		r = record_field_from_json(f, rec, value, e);
		if (r < 0)
			return r;
	}
	return res->check ? res->check(c, rec, NULL, e) : 0;
}

static struct request *request_of(struct call *c, enum request_kind kind)
{
	struct request *r = call_request(c, kind, c->params[0]);

	r->type = c->route->resource->type;
	return r;
}

int record_create(struct call *c, struct err *e)
{
	const struct resource *res = c->route->resource;
	void *rec = xcalloc(1, res->type->size);
	struct request *r;

	record_init(res->type, rec);
	if (build(c, res, rec, e) < 0) {
		record_done(res->type, rec);
		free(rec);
		return -e->code;
	}
	r = request_of(c, REQ_RECORD_CREATE);
	r->record = rec;
	r->flag = c->flag;
	return call_submit(c, r, finish_created);
}

/* On the engine's thread. */
static int edit(void *data, void *record, struct err *e)
{
	struct call *c = data;
	const struct resource *res = c->route->resource;
	_cleanup_free_ void *old = xmalloc(res->type->size);
	int r;

	record_copy(res->type, old, record);
	r = patch_record(res->schema, res->type, record, c->body, res->masked, e);
	if (r == 0 && res->check)
		r = res->check(c, record, old, e);
	record_done(res->type, old);
	return r;
}

static void finish_updated(struct call *c, struct request *r)
{
	resource_reply(c, 200, c->route->resource, r->answer);
}

int record_patch(struct call *c, struct err *e)
{
	const struct resource *res = c->route->resource;
	const char *column;
	struct request *r;

	if (resource_key(c, res, c->params[0], &column, e) < 0 ||
		patch_check_roots(res->schema, c->version, c->body, e) < 0)
		return -e->code;
	r = request_of(c, REQ_RECORD_UPDATE);
	r->edit = edit;
	return call_submit(c, r, finish_updated);
}

int record_delete(struct call *c, struct err *e)
{
	const char *column;
	int r = resource_key(c, c->route->resource, c->params[0], &column, e);

	return r < 0 ? r : call_submit(c, request_of(c, REQ_RECORD_DELETE), finish_no_content);
}
