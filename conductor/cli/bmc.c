/* ingot bmc info, sensors, fru, sel, lan: what nodes' BMCs know. bmcact.c: what they are told. */
#include "conductor/cli/bmc.h"
#include "conductor/cli/fan.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/cli/prompt.h"

#include <errno.h>
#include <string.h>

#define PATIENCE_MS 180000 /* a BMC may have hundreds of sensors, and take 100 ms for each */

int bmc_each(struct cli_line *line, int first, struct names *names, struct conn **c, struct err *e)
{
	int r = conn_open(line, c, e);

	if (r < 0)
		return r;
	conn_patience(*c, PATIENCE_MS);
	return cmd_select(*c, line, first, names, e);
}

/* What each node's BMC answers, as [{"node": name, ...}]; failures are printed. */
static int fetch(struct cli_line *line, const char *what, json_t **ret)
{
	_cleanup_free_ char *after = xasprintf("/bmc/%s", what);
	struct fan_call call = {.method = "GET", .before = "/ingot/v1/nodes/", .after = after};
	_cleanup_json_ json_t *answers = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	struct failures failed = {0};
	struct names names = {0};
	struct err e;
	int code = CLI_OK;

	*ret = json_array();
	if (bmc_each(line, 0, &names, &c, &e) < 0) {
		names_done(&names);
		return cmd_fail(&e);
	}
	answers = fan_call(c, &names, &call, &failed);
	fan_drop_failed(&names, answers);
	for (size_t i = 0; i < names.n; i++) {
		json_t *row = json_pack("{s:s}", "node", names.list[i]);

		json_object_update(row, json_array_get(answers, i));
		json_array_append_new(*ret, row);
	}
	failures_print(&failed);
	if (failed.n)
		code = CLI_FAILED;
	failures_done(&failed);
	names_done(&names);
	return code;
}

/* Rows of a list in each answer as one table, with the node where there is more than one. */
static void print_rows(const json_t *answers, const char *list, json_t *(*row)(const json_t *item),
	const struct table_column *columns, size_t n, const char *none)
{
	_cleanup_json_ json_t *rows = json_array();
	bool one = json_array_size(answers) == 1;
	json_t *answer, *item, *r;
	size_t i, k;

	json_array_foreach (answers, i, answer)
		json_array_foreach (json_object_get(answer, list), k, item) {
			r = row(item);
			if (!r)
				continue;
			json_object_set(r, "node", json_object_get(answer, "node"));
			json_array_append_new(rows, r);
		}
	if (json_array_size(rows))
		table_print(stdout, columns + one, n - one, rows); /* the first is the node */
	else if (json_array_size(answers))
		puts(none);
}

static bool problem(const json_t *item)
{
	const char *state = json_str(item, "state");

	return str_eq(state, "warning") || str_eq(state, "critical") || str_eq(state, "unreadable");
}

static void drop_well(json_t *answers, const char *list)
{
	json_t *answer, *items;
	size_t i;

	json_array_foreach (answers, i, answer) {
		items = json_object_get(answer, list);
		for (size_t k = json_array_size(items); k-- > 0;)
			if (!problem(json_array_get(items, k)))
				json_array_remove(items, k);
	}
}

static void append_number(struct buf *b, const json_t *v)
{
	if (json_is_number(v))
		buf_printf(b, "%.6g", json_number_value(v));
	else
		buf_puts(b, "-");
}

/* "5 / 0" of the lower or the upper thresholds, the first to be passed first; "-" for none. */
static char *threshold_text(const json_t *thresholds, const char *side)
{
	static const char *const levels[] = {"non_critical", "critical", "non_recoverable"};
	struct buf b = BUF_INIT(128);
	int last = -1;

	for (int i = 0; i < 3; i++) {
		_cleanup_free_ char *key = xasprintf("%s_%s", side, levels[i]);

		if (json_object_get(thresholds, key))
			last = i;
	}
	for (int i = 0; i <= last; i++) {
		_cleanup_free_ char *key = xasprintf("%s_%s", side, levels[i]);

		buf_puts(&b, i ? " / " : "");
		append_number(&b, json_object_get(thresholds, key));
	}
	return b.len ? buf_take(&b) : xstrdup("-");
}

/* The value with its unit, or the states in words. */
static char *reading_text(const json_t *s)
{
	const json_t *value = json_object_get(s, "value"), *word;
	struct buf b = BUF_INIT(1024);
	size_t i;

	if (json_is_number(value)) {
		append_number(&b, value);
		buf_printf(&b, " %s", json_str(s, "unit") ? json_str(s, "unit") : "");
		return buf_take(&b);
	}
	json_array_foreach (json_object_get(s, "states"), i, word)
		buf_printf(&b, "%s%s", i ? ", " : "", json_string_value(word));
	return b.len ? buf_take(&b) : xstrdup("-");
}

static json_t *sensor_row(const json_t *s)
{
	const json_t *thresholds = json_object_get(s, "thresholds");
	_cleanup_free_ char *lower = threshold_text(thresholds, "lower");
	_cleanup_free_ char *upper = threshold_text(thresholds, "upper");
	_cleanup_free_ char *reading = reading_text(s);

	return json_pack("{s:O, s:s, s:O, s:O, s:s, s:s}", "name", json_object_get(s, "name"),
		"reading", reading, "state", json_object_get(s, "state"), "type",
		json_object_get(s, "type"), "lower", lower, "upper", upper);
}

int verb_bmc_sensors(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"node", NULL}, {"name", NULL},
		{"reading", NULL}, {"state", NULL}, {"type", NULL}, {"lower", "LOWER LIMITS"},
		{"upper", "UPPER LIMITS"}};
	_cleanup_json_ json_t *answers = NULL;
	int code = fetch(line, "sensors", &answers);
	json_t *answer;
	size_t i;

	if (cli_flag(line, "problems"))
		drop_well(answers, "sensors");
	if (print_as_json(line)) {
		cmd_print_json(answers);
		return code;
	}
	print_rows(answers, "sensors", sensor_row, columns, ARRAY_SIZE(columns),
		cli_flag(line, "problems") ? "all sensors are well" : "there are no sensors");
	json_array_foreach (answers, i, answer)
		if (json_str(answer, "missing"))
			fprintf(stderr, "ingot: %s: not all sensors were read: %s\n",
				json_str(answer, "node"), json_str(answer, "missing"));
	return code;
}

static json_t *entry_row(const json_t *entry)
{
	const char *at = json_str(entry, "at"), *name = json_str(entry, "sensor");
	const char *type = json_str(entry, "sensor_type");
	json_t *row = json_object(), *since = json_object_get(entry, "since_start_s");
	_cleanup_free_ char *sensor = NULL, *when = NULL;

	if (name)
		sensor = xstrdup(name);
	else
		sensor = xasprintf("%s #%lld", type ? type : "",
			(long long)json_int(entry, "sensor_number", 0));
	if (at)
		when = xasprintf("%.10s %.8s", at, strlen(at) > 11 ? at + 11 : "");
	else if (json_is_integer(since))
		when = xasprintf("start + %lld s", (long long)json_integer_value(since));
	json_object_set(row, "id", json_object_get(entry, "id"));
	json_put_str(row, "when", when);
	json_put_str(row, "sensor", sensor);
	json_object_set(row, "state", json_object_get(entry, "state"));
	json_object_set(row, "event", json_object_get(entry, "event"));
	return row;
}

static void print_log_notes(const json_t *answer)
{
	const char *node = json_str(answer, "node");
	const json_t *ahead = json_object_get(answer, "clock_ahead_s");
	int64_t s = json_integer_value(ahead);

	if (json_flag(answer, "older", false))
		fprintf(stderr, "ingot: %s: there are older entries\n", node);
	if (json_flag(json_object_get(answer, "info"), "overflow", false))
		fprintf(stderr, "ingot: %s: the log is full, new events are lost; see --clear\n",
			node);
	if (!json_is_integer(ahead))
		fprintf(stderr, "ingot: %s: the BMC does not know the time of day\n", node);
	else if (s > 60 || s < -60)
		fprintf(stderr, "ingot: %s: the BMC's clock is %lld s %s\n", node,
			(long long)(s < 0 ? -s : s), s < 0 ? "behind" : "ahead");
}

int verb_bmc_sel(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"node", NULL}, {"id", NULL},
		{"when", "WHEN (UTC)"}, {"sensor", NULL}, {"state", NULL}, {"event", NULL}};
	const char *last = cli_value(line, "last");
	_cleanup_free_ char *what = last ? conn_path("sel?last=", last, "") : xstrdup("sel");
	_cleanup_json_ json_t *answers = NULL;
	json_t *answer;
	size_t i;
	int code;

	if (cli_flag(line, "clear"))
		return bmc_clear(line);
	code = fetch(line, what, &answers);
	if (cli_flag(line, "problems"))
		drop_well(answers, "entries");
	if (print_as_json(line)) {
		cmd_print_json(answers);
		return code;
	}
	print_rows(answers, "entries", entry_row, columns, ARRAY_SIZE(columns),
		cli_flag(line, "problems") ? "no entry tells of a problem" : "the log is empty");
	json_array_foreach (answers, i, answer)
		print_log_notes(answer);
	return code;
}

/* "  board serial_number   ABC" and so on. */
static void print_area(const json_t *fru, const char *area)
{
	const json_t *fields = json_object_get(fru, area);
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)fields, key, value) {
		_cleanup_free_ char *text = NULL, *name = xstrdup(key);

		if (json_is_null(value) || json_is_false(value) ||
			(json_is_array(value) && !json_array_size(value)))
			continue;
		for (char *p = name; *p; p++)
			*p = *p == '_' ? ' ' : *p;
		text = table_text(value);
		printf("  %-8s %-18s %s\n", area, name, text);
	}
}

static void print_frus(const json_t *answer, bool named)
{
	json_t *fru;
	size_t i;

	json_array_foreach (json_object_get(answer, "frus"), i, fru) {
		_cleanup_free_ char *name = table_text(json_object_get(fru, "name"));
		const char *why = json_str(fru, "why_not");

		if (named)
			printf("%s: ", json_str(answer, "node"));
		printf("FRU %lld, %s%s%s\n", (long long)json_int(fru, "id", 0), name,
			why ? ": not read: " : "", why ? why : "");
		print_area(fru, "chassis");
		print_area(fru, "board");
		print_area(fru, "product");
	}
}

int verb_bmc_fru(struct cli_line *line, void *data)
{
	_cleanup_json_ json_t *answers = NULL;
	int code = fetch(line, "fru", &answers);
	json_t *answer;
	size_t i;

	if (print_as_json(line))
		cmd_print_json(answers);
	else
		json_array_foreach (answers, i, answer)
			print_frus(answer, json_array_size(answers) > 1);
	return code;
}

/* One node: all there is; more: a table of what matters. */
static int print_facts(
	struct cli_line *line, const char *what, const struct table_column *columns, size_t n)
{
	_cleanup_json_ json_t *answers = NULL;
	int code = fetch(line, what, &answers);

	if (print_as_json(line))
		cmd_print_json(answers);
	else if (json_array_size(answers) == 1)
		table_print_object(stdout, json_array_get(answers, 0));
	else if (json_array_size(answers))
		cmd_print(line, columns, n, answers);
	return code;
}

int verb_bmc_info(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"node", NULL}, {"address", NULL},
		{"manufacturer", NULL}, {"manufacturer_id", "MAKER"}, {"product_id", "PRODUCT"},
		{"firmware", NULL}, {"ipmi_version", "IPMI"}, {"cipher_suite", "SUITE"},
		{"self_test", NULL}};

	return print_facts(line, "info", columns, ARRAY_SIZE(columns));
}

int verb_bmc_lan(struct cli_line *line, void *data)
{
	static const struct table_column columns[] = {{"node", NULL}, {"ip_address", NULL},
		{"ip_source", "SOURCE"}, {"mac_address", NULL}, {"subnet_mask", NULL},
		{"gateway", NULL}, {"vlan", NULL}, {"ipv6", NULL}};

	return print_facts(line, "lan", columns, ARRAY_SIZE(columns));
}
