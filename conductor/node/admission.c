/*
 * Admission: how many machines may boot, write images or be cleaned at the same time. A call of a
 * flow names the slot it needs (conductor/flow/flows.c); the node holds it until it comes to a call
 * that needs another one or none, or its flow is over. When all are taken the node waits in a state
 * of waiting (events "queue" and "admit" of the table), where it can be aborted, and no time limit
 * runs. The queue is ordered by the node's own priority, then by the time it began to wait, which
 * is in its record: a restart finds the same queue.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define PRIORITY_MAX   1000
#define QUEUE_PRIORITY "ingot_priority" /* in extra */
#define LIST_MAX       1000		/* waiting nodes in one answer */
/*
 * A machine that has not reported after so long gives its place to the next one, though it is still
 * waited for: what a slot guards is over by then, or will never be.
 */
#define BOOT_SLOT_MS 300000

static void changed(struct engine *en)
{
	en->slots_changed = true;
	engine_again(en);
}

static void on_lent_out(uv_timer_t *t);

static void watch_boots(struct engine *en)
{
	struct enode *oldest = list_first(&en->slots[SLOT_BOOT].holders, struct enode, slot_link);
	int64_t left = oldest ? oldest->slot_at_ms + BOOT_SLOT_MS - time_mono_ms() : 0;

	if (oldest)
		uv_timer_start(&en->slot_timer, on_lent_out, left > 0 ? (uint64_t)left : 0, 0);
	else
		uv_timer_stop(&en->slot_timer);
}

static void hold(struct enode *e, enum flow_slot slot)
{
	struct engine *en = e->en;

	e->slot_held = (uint8_t)slot;
	e->slot_at_ms = time_mono_ms();
	en->slots[slot].used++;
	list_append(&en->slots[slot].holders, &e->slot_link);
	if (slot == SLOT_BOOT)
		watch_boots(en);
}

static void release(struct enode *e)
{
	struct engine *en = e->en;
	enum flow_slot slot = e->slot_held;

	if (slot == SLOT_NONE)
		return;
	list_remove(&e->slot_link);
	e->slot_held = SLOT_NONE;
	en->slots[slot].used--;
	if (slot == SLOT_BOOT)
		watch_boots(en);
	changed(en);
}

static void on_lent_out(uv_timer_t *t)
{
	struct engine *en = t->data;
	struct enode *e;

	while ((e = list_first(&en->slots[SLOT_BOOT].holders, struct enode, slot_link)) &&
		time_mono_ms() - e->slot_at_ms >= BOOT_SLOT_MS) {
		log_info("node %s: has not reported for %d s, the next machine may boot",
			e->name ? e->name : e->uuid, BOOT_SLOT_MS / 1000);
		release(e);
	}
	watch_boots(en);
}

bool slot_take(struct enode *e, enum flow_slot want)
{
	struct slot *s = &e->en->slots[want];

	if (e->slot_held == want)
		return true;
	release(e);
	if (want == SLOT_NONE)
		return true;
	/* one that cannot wait in its state goes ahead */
	if (s->limit && (s->used >= s->limit || !list_empty(&s->waiting)) &&
		fsm_find(e->state, EV_QUEUE))
		return false;
	hold(e, want);
	return true;
}

void slot_hold(struct enode *e, enum flow_slot slot)
{
	if (slot != SLOT_NONE && e->slot_held == SLOT_NONE)
		hold(e, slot);
}

void slot_leave(struct enode *e)
{
	if (e->slot_wanted != SLOT_NONE) {
		list_remove(&e->slot_link);
		e->en->slots[e->slot_wanted].n_waiting--;
		e->slot_wanted = SLOT_NONE;
		changed(e->en);
	}
	e->slot_admitted = false;
	release(e);
}

static int priority_of(const struct node *n)
{
	const json_t *v = json_object_get(n->extra, QUEUE_PRIORITY);
	int p = 0;

	if (json_is_string(v) &&
		str_to_int(json_string_value(v), -PRIORITY_MAX, PRIORITY_MAX, &p) < 0)
		p = 0;
	else if (json_is_integer(v))
		p = (int)json_integer_value(v);
	return p > PRIORITY_MAX ? PRIORITY_MAX : p < -PRIORITY_MAX ? -PRIORITY_MAX : p;
}

static bool before(const struct enode *a, const struct enode *b)
{
	if (a->slot_priority != b->slot_priority)
		return a->slot_priority > b->slot_priority;
	return a->slot_since_us < b->slot_since_us;
}

/* From the end, where most belong. */
static void insert(struct slot *s, struct enode *e)
{
	struct list *at = s->waiting.prev;

	while (at != &s->waiting && before(e, list_entry(at, struct enode, slot_link)))
		at = at->prev;
	list_insert(at, at->next, &e->slot_link);
}

void slot_queue(struct enode *e, enum flow_slot want)
{
	const struct node *n = enode_get(e);
	struct slot *s = &e->en->slots[want];

	e->slot_wanted = (uint8_t)want;
	e->slot_since_us = n->provision_updated_at;
	e->slot_priority = (int16_t)priority_of(n);
	insert(s, e);
	s->n_waiting++;
	enode_waits(e, 0, "a %s slot", flow_slot_names[want]);
	if (time_wall_us() > e->slot_since_us) /* before a restart, perhaps */
		e->waits_since_ms -= (time_wall_us() - e->slot_since_us) / 1000;
	changed(e->en);
}

void slot_reorder(struct enode *e, const struct node *n)
{
	int priority = priority_of(n);

	if (e->slot_wanted == SLOT_NONE || priority == e->slot_priority)
		return;
	list_remove(&e->slot_link);
	e->slot_priority = (int16_t)priority;
	insert(&e->en->slots[e->slot_wanted], e);
}

void slots_pump(struct engine *en)
{
	en->slots_changed = false;
	for (enum flow_slot i = SLOT_NONE + 1; i < SLOT_COUNT; i++) {
		struct slot *s = &en->slots[i];
		struct enode *e;

		while ((!s->limit || s->used < s->limit) &&
			(e = list_first(&s->waiting, struct enode, slot_link))) {
			list_remove(&e->slot_link);
			s->n_waiting--;
			e->slot_wanted = SLOT_NONE;
			e->slot_admitted = true;
			hold(e, i);
			enode_ready(e);
		}
		en->stats.slots_used[i] = s->used;
		en->stats.slots_waiting[i] = s->n_waiting;
	}
}

/* The node's turn has come, and nothing of it is in flight. */
void slot_admit(struct enode *e)
{
	char cause[96];
	struct state_change s = {.event = EV_ADMIT, .cause = cause};
	struct err err;
	int64_t waited_us = time_wall_us() - e->slot_since_us;

	e->slot_admitted = false;
	if (!e->run || !provision_state_is_wait(e->state))
		return;
	snprintf(cause, sizeof(cause), "got a %s slot after %lld s", flow_slot_names[e->slot_held],
		(long long)(waited_us > 0 ? waited_us / 1000000 : 0));
	if (state_apply(e, &s, &err) < 0)
		log_error("node %s: %s", e->uuid, err.text);
}

void slots_init(struct engine *en)
{
	const unsigned limits[SLOT_COUNT] = {[SLOT_BOOT] = (unsigned)en->config.max_boot,
		[SLOT_DEPLOY] = (unsigned)en->config.max_deploy,
		[SLOT_CLEAN] = (unsigned)en->config.max_clean};

	for (size_t i = 0; i < SLOT_COUNT; i++) {
		en->slots[i].limit = limits[i];
		list_init(&en->slots[i].waiting);
		list_init(&en->slots[i].holders);
	}
	uv_timer_init(en->loop, &en->slot_timer);
	en->slot_timer.data = en;
}

/* Its place in the queue, from 1. */
static unsigned place_of(const struct enode *e)
{
	const struct slot *s = &e->en->slots[e->slot_wanted];
	const struct list *at = &e->slot_link;
	unsigned n = 0;

	for (; at != &s->waiting; at = at->prev)
		n++;
	return n;
}

static const char *ordinal(unsigned n)
{
	if (n % 100 / 10 == 1)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static json_t *queue_row(const struct enode *e, unsigned place)
{
	const struct slot *s = &e->en->slots[e->slot_wanted];
	char when[TIME_TEXT_MAX];

	return json_pack("{s:s, s:i, s:i, s:s, s:i, s:i, s:i}", "slot",
		flow_slot_names[e->slot_wanted], "place", place, "of", s->n_waiting, "since",
		time_format(e->slot_since_us, when, sizeof(when)), "priority", e->slot_priority,
		"limit", s->limit, "in_use", s->used);
}

/* In the live view and in `why`. */
void slot_show(const struct enode *e, json_t *row)
{
	static const char *const doing[SLOT_COUNT] = {
		[SLOT_BOOT] = "boot", [SLOT_DEPLOY] = "write an image", [SLOT_CLEAN] = "clean"};
	const struct slot *s = &e->en->slots[e->slot_wanted];
	char text[160];
	unsigned place;

	if (e->slot_wanted == SLOT_NONE)
		return;
	place = place_of(e);
	snprintf(text, sizeof(text),
		"a %s slot, %u%s of %u; %u machines %s now, %u may; no time limit runs meanwhile",
		flow_slot_names[e->slot_wanted], place, ordinal(place), s->n_waiting, s->used,
		doing[e->slot_wanted], s->limit);
	json_put_str(row, "waits_for", text);
	json_object_set_new(row, "queue", queue_row(e, place));
}

void on_queue_list(struct engine *en, struct request *r)
{
	json_t *slots = json_array(), *waiting = json_array();

	for (enum flow_slot i = SLOT_NONE + 1; i < SLOT_COUNT; i++) {
		const struct slot *s = &en->slots[i];
		struct enode *e;
		unsigned place = 0;

		json_array_append_new(slots,
			json_pack("{s:s, s:i, s:i, s:i}", "slot", flow_slot_names[i], "limit",
				s->limit, "in_use", s->used, "waiting", s->n_waiting));
		list_for_each (e, &s->waiting, slot_link) {
			json_t *row = queue_row(e, ++place);

			if (json_array_size(waiting) >= LIST_MAX) {
				json_decref(row);
				break;
			}
			json_put_str(row, "uuid", e->uuid);
			json_put_str(row, "name", e->name);
			json_put_str(row, "provision_state", provision_state_name(e->state));
			json_array_append_new(waiting, row);
		}
	}
	r->answer = json_pack("{s:o, s:o}", "slots", slots, "waiting", waiting);
	request_finish(r, 0, NULL);
}

static void priority_durable(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

/* Also where the contract does not let clients change a node: it is for those who wait. */
void on_queue_priority(struct enode *e, struct request *r)
{
	const json_t *v = json_object_get(r->args, "priority");
	int64_t priority = json_integer_value(v);
	struct commit *c;
	struct err err;

	if (!json_is_integer(v) || priority < -PRIORITY_MAX || priority > PRIORITY_MAX) {
		err_set(&err, EINVAL, "priority: expected a number from -%d to %d", PRIORITY_MAX,
			PRIORITY_MAX);
		request_finish(r, -EINVAL, &err);
		return;
	}
	c = commit_new(e);
	json_put_int(c->next->extra, QUEUE_PRIORITY, priority);
	commit_submit(c, priority_durable, r);
}
