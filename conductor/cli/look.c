/* Verbs that look: erasures, logs, waiting, inventory, version. */
#include "conductor/cli/cmd.h"
#include "conductor/cli/value.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

int cmd_fetch(struct cli_line *line, const char *path, json_t **ret, struct err *e)
{
	_cleanup_conn_ struct conn *c = NULL;
	int r;

	r = conn_open(line, &c, e);
	if (r == 0)
		r = conn_call(c, "GET", path, NULL, ret, e);
	if (r < 0 || !print_as_json(line))
		return r;
	cmd_print_json(*ret);
	return 1;
}

/* "GPT, ext4 \"root\" on partition 1" of a list of texts; allocated. */
static char *joined(const json_t *texts)
{
	struct buf b = BUF_INIT(4096);
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)texts, i, one)
		buf_printf(&b, "%s%s", i ? ", " : "", json_string_value(one));
	return b.len ? buf_take(&b) : xstrdup("nothing");
}

int verb_node_erasures(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"created_at", "WHEN"}, {"disk", NULL},
		{"serial", NULL}, {"wwn", "WWN"}, {"method", NULL}, {"outcome", NULL},
		{"seconds", NULL}, {"carried", NULL}, {"error", NULL}};
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", line->args[0], "/erasures");
	_cleanup_json_ json_t *answer = NULL;
	json_t *rows, *row;
	struct err e;
	size_t i;
	int r = cmd_fetch(line, path, &answer, &e);

	if (r < 0)
		return cmd_fail(&e);
	rows = json_object_get(answer, "erasures");
	json_array_foreach (rows, i, row) {
		_cleanup_free_ char *carried = joined(json_object_get(row, "found"));

		json_put_str(row, "carried", carried);
	}
	return r ? CLI_OK : cmd_print(line, columns, ARRAY_SIZE(columns), rows);
}

static int save_logs(
	struct conn *c, const char *node, const char *name, const char *file, struct err *e)
{
	_cleanup_free_ char *below = xasprintf("/logs/%s", name), *data = NULL;
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", node, below);
	size_t len = 0;
	int r = conn_data(c, path, &data, &len, e);

	if (r < 0)
		return r;
	if (str_eq(file, "-"))
		return fwrite(data, 1, len, stdout) == len ? 0 : err_set(e, EIO, "standard output");
	return fs_write_atomic(file, data, len, 0644, e);
}

int verb_node_logs(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {
		{"at", "WHEN"}, {"size", "BYTES"}, {"file", NULL}};
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", line->args[0], "/logs");
	const char *output = cli_value(line, "output"), *name = cli_value(line, "file");
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct err e;
	json_t *rows;

	if (conn_open(line, &c, &e) < 0 || conn_call(c, "GET", path, NULL, &answer, &e) < 0)
		return cmd_fail(&e);
	rows = json_object_get(answer, "logs");
	if (!output && !name)
		return cmd_print(line, columns, ARRAY_SIZE(columns), rows);
	name = name ? name : json_str(json_array_get(rows, 0), "file");
	if (!name)
		return err_set(&e, ENOENT,
			       "node %s has no logs of an agent; they are kept when a step fails "
			       "([agent] deploy_logs_collect)",
			       line->args[0]),
		       cmd_fail(&e);
	return save_logs(c, line->args[0], name, output ? output : name, &e) < 0 ? cmd_fail(&e)
										 : CLI_OK;
}

int verb_waiting_list(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"address", NULL}, {"facts.ip", "IP"},
		{"facts.manufacturer", "MANUFACTURER"}, {"facts.product", "PRODUCT"},
		{"facts.serial", "SERIAL"}, {"asked", NULL}, {"ignored", NULL},
		{"updated_at", "LAST SEEN"}};
	_cleanup_json_ json_t *answer = NULL;
	struct err e;
	int r = cmd_fetch(line, "/ingot/v1/waiting", &answer, &e);

	if (r < 0)
		return cmd_fail(&e);
	if (r == 1)
		return CLI_OK;
	return cmd_print(line, columns, ARRAY_SIZE(columns), json_object_get(answer, "waiting"));
}

static int post_waiting(struct cli_line *line, json_t *body)
{
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct err e;
	int code;

	if (conn_open(line, &c, &e) < 0)
		return cmd_fail(&e);
	for (int i = 0; i < line->n_args; i++) {
		_cleanup_free_ char *path = conn_path("/ingot/v1/waiting/", line->args[i], "");

		if (conn_call(c, "POST", path, body, NULL, &e) < 0)
			failures_add(&failed, line->args[i], e.text);
	}
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	return code;
}

int verb_waiting_accept(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body = json_pack("{s:s}", "action", "accept"), *info = json_object();
	const char *driver = cli_value(line, "driver"), *name = cli_value(line, "name");
	struct err e;

	if (name && line->n_args > 1)
		return fprintf(stderr, "ingot: --name is for one machine\n"), CLI_USAGE;
	if (value_pairs(line, "driver-info", false, info, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	json_put_str(body, "driver", driver ? driver : "ipmi");
	if (name)
		json_put_str(body, "name", name);
	if (json_object_size(info))
		json_object_set(body, "driver_info", info);
	return post_waiting(line, body);
}

int verb_waiting_ignore(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body =
		json_pack("{s:s}", "action", cli_flag(line, "undo") ? "unignore" : "ignore");

	return post_waiting(line, body);
}

int verb_inventory_export(struct cli_line *line, void *data)
{
	const char *format = cli_value(line, "format"), *file = cli_value(line, "output");
	_cleanup_free_ char *path =
		conn_path("/ingot/v1/inventory?format=", format ? format : "json", "");
	_cleanup_free_ char *text = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct err e;

	if (conn_open(line, &c, &e) < 0 || conn_text(c, path, &text, &e) < 0)
		return cmd_fail(&e);
	if (!file) {
		fputs(text, stdout);
		return CLI_OK;
	}
	return fs_write_atomic(file, text, strlen(text), 0644, &e) < 0 ? cmd_fail(&e) : CLI_OK;
}

int verb_version(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *out = json_pack("{s:s}", "ingot", INGOT_VERSION), *root = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct err e;

	if (conn_open(line, &c, &e) == 0 && conn_call(c, "GET", "/", NULL, &root, &e) == 0) {
		json_put_str(out, "conductor", conn_url(c));
		json_put_str(
			out, "api", json_str(json_object_get(root, "default_version"), "version"));
	}
	if (print_as_json(line))
		cmd_print_json(out);
	else
		table_print_object(stdout, out);
	return CLI_OK;
}
