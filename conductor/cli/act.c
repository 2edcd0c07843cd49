/* ingot node manage, provide, inspect, clean, abort, undeploy, power, maintenance, watch. */
#include "conductor/cli/act.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

int act_timeout(const struct cli_line *line, int dflt, int *ret, struct err *e)
{
	const char *text = cli_value(line, "timeout");

	*ret = dflt;
	if (text && str_to_int(text, 1, 1000000, ret) < 0)
		return err_set(e, EINVAL, "--timeout %s: expected seconds", text);
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

static int open_and_select(
	const struct cli_line *line, int first, struct conn **c, struct names *names, struct err *e)
{
	int r = conn_open(line, c, e);

	return r < 0 ? r : cmd_select(*c, line, first, names, e);
}

int act_on_args(struct cli_line *line, int first, const struct act *a)
{
	_cleanup_conn_ struct conn *c = NULL;
	struct names names = {0};
	struct err e;
	int code = CLI_OK;

	if (open_and_select(line, first, &c, &names, &e) < 0)
		code = cmd_fail(&e);
	else if (!a->destroys ||
		 blast_allowed(line, c, &names, &a->ask, a->destroys, a->confirm, &code))
		code = act_run(line, c, &names, a);
	names_done(&names);
	return code;
}

static json_t *target_requests(const char *node, void *data)
{
	return act_target(data);
}

static int run_target(struct cli_line *line, const char *target, const char *state)
{
	struct act a = {.ask = {target_requests, (void *)target}, .provision_state = state};

	return act_on_args(line, 0, &a);
}

int verb_node_manage(struct cli_line *line, void *data)
{
	return run_target(line, "manage", "manageable");
}

int verb_node_inspect(struct cli_line *line, void *data)
{
	return run_target(line, "inspect", "manageable");
}

int verb_node_provide(struct cli_line *line, void *data)
{
	struct act a = {.ask = {target_requests, (void *)"provide"},
		.provision_state = "available",
		.destroys = "Clean the disks of",
		.confirm = BLAST_ON_TERMINAL};

	return act_on_args(line, 0, &a);
}

int verb_node_undeploy(struct cli_line *line, void *data)
{
	struct act a = {.ask = {target_requests, (void *)"deleted"},
		.provision_state = "available",
		.destroys = "Undeploy"};

	return act_on_args(line, 0, &a);
}

int verb_node_abort(struct cli_line *line, void *data)
{
	return run_target(line, "abort", NULL);
}

static json_t *clean_requests(const char *node, void *data)
{
	return ask_one("PUT", "/states/provision",
		json_pack("{s:s, s:O}", "target", "clean", "clean_steps", (json_t *)data));
}

int verb_node_clean(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *steps = NULL;
	const char *file = cli_value(line, "steps");
	struct act a = {.provision_state = "manageable", .destroys = "Clean"};
	json_error_t je;

	if (!file)
		return fprintf(stderr, "ingot: --steps FILE is needed: a JSON array of steps\n"),
		       CLI_USAGE;
	steps = json_load_file(file, 0, &je);
	if (!json_is_array(steps))
		return fprintf(stderr, "ingot: --steps %s: %s\n", file,
			       steps ? "expected an array" : je.text),
		       CLI_USAGE;
	a.ask = (struct ask){clean_requests, steps};
	return act_on_args(line, 0, &a);
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

static json_t *power_requests(const char *node, void *data)
{
	return ask_one("PUT", "/states/power", json_pack("{s:s}", "target", (const char *)data));
}

int verb_node_power(struct cli_line *line, void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(powers); i++) {
		struct act a = {.ask = {power_requests, (void *)powers[i].target},
			.power_state = powers[i].state};

		if (str_eq(powers[i].word, line->args[0]))
			return act_on_args(line, 1, &a);
	}
	fprintf(stderr, "ingot: '%s': expected on, off, reboot, soft-off or soft-reboot\n",
		line->args[0]);
	return CLI_USAGE;
}

struct maintenance {
	bool on;
	const char *reason;
};

static json_t *maintenance_requests(const char *node, void *data)
{
	const struct maintenance *m = data;

	return ask_one(m->on ? "PUT" : "DELETE", "/maintenance",
		m->on ? json_pack("{s:s?}", "reason", m->reason) : NULL);
}

int verb_node_maintenance(struct cli_line *line, void *data)
{
	struct maintenance m = {str_eq(line->args[0], "on"), cli_value(line, "reason")};
	struct act a = {.ask = {maintenance_requests, &m}};

	if (!m.on && !str_eq(line->args[0], "off"))
		return fprintf(stderr, "ingot: '%s': expected on or off\n", line->args[0]),
		       CLI_USAGE;
	return act_on_args(line, 1, &a);
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
	if (open_and_select(line, 0, &c, &names, &e) < 0)
		code = cmd_fail(&e);
	else
		code = watch_nodes(c, &names, &goal, &failed);
	failures_print(&failed);
	failures_next(&failed);
	failures_done(&failed);
	names_done(&names);
	return code;
}
