/* ingot node manage, provide, ... unhold; power, reboot, maintenance: what puts nodes to work. */
#include "conductor/cli/act.h"
#include "conductor/cli/value.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static const struct provision {
	const char *verb, *target;
	const char *goal;     /* see struct watch_goal */
	const char *destroys; /* see struct act */
	enum blast_ask confirm;
	const char *steps; /* the option and, with '_', the member for steps; NULL: it takes none */
	bool needs_steps;
} provisions[] = {
	{"manage", "manage", "manageable", NULL, 0, NULL, false},
	{"inspect", "inspect", "manageable", NULL, 0, NULL, false},
	{"provide", "provide", "available", "Clean the disks of", BLAST_ON_TERMINAL, NULL, false},
	{"adopt", "adopt", "active", NULL, 0, NULL, false},
	{"clean", "clean", "manageable", "Clean", BLAST_ALWAYS, "clean-steps", true},
	{"service", "service", "active", "Take out of work and service", BLAST_ON_TERMINAL,
		"service-steps", true},
	{"undeploy", "deleted", "available", "Undeploy", BLAST_ALWAYS, NULL, false},
	{"rescue", "rescue", "rescue", NULL, 0, NULL, false},
	{"unrescue", "unrescue", "active", NULL, 0, NULL, false},
	{"abort", "abort", NULL, NULL, 0, NULL, false},
	{"unhold", "unhold", "", NULL, 0, NULL, false},
};

static int read_steps(
	const struct cli_line *line, const struct provision *p, json_t *body, struct err *e)
{
	const char *option = cli_flag(line, p->steps) ? p->steps : "steps";
	const char *text = cli_value(line, option), *runbook = cli_value(line, "runbook");
	_cleanup_free_ char *member = xstrdup(p->steps);
	json_t *steps = NULL;

	if (text && runbook)
		return err_set(e, EINVAL, "--%s and --runbook exclude each other", option);
	if (p->needs_steps && !text && !runbook)
		return err_set(e, EINVAL, "--%s or --runbook is needed; see ingot node %s --help",
			p->steps, p->verb);
	if (text && value_json(option, text, &steps, e) < 0)
		return -e->code;
	if (text && !json_is_array(steps)) {
		json_decref(steps);
		return err_set(e, EINVAL, "--%s: expected a list of steps", option);
	}
	for (char *s = member; *s; s++)
		*s = *s == '-' ? '_' : *s;
	if (steps)
		json_object_set_new(body, member, steps);
	if (runbook)
		json_put_str(body, "runbook", runbook);
	if (cli_flag(line, "disable-ramdisk"))
		json_put_bool(body, "disable_ramdisk", true);
	return 0;
}

static int read_body(
	const struct cli_line *line, const struct provision *p, json_t *body, struct err *e)
{
	char *password = NULL;

	json_put_str(body, "target", p->target);
	if (p->steps)
		return read_steps(line, p, body, e);
	if (!str_eq(p->verb, "rescue"))
		return 0;
	if (value_secret("rescue-password", cli_value(line, "rescue-password"), &password, e) < 0)
		return -e->code;
	json_put_str(body, "rescue_password", password);
	mem_wipe(password, strlen(password));
	free(password);
	return 0;
}

static json_t *provision_requests(const char *node, void *body)
{
	return ask_one("PUT", "/states/provision", json_incref(body));
}

int verb_node_provision(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body = json_object();
	const struct provision *p = provisions;
	struct err e = {0};

	while (!str_eq(p->verb, line->verb->verb))
		p++;
	if (read_body(line, p, body, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	return act_on_args(line, 0,
		&(struct act){.ask = {provision_requests, body},
			.provision_state = p->goal,
			.destroys = p->destroys,
			.confirm = p->confirm});
}

static const struct power {
	const char *word, *target, *soft, *state;
	const char *destroys; /* NULL: nothing is lost */
} powers[] = {
	{"on", "power on", NULL, "power on", NULL},
	{"off", "power off", "soft power off", "power off", "Switch off"},
	{"reboot", "rebooting", "soft rebooting", "power on", "Restart"},
	{"soft-off", "soft power off", NULL, "power off", "Shut down"},
	{"soft-reboot", "soft rebooting", NULL, "power on", "Restart"},
};

static json_t *power_requests(const char *node, void *body)
{
	return ask_one("PUT", "/states/power", json_incref(body));
}

static int switch_power(struct cli_line *line, const char *word, int first)
{
	const char *timeout = cli_value(line, "power-timeout");
	bool soft = cli_flag(line, "soft"), all = cli_flag(line, "all");
	_cleanup_json_ json_t *body = json_object();
	const struct power *p = powers;
	int seconds;

	while (p < powers + ARRAY_SIZE(powers) && !str_eq(p->word, word))
		p++;
	if (p == powers + ARRAY_SIZE(powers))
		return fprintf(stderr,
			       "ingot: '%s': expected on, off, reboot, soft-off or soft-reboot\n",
			       word),
		       CLI_USAGE;
	if (soft && !p->soft)
		return fprintf(stderr, "ingot: --soft goes with off and reboot\n"), CLI_USAGE;
	if (timeout && str_to_int(timeout, 1, 1000000, &seconds) < 0)
		return fprintf(stderr, "ingot: --power-timeout %s: expected seconds\n", timeout),
		       CLI_USAGE;
	json_put_str(body, "target", soft ? p->soft : p->target);
	if (timeout)
		json_put_int(body, "timeout", seconds);
	return act_on_args(line, first,
		&(struct act){.ask = {power_requests, body},
			.power_state = p->state,
			.destroys = p->destroys,
			.confirm = all ? BLAST_ALWAYS : BLAST_ON_TERMINAL,
			.one_is_sure = true});
}

int verb_node_power(struct cli_line *line, void *data)
{
	return switch_power(line, line->args[0], 1);
}

int verb_node_reboot(struct cli_line *line, void *data)
{
	return switch_power(line, "reboot", 0);
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

/* "on" and "off", which some verbs also call otherwise. -1: neither. */
static int on_or_off(const char *word, const char *on, const char *off)
{
	if (str_eq(word, "on") || str_eq(word, on))
		return 1;
	if (str_eq(word, "off") || str_eq(word, off))
		return 0;
	fprintf(stderr, "ingot: '%s': expected on or off\n", word);
	return -1;
}

int verb_node_maintenance(struct cli_line *line, void *data)
{
	int on = on_or_off(line->args[0], "set", "unset");
	struct maintenance m = {on == 1, cli_value(line, "reason")};

	if (on < 0)
		return CLI_USAGE;
	return act_on_args(line, 1, &(struct act){.ask = {maintenance_requests, &m}});
}

static json_t *console_requests(const char *node, void *data)
{
	return ask_one("PUT", "/states/console", json_pack("{s:b}", "enabled", *(bool *)data));
}

int verb_node_console(struct cli_line *line, void *data)
{
	int on = on_or_off(line->args[0], "enable", "disable");
	bool enabled = on == 1;

	if (on < 0)
		return CLI_USAGE;
	return act_on_args(line, 1, &(struct act){.ask = {console_requests, &enabled}});
}

static json_t *secure_boot_requests(const char *node, void *data)
{
	return ask_one("PUT", "/states/secure_boot", json_pack("{s:b}", "target", *(bool *)data));
}

int verb_node_secure_boot(struct cli_line *line, void *data)
{
	int on = on_or_off(line->args[0], "on", "off");
	bool enabled = on == 1;

	if (on < 0)
		return CLI_USAGE;
	return act_on_args(line, 1, &(struct act){.ask = {secure_boot_requests, &enabled}});
}
