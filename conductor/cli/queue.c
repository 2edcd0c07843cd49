/* What waits and what is slow: the queues for slots, and the list of BMCs. */
#include "conductor/cli/fan.h"
#include "lib/base/str.h"

int verb_queue_list(struct cli_line *line, void *data)
{
	static const struct table_column slots[] = {
		{"slot", NULL}, {"in_use", "IN USE"}, {"limit", NULL}, {"waiting", NULL}};
	static const struct table_column nodes[] = {{"slot", NULL}, {"place", NULL},
		{"name", "NODE"}, {"provision_state", "STATE"}, {"priority", NULL}, {"since", NULL},
		{"uuid", NULL}};
	_cleanup_json_ json_t *answer = NULL;
	struct err e;
	int r = cmd_fetch(line, "/ingot/v1/queue", &answer, &e);

	if (r < 0)
		return cmd_fail(&e);
	if (r == 1)
		return CLI_OK;
	table_print(stdout, slots, ARRAY_SIZE(slots), json_object_get(answer, "slots"));
	if (json_array_size(json_object_get(answer, "waiting"))) {
		puts("");
		table_print(stdout, nodes, ARRAY_SIZE(nodes), json_object_get(answer, "waiting"));
	}
	return CLI_OK;
}

int verb_bmc_list(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"node_name", "NODE"}, {"address", NULL},
		{"circuit", NULL}, {"failures", NULL}, {"failing_since", "SINCE"},
		{"next_try", "NEXT TRY"}, {"gap_ms", "GAP MS"}, {"freezes", NULL},
		{"rtt_ms", "RTT MS"}, {"reason", NULL}};
	bool all = cli_flag(line, "all");
	_cleanup_json_ json_t *answer = NULL;
	json_t *rows;
	struct err e;
	int r = cmd_fetch(
		line, all ? "/ingot/v1/bmcs" : "/ingot/v1/bmcs?troubled=true", &answer, &e);

	if (r < 0)
		return cmd_fail(&e);
	if (r == 1)
		return CLI_OK;
	rows = json_object_get(answer, "bmcs");
	if (json_array_size(rows))
		return cmd_print(line, columns, ARRAY_SIZE(columns), rows);
	puts(all ? "no BMC was asked yet" : "all BMCs that were asked are well");
	return CLI_OK;
}

int verb_queue_set(struct cli_line *line, void *data)
{
	const char *text = cli_value(line, "priority");
	struct fan_call call = {.method = "PUT", .before = "/ingot/v1/queue/"};
	_cleanup_json_ json_t *body = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int priority, code;

	if (!text || str_to_int(text, -1000, 1000, &priority) < 0)
		return fprintf(stderr, "ingot: --priority NUMBER is needed, from -1000 to 1000\n"),
		       CLI_USAGE;
	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &names, &e) < 0)
		return cmd_fail(&e);
	call.body = body = json_pack("{s:i}", "priority", priority);
	json_decref(fan_call(c, &names, &call, &failed));
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : CLI_OK;
	failures_done(&failed);
	names_done(&names);
	return code;
}
