/* create, set, unset and delete of resources that are not nodes; see crud.h. */
#include "conductor/cli/crud.h"
#include "conductor/cli/blast.h"
#include "conductor/cli/crudwords.h"
#include "lib/base/str.h"

#include <errno.h>

int crud_create(struct cli_line *line, void *data)
{
	const struct resource *r = resource_of(line);
	_cleanup_json_ json_t *body = json_object(), *made = NULL, *all = json_array();
	_cleanup_conn_ struct conn *c = NULL;
	struct err e = {0};
	int n;

	if (r->positional && line->n_args)
		json_put_str(body, r->positional, line->args[0]);
	if (print_check(line, &e) < 0 || conn_open(line, &c, &e) < 0 ||
		fields_object(c, line, r, body, &e) < 0)
		return cmd_fail_usage(&e);
	if (r->positional && !json_object_get(body, r->positional))
		return fprintf(stderr, "ingot: %s is needed; see ingot %s --help\n",
			       r->positional_kind, line->command),
		       CLI_USAGE;
	if (conn_call(c, "POST", r->path, body, &made, &e) < 0)
		return cmd_fail(&e);
	n = r->created ? r->created(c, line, &made, &e) : 0;
	json_array_append(all, made);
	crud_print(line, all, false);
	return n < 0 ? cmd_fail(&e) : CLI_OK;
}

/* The same request about each record that the line names. */
static int tell_all(struct conn *c, const struct resource *r, const struct names *names,
	const char *method, const json_t *body)
{
	struct fan_call call = {
		.method = method, .body = body, .path = words_path, .data = (void *)r};
	struct failures failed = {0};
	json_t *answers = fan_call(c, names, &call, &failed);
	int code = failed.n ? CLI_FAILED : CLI_OK;

	json_decref(answers);
	failures_print(&failed);
	failures_done(&failed);
	return code;
}

static int change(struct cli_line *line, unsigned use)
{
	const struct resource *r = resource_of(line);
	_cleanup_json_ json_t *patch = json_array();
	_cleanup_conn_ struct conn *c = NULL;
	struct names names = {0};
	struct err e = {0};
	int code;

	if (conn_open(line, &c, &e) < 0 || fields_patch(c, line, r, use, patch, &e) < 0)
		return cmd_fail_usage(&e);
	if (!json_array_size(patch))
		return fprintf(stderr, "ingot: say what to %s; see ingot %s --help\n",
			       use == IN_SET ? "set" : "unset", line->command),
		       CLI_USAGE;
	if (words_select(c, line, r, &names, &e) < 0)
		code = cmd_fail(&e);
	else
		code = tell_all(c, r, &names, "PATCH", patch);
	names_done(&names);
	return code;
}

int crud_set(struct cli_line *line, void *data)
{
	return change(line, IN_SET);
}

int crud_unset(struct cli_line *line, void *data)
{
	return change(line, IN_UNSET);
}

/* What there is of the names, as a list would show it; those that are not there fail. */
static int show_doomed(
	const struct cli_line *line, struct conn *c, const struct resource *r, struct names *names)
{
	struct fan_call call = {.method = "GET", .path = words_path, .data = (void *)r};
	struct failures failed = {0};
	_cleanup_json_ json_t *rows = fan_call(c, names, &call, &failed);
	int code = failed.n ? CLI_FAILED : CLI_OK;

	fan_drop_failed(names, rows);
	cmd_print(line, r->columns, r->n_columns, rows);
	if (print_as_table(line))
		printf("Delete %zu %s%s. Nothing was changed.\n", names->n, r->noun,
			names->n == 1 ? "" : "s");
	failures_print(&failed);
	failures_done(&failed);
	return code;
}

/* Every inspection rule in one request. */
static int delete_all(const struct cli_line *line, struct conn *c, const struct resource *r)
{
	_cleanup_free_ char *path = xasprintf("%s?limit=1000", r->path);
	_cleanup_json_ json_t *rows = NULL;
	struct err e = {0};
	int code;

	if (!cli_flag(line, "dry-run")) {
		if (!blast_sure(line, "Delete every", r->noun, true, &code))
			return code;
		return conn_call(c, "DELETE", r->path, NULL, NULL, &e) < 0 ? cmd_fail(&e) : CLI_OK;
	}
	if (conn_list(c, path, r->plural, &rows, &e) < 0)
		return cmd_fail(&e);
	return cmd_print(line, r->columns, r->n_columns, rows);
}

int crud_delete(struct cli_line *line, void *data)
{
	const struct resource *r = resource_of(line);
	bool all = cli_flag(line, "all"), dry = cli_flag(line, "dry-run");
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_free_ char *folded = NULL;
	struct names names = {0};
	struct err e = {0};
	int code = CLI_OK;

	if (all == (line->n_args > 0))
		return fprintf(stderr, "ingot: name what to delete%s; see ingot %s --help\n",
			       all ? ", or say --all" : "", line->command),
		       CLI_USAGE;
	if (conn_open(line, &c, &e) < 0)
		return cmd_fail(&e);
	if (all)
		return delete_all(line, c, r);
	if (words_select(c, line, r, &names, &e) < 0)
		code = cmd_fail(&e);
	else if (dry)
		code = show_doomed(line, c, r, &names);
	else if (blast_few_enough(line, &names, &code)) {
		folded = range_fold(&names);
		if (!words_many(line, line->n_args) ||
			blast_sure(line, "Delete", folded, false, &code))
			code = tell_all(c, r, &names, "DELETE", NULL);
	}
	names_done(&names);
	return code;
}
