/* A request's life inside the API; see call.h. */
#include "conductor/api/call.h"
#include "conductor/api/internal.h"
#include "conductor/api/nodes.h"
#include "conductor/api/patch.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

struct engine *call_engine(const struct call *c)
{
	return c->api->config.engine;
}

struct store *call_store(const struct call *c)
{
	return c->api->config.store;
}

const struct api_config *call_config(const struct call *c)
{
	return &c->api->config;
}

static const struct {
	int code, status;
} statuses[] = {
	{EINVAL, 400},
	{ENOTSUP, 400},
	{EACCES, 401},
	{EPERM, 403},
	{ENOENT, 404},
	{EBADRQC, 405},
	{EPROTONOSUPPORT, 406},
	{EBUSY, 409},
	{EEXIST, 409},
	{ESTALE, 409},
	{EFBIG, 413},
	{E2BIG, 413},
	{ENOSYS, 501},
	{EAGAIN, 503},
	{ENOSPC, 507},
};

int call_status(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 500;
}

char *call_error_text(int status, const char *text)
{
	_cleanup_json_ json_t *inner =
		json_pack("{s:s, s:o, s:n}", "faultcode", status < 500 ? "Client" : "Server",
			"faultstring", json_string_or_null(text), "debuginfo");
	_cleanup_free_ char *inner_text = json_text(inner);
	_cleanup_json_ json_t *outer = json_pack("{s:s}", "error_message", inner_text);

	return json_text(outer);
}

struct call *call_inner(const struct call *outer, const char *method, const char *path,
	char **ret_fault, http_inner_fn reply, void *data)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->api = outer->api;
	c->version = outer->version;
	c->user = xstrdup(outer->user);
	memcpy(c->base, outer->base, sizeof(c->base));
	c->req = http_inner(outer->req, method, path, reply, data);
	c->ret_fault = ret_fault;
	router_match(method, path, &c->match);
	c->route = c->match.route;
	memcpy(c->params, c->match.params, sizeof(c->params));
	api_call_began(c->api);
	return c;
}

static void call_end(struct call *c)
{
	struct api *a = c->api;

	json_decref(c->body);
	json_decref(c->json);
	free(c->user);
	free(c->text);
	free(c);
	api_call_ended(a);
}

void call_reply_text(struct call *c, int status, const char *type, char *text, size_t len)
{
	http_reply_take(c->req, status, type, text, len);
	call_end(c);
}

void call_reply_json(struct call *c, int status, json_t *json)
{
	char *text = json_text(json);

	json_decref(json);
	call_reply_text(c, status, "application/json", text, strlen(text));
}

void call_reply_stream(struct call *c, const char *type, struct http_stream *s)
{
	http_reply_stream(c->req, 200, type, s);
	call_end(c);
}

void call_reply_empty(struct call *c, int status)
{
	http_reply(c->req, status, NULL, NULL, 0);
	call_end(c);
}

void call_reply_error(struct call *c, const struct err *e)
{
	int status = call_status(e->code);
	char *text = call_error_text(status, e->text);

	if (c->ret_fault)
		*c->ret_fault = xstrdup(e->text);
	call_reply_text(c, status, "application/json", text, strlen(text));
}

/* The engine's answer, on its thread or the writer's. */
void call_request_done(struct request *r)
{
	struct call *c = r->data;

	if (r->result < 0) {
		if (!r->err.code)
			r->err.code = -r->result;
		call_reply_error(c, &r->err);
	} else {
		c->finish(c, r);
	}
	request_free(r);
}

struct request *call_request(struct call *c, enum request_kind kind, const char *ident)
{
	struct request *r = request_new(kind, call_request_done, c);

	r->ident = xstrdup(ident);
	r->user = xstrdup(c->user);
	return r;
}

int call_submit(
	struct call *c, struct request *r, void (*finish)(struct call *c, struct request *r))
{
	c->finish = finish;
	engine_submit(call_engine(c), r);
	return 0;
}

void finish_accepted(struct call *c, struct request *r)
{
	call_reply_empty(c, 202);
}

void finish_states(struct call *c, struct request *r)
{
	_cleanup_free_ char *location = xasprintf("%s/v1/nodes/%s/states", c->base, c->params[0]);

	http_reply_header(c->req, "Location", location);
	call_reply_empty(c, 202);
}

void finish_no_content(struct call *c, struct request *r)
{
	call_reply_empty(c, 204);
}

void finish_answer(struct call *c, struct request *r)
{
	call_reply_json(c, 200, r->answer ? TAKE_PTR(r->answer) : json_object());
}

json_t *call_links(const struct call *c, const char *plural, const char *id, const char *sub)
{
	const char *slash = sub ? "/" : "";
	_cleanup_free_ char *self = NULL, *bookmark = NULL;

	sub = sub ? sub : "";
	self = xasprintf("%s/v1/%s/%s%s%s", c->base, plural, id, slash, sub);
	bookmark = xasprintf("%s/%s/%s%s%s", c->base, plural, id, slash, sub);
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark,
		"rel", "bookmark");
}

int call_parse_body(const struct route *route, int version, const char *text, size_t len,
	json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *body = NULL;
	int r = 0;

	if (route->body == BODY_NONE || (route->body == BODY_OPTIONAL && !len))
		return 0;
	if (!len)
		return err_set(e, EINVAL, "The request needs a JSON body");
	if (json_parse(text, len, JSON_DEPTH_MAX, &body, e) < 0)
		return err_set(e, EINVAL, "Request body: %.600s", e ? e->text : "");
	if (route->body == BODY_OPTIONAL && json_is_null(body))
		return 0;
	if (route->body == BODY_PATCH) {
		r = patch_check(body, version, e);
		if (r == 0 && route->schema)
			r = patch_check_roots(route->schema, version, body, e);
	} else if (route->schema) {
		r = schema_body(route->schema, version, body, e);
	}
	if (r == 0)
		*ret = TAKE_PTR(body);
	return r;
}

/* What a request gets that asks for a method in a version before there was one. */
static int check_since(const struct call *c, struct err *e)
{
	const struct route *r = c->route;

	if (c->version >= r->since || (c->version == API_MINOR_MIN && (r->flags & ROUTE_IN_1_1)))
		return 0;
	if (r->flags & ROUTE_TOO_OLD_406)
		return version_need(c->version, r->since, r->path, e);
	return err_set(e, r->flags & ROUTE_TOO_OLD_405 ? EBADRQC : ENOENT,
		"%s %s begins with API version 1.%d, the request asked for 1.%d", r->method,
		r->path, r->since, c->version);
}

/* Is the name among those of a text like "a b"? */
static bool named(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = names; p && len && (p = strstr(p, name)); p += len)
		if ((p == names || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

/* Parameters of paths that are a name or a UUID, or a UUID alone. */
static const struct {
	const char *name;
	bool name_too;
} idents[] = {
	{"{node}", true},
	{"{port}", true},
	{"{portgroup}", true},
	{"{allocation}", true},
	{"{deploy_template}", true},
	{"{runbook}", true},
	{"{chassis}", false},
	{"{volume_connector}", false},
	{"{volume_target}", false},
	{"{rule}", false},
};

/* What no thing can be called is refused before it is looked for. */
static int check_path(const struct call *c, struct err *e)
{
	const char *p = c->route->path;

	for (int i = 0; i < ROUTE_PARAMS_MAX && (p = strchr(p, '{')); i++, p++) {
		for (size_t k = 0; k < ARRAY_SIZE(idents); k++) {
			if (!str_starts(p, idents[k].name) || uuid_valid(c->params[i]) ||
				(idents[k].name_too && logical_name(c->params[i])))
				continue;
			return err_set(e, EINVAL, "Expected a %sUUID but received %.64s.",
				idents[k].name_too ? "logical name or " : "", c->params[i]);
		}
	}
	return 0;
}

/* Arguments that a method does not know are refused, as Ironic does; collections look themselves.
 */
static int check_args(const struct call *c, struct err *e)
{
	const struct route *r = c->route;
	bool one = r->resource && str_eq(r->method, "GET");
	const char *name, *value;
	size_t pos = 0;

	while (http_arg_next(c->req, &pos, &name, &value)) {
		if (!r->list && !named(r->args, name) && !(one && str_eq(name, "fields")))
			return err_set(e, EINVAL, "%.64s: unknown query argument", name);
		if (http_arg(c->req, name) != value && !str_eq(name, "fields"))
			return err_set(e, EINVAL, "%.64s: given twice", name);
	}
	return 0;
}

int call_run(struct call *c, const char *body, size_t len, struct err *e)
{
	int r;

	r = check_since(c, e);
	if (r == 0 && !(c->route->flags & ROUTE_UNVERSIONED))
		r = check_path(c, e);
	if (r == 0)
		r = check_args(c, e);
	if (r < 0)
		return r;
	r = call_parse_body(c->route, c->version, body, len, &c->body, e);
	return r < 0 ? r : c->route->handler(c, e);
}

int call_arg_bool(const struct call *c, const char *name, bool dflt, bool *ret, struct err *e)
{
	const char *text = http_arg(c->req, name);

	*ret = dflt;
	if (!text || str_to_bool(text, ret) == 0)
		return 0;
	return err_set(e, EINVAL, "%s: expected true or false, not '%.32s'", name, text);
}
