/* ingot node list, show, create, set, delete. */
#include "conductor/cli/act.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"

#include <errno.h>
#include <string.h>

static const struct table_column list_columns[] = {{"name", NULL}, {"provision_state", "STATE"},
	{"target_provision_state", "TARGET"}, {"power_state", "POWER"}, {"maintenance", "MAINT"},
	{"driver", NULL}, {"uuid", NULL}};
#define LIST_FIELDS                                                                                \
	"uuid,name,provision_state,target_provision_state,power_state,maintenance,driver"

/* Adds "&name=value" for each filter option that was given. */
static char *list_path(const struct cli_line *line)
{
	static const char *const filters[][2] = {{"provision-state", "provision_state"},
		{"driver", "driver"}, {"resource-class", "resource_class"},
		{"maintenance", "maintenance"}};
	struct buf b = BUF_INIT(8192);

	buf_puts(&b, "/v1/nodes?limit=1000&fields=" LIST_FIELDS);
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const char *value = cli_value(line, filters[i][0]);
		_cleanup_free_ char *arg = value ? conn_path("", value, "") : NULL;

		if (arg)
			buf_printf(&b, "&%s=%s", filters[i][1], arg);
	}
	return buf_take(&b);
}

/* Leaves the nodes the arguments name. */
static int keep_selected(struct conn *c, const struct cli_line *line, json_t *rows, struct err *e)
{
	struct names names = {0};
	int r;

	if (!line->n_args)
		return 0;
	r = cmd_select(c, line, 0, &names, e);
	for (size_t i = json_array_size(rows); r == 0 && i-- > 0;) {
		const json_t *row = json_array_get(rows, i);
		const char *name = json_str(row, "name");

		if (!(name && names_have(&names, name)) &&
			!names_have(&names, json_str(row, "uuid")))
			json_array_remove(rows, i);
	}
	names_done(&names);
	return r;
}

int verb_node_list(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = list_path(line);
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *rows = NULL;
	struct err e;

	if (conn_open(line, &c, &e) < 0 || conn_list(c, path, "nodes", &rows, &e) < 0 ||
		keep_selected(c, line, rows, &e) < 0)
		return cmd_fail(&e);
	return cmd_print(line, list_columns, ARRAY_SIZE(list_columns), rows);
}

/* What a person wants to see of a node; null and empty members and links are left out. */
static json_t *worth_showing(const json_t *node)
{
	json_t *out = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)node, key, value) {
		bool empty = json_is_null(value) ||
			     (json_is_object(value) && !json_object_size(value)) ||
			     (json_is_array(value) && !json_array_size(value)) ||
			     (json_is_string(value) && !json_string_length(value));
		bool link = str_eq(key, "links") || str_eq(key, "ports") || str_eq(key, "states") ||
			    str_eq(key, "volume") || str_eq(key, "portgroups");

		if (!empty && !link)
			json_object_set(out, key, value);
	}
	return out;
}

static int show_one(struct conn *c, const char *name, json_t *all, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", name, "");
	json_t *node = NULL;
	int r = conn_call(c, "GET", path, NULL, &node, e);

	if (r == 0)
		json_array_append_new(all, node);
	return r;
}

static void print_nodes(const struct cli_line *line, const json_t *all)
{
	json_t *node;
	size_t i;

	if (cli_flag(line, "json")) {
		cmd_print_json(json_array_size(all) == 1 ? json_array_get(all, 0) : all);
		return;
	}
	json_array_foreach (all, i, node) {
		_cleanup_json_ json_t *shown = worth_showing(node);

		if (i)
			putchar('\n');
		table_print_object(stdout, shown);
	}
}

int verb_node_show(struct cli_line *line, void *data)
{
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *all = json_array();
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int code = CLI_OK;

	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &names, &e) < 0) {
		names_done(&names);
		return cmd_fail(&e);
	}
	for (size_t i = 0; i < names.n; i++)
		if (show_one(c, names.list[i], all, &e) < 0)
			failures_add(&failed, names.list[i], e.text);
	print_nodes(line, all);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	names_done(&names);
	return code;
}

static int create_body(const struct cli_line *line, json_t *body, struct err *e)
{
	static const struct {
		const char *option, *field;
		bool json;
	} objects[] = {{"driver-info", "driver_info", false}, {"property", "properties", true},
		{"extra", "extra", true}};
	static const char *const texts[][2] = {
		{"resource-class", "resource_class"}, {"description", "description"}};

	json_put_str(body, "name", line->args[0]);
	json_put_str(
		body, "driver", cli_value(line, "driver") ? cli_value(line, "driver") : "ipmi");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (cli_value(line, texts[i][0]))
			json_put_str(body, texts[i][1], cli_value(line, texts[i][0]));
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		json_t *object = json_object();
		int r = cmd_pairs(line, objects[i].option, objects[i].json, object, e);

		json_object_set_new(body, objects[i].field, object);
		if (r < 0)
			return r;
	}
	return 0;
}

static int create_ports(
	struct conn *c, const struct cli_line *line, const char *uuid, struct err *e)
{
	const char *mac;
	size_t pos = 0;

	while ((mac = cli_next(line, "mac", &pos))) {
		_cleanup_json_ json_t *port =
			json_pack("{s:s, s:s}", "address", mac, "node_uuid", uuid);
		int r = conn_call(c, "POST", "/v1/ports", port, NULL, e);

		if (r < 0)
			return err_prefix(e, "port %s", mac);
	}
	return 0;
}

int verb_node_create(struct cli_line *line, void *data)
{
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *body = json_object(), *node = NULL, *all = json_array();
	struct err e;

	if (create_body(line, body, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (conn_open(line, &c, &e) < 0 || conn_call(c, "POST", "/v1/nodes", body, &node, &e) < 0)
		return cmd_fail(&e);
	if (create_ports(c, line, json_str(node, "uuid"), &e) < 0) {
		_cleanup_free_ char *path = conn_path("/v1/nodes/", json_str(node, "uuid"), "");

		(void)conn_call(c, "DELETE", path, NULL, NULL, NULL); /* nothing half-made */
		return cmd_fail(&e);
	}
	json_array_append(all, node);
	print_nodes(line, all);
	return CLI_OK;
}

static void patch_add(json_t *patch, const char *path, json_t *value)
{
	json_array_append_new(
		patch, json_pack("{s:s, s:s, s:o}", "op", "add", "path", path, "value", value));
}

static int patch_objects(const struct cli_line *line, json_t *patch, struct err *e)
{
	static const struct {
		const char *option, *field;
		bool json;
	} objects[] = {{"driver-info", "driver_info", false}, {"property", "properties", true},
		{"extra", "extra", true}, {"instance-info", "instance_info", true}};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		_cleanup_json_ json_t *pairs = json_object();
		const char *key;
		json_t *value;
		int r = cmd_pairs(line, objects[i].option, objects[i].json, pairs, e);

		if (r < 0)
			return r;
		json_object_foreach (pairs, key, value) {
			_cleanup_free_ char *path = xasprintf("/%s/%s", objects[i].field, key);

			patch_add(patch, path, json_incref(value));
		}
	}
	return 0;
}

static int set_patch(const struct cli_line *line, json_t *patch, struct err *e)
{
	static const char *const texts[][2] = {{"name", "/name"}, {"driver", "/driver"},
		{"resource-class", "/resource_class"}, {"description", "/description"}};
	const char *unset;
	size_t pos = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (cli_value(line, texts[i][0]))
			patch_add(patch, texts[i][1], json_string(cli_value(line, texts[i][0])));
	while ((unset = cli_next(line, "unset", &pos))) {
		_cleanup_free_ char *path = xasprintf("/%s", unset + (*unset == '/'));

		json_array_append_new(patch, json_pack("{s:s, s:s}", "op", "remove", "path", path));
	}
	if (patch_objects(line, patch, e) < 0)
		return -e->code;
	return json_array_size(patch) ? 0 : err_set(e, EINVAL, "nothing to set");
}

static json_t *patch_requests(const char *node, void *data)
{
	return ask_one("PATCH", "", json_incref(data));
}

int verb_node_set(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *patch = json_array();
	struct act a = {.ask = {patch_requests, patch}};
	struct err e;

	if (set_patch(line, patch, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	return act_on_args(line, 0, &a);
}

static json_t *delete_requests(const char *node, void *data)
{
	return ask_one("DELETE", "", NULL);
}

int verb_node_delete(struct cli_line *line, void *data)
{
	struct act a = {.ask = {delete_requests, NULL}, .destroys = "Forget"};

	return act_on_args(line, 0, &a);
}
