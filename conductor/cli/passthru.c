/* ingot node passthru call and driver passthru call: methods of a driver's own. */
#include "conductor/cli/collate.h"
#include "conductor/cli/fan.h"
#include "conductor/cli/passthru.h"
#include "conductor/cli/value.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static int check_method(const struct cli_line *line, const char **ret, struct err *e)
{
	static const char *const known[] = {"POST", "PUT", "GET", "DELETE", "PATCH"};
	const char *method = cli_value(line, "http-method");

	*ret = method ? method : "POST";
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_ieq(known[i], *ret)) {
			*ret = known[i];
			return 0;
		}
	return err_set(
		e, EINVAL, "--http-method %.16s: expected POST, PUT, GET, DELETE or PATCH", method);
}

static void print_answers(
	const struct cli_line *line, const struct names *names, const json_t *answers)
{
	_cleanup_json_ json_t *all = json_array();
	struct collate c = {0};

	for (size_t i = 0; i < names->n; i++) {
		json_t *answer = json_array_get(answers, i);
		char *text = json_dumps(answer, JSON_INDENT(2) | JSON_ENCODE_ANY);
		_cleanup_free_ char *shown =
			json_is_null(answer) ? xstrdup("") : xasprintf("%s\n", text);

		collate_add(&c, names->list[i], shown);
		json_array_append_new(
			all, json_pack("{s:s, s:O}", "node", names->list[i], "answer", answer));
		free(text);
	}
	if (print_as_json(line))
		cmd_print_json(names->n == 1 ? json_array_get(answers, 0) : all);
	else
		collate_print(&c, stdout);
	collate_done(&c);
}

int verb_passthru_call(struct cli_line *line, void *data)
{
	bool node = str_eq(line->verb->noun, "node");
	_cleanup_free_ char *after = conn_path("/vendor_passthru/", line->args[1], "");
	_cleanup_json_ json_t *args = json_object(), *answers = NULL;
	struct fan_call call = {.before = node ? "/v1/nodes/" : "/v1/drivers/", .after = after};
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e = {0};
	int code, r;

	if (check_method(line, &call.method, &e) < 0 ||
		value_pairs(line, "arg", true, args, &e) < 0 || conn_open(line, &c, &e) < 0)
		return cmd_fail_usage(&e);
	r = node ? select_nodes(c, line->args, 1, false, &names, &e)
		 : (names_append(&names, line->args[0]), 0);
	if (r < 0)
		return cmd_fail(&e);
	if (*call.method == 'P')
		call.body = args;
	answers = fan_call(c, &names, &call, &failed);
	print_answers(line, &names, answers);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	names_done(&names);
	return code;
}
