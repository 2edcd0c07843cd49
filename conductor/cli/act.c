/* ingot node manage, provide, inspect, clean, abort, undeploy, power, maintenance, watch. */
#include "conductor/cli/act.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"

#include <errno.h>
#include <string.h>

/* Prints what a destroying command will touch. */
static void print_targets(struct conn *c, const struct names *names)
{
	static const struct table_column columns[] = {{"name", NULL}, {"provision_state", "STATE"},
		{"power_state", "POWER"}, {"instance_info.image_source", "IMAGE"}};
	_cleanup_json_ json_t *rows = json_array();

	for (size_t i = 0; i < names->n; i++) {
		_cleanup_free_ char *path = conn_path("/v1/nodes/", names->list[i],
			"?fields=name,uuid,provision_state,power_state,instance_info");
		json_t *row = NULL;

		if (conn_call(c, "GET", path, NULL, &row, NULL) == 0)
			json_array_append_new(rows, row);
	}
	table_print(stderr, columns, ARRAY_SIZE(columns), rows);
}

int act_confirm(
	const struct cli_line *line, struct conn *c, const struct names *names, const char *what)
{
	_cleanup_free_ char *folded = range_fold(names), *question = NULL;

	if (cli_flag(line, "yes"))
		return CLI_OK;
	if (!prompt_possible()) {
		fprintf(stderr, "ingot: %s of %s: say --yes when there is no terminal\n", what,
			folded);
		return CLI_USAGE;
	}
	print_targets(c, names);
	question = xasprintf("%s %zu node%s?", what, names->n, names->n == 1 ? "" : "s");
	return prompt_yes(question) ? CLI_OK : CLI_FAILED;
}

int act_timeout(const struct cli_line *line, int dflt, int *ret, struct err *e)
{
	const char *text = cli_value(line, "timeout");

	*ret = dflt;
	if (text && str_to_int(text, 1, 1000000, ret) < 0)
		return err_set(e, EINVAL, "--timeout %s: expected seconds", text);
	return 0;
}

int act_provision(struct conn *c, const char *node, const json_t *body, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", node, "/states/provision");

	return conn_call(c, "PUT", path, body, NULL, e);
}

/* Calls submit for each node, leaves those that took it in `taken`. */
static void submit_all(struct conn *c, const struct names *names, const struct act *a,
	struct names *taken, struct failures *failed)
{
	struct err e;

	for (size_t i = 0; i < names->n; i++) {
		if (a->submit(c, names->list[i], a->data, &e) < 0)
			failures_add(failed, names->list[i], e.text);
		else
			names_add(taken, names->list[i]);
	}
}

int act_run(
	const struct cli_line *line, struct conn *c, const struct names *names, const struct act *a)
{
	struct watch_goal goal = {a->provision_state, a->power_state, 0};
	struct failures failed = {0};
	struct names taken = {0};
	struct err e;
	int code = CLI_OK;

	if (act_timeout(line, ACT_TIMEOUT_S, &goal.timeout_s, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	submit_all(c, names, a, &taken, &failed);
	if (cli_flag(line, "wait") && taken.n)
		code = watch_nodes(c, &taken, &goal, &failed);
	failures_print(&failed);
	if (failed.n && code == CLI_OK)
		code = CLI_FAILED;
	failures_done(&failed);
	names_done(&taken);
	return code;
}

static int open_and_select(
	const struct cli_line *line, int first, struct conn **c, struct names *names, struct err *e)
{
	int r = conn_open(line, c, e);

	return r < 0 ? r : cmd_select(*c, line, first, names, e);
}

/* Everything but the last step: connection, nodes, question. */
static int run_on_args(struct cli_line *line, int first, const struct act *a, const char *ask)
{
	_cleanup_conn_ struct conn *c = NULL;
	struct names names = {0};
	struct err e;
	int code = CLI_OK;

	if (open_and_select(line, first, &c, &names, &e) < 0)
		code = cmd_fail(&e);
	if (code == CLI_OK && ask)
		code = act_confirm(line, c, &names, ask);
	if (code == CLI_OK)
		code = act_run(line, c, &names, a);
	names_done(&names);
	return code;
}

static int submit_target(struct conn *c, const char *node, void *data, struct err *e)
{
	_cleanup_json_ json_t *body = json_pack("{s:s}", "target", (const char *)data);

	return act_provision(c, node, body, e);
}

static int run_target(struct cli_line *line, const char *target, const char *state, const char *ask)
{
	struct act a = {submit_target, (void *)target, state, NULL};

	return run_on_args(line, 0, &a, ask);
}

int verb_node_manage(struct cli_line *line, void *data)
{
	return run_target(line, "manage", "manageable", NULL);
}

int verb_node_inspect(struct cli_line *line, void *data)
{
	return run_target(line, "inspect", "manageable", NULL);
}

int verb_node_provide(struct cli_line *line, void *data)
{
	return run_target(line, "provide", "available", NULL);
}

int verb_node_undeploy(struct cli_line *line, void *data)
{
	return run_target(line, "deleted", "available", "Undeploy");
}

int verb_node_abort(struct cli_line *line, void *data)
{
	struct act a = {submit_target, (void *)"abort", NULL, NULL};

	return run_on_args(line, 0, &a, NULL);
}

static int submit_body(struct conn *c, const char *node, void *data, struct err *e)
{
	return act_provision(c, node, data, e);
}

int verb_node_clean(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body = NULL, *steps = NULL;
	const char *file = cli_value(line, "steps");
	struct act a = {submit_body, NULL, "manageable", NULL};
	json_error_t je;

	if (!file)
		return fprintf(stderr, "ingot: --steps FILE is needed: a JSON array of steps\n"),
		       CLI_USAGE;
	steps = json_load_file(file, 0, &je);
	if (!json_is_array(steps))
		return fprintf(stderr, "ingot: --steps %s: %s\n", file,
			       steps ? "expected an array" : je.text),
		       CLI_USAGE;
	body = json_pack("{s:s, s:O}", "target", "clean", "clean_steps", steps);
	a.data = body;
	return run_on_args(line, 0, &a, "Clean");
}

static const struct {
	const char *word, *target, *state;
} powers[] = {
	{"on", "power on", "power on"},
	{"off", "power off", "power off"},
	{"reboot", "rebooting", "power on"},
	{"soft-off", "soft power off", "power off"},
	{"soft-reboot", "soft rebooting", "power on"},
};

static int submit_power(struct conn *c, const char *node, void *data, struct err *e)
{
	_cleanup_free_ char *path = conn_path("/v1/nodes/", node, "/states/power");
	_cleanup_json_ json_t *body = json_pack("{s:s}", "target", (const char *)data);

	return conn_call(c, "PUT", path, body, NULL, e);
}

int verb_node_power(struct cli_line *line, void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(powers); i++) {
		struct act a = {submit_power, (void *)powers[i].target, NULL, powers[i].state};

		if (str_eq(powers[i].word, line->args[0]))
			return run_on_args(line, 1, &a, NULL);
	}
	fprintf(stderr, "ingot: '%s': expected on, off, reboot, soft-off or soft-reboot\n",
		line->args[0]);
	return CLI_USAGE;
}

struct maintenance {
	bool on;
	const char *reason;
};

static int submit_maintenance(struct conn *c, const char *node, void *data, struct err *e)
{
	const struct maintenance *m = data;
	_cleanup_free_ char *path = conn_path("/v1/nodes/", node, "/maintenance");
	_cleanup_json_ json_t *body = json_pack("{s:s?}", "reason", m->reason);

	return conn_call(c, m->on ? "PUT" : "DELETE", path, m->on ? body : NULL, NULL, e);
}

int verb_node_maintenance(struct cli_line *line, void *data)
{
	struct maintenance m = {str_eq(line->args[0], "on"), cli_value(line, "reason")};
	struct act a = {submit_maintenance, &m, NULL, NULL};

	if (!m.on && !str_eq(line->args[0], "off"))
		return fprintf(stderr, "ingot: '%s': expected on or off\n", line->args[0]),
		       CLI_USAGE;
	return run_on_args(line, 1, &a, NULL);
}

int verb_node_watch(struct cli_line *line, void *data)
{
	const char *until = cli_value(line, "until");
	struct watch_goal goal = {until ? until : "active", NULL, 0};
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int code;

	if (act_timeout(line, 0, &goal.timeout_s, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (open_and_select(line, 0, &c, &names, &e) < 0)
		code = cmd_fail(&e);
	else
		code = watch_nodes(c, &names, &goal, &failed);
	failures_print(&failed);
	failures_done(&failed);
	names_done(&names);
	return code;
}
