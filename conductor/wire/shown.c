/* What the API shows of parts that it may not know: metrics, the inventory, agents' logs. */
#include "conductor/wire/wire.h"

#include "conductor/agentlink/logfiles.h"
#include "conductor/node/readings.h"
#include "conductor/report/inventory.h"

#include <stdlib.h>
#include <string.h>

static void gather_bmc(struct conductor *c, struct report_metrics_source *m)
{
	struct ipmi_latency l;

	_Static_assert(IPMI_TOOK_BUCKETS == REPORT_BUCKETS, "the same bounds on both sides");
	ipmi_get_latency(c->ipmi, &l);
	memcpy(m->bmc_s.counts, l.took, sizeof(l.took));
	m->bmc_s.sum = (double)l.sum_ms / 1000;
}

static void add_reading(void *data, const struct reading *r)
{
	struct report_metrics_source *m = data;

	if (m->n_readings < READINGS_MAX)
		m->readings[m->n_readings++] = (struct report_reading){.node = xstrdup(r->node),
			.values = {r->power_w, r->hottest_c, r->inlet_c, r->problems}};
}

static int show_metrics(void *data, struct buf *out, struct err *e)
{
	struct conductor *c = data;
	struct report_metrics_source m = {0};
	struct engine_stats es;
	struct ipmi_engine_stats is;
	struct store_stats ss;
	int64_t pending = 0;
	int r;

	engine_get_stats(c->engine, &es);
	ipmi_engine_get_stats(c->ipmi, &is);
	store_get_stats(c->store, &ss);
	report_get_stats(c->report, &m.report);
	store_count(c->store, &delivery_type, &(struct store_query){0}, &pending, NULL);
	memcpy(m.nodes_by_state, es.nodes_by_state, sizeof(m.nodes_by_state));
	m.requests = es.requests;
	m.requests_refused = es.refused;
	m.ops_started = es.ops_started;
	m.ops_failed = es.ops_failed;
	m.power_polls = es.power_polls;
	m.power_polls_spared = es.power_polls_spared + is.spared;
	memcpy(m.slots_used, &es.slots_used[SLOT_BOOT], sizeof(m.slots_used));
	memcpy(m.slots_waiting, &es.slots_waiting[SLOT_BOOT], sizeof(m.slots_waiting));
	m.bmc_requests = is.requests;
	m.bmc_failures = is.failures;
	m.bmc_in_flight = is.in_flight;
	m.bmc_sessions = is.sessions;
	m.bmc_circuits_open = is.circuits_open;
	m.bmc_gaps_learned = is.gaps_learned;
	gather_bmc(c, &m);
	memcpy(m.waiting, es.waiting, sizeof(es.waiting));
	memcpy(m.failures, es.failures, sizeof(es.failures));
	m.wait_names = wait_names;
	m.cause_names = cause_names;
	m.store_commits = ss.commits;
	m.store_transactions = ss.transactions;
	m.store_failed = ss.failed;
	m.store_queued = ss.queued;
	m.store_failing = ss.failing;
	m.boot_failing = c->boot_failing;
	m.webhook_pending = (uint64_t)pending;
	memcpy(m.nodes_by_health, es.nodes_by_health, sizeof(m.nodes_by_health));
	m.sensor_polls = es.sensor_polls;
	m.sensor_polls_failed = es.sensor_polls_failed;
	m.readings = xcalloc(READINGS_MAX, sizeof(*m.readings));
	engine_readings(c->engine, add_reading, &m);
	r = report_metrics(out, &m);
	for (size_t i = 0; i < m.n_readings; i++)
		free(m.readings[i].node);
	free(m.readings);
	return r;
}

static int export_nodes(void *data, report_node_fn each, void *each_data, struct err *e)
{
	struct conductor *c = data;

	return store_list(
		c->store, &node_type, &(struct store_query){0}, (store_each_fn)each, each_data, e);
}

static int export_ports(
	void *data, const char *node_uuid, report_port_fn each, void *each_data, struct err *e)
{
	struct conductor *c = data;
	struct store_filter mine = {"node_uuid", STORE_EQ, node_uuid};

	return store_list(c->store, &port_type,
		&(struct store_query){.filters = &mine, .n_filters = 1}, (store_each_fn)each,
		each_data, e);
}

static int export_inventory(void *data, const char *node_uuid, struct inventory *ret, struct err *e)
{
	struct conductor *c = data;

	return store_get(c->store, &inventory_type, "uuid", node_uuid, ret, e);
}

static int append_text(void *data, const char *text, size_t len)
{
	return buf_append(data, text, len);
}

static int show_inventory(void *data, const char *format, struct buf *out, struct err *e)
{
	const struct report_inventory_source source = {.data = data,
		.nodes = export_nodes,
		.ports = export_ports,
		.inventory = export_inventory};

	return report_inventory_export(&source, report_format_parse(format), append_text, out, e);
}

static json_t *show_logs(void *data, const char *node_uuid)
{
	struct conductor *c = data;

	return logfiles_list(c->config.logs_path, node_uuid);
}

static char *logs_path(void *data, const char *node_uuid, const char *file)
{
	struct conductor *c = data;

	return logfiles_path(c->config.logs_path, node_uuid, file);
}

struct api_report shown_by_api(struct conductor *c)
{
	return (struct api_report){.data = c,
		.metrics = show_metrics,
		.inventory = show_inventory,
		.logs = show_logs,
		.logs_path = logs_path};
}
