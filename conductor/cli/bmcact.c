/* ingot bmc identify, reset, raw, and sel --clear: what nodes' BMCs are told to do. */
#include "conductor/cli/bmc.h"
#include "conductor/cli/fan.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"

#include <errno.h>
#include <string.h>

/* The same request for each node; asks first when there is a question. body may be NULL. */
static int tell(struct cli_line *line, const char *method, const char *what, const json_t *body,
	const char *question)
{
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_free_ char *nodes = NULL, *text = NULL, *after = xasprintf("/bmc/%s", what);
	struct fan_call call = {
		.method = method, .before = "/ingot/v1/nodes/", .after = after, .body = body};
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int code = CLI_OK;

	if (bmc_each(line, 0, &names, &c, &e) < 0) {
		names_done(&names);
		return cmd_fail(&e);
	}
	if (question && !cli_flag(line, "yes")) {
		nodes = range_fold(&names);
		text = xasprintf("%s of %s (%zu node%s)?", question, nodes, names.n,
			names.n == 1 ? "" : "s");
		if (!prompt_possible())
			fprintf(stderr, "ingot: %s say --yes when there is no terminal\n", text);
		code = !prompt_possible() ? CLI_USAGE : prompt_yes(text) ? CLI_OK : CLI_FAILED;
	}
	if (code == CLI_OK)
		json_decref(fan_call(c, &names, &call, &failed));
	failures_print(&failed);
	if (failed.n)
		code = CLI_FAILED;
	failures_done(&failed);
	names_done(&names);
	return code;
}

int bmc_clear(struct cli_line *line)
{
	return tell(line, "DELETE", "sel", NULL, "Erase the event log");
}

int verb_bmc_identify(struct cli_line *line, void *data)
{
	const char *seconds = cli_value(line, "seconds");
	bool off = cli_flag(line, "off"), on = cli_flag(line, "on");
	_cleanup_json_ json_t *body = json_object();
	int s = 15;

	if (seconds && str_to_int(seconds, 1, 255, &s) < 0)
		return fprintf(stderr, "ingot: --seconds %s: expected 1 to 255\n", seconds),
		       CLI_USAGE;
	if ((on && off) || (seconds && (on || off)))
		return fprintf(stderr, "ingot: --on, --off and --seconds exclude each other\n"),
		       CLI_USAGE;
	json_put_int(body, "seconds", off ? 0 : s);
	json_put_bool(body, "force", on);
	return tell(line, "POST", "identify", body, NULL);
}

int verb_bmc_reset(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *body = json_pack("{s:b}", "warm", cli_flag(line, "warm"));

	return tell(line, "POST", "reset", body, "Restart the BMC");
}

/* Every argument behind the node is a byte, as with ipmitool raw. */
static int raw_body(const struct cli_line *line, json_t **ret, struct err *e)
{
	struct buf hex = BUF_INIT(1024);
	unsigned bytes[2] = {0};

	for (int i = 1; i < line->n_args; i++) {
		char *end;
		unsigned long v = strtoul(line->args[i], &end, 0);

		if (!*line->args[i] || *end || v > 0xff || *line->args[i] == '-') {
			buf_done(&hex);
			return err_set(
				e, EINVAL, "%s: expected a byte, as in 0x2a or 42", line->args[i]);
		}
		if (i <= 2)
			bytes[i - 1] = (unsigned)v;
		else
			buf_printf(&hex, "%02lx", v);
	}
	*ret = json_pack(
		"{s:i, s:i, s:s}", "netfn", bytes[0], "command", bytes[1], "data", buf_str(&hex));
	buf_done(&hex);
	return 0;
}

int verb_bmc_raw(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", line->args[0], "/bmc/raw");
	_cleanup_json_ json_t *body = NULL, *answer = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	const char *hex;
	struct err e;

	if (raw_body(line, &body, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (conn_open(line, &c, &e) < 0 || conn_call(c, "POST", path, body, &answer, &e) < 0)
		return cmd_fail(&e);
	if (print_as_json(line)) {
		cmd_print_json(answer);
		return CLI_OK;
	}
	hex = json_str(answer, "data");
	for (size_t i = 0; hex && hex[i] && hex[i + 1]; i += 2)
		printf("%s%.2s", i ? " " : "", hex + i);
	putchar('\n');
	return CLI_OK;
}
