/* A node's story: why it waits, how it booted, and what happened to it before. */
#include "conductor/cli/story.h"
#include "conductor/cli/crudwords.h"
#include "conductor/cli/watch.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

/* "2026-01-31T12:00:00.123456+00:00" to "12:00:00" of today's reader. */
static const char *clock_of(const char *time)
{
	const char *t = time ? strchr(time, 'T') : NULL;

	return t && strlen(t) > 8 ? t + 1 : "-";
}

static void print_records(const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		_cleanup_free_ char *step = table_text(json_object_get(record, "step"));
		_cleanup_free_ char *ip = table_text(json_object_get(record, "ip"));
		_cleanup_free_ char *detail = table_text(json_object_get(record, "detail"));
		double gap = (double)json_int(record, "gap_ms", 0) / 1000;

		printf("  %.12s %+9.3f s  %-4s %-15s %-15s %s\n", clock_of(json_str(record, "at")),
			gap, json_flag(record, "ok", true) ? "ok" : "FAIL", step, ip, detail);
	}
}

static void print_event(const json_t *event)
{
	_cleanup_free_ char *from = table_text(json_object_get(event, "from"));
	_cleanup_free_ char *to = table_text(json_object_get(event, "to"));
	_cleanup_free_ char *text = table_text(json_object_get(event, "event"));
	bool bad = str_eq(json_str(event, "severity"), "ERROR");

	printf("  %.12s  %s", clock_of(json_str(event, "at")), bad ? "ERROR  " : "");
	if (json_str(event, "to"))
		printf("%s -> %s (after %.1f s)  ", from, to,
			(double)json_int(event, "duration_ms", 0) / 1000);
	else if (json_str(event, "type"))
		printf("[%s]  ", json_str(event, "type"));
	printf("%s%s%s\n", text, json_str(event, "user") ? ", by " : "",
		json_str(event, "user") ? json_str(event, "user") : "");
}

static void print_events(const json_t *events)
{
	for (size_t i = json_array_size(events); i-- > 0;) {
		print_event(json_array_get(events, i));
	}
}

/* "1 min 48 s" */
static void put_age(struct buf *b, int64_t s)
{
	if (s < 60)
		buf_printf(b, "%d s", (int)s);
	else if (s < 3600)
		buf_printf(b, "%d min %d s", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		buf_printf(b, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
	else
		buf_printf(b, "%d d %d h", (int)(s / 86400), (int)(s / 3600 % 24));
}

char *story_when(const char *at, const char *now)
{
	struct buf b = BUF_INIT(128);
	int64_t at_us, now_us, s;

	if (!at || time_parse(at, &at_us) < 0)
		return xstrdup(at ? at : "-");
	buf_printf(&b, "%.10s %.8s UTC", at, clock_of(at));
	if (!now || time_parse(now, &now_us) < 0)
		return buf_take(&b);
	s = (at_us - now_us) / 1000000;
	buf_puts(&b, at_us > now_us ? ", in " : ", ");
	put_age(&b, s < 0 ? -s : s);
	buf_puts(&b, at_us > now_us ? "" : " ago");
	return buf_take(&b);
}

static bool is_time(const char *key)
{
	return str_ends(key, "_since") || str_ends(key, "_until") || str_ends(key, "_seen") ||
	       str_ends(key, "_at") || str_eq(key, "next_try");
}

/* why: whose "now" times are seen from; NULL: none. */
static void print_fact(const json_t *o, const char *key, const char *label, const json_t *why)
{
	const json_t *value = json_object_get(o, key);
	_cleanup_free_ char *text = NULL;

	if (!value || json_is_null(value))
		return;
	text = is_time(key) ? story_when(json_string_value(value), json_str(why, "now"))
			    : table_text(value);
	printf("%-16s %s\n", label, text);
}

/* Of work that goes on; of work that ended how many bytes it had come. */
static void print_progress(const json_t *why)
{
	const json_t *p = json_object_get(why, "progress");
	struct buf b = BUF_INIT(4096);
	char *text;

	if (!json_is_object(p) || (!json_str(why, "waits_for") && !json_int(p, "bytes_total", 0)))
		return;
	watch_progress(&b, p);
	buf_puts(&b, ", said ");
	put_age(&b, json_int(p, "age_ms", 0) / 1000);
	buf_puts(&b, " ago");
	text = buf_take(&b);
	text_clean(text);
	printf("%-16s %s\n", "progress", text);
	free(text);
}

static void print_console(const json_t *console)
{
	const json_t *lines = json_object_get(console, "lines");
	const char *problem = json_str(console, "problem");
	json_t *line;
	size_t i;

	if (!json_array_size(lines) && !problem)
		return;
	puts("console:");
	json_array_foreach (lines, i, line)
		printf("  | %s\n", json_string_value(line));
	if (problem)
		printf("  not connected: %s\n", problem);
	else if (json_str(console, "output_at"))
		printf("  last output at %.12s\n", clock_of(json_str(console, "output_at")));
}

/* The last answer, and what is out of the ordinary. */
static void print_bmc(const json_t *bmc, const json_t *why)
{

	if (json_str(bmc, "last_request"))
		printf("%-16s %s: %s after %lld ms, at %.8s\n", "BMC's last",
			json_str(bmc, "last_request"),
			json_str(bmc, "last_answer") ? json_str(bmc, "last_answer")
			: json_str(bmc, "reason")    ? "failed"
						     : "no answer",
			(long long)json_int(bmc, "last_took_ms", 0),
			clock_of(json_str(bmc, "last_at")));
	if (json_int(bmc, "failures", 0)) {
		print_fact(bmc, "circuit", "BMC's circuit", NULL);
		print_fact(bmc, "failures", "failed in a row", NULL);
		print_fact(bmc, "failing_since", "failing since", why);
		print_fact(bmc, "next_try", "asked again", why);
		print_fact(bmc, "reason", "BMC's failure", NULL);
	}
	print_fact(bmc, "refused", "BMC says now", NULL);
	if (json_int(bmc, "freezes", 0))
		printf("%-16s %lld times when asked too fast; %lld ms are kept between requests\n",
			"BMC froze", (long long)json_int(bmc, "freezes", 0),
			(long long)json_int(bmc, "gap_ms", 0));
}

static void print_why(const json_t *why)
{
	static const char *const facts[][2] = {{"name", "node"}, {"uuid", "uuid"},
		{"provision_state", "state"}, {"target_provision_state", "on its way to"},
		{"power_state", "power"}, {"waits_for", "waits for"}, {"waits_since", "since"},
		{"waits_until", "until"}, {"then", "and then"}, {"boot_path", "boot path"},
		{"power_change", "power change"}, {"requests_waiting", "requests behind it"},
		{"maintenance_reason", "maintenance"}, {"fault", "fault"},
		{"agent_seen", "agent seen"}, {"agents_refused", "agents refused"},
		{"agent_refused", "the last one"}, {"agent_refused_at", "refused"},
		{"power_failures", "power failures"}, {"power_error", "power error"},
		{"health", "health"}, {"health_reason", "because"}, {"last_error", "last error"},
		{"agent_logs", "agent's logs"}, {"next", "do next"}};

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		if (str_eq(facts[i][0], "then"))
			print_progress(why);
		print_fact(why, facts[i][0], facts[i][1], why);
	}
	print_bmc(json_object_get(why, "bmc"), why);
	if (json_array_size(json_object_get(why, "events"))) {
		puts("history:");
		print_events(json_object_get(why, "events"));
	}
	if (json_array_size(json_object_get(why, "boot"))) {
		puts("boot path:");
		print_records(json_object_get(why, "boot"));
	}
	print_console(json_object_get(why, "console"));
}

/* Of many nodes what matters, a line each. */
static int print_whys(const struct cli_line *line, struct conn *c, struct names *nodes)
{
	static const struct table_column columns[] = {{"name", "NODE"},
		{"provision_state", "STATE"}, {"waits_for", "WAITS FOR"}, {"waits_until", "UNTIL"},
		{"last_error", NULL}, {"next", "DO NEXT"}};
	struct fan_call call = {.method = "GET", .before = "/ingot/v1/why/"};
	struct failures failed = {0};
	_cleanup_json_ json_t *all = fan_call(c, nodes, &call, &failed);
	int code;

	fan_drop_failed(nodes, all);
	code = cmd_print(line, columns, ARRAY_SIZE(columns), all);
	failures_print(&failed);
	code = failed.n ? CLI_FAILED : code;
	failures_done(&failed);
	return code;
}

int verb_why(struct cli_line *line, void *data)
{
	_cleanup_conn_ struct conn *c = NULL;
	_cleanup_json_ json_t *why = NULL;
	_cleanup_free_ char *path = NULL;
	struct names nodes = {0};
	struct err e = {0};
	int code = CLI_OK;

	if (conn_open(line, &c, &e) < 0 || cmd_select(c, line, 0, &nodes, &e) < 0) {
		code = cmd_fail_usage(&e);
	} else if (words_many(line, line->n_args)) {
		code = print_whys(line, c, &nodes);
	} else {
		path = conn_path("/ingot/v1/why/", nodes.list[0], "");
		if (conn_call(c, "GET", path, NULL, &why, &e) < 0)
			code = cmd_fail(&e);
		else if (print_as_json(line))
			cmd_print_json(why);
		else
			print_why(why);
	}
	names_done(&nodes);
	return code;
}

int verb_boot_explain(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/boot/", line->args[0], "");
	_cleanup_json_ json_t *boot = NULL;
	struct err e;
	int r = cmd_fetch(line, path, &boot, &e);

	if (r < 0)
		return cmd_fail(&e);
	if (r == 1)
		return CLI_OK;
	print_fact(boot, "address", "address", NULL);
	print_fact(boot, "node_name", "node", NULL);
	print_fact(boot, "node_uuid", "uuid", NULL);
	print_fact(boot, "provision_state", "state", NULL);
	if (json_flag(boot, "waiting", false))
		puts("on the waiting list; ingot waiting accept makes it a node");
	print_records(json_object_get(boot, "records"));
	if (!json_array_size(json_object_get(boot, "records")))
		puts("nothing was heard from it since the conductor started");
	print_fact(boot, "last", "stopped at", NULL);
	print_fact(boot, "means", "that means", NULL);
	print_fact(boot, "boot_path", "the node", NULL);
	return CLI_OK;
}

static bool is_working(const char *state)
{
	return state && str_ends(state, "ing");
}

static bool is_wait(const char *state)
{
	return state && (str_ends(state, " wait") || str_eq(state, "wait call-back"));
}

static bool is_failed(const char *state)
{
	return state && (str_ends(state, " failed") || str_eq(state, "error"));
}

/* The phases in the making: one open at most. */
struct phases {
	json_t *list, *open;
	char job[24];
};

static void close_phase(struct phases *p, const char *at, bool ok)
{
	int64_t from, to;

	if (!p->open)
		return;
	json_put_str(p->open, "end", at);
	json_put_bool(p->open, "ok", ok);
	if (time_parse(json_str(p->open, "start"), &from) == 0 && time_parse(at, &to) == 0)
		json_put_int(p->open, "duration_ms", (to - from) / 1000);
	p->open = NULL;
}

/* One that follows a phase of its own name goes on with it. */
static void open_phase(struct phases *p, const char *name, const char *at)
{
	json_t *last = json_array_get(p->list, json_array_size(p->list) - 1);

	close_phase(p, at, true);
	if (last && str_eq(json_str(last, "phase"), name) &&
		str_eq(json_str(last, "job"), p->job) && str_eq(json_str(last, "end"), at)) {
		p->open = last;
		return;
	}
	p->open = json_object();
	json_put_str(p->open, "job", p->job);
	json_put_str(p->open, "phase", name);
	json_put_str(p->open, "start", at);
	json_array_append_new(p->list, p->open);
}

static const char *wait_phase(const char *cause)
{
	if (str_starts(cause, "waits for a "))
		return "queue";
	return strstr(cause, "the agent to report") ? "boot" : "work";
}

/* What comes after a wait: more work, or what is left when the work is done. */
static const char *next_phase(const struct phases *p)
{
	const char *before = p->open ? json_str(p->open, "phase") : NULL;

	if (str_eq(before, "queue"))
		return "prepare";
	return str_eq(before, "boot") ? "work" : "finish";
}

static void take_event(struct phases *p, const json_t *ev)
{
	const char *from = json_str(ev, "from"), *to = json_str(ev, "to"), *at = json_str(ev, "at");
	const char *text = json_str(ev, "event");

	if (str_eq(json_str(ev, "type"), "deployment") && p->open &&
		str_eq(json_str(p->open, "phase"), "system"))
		close_phase(p, at, true);
	if (!to || !at)
		return;
	if (is_wait(to)) {
		open_phase(p, wait_phase(text ? text : ""), at);
	} else if (is_working(to) && is_wait(from)) {
		/* a boot that begins again prepares again */
		open_phase(
			p, text && str_starts(text, "no progress") ? "prepare" : next_phase(p), at);
	} else if (is_working(to)) {
		close_phase(p, at, !is_failed(to));
		str_copy(p->job, sizeof(p->job), to);
		open_phase(p, "prepare", at);
	} else {
		close_phase(p, at, !is_failed(to));
		if (str_eq(to, "active") && str_eq(from, "deploying"))
			open_phase(p, "system", at);
	}
}

json_t *story_phases(const json_t *events)
{
	struct phases p = {.list = json_array()};
	json_t *ev;
	size_t i;

	json_array_foreach ((json_t *)events, i, ev)
		take_event(&p, ev);
	return p.list;
}

static void print_phases(const json_t *phases)
{
	json_t *phase;
	size_t i;

	puts("phases:");
	json_array_foreach ((json_t *)phases, i, phase) {
		const char *end = json_str(phase, "end");

		printf("  %-12s %-8s %.8s - %.8s", json_str(phase, "job"), json_str(phase, "phase"),
			clock_of(json_str(phase, "start")), end ? clock_of(end) : "now     ");
		if (end)
			printf(" %9.1f s%s", (double)json_int(phase, "duration_ms", 0) / 1000,
				json_flag(phase, "ok", true) ? "" : "  FAILED");
		putchar('\n');
	}
}

/* With the phases, also as JSON. */
int verb_node_history(struct cli_line *line, void *data)
{
	_cleanup_free_ char *path = conn_path("/ingot/v1/nodes/", line->args[0], "/history");
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_conn_ struct conn *c = NULL;
	const char *day = "";
	struct err e;
	json_t *events, *ev;
	size_t i;

	if (conn_open(line, &c, &e) < 0 || conn_call(c, "GET", path, NULL, &answer, &e) < 0)
		return cmd_fail(&e);
	events = json_object_get(answer, "events");
	json_object_set_new(answer, "phases", story_phases(events));
	if (print_as_json(line)) {
		cmd_print_json(answer);
		return CLI_OK;
	}
	json_array_foreach (events, i, ev) {
		const char *at = json_str(ev, "at");

		if (at && strncmp(day, at, 10) != 0)
			printf("%.10s\n", at);
		day = at ? at : day;
		print_event(ev);
	}
	print_phases(json_object_get(answer, "phases"));
	return CLI_OK;
}
