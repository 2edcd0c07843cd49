/*
 * ingotd's parts and what ties them together. Only conductor/main.c and this folder know all of
 * them; the parts know each other as far as the may-use table lets them, and are introduced here.
 */
#ifndef CONDUCTOR_WIRE_WIRE_H
#define CONDUCTOR_WIRE_WIRE_H

#include "boot/boot.h"
#include "conductor/agentlink/agentlink.h"
#include "conductor/api/api.h"
#include "conductor/bmc/ipmi/ipmi.h"
#include "conductor/config.h"
#include "conductor/driver/driver.h"
#include "conductor/flow/flow.h"
#include "conductor/node/engine.h"
#include "conductor/report/report.h"
#include "conductor/store/store.h"
#include "hwdb/hwdb.h"

/* One per process; all zero before it is started. The engine's thread uses it unless said. */
struct conductor {
	json_t *rules; /* built-in inspection rules */
	struct config config;
	char hostname[256];
	char *api_url; /* as machines reach it */
	const char *urls[CONFIG_URLS_MAX];
	char *url_list;
	int n_urls;

	uv_loop_t loop;
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

/* --- parts.c: the parts, each after those it needs --- */

/*
 * Makes and starts every part, the API last; the loop is there already. Returns 0, or a negative
 * errno with e set; then stop_parts() takes back what was made.
 */
int start_parts(struct conductor *c, struct err *e);

/* In the reverse order; a part may be missing. Runs the loop until its handles are closed. */
void stop_parts(struct conductor *c);

/* --- between.c: what parts that may not know each other tell each other --- */

/* boot_new()'s callbacks, data a struct conductor: which answer a machine gets that asks for its
 * script; what the boot services saw. */
void on_boot_ask(void *data, struct boot *b, const struct boot_ask *ask);
void on_boot_event(void *data, const struct boot_event *ev);

/* The engine's: the webhook deliveries that go into the transaction of a change, and the news once
 * it is on disk. */
void add_deliveries(void *data, const struct news *news, struct store_txn *txn);
void on_news(void *data, const struct news *news);

/* Deliveries as rows of the store. */
struct report_store delivery_store(struct conductor *c);

/* --- shown.c: what the API shows of the rest --- */

/* Metrics, the inventory for other tools, agents' logs; called in the API's threads. */
struct api_report shown_by_api(struct conductor *c);

#endif
