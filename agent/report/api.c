/* The agent's HTTP interface; see api.h. */
#include "agent/report/api.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define COMMAND_DEPTH_MAX 40 /* a node inside a parameter inside the body */
#define COMMANDS_PATH	  "/v1/commands"

static void reply_json(struct http_req *req, int status, const json_t *json)
{
	char *text = json_text(json);

	http_reply_take(req, status, "application/json", text, strlen(text));
}

static void reply_fault(struct http_req *req, int status, const char *text)
{
	_cleanup_json_ json_t *o = json_object();

	json_put_str(o, "faultcode", status < 500 ? "Client" : "Server");
	json_put_str(o, "faultstring", text);
	reply_json(req, status, o);
}

static void get_root(struct http_req *req, struct agent_api *api)
{
	_cleanup_json_ json_t *o = json_pack("{s:s,s:s,s:{s:s,s:[]},s:[{s:s,s:[]}]}", "name",
		"Ingot agent API", "description", "Provisions the machine it runs on.",
		"default_version", "id", "v1", "links", "versions", "id", "v1", "links");

	reply_json(req, 200, o);
}

static void get_v1(struct http_req *req, struct agent_api *api)
{
	_cleanup_json_ json_t *o = json_pack("{s:s,s:[],s:[s,s]}", "id", "v1", "links", "paths",
		"/v1/status", COMMANDS_PATH "/");

	reply_json(req, 200, o);
}

static void get_status(struct http_req *req, struct agent_api *api)
{
	_cleanup_json_ json_t *o = json_object();

	json_object_set_new(o, "started_at", json_real((double)api->started_us / 1e6));
	json_put_str(o, "version", INGOT_VERSION);
	reply_json(req, 200, o);
}

static bool wants_wait(struct http_req *req)
{
	return str_ieq(http_arg(req, "wait"), "true");
}

static void reply_when_done(const json_t *record, void *data)
{
	if (record)
		reply_json(data, 200, record);
	else
		reply_fault(data, 503, "The agent is ending.");
}

static void get_commands(struct http_req *req, struct agent_api *api)
{
	_cleanup_json_ json_t *all = commands_list(api->commands);

	reply_json(req, 200, all);
}

static void get_command(struct http_req *req, struct agent_api *api)
{
	const char *id = http_path(req) + strlen(COMMANDS_PATH "/");
	_cleanup_free_ char *plain = xstrndup(id, strcspn(id, "/"));
	_cleanup_json_ json_t *rec = NULL;

	if (wants_wait(req) && commands_on_done(api->commands, plain, reply_when_done, req))
		return;
	rec = commands_get(api->commands, plain);
	if (rec)
		reply_json(req, 200, rec);
	else
		reply_fault(req, 404, "Command with this id not found.");
}

int agent_api_parse(
	const char *body, size_t len, char **ret_name, json_t **ret_params, struct err *e)
{
	_cleanup_json_ json_t *json = NULL;
	json_t *params;

	if (json_parse(body, len, COMMAND_DEPTH_MAX, &json, e) < 0) {
		err_prefix(e, "Missing or invalid name or params");
		return -EINVAL;
	}
	params = json_object_get(json, "params");
	if (!json_str(json, "name") || !json_is_object(params))
		return err_set(e, EINVAL, "Missing or invalid name or params.");
	*ret_name = xstrdup(json_str(json, "name"));
	*ret_params = json_incref(params);
	return 0;
}

static int status_of(int r)
{
	return r == -ENOENT ? 404 : r == -EBUSY ? 409 : 400;
}

static void post_command(struct http_req *req, struct agent_api *api)
{
	_cleanup_json_ json_t *rec = NULL;
	_cleanup_free_ char *name = NULL;
	json_t *params = NULL;
	struct err e = {0};
	const char *text;
	size_t len;
	int r;

	text = http_body(req, &len);
	r = agent_api_parse(text, len, &name, &params, &e);
	if (r == 0 && api->on_command)
		api->on_command(api->agent, name);
	if (r == 0)
		r = commands_execute(api->commands, name, params, &rec, &e);
	if (r < 0) {
		reply_fault(req, status_of(r), e.text);
		return;
	}
	if (wants_wait(req) &&
		commands_on_done(api->commands, json_str(rec, "id"), reply_when_done, req))
		return;
	reply_json(req, 200, rec);
}

static const struct {
	const char *method, *path; /* a path that ends in '*' takes one more part */
	bool token;
	void (*handle)(struct http_req *req, struct agent_api *api);
} routes[] = {
	{"GET", "", false, get_root},
	{"GET", "/v1", false, get_v1},
	{"GET", "/v1/status", false, get_status},
	{"GET", COMMANDS_PATH, true, get_commands},
	{"POST", COMMANDS_PATH, true, post_command},
	{"GET", COMMANDS_PATH "/*", true, get_command},
};

/* Every path goes with or without a slash at its end. */
static bool path_matches(const char *path, const char *route)
{
	size_t n = strlen(path), want = strlen(route);

	if (n && path[n - 1] == '/')
		n--;
	if (want && route[want - 1] == '*')
		return n >= want && !strncmp(path, route, want - 1) &&
		       !memchr(path + want - 1, '/', n - (want - 1));
	return n == want && !strncmp(path, route, n);
}

void agent_api_handle(struct http_req *req, void *data)
{
	const char *method = http_method(req), *path = http_path(req);
	struct agent_api *api = data;
	bool known = false;

	if (str_eq(method, "HEAD"))
		method = "GET";
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!path_matches(path, routes[i].path))
			continue;
		known = true;
		if (!str_eq(method, routes[i].method))
			continue;
		if (routes[i].token && !(api->open_reading && str_eq(method, "GET")) &&
			!api->authorized(api->agent, http_arg(req, "agent_token")))
			reply_fault(req, 401, "Token invalid.");
		else
			routes[i].handle(req, api);
		return;
	}
	reply_fault(req, known ? 405 : 404,
		known ? "The method is not allowed for this URL." : "The URL was not found.");
}
