/* What each machine did on its way from power-on to the agent: the last steps of each MAC address.
 */
#include "conductor/node/bootpath.h"
#include "conductor/node/enode.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <string.h>

#define MACS_MAX 20000 /* MACs remembered; what strangers do beyond that is not kept */

/* The last steps of one MAC, newest at (next - 1). */
struct bootlog {
	unsigned next, n;
	struct boot_record records[BOOTLOG_MAX];
};

void bootlogs_free(struct engine *en)
{
	void *value;

	for (size_t pos = 0; map_next(&en->bootlogs, &pos, NULL, &value);)
		free(value);
	map_done(&en->bootlogs);
}

/* Further along than before in this boot: what is counted as progress. */
static void node_moved(struct enode *e, const struct boot_record *rec)
{
	const struct boot_step *step = boot_step_of(rec);

	e->boot_busy = step->busy;
	if (step->stage <= e->boot_stage && !step->busy)
		return;
	if (step->stage > e->boot_stage)
		e->boot_stage = (uint8_t)step->stage;
	e->boot_moved_ms = rec->mono_ms;
}

void engine_boot_event(struct engine *en, const char *mac, const char *ip, const char *kind,
	const char *detail, bool ok, uint64_t bytes, int64_t wall_us)
{
	struct boot_record *rec;
	struct bootlog *log;
	struct enode *e;

	if (str_empty(mac))
		return;
	log = map_get(&en->bootlogs, mac);
	if (!log) {
		if (en->bootlogs.n >= MACS_MAX)
			return;
		log = xcalloc(1, sizeof(*log));
		map_put(&en->bootlogs, mac, log);
	}
	rec = &log->records[log->next];
	log->next = (log->next + 1) % BOOTLOG_MAX;
	if (log->n < BOOTLOG_MAX)
		log->n++;
	*rec = (struct boot_record){
		.wall_us = wall_us, .mono_ms = time_mono_ms(), .ok = ok, .bytes = bytes};
	str_copy(rec->kind, sizeof(rec->kind), kind);
	str_copy(rec->ip, sizeof(rec->ip), ip ? ip : "");
	str_copy(rec->detail, sizeof(rec->detail), detail ? detail : "");
	e = enode_of_mac(en, mac);
	if (e && e->run)
		node_moved(e, rec);
}

static const struct boot_record *record_at(const struct bootlog *log, unsigned i)
{
	return &log->records[(log->next + BOOTLOG_MAX - log->n + i) % BOOTLOG_MAX];
}

/*
 * What tells how far the machine is: the last record, unless that is the end of a file that was
 * noticed after a later file of the same boot.
 */
static const struct boot_record *newest(const struct bootlog *log)
{
	const struct boot_record *best = log && log->n ? record_at(log, log->n - 1) : NULL;
	enum boot_stage stage = best ? boot_step_of(best)->stage : STAGE_NONE;

	if (stage < STAGE_KERNEL || !best->ok)
		return best;
	for (unsigned i = log->n - 1; i-- > 0 && boot_step_of(record_at(log, i))->stage >= stage;)
		if (boot_step_of(record_at(log, i))->stage > boot_step_of(best)->stage)
			best = record_at(log, i);
	return best;
}

/* before: the one before it, or NULL. */
static json_t *record_json(const struct boot_record *rec, const struct boot_record *before)
{
	char when[TIME_TEXT_MAX], text[300];
	json_t *j = json_object();

	json_put_str(j, "at", time_format(rec->wall_us, when, sizeof(when)));
	json_put_str(j, "step", rec->kind);
	json_put_bool(j, "ok", rec->ok);
	json_put_str(j, "text", boot_step_text(rec, text, sizeof(text)));
	if (*rec->ip)
		json_put_str(j, "ip", rec->ip);
	if (*rec->detail)
		json_put_str(j, "detail", rec->detail);
	if (rec->bytes)
		json_put_int(j, "bytes", (int64_t)rec->bytes);
	if (before)
		json_put_int(j, "gap_ms", rec->mono_ms - before->mono_ms);
	return j;
}

static json_t *records_json(const struct bootlog *log, unsigned most)
{
	json_t *list = json_array();
	unsigned n = log ? log->n : 0;

	for (unsigned i = n > most ? n - most : 0; i < n; i++)
		json_array_append_new(
			list, record_json(record_at(log, i), i ? record_at(log, i - 1) : NULL));
	return list;
}

json_t *bootlog_of_mac(struct engine *en, const char *mac, int most)
{
	return records_json(map_get(&en->bootlogs, mac), (unsigned)most);
}

/* The log of a node's NIC that was seen last; NULL when none was. ret_mac: one of its NICs, or "".
 */
static struct bootlog *newest_log(const struct enode *e, char ret_mac[MAC_TEXT_MAX])
{
	_cleanup_json_ json_t *macs = port_addresses(e);
	struct bootlog *best = NULL, *log;
	int64_t at = 0;
	json_t *mac;
	size_t i;

	ret_mac[0] = 0;
	json_array_foreach (macs, i, mac) {
		log = map_get(&e->en->bootlogs, json_string_value(mac));
		if (!ret_mac[0])
			str_copy(ret_mac, MAC_TEXT_MAX, json_string_value(mac));
		if (newest(log) && newest(log)->mono_ms >= at) {
			best = log;
			at = newest(log)->mono_ms;
			str_copy(ret_mac, MAC_TEXT_MAX, json_string_value(mac));
		}
	}
	return best;
}

json_t *bootlog_of_node(struct enode *e, int most)
{
	char mac[MAC_TEXT_MAX];
	struct bootlog *log = newest_log(e, mac);

	return records_json(log, (unsigned)most);
}

/* Nothing was seen of it: since when, and what it may be instead. */
static void nothing_seen(struct enode *e, const char *mac, char *buf, size_t size)
{
	char when[TIME_TEXT_MAX], hint[256];
	int64_t since_us = e->powered_us ? e->powered_us : e->en->started_us;

	stranger_hint(e->en, mac, since_us, hint, sizeof(hint));
	snprintf(buf, size,
		"nothing was seen from %s on the boot path, not even a DHCP request, since %s "
		"at %s; %s",
		mac, e->powered_us ? "it was powered on" : "the conductor was restarted",
		boot_clock(since_us, when, sizeof(when)), *hint ? hint : boot_step_none);
}

void engine_set_boot_troubles(struct engine *en, const char *text)
{
	str_replace(&en->boot_troubles, str_empty(text) ? NULL : text);
}

static void last_step(struct enode *e, char *buf, size_t size)
{
	char mac[MAC_TEXT_MAX];
	struct bootlog *log = newest_log(e, mac);
	const struct boot_record *rec = newest(log);
	char sentence[400], hint[256] = "";

	if (rec && boot_step_of(rec)->stage < STAGE_SCRIPT)
		stranger_hint(e->en, mac, e->powered_us ? e->powered_us : e->en->started_us, hint,
			sizeof(hint));
	if (!*mac)
		snprintf(buf, size,
			"the node has no port, so no machine that boots is known to be it; create "
			"a port "
			"with its MAC address");
	else if (!rec || rec->mono_ms < e->boot_since_ms)
		nothing_seen(e, mac, buf, size);
	else
		snprintf(buf, size, "%s: %s; %s%s%s (see 'ingot boot explain %s')", mac,
			boot_step_sentence(rec, sentence, sizeof(sentence)),
			boot_step_of(rec)->means, *hint ? "; " : "", hint, mac);
}

void bootlog_last(struct enode *e, char *buf, size_t size)
{
	const char *troubles = e->en->boot_troubles;
	size_t at = 0;

	if (troubles)
		at = (size_t)snprintf(buf, size, "boot services: %.250s; ", troubles);
	if (at < size)
		last_step(e, buf + at, size - at);
}

/* The way of the boot that has just ended well, in one line for the history. */
void bootlog_way(struct enode *e, char *buf, size_t size)
{
	static const char *const names[STAGE_COUNT] = {[STAGE_ADDRESS] = "DHCP",
		[STAGE_PROGRAM] = "boot program",
		[STAGE_SCRIPT] = "script",
		[STAGE_KERNEL] = "kernel",
		[STAGE_RAMDISK] = "ramdisk"};
	char mac[MAC_TEXT_MAX];
	struct bootlog *log = newest_log(e, mac);
	enum boot_stage seen = STAGE_NONE;
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = 0; log && i < log->n && at < size; i++) {
		const struct boot_record *rec = record_at(log, i);
		enum boot_stage stage = boot_step_of(rec)->stage;

		if (rec->mono_ms < e->boot_since_ms || stage <= seen || !names[stage])
			continue;
		seen = stage;
		at += (size_t)snprintf(buf + at, size - at, "%s%s after %.1f s", at ? ", " : "",
			names[stage], (double)(rec->mono_ms - e->boot_since_ms) / 1000);
	}
}

/* Where it stopped: the newest step as a sentence, and what that usually means. */
static void put_end(json_t *j, const struct boot_record *rec)
{
	char sentence[400];

	if (!rec)
		return;
	json_put_str(j, "last", boot_step_sentence(rec, sentence, sizeof(sentence)));
	json_put_str(j, "means", boot_step_of(rec)->means);
	json_put_int(j, "silent_ms", time_mono_ms() - rec->mono_ms);
}

/* Of a MAC address, or of a node: then of its NIC that was seen last. */
void on_boot_records(struct engine *en, struct request *r)
{
	struct enode *e = engine_find(en, r->ident);
	const char *mac = r->ident;
	char normal[MAC_TEXT_MAX], own[MAC_TEXT_MAX];
	struct waiting *w;
	struct bootlog *log;
	struct err err;

	if (e) {
		log = newest_log(e, own);
		mac = *own ? own : NULL;
	} else {
		log = map_get(&en->bootlogs, mac);
		e = enode_of_mac(en, mac);
	}
	if (!e && mac_normalise(r->ident, normal) < 0) {
		err_set(&err, ENOENT, "%s: neither a MAC address nor a node", r->ident);
		request_finish(r, -ENOENT, &err);
		return;
	}
	w = mac ? map_get(&en->waiting, mac) : NULL;
	r->answer = json_object();
	json_put_str(r->answer, "address", mac);
	json_put_str(r->answer, "node_uuid", e ? e->uuid : NULL);
	json_put_str(r->answer, "node_name", e ? e->name : NULL);
	json_put_str(r->answer, "provision_state", e ? provision_state_name(e->state) : NULL);
	json_put_bool(r->answer, "waiting", w && !w->ignored);
	json_object_set_new(r->answer, "addresses", e ? port_addresses(e) : json_array());
	json_object_set_new(r->answer, "records", records_json(log, BOOTLOG_MAX));
	put_end(r->answer, newest(log));
	if (e && e->run && provision_state_is_wait(e->state)) {
		char sentence[900];

		bootlog_last(e, sentence, sizeof(sentence));
		json_put_str(r->answer, "boot_path", sentence);
	}
	request_finish(r, 0, NULL);
}
