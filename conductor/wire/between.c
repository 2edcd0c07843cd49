/*
 * Between parts that may not know each other: a machine that asks what to boot, which the engine
 * decides; and news, of which the report makes deliveries that the store keeps.
 */
#include "conductor/wire/wire.h"

#include "conductor/node/bootpath.h"
#include "lib/base/log.h"

#include <stdlib.h>

void on_boot_ask(void *data, struct boot *b, const struct boot_ask *ask)
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

void on_boot_event(void *data, const struct boot_event *ev)
{
	struct conductor *c = data;

	if (ev->kind == BOOT_EVENT_SERVICE)
		tell_boot_troubles(c);
	if (ev->kind == BOOT_EVENT_SERVICE)
		log_line(ev->ok ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "boot: %s", ev->detail);
	engine_boot_event(c->engine, ev->mac, ev->ip, boot_event_name(ev->kind), ev->detail, ev->ok,
		ev->bytes, ev->wall_us);
}

/* --- news, their deliveries, and the store --- */

static void put_delivery(void *data, const struct delivery *d)
{
	store_txn_insert(data, &delivery_type, d);
}

void add_deliveries(void *data, const struct news *news, struct store_txn *txn)
{
	struct conductor *c = data;

	report_deliveries(c->report, news, put_delivery, txn);
}

void on_news(void *data, const struct news *news)
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

struct report_store delivery_store(struct conductor *c)
{
	return (struct report_store){.data = c,
		.load = load_deliveries,
		.save = save_delivery,
		.remove = remove_delivery};
}
