/* ingot node inventory: what inspection found in nodes, shown, compared, saved. */
#include "conductor/cli/inventory.h"
#include "conductor/cli/collate.h"
#include "conductor/cli/compare.h"
#include "conductor/cli/crudwords.h"
#include "conductor/cli/print.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/cli/machine.h"

#include <errno.h>
#include <string.h>

#define FILE_MAX (64 << 20)

int verb_inventory_save(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", line->args[0], "/inventory");
	const char *file = cli_value(line, "file");
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *found = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	if (conn_open(line, &c, &e) < 0 || conn_call(c, "GET", path, NULL, &found, &e) < 0)
		return cmd_fail(&e);
	if (!file || str_eq(file, "-")) {
		cmd_print_json(found);
		return CLI_OK;
	}
	text = json_dumps(found, JSON_INDENT(2));
	return fs_write_atomic(file, text, strlen(text), 0644, &e) < 0 ? cmd_fail(&e) : CLI_OK;
}

static bool names_file(const char *what)
{
	return strchr(what, '/') || strstr(what, ".json");
}

static int file_inventory(const char *path, json_t **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	json_t *saved = NULL;
	size_t len;
	int r = fs_read(path, FILE_MAX, &text, &len, e);

	if (r == 0)
		r = json_parse(text, len, JSON_DEPTH_MAX, &saved, e);
	if (r < 0)
		return err_prefix(e, "--diff %s", path);
	*ret = json_incref(json_is_object(json_object_get(saved, "inventory"))
				   ? json_object_get(saved, "inventory")
				   : saved);
	json_decref(saved);
	return 0;
}

static int node_inventory(struct conn *c, const char *node, json_t **ret, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", node, "/inventory");
	_cleanup_json_ json_t *answer = NULL;
	int r = conn_call(c, "GET", path, NULL, &answer, e);

	if (r == 0)
		*ret = json_incref(json_object_get(answer, "inventory"));
	return r;
}

static int earlier_inventory(struct conn *c, const char *node, int ago, json_t **ret, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", node, "/inspections");
	_cleanup_json_ json_t *answer = NULL;
	const json_t *list, *one;
	int r = conn_call(c, "GET", path, NULL, &answer, e);

	if (r < 0)
		return r;
	list = json_object_get(answer, "inspections");
	one = json_array_get(list, (size_t)ago);
	if (!one)
		return err_set(e, ENOENT,
			"%s: of its inspections only %zu are kept, so there is no @%d", node,
			json_array_size(list), ago);
	*ret = json_incref(json_object_get(one, "inventory"));
	return 0;
}

/* The side that the node is compared with: itself `ago` inspections before, a file, or a node. */
static int other_inventory(
	struct conn *c, const char *node, const char *what, int ago, json_t **ret, struct err *e)
{
	if (ago)
		return earlier_inventory(c, node, ago, ret, e);
	return names_file(what) ? file_inventory(what, ret, e) : node_inventory(c, what, ret, e);
}

static void print_differences(const json_t *rows, const char *node, const char *what)
{
	static const char *const sides[] = {"before", "after"};
	/* the reader's left is what was, or the other machine */
	const struct table_column columns[] = {
		{"path", "DIFFERENCE"}, {"before", what}, {"after", node}};
	_cleanup_json_ json_t *texts = json_array();
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		json_t *shown = json_copy(row);

		for (size_t s = 0; s < ARRAY_SIZE(sides); s++) {
			_cleanup_free_ char *text =
				compare_text(json_str(row, "path"), json_object_get(row, sides[s]));

			json_put_str(shown, sides[s], text);
		}
		json_array_append_new(texts, shown);
	}
	if (json_array_size(rows))
		table_print(stdout, columns, ARRAY_SIZE(columns), texts);
	else
		printf("%s and %s: no difference\n", what, node);
}

static int show_differences(const struct cli_line *line, const char *what)
{
	_cleanup_json_ json_t *mine = NULL, *other = NULL, *rows = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	const char *node = line->args[0];
	struct err e = {0};
	int ago = 0; /* 0: not an earlier inspection */

	if (line->n_args != 1) {
		err_set(&e, EINVAL, "--diff compares one node, given are %d", line->n_args);
		return cmd_fail_usage(&e);
	}
	if (what[0] == '@' && str_to_int(what + 1, 1, 99, &ago) < 0) {
		err_set(&e, EINVAL, "--diff %s: after @ comes how many inspections ago, as in @1",
			what);
		return cmd_fail_usage(&e);
	}
	if (conn_open(line, &c, &e) < 0 || node_inventory(c, node, &mine, &e) < 0 ||
		other_inventory(c, node, what, ago, &other, &e) < 0)
		return cmd_fail(&e);
	rows = compare(other, mine, ago || names_file(what) ? COMPARE_TIMES : COMPARE_MACHINES);
	if (print_as_json(line))
		cmd_print_json(rows);
	else
		print_differences(rows, node, what);
	return CLI_OK;
}

int verb_inventory_show(struct cli_line *line, void *data)
{
	struct fan_call call = {.method = "GET", .before = "/v1/nodes/", .after = "/inventory"};
	_cleanup_json_ json_t *answers = NULL, *rows = json_array();
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct collate texts = {0};
	struct names nodes = {0};
	struct err e = {0};
	int code;

	if (cli_value(line, "diff"))
		return show_differences(line, cli_value(line, "diff"));
	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &nodes, &e) < 0) {
		names_done(&nodes);
		return cmd_fail_usage(&e);
	}
	answers = fan_call(c, &nodes, &call, &failed);
	fan_drop_failed(&nodes, answers);
	for (size_t i = 0; i < nodes.n; i++) {
		json_t *answer = json_array_get(answers, i),
		       *row = json_pack("{s:s}", "node", nodes.list[i]);
		_cleanup_free_ char *text = machine_text(answer);

		collate_add(&texts, nodes.list[i], text);
		json_object_update(row, answer);
		json_array_append_new(rows, row);
	}
	if (print_as_json(line) && nodes.n)
		cmd_print_json(words_many(line, line->n_args) ? rows : json_array_get(answers, 0));
	else
		collate_print(&texts, stdout);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	collate_done(&texts);
	names_done(&nodes);
	return code;
}
