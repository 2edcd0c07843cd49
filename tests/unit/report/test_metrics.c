/*
 * /metrics: a judge written from the format's specification reads what we write, and is itself
 * shown to refuse what is wrong. Deploy times come from the news alone.
 */
#include <math.h>
#include <uv.h>

#include "tests/unit/report/rig.h"

/* 0 when the judge accepts text and finds every one of the lines. */
static int judge(const char *text, const char *lines)
{
	FILE *f;

	setenv("LINES_WANTED", lines, 1);
	fflush(NULL);
	f = popen("exec python3 tests/unit/report/exposition.py 2>/dev/null", "w");
	if (!f)
		return -1;
	fputs(text, f);
	return pclose(f);
}

#define HEAD "# HELP a_total A.\n# TYPE a_total counter\n"
#define HIST "# HELP h H.\n# TYPE h histogram\n"

static void the_judge_is_strict(void)
{
	static const struct {
		const char *why, *text;
	} bad[] = {
		{"no line feed at the end", HEAD "a_total 1"},
		{"no TYPE", "# HELP a_total A.\na_total 1\n"},
		{"unknown type", "# HELP a A.\n# TYPE a number\na 1\n"},
		{"no value", HEAD "a_total one\n"},
		{"bad name", HEAD "a-total 1\n"},
		{"bad label", HEAD "a_total{0x=\"1\"} 1\n"},
		{"quote not escaped", HEAD "a_total{x=\"1\"2\"} 1\n"},
		{"a sample twice", HEAD "a_total 1\na_total 1\n"},
		{"negative counter", HEAD "a_total -1\n"},
		{"scattered group", HEAD "a_total 1\n# HELP b B.\n# TYPE b gauge\nb 1\n"
					 "a_total{x=\"1\"} 1\n"},
		{"no +Inf", HIST "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"},
		{"falling buckets",
			HIST "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"},
		{"wrong count", HIST "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"},
	};

	is_int(judge(HEAD "a_total 1\n", "a_total 1"), 0, "the judge accepts what is right");
	ok(judge(HEAD "a_total 1\n", "a_total 2") != 0, "and misses what is missing");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(judge(bad[i].text, "") != 0, "the judge refuses: %s", bad[i].why);
}

static void tell(struct report *r, const struct node *n, const char *from, const char *to, int at)
{
	struct news news = {.kind = NEWS_PROVISION_STATE,
		.node = n,
		.from = from,
		.to = to,
		.wall_us = at * 1000000LL};

	report_notify(r, &news);
}

static void deploys_are_timed(struct report_stats *stats)
{
	struct rig rig = {0};
	struct node a, b;

	rig_open(&rig);
	fixture_node(&a, "a");
	fixture_node(&b, "b");
	tell(rig.report, &a, "available", "deploying", 100);
	tell(rig.report, &b, "available", "deploying", 101);
	tell(rig.report, &a, "deploying", "wait call-back", 110);
	tell(rig.report, &a, "wait call-back", "deploying", 120);
	tell(rig.report, &b, "deploying", "deploy failed", 121);
	tell(rig.report, &a, "deploying", "active", 145);
	tell(rig.report, &b, "deploy failed", "deploying", 200); /* ordered again */
	tell(rig.report, &b, "deploying", "deleting", 201);
	tell(rig.report, &b, "deleting", "cleaning", 202);
	tell(rig.report, &b, "cleaning", "available", 300);
	tell(rig.report, &b, "available", "active", 400); /* adopted, not deployed */
	report_get_stats(rig.report, stats);
	is_int(stats->deploys_failed, 1, "one deploy failed");
	is_int(stats->deploy_s.sum, 45, "one took 45 s from order to active");
	is_int(stats->deploy_s.counts[3], 1, "which is in the bucket of 60 s");
	is_int(stats->transitions[PS_DEPLOYING], 4, "transitions are counted by state entered");
	node_done(&a);
	node_done(&b);
	rig_close(&rig);
}

static void bounds_are_upper_and_included(void)
{
	struct report_histogram h = {0};

	report_observe(&h, report_deploy_bounds_s, 10);
	report_observe(&h, report_deploy_bounds_s, 10.5);
	report_observe(&h, report_deploy_bounds_s, 1e9);
	is_int(h.counts[0], 1, "le is less or equal");
	is_int(h.counts[1], 1, "above it is the next bucket");
	is_int(h.counts[REPORT_BUCKETS], 1, "and beyond all the last");
}

static void text_is_right(const struct report_stats *stats)
{
	static const char lines[] = "ingot_nodes{state=\"wait call-back\"} 7\n"
				    "ingot_transitions_total{state=\"deploying\"} 4\n"
				    "ingot_store_commits_total 18446744073709551615\n"
				    "ingot_deploy_duration_seconds_bucket{le=\"30\"} 0\n"
				    "ingot_deploy_duration_seconds_bucket{le=\"60\"} 1\n"
				    "ingot_deploy_duration_seconds_bucket{le=\"+Inf\"} 1\n"
				    "ingot_deploy_duration_seconds_sum 45.000\n"
				    "ingot_bmc_request_duration_seconds_bucket{le=\"0.002\"} 2\n"
				    "ingot_bmc_request_duration_seconds_count 3\n"
				    "ingot_waiting_nodes{for=\"boot\"} 5\n"
				    "ingot_failures_total{cause=\"bmc\"} 0\n"
				    "ingot_webhook_pending 3\n"
				    "ingot_nodes_by_health{health=\"Critical\"} 2\n"
				    "ingot_node_power_watts{node=\"r1u1\"} 220\n"
				    "ingot_node_temperature_celsius{node=\"a\\\"b\"} 43.5\n"
				    "ingot_node_sensor_problems{node=\"a\\\"b\"} 1\n"
				    "# TYPE process_resident_memory_bytes gauge\n"
				    "# TYPE process_cpu_seconds_total counter";

	static const char *const waits[] = {"nothing", "boot", NULL}, *const causes[] = {
									      "bmc", NULL};
	char plain[] = "r1u1", quoted[] = "a\"b";
	struct report_reading readings[] = {
		{plain, {220, NAN, NAN, 0}}, {quoted, {NAN, 43.5, NAN, 1}}};
	struct report_metrics_source m = {
		.report = *stats, .store_commits = UINT64_MAX, .webhook_pending = 3};
	struct buf out = BUF_INIT(1 << 20), small = BUF_INIT(100);

	m.nodes_by_state[PS_DEPLOY_WAIT] = 7;
	m.wait_names = waits;
	m.cause_names = causes;
	m.waiting[1] = 5;
	m.bmc_s.counts[1] = 2;
	m.bmc_s.counts[REPORT_BUCKETS] = 1;
	m.nodes_by_health[HEALTH_CRITICAL] = 2;
	m.readings = readings;
	m.n_readings = 2;
	is_int(report_metrics(&out, &m), 0, "metrics are written");
	is_int(judge(buf_str(&out), lines), 0, "the judge accepts it and finds what it should");
	is_int(report_metrics(&small, &m), -ENOSPC, "too small a buffer is an error");
	buf_done(&out);
	buf_done(&small);
}

static double sample(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	while (at && at > text && at[-1] != '\n')
		at = strstr(at + 1, name);
	return at ? strtod(at + strlen(name), NULL) : -1;
}

/* Against what the kernel says by other means. */
static void process_is_measured(void)
{
	struct report_metrics_source m = {0};
	struct buf out = BUF_INIT(1 << 20);
	double rss, cpu, start, now = (double)time_wall_us() / 1e6;
	size_t uv_rss = 0;
	uv_rusage_t ru;

	report_metrics(&out, &m);
	uv_resident_set_memory(&uv_rss);
	uv_getrusage(&ru);
	rss = sample(buf_str(&out), "process_resident_memory_bytes ");
	cpu = sample(buf_str(&out), "process_cpu_seconds_total ");
	start = sample(buf_str(&out), "process_start_time_seconds ");
	ok(rss > (double)uv_rss / 2 && rss < (double)uv_rss * 2, "resident memory: %.0f", rss);
	ok(cpu >= 0 && cpu <= (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) + 3, "CPU: %.2f",
		cpu);
	ok(start > now - 600 && start < now + 2, "start: %.2f", start);
	ok(sample(buf_str(&out), "process_open_fds ") >= 3, "open files");
	buf_done(&out);
}

int main(void)
{
	struct report_stats stats;

	the_judge_is_strict();
	bounds_are_upper_and_included();
	deploys_are_timed(&stats);
	text_is_right(&stats);
	process_is_measured();
	return done_testing();
}
