/* What a node is doing, what it waits for, and how far it is: for `why` and the live view. */
#include "conductor/node/walk.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define RECORDS_SHOWN 12
#define EVENTS_SHOWN  20
#define CONSOLE_SHOWN 12

/* Of a moment of the monotonic clock, as the wall clock shows it now. */
static int64_t wall_of(int64_t mono_ms)
{
	return mono_ms ? time_wall_us() + (mono_ms - time_mono_ms()) * 1000 : 0;
}

static void put_time(json_t *j, const char *key, int64_t wall_us)
{
	char when[TIME_TEXT_MAX];

	json_put_str(j, key, wall_us ? time_format(wall_us, when, sizeof(when)) : NULL);
}

static json_t *progress_json(const struct progress *p)
{
	json_t *j;

	if (!p)
		return json_null();
	j = json_object();
	json_put_str(j, "phase", p->phase);
	json_put_str(j, "message", p->message);
	json_put_int(j, "bytes_done", p->done);
	json_put_int(j, "bytes_total", p->total);
	json_put_int(j, "bytes_written", p->written);
	json_put_int(j, "rate_bps", p->rate);
	json_put_int(j, "age_ms", time_mono_ms() - p->at_ms);
	return j;
}

json_t *progress_row(struct enode *e)
{
	bool hot = e->hot != NULL;
	const struct node *n = enode_get(e);
	json_t *j = json_object();
	const char *last_error = n->last_error;

	json_put_str(j, "uuid", e->uuid);
	json_put_str(j, "name", e->name);
	json_put_str(j, "provision_state", provision_state_name(e->state));
	json_put_str(j, "target_provision_state",
		n->target_provision_state ? provision_state_names[n->target_provision_state]
					  : NULL);
	json_put_str(j, "power_state", power_state_names[e->power]);
	json_put_bool(j, "maintenance", e->maintenance);
	json_put_str(j, "waits_for", e->waits_for);
	put_time(j, "waits_since", e->waits_for ? wall_of(e->waits_since_ms) : 0);
	put_time(j, "waits_until", e->waits_for ? wall_of(e->waits_until_ms) : 0);
	slot_show(e, j);
	json_put_int(j, "state_age_ms", time_mono_ms() - e->state_since_ms);
	json_put_str(j, "last_error", last_error);
	json_object_set_new(j, "progress", progress_json(e->progress));
	if (!hot && !e->run && !e->committing)
		enode_cool(e);
	return j;
}

static int add_event(void *data, const void *rec)
{
	const struct node_event *ev = rec;
	json_t *j = json_object();

	put_time(j, "at", ev->created_at);
	json_put_str(j, "severity", ev->severity);
	json_put_str(j, "from", ev->from_state);
	json_put_str(j, "to", ev->to_state);
	json_put_str(j, "event", ev->event);
	json_put_int(j, "duration_ms", ev->duration_ms);
	json_array_append_new(data, j);
	return 0;
}

void on_why(struct enode *e, struct request *r)
{
	const struct store_filter mine = {"node_uuid", STORE_EQ, e->uuid};
	const struct store_query last = {.filters = &mine,
		.n_filters = 1,
		.sort_key = "id",
		.descending = true,
		.limit = EVENTS_SHOWN};
	json_t *events = json_array(), *home, *console, *bmc;
	_cleanup_free_ char *reason = NULL;
	char sentence[300];
	struct err err;

	store_list(e->en->store, &node_event_type, &last, add_event, events, &err);
	r->answer = progress_row(e);
	json_object_set_new(r->answer, "events", events);
	json_object_set_new(r->answer, "boot", bootlog_of_node(e, RECORDS_SHOWN));
	if (provision_state_is_wait(e->state)) {
		bootlog_last(e, sentence, sizeof(sentence));
		json_put_str(r->answer, "boot_path", sentence);
	}
	console = flow_console_show(e->en->flow, e->uuid, CONSOLE_SHOWN);
	if (console)
		json_object_set_new(r->answer, "console", console);
	if (e->power_failures) {
		json_put_int(r->answer, "power_failures", e->power_failures);
		json_put_str(r->answer, "power_error", e->power_error);
	}
	reason = health_reason(enode_get(e));
	json_put_str(r->answer, "health", health_names[e->health]);
	json_put_str(r->answer, "health_reason", reason);
	bmc = flow_bmc(e->en->flow, e->uuid);
	if (bmc)
		json_object_set_new(r->answer, "bmc", bmc);
	put_time(r->answer, "agent_seen", wall_of(e->agent_seen_ms));
	json_put_str(
		r->answer, "agent_logs", json_str(enode_get(e)->driver_internal_info, AGENT_LOGS));
	home = json_object_get(enode_get(e)->driver_internal_info, "phone_home");
	if (json_str(home, "hostname"))
		json_object_set_new(r->answer, "phone_home", json_deep_copy(home));
	if (!e->run && !e->committing)
		enode_cool(e);
	request_finish(r, 0, NULL);
}

static json_t *each_progress(struct enode *e, bool flag)
{
	return progress_row(e);
}

void on_progress_list(struct engine *en, struct request *r)
{
	struct enode *e;
	struct err err;

	if (!r->ident) {
		walk_nodes(en, r, "nodes", each_progress);
		return;
	}
	e = engine_find(en, r->ident);
	if (e) {
		r->answer = json_pack("{s:[o]}", "nodes", progress_row(e));
		request_finish(r, 0, NULL);
	} else {
		err_set(&err, ENOENT, "Node %s could not be found.", r->ident);
		request_finish(r, -ENOENT, &err);
	}
}
