/* The parts of the conductor: each made from the configuration, after those it needs. */
#include "conductor/wire/wire.h"

#include "conductor/driver/console.h"
#include "lib/base/fs.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENT_CONNECTIONS 256
#define DRAIN_MS	  3000

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
	struct report_store rs = delivery_store(c);
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

/* The engine takes up what was under way, now that machines can be given what they boot. */
static int begin(struct conductor *c, struct err *e)
{
	return engine_start(c->engine, e);
}

static int start_api(struct conductor *c, struct err *e)
{
	const struct config *f = &c->config;
	struct api_config ac = {.engine = c->engine,
		.store = c->store,
		.report = shown_by_api(c),
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

int start_parts(struct conductor *c, struct err *e)
{
	int (*const start[])(struct conductor *, struct err *) = {
		start_store, start_outward, start_engine, start_boot, begin, start_api};
	int r = 0;

	if (gethostname(c->hostname, sizeof(c->hostname) - 1) < 0 || !str_empty(c->config.hostname))
		str_copy(c->hostname, sizeof(c->hostname), c->config.hostname);
	c->api_url = machine_url(&c->config);
	split_urls(c);
	for (size_t i = 0; i < ARRAY_SIZE(start) && r == 0; i++)
		r = start[i](c, e);
	if (r == 0)
		report_start(c->report);
	return r;
}

static void on_boot_stopped(void *data)
{
	((struct conductor *)data)->boot_stopped = true;
}

/* Handles of the loop close while it runs. */
void stop_parts(struct conductor *c)
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
	for (int i = 0; i < 20; i++)
		uv_run(&c->loop, UV_RUN_NOWAIT);
	if (c->store)
		store_close(c->store, DRAIN_MS);
	engine_free(c->engine);
	hwdb_free(c->hwdb);
	api_free(c->api);
	uv_run(&c->loop, UV_RUN_NOWAIT);
	free(c->api_url);
	free(c->url_list);
	free(c->console_folder);
}
