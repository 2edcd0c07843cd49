/*
 * A resident node: a small struct, its record as one text, and what is answered often without
 * parsing it; see enode.h. What a node does is not known here.
 */
#include "conductor/model/parts.h"
#include "conductor/node/records.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

static void on_timer(uv_timer_t *t)
{
	struct enode *e = t->data;

	e->timed_out = true;
	enode_ready(e);
}

int enode_locked(const struct enode *e, struct err *err)
{
	return err_set(err, EBUSY,
		"Node %s is locked by host %s, please retry after the current operation is "
		"completed.",
		e->uuid, e->en->hostname);
}

void enode_arm(struct enode *e, int64_t ms)
{
	uv_timer_start(&e->timer, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

/* Its chassis has to stay as long as it names it. */
static void follow_chassis(struct enode *e, const struct node *n)
{
	struct resident *r = resident_find(e->en, &chassis_type, n->chassis_uuid);

	if (r == e->stands_in)
		return;
	if (e->stands_in)
		e->stands_in->users--;
	if (r)
		r->users++;
	e->stands_in = r;
}

/* Mirrors what is answered without parsing, and keeps the record as text. */
static void enode_mirror(struct enode *e, const struct node *n)
{
	_cleanup_json_ json_t *json = record_to_json_brief(&node_type, n);
	struct engine *en = e->en;
	const char *token =
		json_str(json_object_get(n->driver_internal_info, "phone_home"), "token");

	if (token && !map_get(&en->phone_home, token))
		map_put(&en->phone_home, token, xstrdup(n->uuid));
	if (!str_eq(e->name, n->name)) {
		if (e->name)
			map_remove(&en->names, e->name);
		str_replace(&e->name, n->name);
		if (e->name)
			map_put(&en->names, e->name, e);
	}
	free(e->doc);
	e->doc = json_text(json);
	en->stats.nodes_by_state[e->state]--;
	e->state = (enum provision_state)n->provision_state;
	en->stats.nodes_by_state[e->state]++;
	e->power = (enum power_state)n->power_state;
	e->maintenance = n->maintenance;
	e->power_pending = n->target_power_state != POWER_NONE;
	e->power_fault = str_eq(n->fault, FAULT_POWER);
	e->power_asked = false;
	e->console = console_wanted(en, n);
	health_mirror(e, n);
	follow_chassis(e, n);
}

struct enode *enode_new(struct engine *en, const struct node *n)
{
	struct enode *e = xcalloc(1, sizeof(*e));

	e->en = en;
	str_copy(e->uuid, sizeof(e->uuid), n->uuid);
	list_init(&e->requests);
	list_init(&e->answers);
	list_init(&e->link);
	list_init(&e->slot_link);
	e->state_since_ms = time_mono_ms();
	uv_timer_init(en->loop, &e->timer);
	e->timer.data = e;
	map_put(&en->nodes, e->uuid, e);
	en->stats.nodes++;
	en->stats.nodes_by_state[PS_NONE]++;
	en->stats.waiting[WAIT_NOTHING]++;
	en->stats.nodes_by_health[HEALTH_UNKNOWN]++;
	enode_mirror(e, n);
	return e;
}

static void enode_release(uv_handle_t *h)
{
	free(h->data);
}

/* What waits for its turn at a node that is gone. Those about records say themselves what that
 * means.
 */
static void dismiss(struct enode *e, const struct err *gone)
{
	struct request *r;

	while ((r = list_first(&e->requests, struct request, link))) {
		list_remove(&r->link);
		if (r->type && !e->en->stopping)
			on_record(e->en, r);
		else
			request_finish(r, -ENOENT, gone);
	}
}

void enode_free(struct enode *e)
{
	struct engine *en = e->en;
	struct err gone;
	struct op *op, *next_op;

	err_set(&gone, ENOENT, "Node %s could not be found.", e->uuid);
	run_drop(e);
	list_for_each_safe (op, next_op, &e->answers, link) {
		list_remove(&op->link);
		op_free(op);
	}
	if (e->power_request)
		request_finish(TAKE_PTR(e->power_request), -ENOENT, &gone);
	map_remove(&en->nodes, e->uuid);
	if (e->name)
		map_remove(&en->names, e->name);
	dismiss(e, &gone);
	en->stats.nodes--;
	en->stats.nodes_by_state[e->state]--;
	en->stats.waiting[e->wait]--;
	en->stats.nodes_by_health[e->health]--;
	reading_forget(e);
	list_remove(&e->link);
	if (e->stands_in)
		e->stands_in->users--;
	for (struct resident *res = e->residents; res; res = res->sibling)
		res->node = NULL;
	flow_node_gone(en->flow, e->uuid);
	enode_cool(e);
	free(e->name);
	free(e->doc);
	free(e->power_error);
	free(e->waits_for);
	free(e->progress);
	free(e->refused);
	free(e->unsaved_text);
	uv_close((uv_handle_t *)&e->timer, enode_release);
}

const struct node *enode_get(struct enode *e)
{
	_cleanup_json_ json_t *json = NULL;
	struct err err;

	if (e->hot)
		return e->hot;
	e->hot = xmalloc(sizeof(*e->hot));
	node_init(e->hot);
	if (json_parse(e->doc, strlen(e->doc), 1000, &json, &err) < 0 ||
		record_from_json(&node_type, e->hot, json, &err) < 0)
		log_error("node %s: its own record cannot be read: %s", e->uuid, err.text);
	return e->hot;
}

void enode_cool(struct enode *e)
{
	if (!e->hot)
		return;
	node_done(e->hot);
	free(TAKE_PTR(e->hot));
}

void enode_replace(struct enode *e, struct node *n)
{
	struct node *before = (struct node *)enode_get(e);
	unsigned console = e->console;

	run_rebase(e, before, n);
	slot_reorder(e, n);
	e->hot = n;
	enode_mirror(e, n);
	console_follow(e, before, console);
	node_done(before);
	free(before);
}
