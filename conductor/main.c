/*
 * ingotd: the only place where the conductor's parts are wired together. It reads the
 * configuration, makes the parts, translates between those that may not know each other, and runs
 * the engine's loop.
 */
#include "boot/boot.h"
#include "conductor/agentlink/agentlink.h"
#include "conductor/agentlink/logfiles.h"
#include "conductor/api/api.h"
#include "conductor/bmc/ipmi/ipmi.h"
#include "conductor/config.h"
#include "conductor/driver/console.h"
#include "conductor/driver/driver.h"
#include "conductor/flow/flow.h"
#include "conductor/model/rule/rule.h"
#include "conductor/node/bootpath.h"
#include "conductor/node/engine.h"
#include "conductor/node/readings.h"
#include "conductor/report/inventory.h"
#include "conductor/report/report.h"
#include "conductor/store/store.h"
#include "hwdb/hwdb.h"
#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/yaml/yaml.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGENT_CONNECTIONS 256
#define RULES_FILE_MAX	  (1 << 20)
#define DRAIN_MS	  3000

struct conductor {
	json_t *rules; /* built-in inspection rules */
	struct config config;
	char hostname[256];
	char *api_url; /* as machines reach it */
	const char *urls[CONFIG_URLS_MAX];
	char *url_list;
	int n_urls;

	uv_loop_t loop;
	uv_signal_t term, intr, hup;
	struct store *store;
	struct ipmi_engine *ipmi;
	struct hwdb *hwdb;
	struct driver_env drivers;
	char *console_folder; /* NULL: consoles are not recorded */
	struct agentlink *agents;
	struct flow_env flow;
	struct http_async *http;
	struct report *report;
	struct engine *engine;
	struct boot *boot;
	unsigned boot_failing; /* of its parts */
	struct api *api;
	bool boot_stopped;
};

/* --- between boot and node ------------------------------------------------------------------ */

static void on_boot_ask(void *data, struct boot *b, const struct boot_ask *ask)
{
	static const enum boot_action actions[] = {[BOOT_CHOICE_WAIT] = BOOT_WAIT,
		[BOOT_CHOICE_AGENT] = BOOT_AGENT,
		[BOOT_CHOICE_DISK] = BOOT_DISK};
	struct conductor *c = data;
	_cleanup_json_ json_t *facts = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "ip",
		ask->ip, "uuid", ask->uuid, "serial", ask->serial, "manufacturer",
		ask->manufacturer, "product", ask->product, "asset", ask->asset, "firmware",
		ask->firmware, "arch", ask->arch);
	struct boot_question q = {.mac = ask->mac,
		.ip = ask->ip,
		.platform = ask->platform == BOOT_PLATFORM_EFI ? "efi" : "pcbios",
		.facts = facts};
	struct boot_decision d;
	struct err e;

	json_put_str(facts, "platform", q.platform);
	engine_boot_decide(c->engine, &q, &d);
	if (boot_answer(b, ask->id,
		    &(struct boot_answer){.action = actions[d.choice],
			    .cmdline = d.cmdline,
			    .kernel = d.kernel,
			    .ramdisk = d.ramdisk,
			    .rescue = d.rescue,
			    .message = d.reason},
		    &e) < 0)
		log_warning("boot of %s: %s", ask->mac, e.text);
	free(d.cmdline);
	free(d.kernel);
	free(d.ramdisk);
}

/* Whoever waits for a machine to boot is told what is in the way. */
static void tell_boot_troubles(struct conductor *c)
{
	char text[1000] = "";

	c->boot_failing = c->boot ? boot_troubles(c->boot, text, sizeof(text)) : 0;
	if (c->engine)
		engine_set_boot_troubles(c->engine, text);
}

static void on_boot_event(void *data, const struct boot_event *ev)
{
	struct conductor *c = data;

	if (ev->kind == BOOT_EVENT_SERVICE)
		tell_boot_troubles(c);
	if (ev->kind == BOOT_EVENT_SERVICE)
		log_line(ev->ok ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "boot: %s", ev->detail);
	engine_boot_event(c->engine, ev->mac, ev->ip, boot_event_name(ev->kind), ev->detail, ev->ok,
		ev->bytes, ev->wall_us);
}

/* --- between node, report and store ----------------------------------------------------------- */

static void put_delivery(void *data, const struct delivery *d)
{
	store_txn_insert(data, &delivery_type, d);
}

static void add_deliveries(void *data, const struct news *news, struct store_txn *txn)
{
	struct conductor *c = data;

	report_deliveries(c->report, news, put_delivery, txn);
}

static void on_news(void *data, const struct news *news)
{
	struct conductor *c = data;

	report_notify(c->report, news);
	report_kick(c->report);
}

struct delivery_walk {
	report_delivery_fn each;
	void *data;
};

static int each_delivery(void *data, const void *rec)
{
	struct delivery_walk *w = data;

	w->each(w->data, rec);
	return 0;
}

static int load_deliveries(void *data, const char *url, int limit, report_delivery_fn each,
	void *each_data, struct err *e)
{
	struct conductor *c = data;
	struct store_filter mine = {"url", STORE_EQ, url};
	struct delivery_walk walk = {each, each_data};

	return store_list(c->store, &delivery_type,
		&(struct store_query){.filters = &mine, .n_filters = url ? 1 : 0, .limit = limit},
		each_delivery, &walk, e);
}

static void save_delivery(void *data, const struct delivery *d)
{
	struct conductor *c = data;
	struct store_txn *txn = store_txn_new();

	store_txn_put(txn, &delivery_type, d);
	store_submit(c->store, txn, NULL, NULL);
}

struct removal {
	report_stored_fn done;
	void *data;
};

static void removed(void *data, int r, const struct err *e)
{
	struct removal *rm = data;

	rm->done(rm->data, r);
	free(rm);
}

static void remove_delivery(void *data, const char *uuid, report_stored_fn done, void *done_data)
{
	struct conductor *c = data;
	struct store_txn *txn = store_txn_new();
	struct removal *rm = xmalloc(sizeof(*rm));

	*rm = (struct removal){done, done_data};
	store_txn_delete(txn, &delivery_type, uuid);
	store_submit(c->store, txn, removed, rm);
}

/* --- what the API shows of the rest ------------------------------------------------------------
 */

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

struct walk {
	int (*each)(void *data, const void *rec);
	void *data;
};

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

/* --- life --------------------------------------------------------------------------------------
 */

/* How machines reach the API: the configured URL, else the listening address. */
static char *machine_url(const struct config *c)
{
	const char *scheme = str_empty(c->tls_cert) ? "http" : "https";

	if (!str_empty(c->public_url))
		return xstrdup(c->public_url);
	return xasprintf("%s://%s", scheme, c->listen);
}

static void split_urls(struct conductor *c)
{
	char *save = NULL;

	c->url_list = xstrdup(c->config.webhooks);
	for (char *u = strtok_r(c->url_list, ", ", &save); u && c->n_urls < CONFIG_URLS_MAX;
		u = strtok_r(NULL, ", ", &save))
		c->urls[c->n_urls++] = u;
}

static int start_store(struct conductor *c, struct err *e)
{
	const char *url = c->config.store_url;
	_cleanup_free_ char *path = str_starts(url, "sqlite:/") ? xstrdup(url + 7) : NULL;
	int r = path ? fs_mkdir_p(dirname(path), 0750, e) : 0;

	return r < 0 ? r : store_open(url, &c->store, e);
}

/* Beside the program when it was just built, else where it was installed. */
static int load_hwdb(struct conductor *c, struct err *e)
{
	static const char *const places[] = {"../hwdb", "../../hwdb", "../share/ingot/hwdb"};
	char exe[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (!str_empty(c->config.hwdb))
		return hwdb_load(c->config.hwdb, &c->hwdb, e);
	exe[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *copy = xstrdup(exe);

		snprintf(path, sizeof(path), "%s/%s", dirname(copy), places[i]);
		if (access(path, R_OK) == 0)
			return hwdb_load(path, &c->hwdb, e);
	}
	log_warning("no hwdb found: every BMC is spoken to in the same way");
	return 0;
}

static int start_outward(struct conductor *c, struct err *e)
{
	struct report_store rs = {.data = c,
		.load = load_deliveries,
		.save = save_delivery,
		.remove = remove_delivery};
	struct report_config rc = {.urls = c->urls,
		.n_urls = c->n_urls,
		.hostname = c->hostname,
		.ca_file = str_empty(c->config.webhook_ca) ? NULL : c->config.webhook_ca};
	int r = load_hwdb(c, e);

	if (r == 0)
		r = ipmi_engine_new(&c->loop,
			&(struct ipmi_engine_config){.window = (unsigned)c->config.bmc_window,
				.sweep_every_s = (unsigned)c->config.power_sync_interval},
			&c->ipmi, e);

	if (r == 0)
		r = agentlink_new(&c->loop, &c->agents, e);
	if (r == 0)
		agentlink_logs_to(c->agents, c->config.logs_path, c->config.logs_keep);
	if (r == 0)
		r = http_async_new(&c->loop, AGENT_CONNECTIONS, &c->http, e);
	if (r == 0)
		r = report_new(&c->loop, c->http, &rs, &rc, &c->report, e);
	return r;
}

/* Beside the store's file, unless it was said where. */
static char *console_folder(const struct config *f)
{
	_cleanup_free_ char *path = NULL;

	if (!str_empty(f->console_folder))
		return xstrdup(f->console_folder);
	if (!str_starts(f->store_url, "sqlite:/"))
		return NULL;
	path = xstrdup(f->store_url + 7);
	return xasprintf("%s/console", dirname(path));
}

/* Consoles that cannot be recorded are better than no conductor. */
static void start_consoles(struct conductor *c)
{
	const struct config *f = &c->config;
	struct console_config cc = {.folder = c->console_folder = console_folder(f),
		.log_max = (size_t)f->console_size << 20,
		.sessions_max = (unsigned)f->console_sessions,
		.linger_s = (unsigned)f->console_linger,
		.tcp_listen = str_empty(f->console_tcp) ? NULL : f->console_tcp};
	struct err e;

	if (consoles_start(&c->drivers, &cc, &e) < 0)
		log_warning("%s; consoles are not recorded", e.text);
}

static enum collect_logs logs_of(const char *word)
{
	return str_eq(word, "always")  ? LOGS_ALWAYS
	       : str_eq(word, "never") ? LOGS_NEVER
				       : LOGS_ON_FAILURE;
}

static enum rule_mask rule_mask_of(const char *name)
{
	unsigned i = 0;

	while (i < RULE_MASK_COUNT - 1 && !str_eq(name, rule_mask_names[i]))
		i++;
	return (enum rule_mask)i;
}

static int start_engine(struct conductor *c, struct err *e)
{
	const struct config *f = &c->config;
	struct engine_config ec;
	int r;

	driver_env_init(&c->drivers, &c->loop);
	c->drivers.ipmi = c->ipmi;
	c->drivers.hwdb = c->hwdb;
	c->drivers.fake_delays = f->fake_delays;
	start_consoles(c);
	c->flow = (struct flow_env){.driver = &c->drivers,
		.agents = c->agents,
		.enabled_drivers = f->drivers,
		.enabled_interfaces = f->enabled_interfaces,
		.default_interfaces = f->default_interfaces,
		.automated_clean = f->automated_clean,
		.fast_track = f->fast_track,
		.bios_bootloader = f->bios_bootloader,
		.power_off_after_failure = f->power_off_after_failure,
		.fast_track_timeout_s = f->fast_track_timeout,
		.call_timeout_s = (unsigned)f->power_timeout,
		.agent_timeout_s = (unsigned)f->command_timeout,
		.lldp_wait_s = f->lldp_wait,
		.api_url = c->api_url,
		.logs = logs_of(f->logs_collect)};
	ec = (struct engine_config){.hostname = c->hostname,
		.flow = &c->flow,
		.power_sync_interval_s = f->power_sync_interval,
		.bmc_patience_s = f->bmc_patience,
		.sensor_interval_s = f->sensor_interval,
		.deploy_timeout_s = f->deploy_timeout,
		.clean_timeout_s = f->clean_timeout,
		.inspect_timeout_s = f->inspect_timeout,
		.rescue_timeout_s = f->rescue_timeout,
		.service_timeout_s = f->service_timeout,
		.boot_retry_s = f->boot_retry_after,
		.history_per_node = f->history,
		.console_in_flows = f->console_in_flows,
		.max_boot = f->max_boot,
		.max_deploy = f->max_deploy,
		.max_clean = f->max_clean,
		.built_in_rules = c->rules,
		.discovery_driver = f->discovery ? f->discovery_driver : NULL,
		.rule_mask = rule_mask_of(f->mask_secrets),
		.deliveries = add_deliveries,
		.deliveries_data = c};
	r = engine_new(&c->loop, c->store, &ec, &c->engine, e);
	if (r == 0)
		engine_subscribe(c->engine, &(struct news_subscriber){on_news, c});
	return r;
}

static int start_boot(struct conductor *c, struct err *e)
{
	const struct config *f = &c->config;
	static const char *const modes[] = {
		[BOOT_DHCP_NONE] = "none", [BOOT_DHCP_PROXY] = "proxy", [BOOT_DHCP_FULL] = "full"};
	static const char *const ras[] = {
		[BOOT_RA_AUTO] = "auto", [BOOT_RA_OFF] = "off", [BOOT_RA_ADD] = "add"};
	struct boot_config bc = {.interface = f->interface,
		.address = f->address,
		.range = f->range,
		.tftp_root = f->tftp_root,
		.http_listen = f->http_listen,
		.kernel = f->kernel,
		.ramdisk = f->ramdisk,
		.rescue_ramdisk = f->rescue_ramdisk,
		.archives = f->archives,
		.state_dir = f->state_dir,
		.firmware_dirs = f->firmware_dirs};
	int r;

	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++)
		if (str_eq(modes[i], f->dhcp))
			bc.dhcp = (enum boot_dhcp)i;
	for (unsigned i = 0; i < ARRAY_SIZE(ras); i++)
		if (str_eq(ras[i], f->ra))
			bc.ra = (enum boot_ra)i;
	r = boot_new(&c->loop, &bc, on_boot_ask, on_boot_event, c, &c->boot, e);
	return r < 0 ? r : boot_start(c->boot, e);
}

static int start_api(struct conductor *c, struct err *e)
{
	const struct config *f = &c->config;
	struct api_config ac = {.engine = c->engine,
		.store = c->store,
		.report = {.data = c,
			.metrics = show_metrics,
			.inventory = show_inventory,
			.logs = show_logs,
			.logs_path = logs_path},
		.console_folder = c->console_folder,
		.listen = f->listen,
		.tls_cert = str_empty(f->tls_cert) ? NULL : f->tls_cert,
		.tls_key = str_empty(f->tls_key) ? NULL : f->tls_key,
		.public_url = str_empty(f->public_url) ? NULL : f->public_url,
		.max_connections = (unsigned)f->max_connections,
		.max_per_address = (unsigned)f->max_per_address,
		.request_timeout_s = (unsigned)f->request_timeout,
		.auth = str_eq(f->auth, "http_basic") ? API_AUTH_HTTP_BASIC : API_AUTH_NONE,
		.htpasswd = f->htpasswd};
	int r = api_new(&ac, &c->api, e);

	return r < 0 ? r : api_start(c->api, e);
}

static void on_boot_stopped(void *data)
{
	((struct conductor *)data)->boot_stopped = true;
}

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

/* In the reverse order of starting; each part may be missing when starting failed half-way. */
static void stop(struct conductor *c)
{
	if (c->api)
		api_stop(c->api, DRAIN_MS);
	if (c->engine)
		engine_stop(c->engine);
	if (c->boot) {
		boot_stop(c->boot, on_boot_stopped, c);
		while (!c->boot_stopped)
			uv_run(&c->loop, UV_RUN_ONCE);
		boot_free(c->boot);
	}
	report_free(c->report);
	driver_env_done(&c->drivers);
	agentlink_free(c->agents);
	ipmi_engine_free(c->ipmi);
	http_async_free(c->http);
	uv_close((uv_handle_t *)&c->term, NULL);
	uv_close((uv_handle_t *)&c->intr, NULL);
	uv_close((uv_handle_t *)&c->hup, NULL);
	for (int i = 0; i < 20; i++)
		uv_run(&c->loop, UV_RUN_NOWAIT);
	if (c->store)
		store_close(c->store, DRAIN_MS);
	engine_free(c->engine);
	hwdb_free(c->hwdb);
	api_free(c->api);
	uv_run(&c->loop, UV_RUN_NOWAIT);
	uv_loop_close(&c->loop);
	free(c->api_url);
	free(c->url_list);
	free(c->console_folder);
	json_decref(c->rules);
	config_done(&c->config);
}

static int run(struct conductor *c, struct err *e)
{
	int r;

	if (gethostname(c->hostname, sizeof(c->hostname) - 1) < 0 || !str_empty(c->config.hostname))
		str_copy(c->hostname, sizeof(c->hostname), c->config.hostname);
	c->api_url = machine_url(&c->config);
	split_urls(c);
	uv_loop_init(&c->loop);
	uv_signal_init(&c->loop, &c->term);
	uv_signal_init(&c->loop, &c->intr);
	uv_signal_init(&c->loop, &c->hup);
	c->hup.data = c;
	uv_signal_start(&c->hup, on_hangup, SIGHUP);
	uv_signal_start(&c->term, on_signal, SIGTERM);
	uv_signal_start(&c->intr, on_signal, SIGINT);
	r = start_store(c, e);
	if (r == 0)
		r = start_outward(c, e);
	if (r == 0)
		r = start_engine(c, e);
	if (r == 0)
		r = start_boot(c, e);
	if (r == 0)
		r = engine_start(c->engine, e);
	if (r == 0)
		r = start_api(c, e);
	if (r == 0) {
		report_start(c->report);
		log_info("ingotd " INGOT_VERSION " serves %s as %s", c->config.listen, c->hostname);
		uv_run(&c->loop, UV_RUN_DEFAULT);
	}
	stop(c);
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
