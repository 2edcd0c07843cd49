/* What a node is doing, what it waits for, and how far it is: for `why` and the live view. */
#include "conductor/node/explain.h"
#include "conductor/node/walk.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define RECORDS_SHOWN 12
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

/* What it waits for: the call that runs, or what its state waits for; NULL: nothing. */
static const char *waits_for(const struct enode *e)
{
	const struct explanation *x = explain_state(e->state);

	return e->waits_for ? e->waits_for : x ? x->waits : NULL;
}

json_t *progress_row(struct enode *e)
{
	bool hot = e->hot != NULL;
	const struct node *n = enode_get(e);
	json_t *j = json_object();
	const char *waits = waits_for(e);

	json_put_str(j, "uuid", e->uuid);
	json_put_str(j, "name", e->name);
	json_put_str(j, "provision_state", provision_state_name(e->state));
	json_put_str(j, "target_provision_state",
		n->target_provision_state ? provision_state_names[n->target_provision_state]
					  : NULL);
	json_put_str(j, "power_state", power_state_names[e->power]);
	json_put_bool(j, "maintenance", e->maintenance);
	json_put_str(j, "waits_for", waits);
	put_time(j, "waits_since",
		e->waits_for ? wall_of(e->waits_since_ms)
		: waits	     ? n->provision_updated_at
			     : 0);
	put_time(j, "waits_until", e->waits_for ? wall_of(e->waits_until_ms) : 0);
	slot_show(e, j);
	json_put_int(j, "state_age_ms", time_mono_ms() - e->state_since_ms);
	json_put_str(j, "last_error", n->last_error);
	json_object_set_new(j, "progress", progress_json(e->progress));
	if (!hot && !e->run && !e->committing)
		enode_cool(e);
	return j;
}

static const char *label(const struct enode *e)
{
	return e->name ? e->name : e->uuid;
}

/* What happens when it does not come; before that its boot may begin again. */
static void put_then(struct enode *e, json_t *j)
{
	const struct explanation *x = explain_state(e->state);
	int64_t due = boot_due_ms(e);
	char text[300], when[TIME_TEXT_MAX];

	if (!x || !x->then)
		return;
	if (e->slot_wanted != SLOT_NONE)
		snprintf(text, sizeof(text), "it goes on; no time limit runs in the queue");
	else if (!due || !provision_state_is_wait(e->state))
		snprintf(text, sizeof(text), "%s", x->then);
	else if (e->boots)
		snprintf(text, sizeof(text),
			"its boot has begun again once; without progress until %s %s",
			boot_clock(wall_of(due), when, sizeof(when)), x->then);
	else
		snprintf(text, sizeof(text),
			"without progress until %s its boot device is set again and it is "
			"restarted, once; in the end %s",
			boot_clock(wall_of(due), when, sizeof(when)), x->then);
	json_put_str(j, "then", text);
}

static void put_next(struct enode *e, json_t *j)
{
	const struct explanation *x = explain_state(e->state);
	char text[400];

	if (e->maintenance && x && !x->waits)
		json_put_str(j, "next",
			explain_fill("see to the cause (maintenance_reason), then: ingot node "
				     "maintenance off NODE",
				label(e), text, sizeof(text)));
	else if (e->slot_wanted != SLOT_NONE)
		json_put_str(j, "next", "nothing: its turn comes (ingot queue list)");
	else if (x)
		json_put_str(j, "next", explain_fill(x->next, label(e), text, sizeof(text)));
}

/* Power outside a flow, the store, and what queues up behind a commit. */
static void put_held(struct enode *e, json_t *j)
{
	struct request *r;
	int queued = 0;

	list_for_each (r, &e->requests, link)
		queued++;
	json_put_bool(j, "locked", e->committing || e->op || e->power_op);
	if (queued)
		json_put_int(j, "requests_waiting", queued);
	if (e->power_op)
		json_put_str(j, "power_change", e->power_op->what);
	if (e->power_failures) {
		json_put_int(j, "power_failures", e->power_failures);
		json_put_str(j, "power_error", e->power_error);
	}
	if (e->maintenance) {
		json_put_str(j, "maintenance_reason", enode_get(e)->maintenance_reason);
		json_put_str(j, "fault", enode_get(e)->fault);
	}
}

static void put_agent(struct enode *e, json_t *j)
{
	put_time(j, "agent_seen", wall_of(e->agent_seen_ms));
	if (!e->refused)
		return;
	json_put_int(j, "agents_refused", e->refused->n);
	json_put_str(j, "agent_refused", e->refused->why);
	put_time(j, "agent_refused_at", e->refused->wall_us);
}

/* The events are the API's to add: reading them from the store would hold up the engine. */
void on_why(struct enode *e, struct request *r)
{
	json_t *home, *bmc = flow_bmc(e->en->flow, e->uuid);
	json_t *console = flow_console_show(e->en->flow, e->uuid, CONSOLE_SHOWN);
	_cleanup_free_ char *reason = NULL;
	char sentence[1000];

	r->answer = progress_row(e);
	put_time(r->answer, "now", time_wall_us());
	put_then(e, r->answer);
	put_next(e, r->answer);
	put_held(e, r->answer);
	put_agent(e, r->answer);
	json_object_set_new(r->answer, "boot", bootlog_of_node(e, RECORDS_SHOWN));
	if (provision_state_is_wait(e->state) && (boot_is_awaited(e) || !e->run)) {
		bootlog_last(e, sentence, sizeof(sentence));
		json_put_str(r->answer, "boot_path", sentence);
	}
	if (console)
		json_object_set_new(r->answer, "console", console);
	reason = health_reason(enode_get(e));
	json_put_str(r->answer, "health", health_names[e->health]);
	json_put_str(r->answer, "health_reason", reason);
	if (bmc)
		json_object_set_new(r->answer, "bmc", bmc);
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
