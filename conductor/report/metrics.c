/*
 * The metrics table and its rendering; see metrics.h.
 *
 * To add a metric: a member of struct report_metrics_source (or of struct report_stats, when report
 * counts it), a row in rows[] with its name, type, help and place, and, in main's gatherer, the
 * value. Names begin with ingot_, hold the unit (_seconds, _bytes), and counters end in _total. A
 * metric with one value per provision state is a row whose type is BY_STATE_*.
 */
#include "conductor/report/metrics.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum row_type { COUNTER, GAUGE, BY_STATE_COUNTER, BY_STATE_GAUGE };
static const char *const type_names[] = {"counter", "gauge", "counter", "gauge"};

static const struct row {
	const char *name;
	enum row_type type;
	const char *help;
	size_t offset; /* of a uint64_t, or of PS_COUNT of them */
} rows[] = {
#define M(member) offsetof(struct report_metrics_source, member)
	{"ingot_nodes", BY_STATE_GAUGE, "Nodes by provision state.", M(nodes_by_state)},
	{"ingot_transitions_total", BY_STATE_COUNTER,
		"Provision state changes by the state entered.", M(report.transitions)},
	{"ingot_deploy_failures_total", COUNTER, "Deploys that ended in deploy failed.",
		M(report.deploys_failed)},
	{"ingot_requests_total", COUNTER, "Changes and questions handed to the engine.",
		M(requests)},
	{"ingot_requests_refused_total", COUNTER, "Those of them that were refused.",
		M(requests_refused)},
	{"ingot_operations_total", COUNTER, "Calls to drivers and agents.", M(ops_started)},
	{"ingot_operation_failures_total", COUNTER, "Those of them that failed.", M(ops_failed)},
	{"ingot_power_polls_total", COUNTER, "Power states read by the sweep.", M(power_polls)},
	{"ingot_boot_slots_used", GAUGE, "Machines that boot now.", M(slots_used[0])},
	{"ingot_deploy_slots_used", GAUGE, "Machines that write an image now.", M(slots_used[1])},
	{"ingot_clean_slots_used", GAUGE, "Machines that are cleaned now.", M(slots_used[2])},
	{"ingot_boot_slots_waiting", GAUGE, "Nodes that wait for a boot slot.",
		M(slots_waiting[0])},
	{"ingot_deploy_slots_waiting", GAUGE, "Nodes that wait for a deploy slot.",
		M(slots_waiting[1])},
	{"ingot_clean_slots_waiting", GAUGE, "Nodes that wait for a clean slot.",
		M(slots_waiting[2])},
	{"ingot_sensor_polls_total", COUNTER, "Readings of all sensors of a node, now and then.",
		M(sensor_polls)},
	{"ingot_sensor_poll_failures_total", COUNTER, "Those of them that failed.",
		M(sensor_polls_failed)},
	{"ingot_bmc_requests_total", COUNTER, "Requests sent to BMCs.", M(bmc_requests)},
	{"ingot_bmc_failures_total", COUNTER, "Requests to BMCs that failed.", M(bmc_failures)},
	{"ingot_power_polls_spared_total", COUNTER,
		"Power states not read, as the BMC is known to be dead.", M(power_polls_spared)},
	{"ingot_bmc_requests_in_flight", GAUGE, "Requests that BMCs have not answered yet.",
		M(bmc_in_flight)},
	{"ingot_bmc_sessions", GAUGE, "Sessions open with BMCs.", M(bmc_sessions)},
	{"ingot_bmc_circuits_open", GAUGE, "BMCs that sweeps leave alone.", M(bmc_circuits_open)},
	{"ingot_bmc_gaps_learned", GAUGE, "BMCs that are asked more slowly, as they froze.",
		M(bmc_gaps_learned)},
	{"ingot_store_commits_total", COUNTER, "Commits made durable.", M(store_commits)},
	{"ingot_store_transactions_total", COUNTER, "Transactions; many may share a commit.",
		M(store_transactions)},
	{"ingot_store_failures_total", COUNTER, "Transactions of which nothing was kept.",
		M(store_failed)},
	{"ingot_store_queue", GAUGE, "Transactions that wait for the writer.", M(store_queued)},
	{"ingot_store_failing", GAUGE,
		"1 while the store takes no changes: its disk is full or fails.", M(store_failing)},
	{"ingot_boot_services_failing", GAUGE,
		"Of the provisioning interface, dnsmasq and in.tftpd, how many are out of order.",
		M(boot_failing)},
	{"ingot_webhooks", GAUGE, "Configured webhooks.", M(report.webhooks)},
	{"ingot_webhooks_failing", GAUGE, "Webhooks whose last attempt failed.",
		M(report.webhooks_failing)},
	{"ingot_webhook_pending", GAUGE, "Events not delivered yet.", M(webhook_pending)},
	{"ingot_webhook_delivered_total", COUNTER, "Events delivered.",
		M(report.webhook_delivered)},
	{"ingot_webhook_failures_total", COUNTER, "Attempts to deliver that failed.",
		M(report.webhook_failures)},
	{"ingot_webhook_given_up_total", COUNTER, "Events dropped undelivered.",
		M(report.webhook_given_up)},
#undef M
};

const double report_deploy_bounds_s[REPORT_BUCKETS] = {
	10, 20, 30, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600};

const double report_bmc_bounds_s[REPORT_BUCKETS] = {
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 20};

void report_observe(
	struct report_histogram *h, const double bounds[static REPORT_BUCKETS], double value)
{
	int i = 0;

	while (i < REPORT_BUCKETS && value > bounds[i])
		i++;
	h->counts[i]++;
	h->sum += value;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void by_state(struct buf *out, const char *name, const uint64_t *values)
{
	for (int s = PS_NONE + 1; s < PS_COUNT; s++)
		buf_printf(out, "%s{state=\"%s\"} %llu\n", name, provision_state_names[s],
			(unsigned long long)values[s]);
}

/* One value for each name, all of them also when they are 0. */
static void by_name(struct buf *out, const char *name, const char *type, const char *help,
	const char *label, const char *const *names, const uint64_t *values)
{
	if (!names || !names[0])
		return; /* a group without samples is not allowed */
	head(out, name, type, help);
	for (int i = 0; i < REPORT_LABELS_MAX && names[i]; i++)
		buf_printf(out, "%s{%s=\"%s\"} %llu\n", name, label, names[i],
			(unsigned long long)values[i]);
}

static void row(struct buf *out, const struct row *r, const struct report_metrics_source *m)
{
	const uint64_t *value = (const uint64_t *)((const char *)m + r->offset);

	head(out, r->name, type_names[r->type], r->help);
	if (r->type == BY_STATE_COUNTER || r->type == BY_STATE_GAUGE)
		by_state(out, r->name, value);
	else
		buf_printf(out, "%s %llu\n", r->name, (unsigned long long)*value);
}

static void by_health(struct buf *out, const uint64_t *values)
{
	head(out, "ingot_nodes_by_health", "gauge",
		"Nodes by the health that their BMCs tell; unknown: nothing was heard of it.");
	for (int h = 0; h < HEALTH_COUNT; h++)
		buf_printf(out, "ingot_nodes_by_health{health=\"%s\"} %llu\n",
			health_names[h] ? health_names[h] : "unknown",
			(unsigned long long)values[h]);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void label(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			buf_puts(out, "\\n");
		else
			buf_printf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
}

/* A few values per node, not every sensor's: 10,000 nodes have a million of those. */
static void readings(struct buf *out, const struct report_metrics_source *m)
{
	static const struct {
		const char *name, *help;
	} gauges[REPORT_READING_VALUES] = {
		[REPORT_POWER_W] = {"ingot_node_power_watts",
			"The node's largest reading in watts, when its sensors were read last."},
		[REPORT_HOTTEST_C] = {"ingot_node_temperature_celsius",
			"The node's hottest temperature sensor."},
		[REPORT_INLET_C] = {"ingot_node_inlet_celsius",
			"The temperature of the air that the node takes in."},
		[REPORT_PROBLEMS] = {"ingot_node_sensor_problems",
			"Sensors of the node that are not well."},
	};

	for (int v = 0; v < REPORT_READING_VALUES; v++) {
		bool any = false;

		for (size_t i = 0; i < m->n_readings; i++) {
			if (isnan(m->readings[i].values[v]))
				continue;
			if (!any)
				head(out, gauges[v].name, "gauge", gauges[v].help);
			any = true;
			buf_printf(out, "%s{node=\"", gauges[v].name);
			label(out, m->readings[i].node);
			buf_printf(out, "\"} %.6g\n", m->readings[i].values[v]);
		}
	}
}

static void histogram(struct buf *out, const char *name, const char *help,
	const struct report_histogram *h, const double bounds[static REPORT_BUCKETS])
{
	unsigned long long n = 0;

	head(out, name, "histogram", help);
	for (int i = 0; i < REPORT_BUCKETS; i++) {
		n += h->counts[i];
		buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, bounds[i], n);
	}
	n += h->counts[REPORT_BUCKETS];
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.3f\n%s_count %llu\n", name, n, name,
		h->sum, name, n);
}

/* Field `at` (from 1) of /proc/self/stat, behind the program's name, which may hold anything. */
static unsigned long long stat_field(const char *stat, int at)
{
	const char *p = stat ? strrchr(stat, ')') : NULL;

	for (int i = 2; p && i < at; i++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the one that looks */
}

static double boot_time_s(void)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (double)(wall.tv_sec - boot.tv_sec) + (double)(wall.tv_nsec - boot.tv_nsec) / 1e9;
}

/* Names and meaning as every Prometheus client library has them. */
static void process(struct buf *out)
{
	_cleanup_free_ char *stat = NULL;
	double hz = (double)sysconf(_SC_CLK_TCK);
	unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);

	fs_read("/proc/self/stat", 4096, &stat, NULL, NULL);
	head(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.");
	buf_printf(out, "process_resident_memory_bytes %llu\n", stat_field(stat, 24) * page);
	head(out, "process_cpu_seconds_total", "counter",
		"Total user and system CPU time spent in seconds.");
	buf_printf(out, "process_cpu_seconds_total %.2f\n",
		(double)(stat_field(stat, 14) + stat_field(stat, 15)) / hz);
	head(out, "process_start_time_seconds", "gauge",
		"Start time of the process since unix epoch in seconds.");
	buf_printf(out, "process_start_time_seconds %.2f\n",
		boot_time_s() + (double)stat_field(stat, 22) / hz);
	head(out, "process_open_fds", "gauge", "Number of open file descriptors.");
	buf_printf(out, "process_open_fds %u\n", open_files());
}

int report_metrics(struct buf *out, const struct report_metrics_source *m)
{
	head(out, "ingot_build_info", "gauge", "The program's version.");
	buf_printf(out, "ingot_build_info{version=\"%s\"} 1\n", INGOT_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		row(out, &rows[i], m);
	by_health(out, m->nodes_by_health);
	readings(out, m);
	histogram(out, "ingot_deploy_duration_seconds",
		"Time from the order to deploy until the node was active.", &m->report.deploy_s,
		report_deploy_bounds_s);
	histogram(out, "ingot_bmc_request_duration_seconds",
		"Time of requests to BMCs that succeeded, their time in the queue included.",
		&m->bmc_s, report_bmc_bounds_s);
	by_name(out, "ingot_waiting_nodes", "gauge", "Nodes that wait, by what they wait for.",
		"for", m->wait_names, m->waiting);
	by_name(out, "ingot_failures_total", "counter", "Flows that failed, by where the cause is.",
		"cause", m->cause_names, m->failures);
	process(out);
	return out->overflow ? -ENOSPC : 0;
}
