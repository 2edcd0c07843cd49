/*
 * ingotd: reads its arguments and the configuration, has the parts made (conductor/wire/), and runs
 * the engine's loop until it is told to stop.
 */
#include "conductor/model/rule/rule.h"
#include "conductor/wire/wire.h"
#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/yaml/yaml.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#define RULES_FILE_MAX (1 << 20)

static void on_signal(uv_signal_t *s, int signum)
{
	log_info("%s: stopping", signum == SIGTERM ? "SIGTERM" : "SIGINT");
	uv_stop(s->loop);
}

static void on_hangup(uv_signal_t *s, int signum)
{
	struct conductor *c = s->data;
	struct err e;

	if (!c->api || str_empty(c->config.tls_cert))
		log_info("SIGHUP: nothing to read again");
	else if (api_reload(c->api, &e) < 0)
		log_error("SIGHUP: %s; the certificate stays as it was", e.text);
	else
		log_info("SIGHUP: certificate and key were read again");
}

static int run(struct conductor *c, struct err *e)
{
	uv_signal_t term, intr, hup;
	int r;

	uv_loop_init(&c->loop);
	uv_signal_init(&c->loop, &term);
	uv_signal_init(&c->loop, &intr);
	uv_signal_init(&c->loop, &hup);
	hup.data = c;
	uv_signal_start(&hup, on_hangup, SIGHUP);
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&intr, on_signal, SIGINT);
	r = start_parts(c, e);
	if (r == 0) {
		log_info("ingotd " INGOT_VERSION " serves %s as %s", c->config.listen, c->hostname);
		uv_run(&c->loop, UV_RUN_DEFAULT);
	}
	stop_parts(c);
	uv_close((uv_handle_t *)&term, NULL);
	uv_close((uv_handle_t *)&intr, NULL);
	uv_close((uv_handle_t *)&hup, NULL);
	uv_run(&c->loop, UV_RUN_NOWAIT);
	uv_loop_close(&c->loop);
	json_decref(c->rules);
	config_done(&c->config);
	return r;
}

static const char usage[] =
	"usage: ingotd [--config FILE] [--check]\n"
	"\n"
	"Runs the Ingot conductor in the foreground until SIGTERM or SIGINT.\n"
	"\n"
	"  -c, --config FILE  configuration; without it every key has its default\n"
	"      --check        only check the configuration; exit status 0 when it is good\n"
	"      --version      show the version\n"
	"  -h, --help         show this\n"
	"\n"
	"examples:\n"
	"  ingotd --config /etc/ingot/ingot.conf\n"
	"  ingotd --config ingot.conf --check && systemctl restart ingotd\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, 'C'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void set_log_level(const char *name)
{
	static const char *const names[] = {[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name))
			log_set_level((enum log_level)i);
}

static int check_drivers(const char *path, const struct config *f, struct err *e)
{
	const struct driver_policy policy = {.enabled = f->drivers,
		.enabled_interfaces = f->enabled_interfaces,
		.default_interfaces = f->default_interfaces};
	int r = driver_policy_check(&policy, e);

	return r < 0 ? err_prefix(e, "%s", path) : 0;
}

/* The inspection rules of a file, YAML or JSON; an empty array when there is none. */
static int load_rules(const char *path, json_t **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	json_t *rule;
	size_t len, i;
	int r = 0;

	if (str_empty(path)) {
		*ret = json_array();
		return 0;
	}
	r = fs_read(path, RULES_FILE_MAX, &text, &len, e);
	if (r == 0)
		r = yaml_to_json(text, len, ret, e);
	if (r == 0 && !json_is_array(*ret))
		r = err_set(e, EINVAL, "expected a list of rules");
	json_array_foreach (*ret, i, rule) {
		if (r == 0 && rule_check(rule, true, e) < 0)
			r = err_prefix(e, "rule %zu", i + 1);
	}
	return r < 0 ? err_prefix(e, "[inspection_rules] built_in_rules %s", path) : 0;
}

int main(int argc, char **argv)
{
	struct conductor c = {0};
	const char *path = "";
	bool check = false;
	struct err e;
	int opt;

	if (boot_child_wanted(argc, argv))
		return boot_child_main(argc, argv);
	while ((opt = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'C':
			check = true;
			break;
		case 'V':
			puts("ingotd " INGOT_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ingotd: %s: unexpected argument\n%s", argv[optind], usage);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (config_load(path, &c.config, &e) < 0 || check_drivers(path, &c.config, &e) < 0) {
		log_error("%s", e.text);
		return 2;
	}
	set_log_level(c.config.log_level);
	if (c.config.discovery && str_empty(c.config.discovery_driver)) {
		log_error("[auto_discovery] driver: is needed with enabled = true");
		return 2;
	}
	if (load_rules(c.config.built_in_rules, &c.rules, &e) < 0) {
		log_error("%s", e.text);
		return 2;
	}
	if (check) {
		printf("%s: good\n", *path ? path : "defaults");
		json_decref(c.rules);
		config_done(&c.config);
		return 0;
	}
	if (str_eq(c.config.auth, "none"))
		log_warning("[api] auth = none: whoever reaches %s may erase machines",
			c.config.listen);
	if (run(&c, &e) < 0) {
		log_error("%s", e.text);
		return 1;
	}
	return 0;
}
