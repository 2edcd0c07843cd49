/* One thing asked of many nodes, and ingot node watch; see act.h. */
#include "conductor/cli/act.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

int act_timeout(const struct cli_line *line, int dflt, int *ret, struct err *e)
{
	const char *text = cli_value(line, "timeout"), *wait = cli_value(line, "wait");

	*ret = dflt;
	if (text && str_to_int(text, 1, 1000000, ret) < 0)
		return err_set(e, EINVAL, "--timeout %s: expected seconds", text);
	if (!text && wait && str_to_int(wait, 0, 1000000, ret) < 0)
		return err_set(e, EINVAL, "--wait %s: expected seconds, 0 for ever", wait);
	return 0;
}

json_t *act_target(const char *target)
{
	return ask_one("PUT", "/states/provision", json_pack("{s:s}", "target", target));
}

/* Asks each node, leaves those that took it in `taken`. */
static int submit_all(struct conn *c, const struct names *names, const struct ask *a,
	struct names *taken, struct failures *failed)
{
	_cleanup_json_ json_t *rows = NULL;
	json_t *row;
	struct err e;
	size_t i;

	if (ask_nodes(c, names, a, false, &rows, &e) < 0)
		return cmd_fail(&e);
	json_array_foreach (rows, i, row) {
		if (ask_taken(row))
			names_add(taken, names->list[i]);
		else
			failures_add(failed, names->list[i], json_str(row, "error"));
	}
	return CLI_OK;
}

int act_run(
	const struct cli_line *line, struct conn *c, const struct names *names, const struct act *a)
{
	struct watch_goal goal = {a->provision_state, a->power_state, 0};
	struct failures failed = {0};
	struct names taken = {0};
	struct err e;
	int code;

	if (act_timeout(line, ACT_TIMEOUT_S, &goal.timeout_s, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	code = submit_all(c, names, &a->ask, &taken, &failed);
	if (code == CLI_OK && cli_flag(line, "wait") && taken.n)
		code = watch_nodes(c, &taken, &goal, &failed);
	failures_print(&failed);
	if (cli_flag(line, "wait"))
		failures_next(&failed);
	if (failed.n && code == CLI_OK)
		code = CLI_FAILED;
	failures_done(&failed);
	names_done(&taken);
	return code;
}

/* Whether it may go on; false: *ret_code is the verb's. */
static bool allowed(const struct cli_line *line, struct conn *c, const struct names *names,
	const struct act *a, bool plain, int *ret_code)
{
	if (!a->destroys || (a->one_is_sure && plain && !cli_flag(line, "dry-run")))
		return true;
	return blast_allowed(line, c, names, &a->ask, a->destroys, a->confirm, ret_code);
}

int act_with(struct cli_line *line, struct conn *c, const char *const *words, size_t n,
	const struct act *a)
{
	bool plain = n == 1 && !strpbrk(words[0], "*?[@");
	struct names names = {0};
	struct err e = {0};
	int code = CLI_OK;

	if (select_nodes(c, words, n, !n, &names, &e) < 0)
		code = cmd_fail(&e);
	else if (allowed(line, c, &names, a, plain, &code))
		code = act_run(line, c, &names, a);
	names_done(&names);
	return code;
}

int act_on_words(struct cli_line *line, const char *const *words, size_t n, const struct act *a)
{
	_cleanup_conn_ struct conn *c = NULL;
	struct err e = {0};

	return conn_open(line, &c, &e) < 0 ? cmd_fail(&e) : act_with(line, c, words, n, a);
}

int act_on_args(struct cli_line *line, int first, const struct act *a)
{
	size_t n = line->n_args > first ? (size_t)(line->n_args - first) : 0;
	struct err e = {0};

	if (select_given(line, first, &e) < 0)
		return cmd_fail_usage(&e);
	return act_on_words(line, line->args + first, n, a);
}

int verb_node_watch(struct cli_line *line, void *data)
{
	const char *until = cli_value(line, "until");
	struct watch_goal goal = {until ? until : "", NULL, 0};
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int code;

	if (act_timeout(line, 0, &goal.timeout_s, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &names, &e) < 0)
		code = cmd_fail(&e);
	else
		code = watch_nodes(c, &names, &goal, &failed);
	failures_print(&failed);
	failures_next(&failed);
	failures_done(&failed);
	names_done(&names);
	return code;
}
