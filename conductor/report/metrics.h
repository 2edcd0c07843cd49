/* Numbers as text in Prometheus' exposition format 0.0.4. */
#ifndef CONDUCTOR_REPORT_METRICS_H
#define CONDUCTOR_REPORT_METRICS_H

#include <stdint.h>

#include "conductor/model/bmc.h"
#include "conductor/model/states.h"
#include "lib/base/buf.h"

#define REPORT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define REPORT_BUCKETS	    12
#define REPORT_LABELS_MAX   16

/* Observations counted by upper bound; counts[REPORT_BUCKETS] holds those above all bounds. */
struct report_histogram {
	uint64_t counts[REPORT_BUCKETS + 1];
	double sum;
};
extern const double report_deploy_bounds_s[REPORT_BUCKETS];
extern const double report_bmc_bounds_s[REPORT_BUCKETS];
void report_observe(
	struct report_histogram *h, const double bounds[static REPORT_BUCKETS], double value);

/* What report counts by itself; see report_get_stats(). */
struct report_stats {
	uint64_t transitions[PS_COUNT]; /* by the state entered */
	uint64_t deploys_failed;
	struct report_histogram deploy_s; /* from the order to active, of those that got there */
	uint64_t webhook_delivered, webhook_failures, webhook_given_up;
	uint64_t webhooks, webhooks_failing; /* URLs, and those whose last attempt failed */
};

/* Of one node's sensors; a value that is NAN is not shown. */
enum report_reading_value {
	REPORT_POWER_W,
	REPORT_HOTTEST_C,
	REPORT_INLET_C,
	REPORT_PROBLEMS,
	REPORT_READING_VALUES
};
struct report_reading {
	char *node;
	double values[REPORT_READING_VALUES];
};

/* Everything /metrics shows, gathered by the caller. */
struct report_metrics_source {
	struct report_stats report;
	uint64_t nodes_by_state[PS_COUNT]; /* [PS_NONE] is not shown */
	uint64_t requests, requests_refused, ops_started, ops_failed, power_polls;
	uint64_t power_polls_spared;
	uint64_t slots_used[3], slots_waiting[3]; /* boot, deploy, clean */
	uint64_t bmc_requests, bmc_failures;
	uint64_t bmc_in_flight, bmc_sessions, bmc_circuits_open, bmc_gaps_learned;
	struct report_histogram bmc_s; /* seconds of requests to BMCs that succeeded */
	uint64_t waiting[REPORT_LABELS_MAX], failures[REPORT_LABELS_MAX];
	const char *const *wait_names, *const *cause_names; /* of their places, ended by NULL */
	uint64_t store_commits, store_transactions, store_failed, store_queued, store_failing;
	uint64_t nodes_by_health[HEALTH_COUNT];
	uint64_t sensor_polls, sensor_polls_failed;
	struct report_reading *readings;
	size_t n_readings;
	uint64_t boot_failing;	  /* parts of the boot services */
	uint64_t webhook_pending; /* delivery records in the store */
};

/* Appends all metrics, and those of the process itself (memory, CPU, open files, start). */
int report_metrics(struct buf *out, const struct report_metrics_source *m);

#endif
