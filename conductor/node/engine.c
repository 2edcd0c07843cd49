/* The engine's queue, its nodes and its life; see engine.h and enode.h. */
#include "conductor/node/allocate.h"
#include "conductor/node/records.h"
#include "conductor/node/walk.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define TURN_NS	 (4 * 1000 * 1000)
#define STOPPING "this conductor is stopping; try again in a moment"

const char *const wait_names[WAIT_COUNT + 1] = {
	"nothing", "bmc", "boot", "agent", "operator", "queue", "store", NULL};
const char *const cause_names[CAUSE_COUNT + 1] = {"bmc", "boot", "agent", "conductor", NULL};

/* Requests by kind: about a node (looked up by ident) or about none. */
static const struct {
	void (*node)(struct enode *e, struct request *r);
	void (*engine)(struct engine *en, struct request *r);
	bool reads; /* changes nothing: answered also while a commit is in flight */
} kinds[REQ_COUNT] = {
	[REQ_NODE_CREATE] = {.engine = on_node_create},
	[REQ_NODE_UPDATE] = {.node = on_node_update},
	[REQ_NODE_DELETE] = {.node = on_node_delete},
	[REQ_RECORD_CREATE] = {.engine = on_record, .node = on_record_of_node},
	[REQ_RECORD_UPDATE] = {.engine = on_record, .node = on_record_of_node},
	[REQ_RECORD_DELETE] = {.engine = on_record, .node = on_record_of_node},
	[REQ_RECORDS_CLEAR] = {.engine = on_records_clear},
	[REQ_PROVISION] = {.node = on_provision},
	[REQ_POWER] = {.node = on_power},
	[REQ_MAINTENANCE] = {.node = on_maintenance},
	[REQ_TRAITS] = {.node = on_traits},
	[REQ_RAID_TARGET] = {.node = on_raid_target},
	[REQ_VALIDATE] = {.node = on_validate, .reads = true},
	[REQ_BOOT_DEVICE_GET] = {.node = on_management},
	[REQ_BOOT_DEVICE_SET] = {.node = on_management},
	[REQ_BOOT_DEVICE_SUPPORTED] = {.node = on_management, .reads = true},
	[REQ_ASK] = {.node = on_ask},
	[REQ_ASKED] = {.node = on_asked},
	[REQ_BMC] = {.node = on_bmc},
	[REQ_VENDOR] = {.node = on_vendor},
	[REQ_VENDOR_METHODS] = {.node = on_vendor_methods, .reads = true},
	[REQ_LOOKUP] = {.engine = on_lookup},
	[REQ_HEARTBEAT] = {.node = on_heartbeat},
	[REQ_INSPECTION] = {.engine = on_inspection},
	[REQ_PROGRESS] = {.node = on_progress_report, .reads = true},
	[REQ_PHONE_HOME] = {.engine = on_phone_home},
	[REQ_WHY] = {.node = on_why, .reads = true},
	[REQ_PROGRESS_GET] = {.engine = on_progress_list},
	[REQ_QUEUE_LIST] = {.engine = on_queue_list},
	[REQ_QUEUE_PRIORITY] = {.node = on_queue_priority},
	[REQ_BMC_LIST] = {.engine = on_bmc_list},
	[REQ_BOOT_RECORDS] = {.engine = on_boot_records},
	[REQ_WAITING_LIST] = {.engine = on_waiting_list},
	[REQ_WAITING_ACCEPT] = {.engine = on_waiting_accept},
	[REQ_WAITING_IGNORE] = {.engine = on_waiting_ignore},
	[REQ_CONSOLE_SET] = {.node = on_console_set},
	[REQ_CONSOLE_GET] = {.node = on_console_get, .reads = true},
	[REQ_CONSOLE_WATCH] = {.node = on_console_watch, .reads = true},
	[REQ_CONSOLE_LEAVE] = {.node = on_console_leave, .reads = true},
	[REQ_CONSOLE_TYPE] = {.node = on_console_type, .reads = true},
	[REQ_DRIVERS] = {.engine = on_drivers_list},
};

struct request *request_new(enum request_kind kind, void (*done)(struct request *), void *data)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->kind = kind;
	r->done = done;
	r->data = data;
	list_init(&r->link);
	return r;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	if (r->kind == REQ_NODE_CREATE)
		r->type = &node_type;
	if (r->type && r->record)
		record_done(r->type, r->record);
	if (r->kind != REQ_CONSOLE_WATCH)
		free(r->record);
	free(r->ident);
	free(r->text);
	free(r->user);
	json_decref(r->args);
	json_decref(r->answer);
	free(r);
}

void engine_submit(struct engine *en, struct request *r)
{
	pthread_mutex_lock(&en->lock);
	list_append(&en->requests, &r->link);
	pthread_mutex_unlock(&en->lock);
	uv_async_send(&en->wake);
}

void request_finish(struct request *r, int result, const struct err *err)
{
	r->result = result;
	if (err)
		r->err = *err;
	json_decref(TAKE_PTR(r->args)); /* records may hold parts of it: let go on their thread */
	r->done(r);
}

/* A part of a record in two threads would be freed by either. */
void request_answer(struct request *r, json_t *answer)
{
	json_decref(r->answer);
	r->answer = json_deep_copy(answer);
	json_decref(answer);
}

struct enode *engine_find(struct engine *en, const char *ident)
{
	struct enode *e = ident ? map_get(&en->nodes, ident) : NULL;

	return e || !ident ? e : map_get(&en->names, ident);
}

static void on_again(uv_idle_t *idle);

/* The engine whose thread this is, as far as known. */
static _Thread_local const struct engine *mine;

void enode_ready(struct enode *e)
{
	if (e->queued)
		return;
	e->queued = true;
	list_append(&e->en->ready, &e->link);
	uv_idle_start(&e->en->again, on_again);
}

static void post_op(struct op *op)
{
	struct engine *en = op->engine;

	if (mine == en) {
		list_append(&en->todo_answers, &op->link);
		uv_idle_start(&en->again, on_again);
		return;
	}
	pthread_mutex_lock(&en->lock);
	list_append(&en->answers, &op->link);
	pthread_mutex_unlock(&en->lock);
	uv_async_send(&en->wake);
}

struct op *op_new(struct enode *e, const char *what, unsigned timeout_s)
{
	struct op *op = xcalloc(1, sizeof(*op));

	str_copy(op->node, sizeof(op->node), e->uuid);
	op->what = what;
	op->generation = e->generation;
	op->deadline_ms = time_mono_ms() + (int64_t)timeout_s * 1000;
	op->post = post_op;
	op->engine = e->en;
	list_init(&op->link);
	e->en->stats.ops_started++;
	return op;
}

void op_free(struct op *op)
{
	json_decref(op->value);
	free(op);
}

void engine_publish(struct engine *en, const struct news *news)
{
	for (int i = 0; i < en->n_subscribers; i++)
		en->subscribers[i].notify(en->subscribers[i].data, news);
}

void engine_subscribe(struct engine *en, const struct news_subscriber *s)
{
	if (en->n_subscribers < (int)ARRAY_SIZE(en->subscribers))
		en->subscribers[en->n_subscribers++] = *s;
}

static void handle_answer(struct enode *e, struct op *op)
{
	if (op->result < 0)
		e->en->stats.ops_failed++;
	if (op == e->power_op)
		power_answer(e, op);
	else if (op == e->op)
		run_answer(e, op);
	else
		op_free(op); /* of a flow that is over */
}

/*
 * Stopping: nothing is begun and nothing judged any more. What is in flight is left as the record
 * says it, for the next start to go on with; a BMC's answer cut off by us is no failure.
 */
static void enode_leave(struct enode *e)
{
	struct request *r;
	struct op *op;
	struct err err;

	err_set(&err, EAGAIN, STOPPING);
	while ((op = list_first(&e->answers, struct op, link))) {
		list_remove(&op->link);
		op_free(op);
	}
	while ((r = list_first(&e->requests, struct request, link))) {
		list_remove(&r->link);
		request_finish(r, -EAGAIN, &err);
	}
}

/* Does what a node has to do, one thing at a time, until it commits or has nothing left. */
static void enode_turn(struct enode *e)
{
	struct request *r;
	struct op *op;

	if (e->en->stopping) {
		enode_leave(e);
		return;
	}
	while (!e->committing) {
		op = list_first(&e->answers, struct op, link);
		if (op) {
			list_remove(&op->link);
			handle_answer(e, op);
			continue;
		}
		if (e->timed_out) {
			e->timed_out = false;
			run_timeout(e);
			continue;
		}
		if (e->slot_admitted) {
			slot_admit(e);
			continue;
		}
		r = list_first(&e->requests, struct request, link);
		if (!r)
			break;
		list_remove(&r->link);
		kinds[r->kind].node(e, r); /* a deletion only begins here: e is there still */
	}
	if (!e->committing && !e->run)
		enode_cool(e);
}

void request_dispatch(struct engine *en, struct request *r)
{
	struct enode *e;
	struct err err;

	en->stats.requests++;
	if (en->stopping) {
		err_set(&err, EAGAIN, STOPPING);
		request_finish(r, -EAGAIN, &err);
		return;
	}
	if (kinds[r->kind].engine) {
		kinds[r->kind].engine(en, r);
		return;
	}
	e = engine_find(en, r->ident);
	if (!e) {
		err_set(&err, ENOENT, "Node %s could not be found.",
			r->ident ? r->ident : "(none)");
		request_finish(r, -ENOENT, &err);
	} else if (kinds[r->kind].reads) {
		kinds[r->kind].node(e, r);
	} else {
		list_append(&e->requests, &r->link);
		enode_ready(e);
	}
}

/* Moves all of src to the end of dst. */
static void list_move_all(struct list *dst, struct list *src)
{
	if (list_empty(src))
		return;
	src->next->prev = dst->prev;
	dst->prev->next = src->next;
	src->prev->next = dst;
	dst->prev = src->prev;
	list_init(src);
}

static void take_posted(struct engine *en, struct list *requests)
{
	pthread_mutex_lock(&en->lock);
	list_move_all(requests, &en->requests);
	list_move_all(&en->todo_answers, &en->answers);
	list_move_all(&en->todo_commits, &en->commits);
	pthread_mutex_unlock(&en->lock);
}

static void deliver(struct engine *en, struct op *op)
{
	struct enode *e = map_get(&en->nodes, op->node);

	if (!e) {
		op_free(op);
		return;
	}
	list_append(&e->answers, &op->link);
	enode_ready(e);
}

/* The next piece of work that waits: a commit that is durable, an answer, a node with something to
 * do. False: none does. */
static bool work(struct engine *en)
{
	struct commit *c = list_first(&en->todo_commits, struct commit, link);
	struct op *op = list_first(&en->todo_answers, struct op, link);
	struct enode *e = list_first(&en->ready, struct enode, link);

	if (c) {
		list_remove(&c->link);
		commit_finished(c);
	} else if (op) {
		list_remove(&op->link);
		deliver(en, op);
	} else if (e) {
		list_remove(&e->link);
		e->queued = false;
		enode_turn(e);
	}
	return c || op || e;
}

/*
 * One turn of the loop. What clients want is looked at first, and the rest for TURN_NS only: then
 * sockets and clients have their turn again.
 */
static void turn(struct engine *en)
{
	uint64_t until = uv_hrtime() + TURN_NS;
	struct list requests;

	mine = en;
	list_init(&requests);
	take_posted(en, &requests);
	while (!list_empty(&requests)) {
		struct request *r = list_entry(requests.next, struct request, link);

		list_remove(&r->link);
		request_dispatch(en, r);
	}
	do {
		if (en->slots_changed)
			slots_pump(en);
	} while (work(en) && uv_hrtime() < until);
	if (!en->slots_changed && list_empty(&en->ready) && list_empty(&en->todo_answers) &&
		list_empty(&en->todo_commits))
		uv_idle_stop(&en->again);
	else
		uv_idle_start(&en->again, on_again);
	pthread_mutex_lock(&en->lock);
	en->shown = en->stats;
	pthread_mutex_unlock(&en->lock);
}

void engine_again(struct engine *en)
{
	if (!en->stopping)
		uv_idle_start(&en->again, on_again);
}

static void on_again(uv_idle_t *idle)
{
	turn(idle->data);
}

static void on_wake(uv_async_t *async)
{
	turn(async->data);
}

static int load_node(void *data, const void *rec)
{
	enode_new(data, rec);
	return 0;
}

int engine_new(uv_loop_t *loop, struct store *store, const struct engine_config *c,
	struct engine **ret, struct err *e)
{
	struct engine *en = xcalloc(1, sizeof(*en));
	int r;

	en->loop = loop;
	en->store = store;
	en->config = *c;
	en->flow = c->flow;
	en->hostname = xstrdup(c->hostname);
	en->started_us = time_wall_us();
	en->started_ms = time_mono_ms();
	pthread_mutex_init(&en->lock, NULL);
	list_init(&en->requests);
	list_init(&en->answers);
	list_init(&en->commits);
	list_init(&en->todo_answers);
	list_init(&en->todo_commits);
	list_init(&en->ready);
	uv_async_init(loop, &en->wake, on_wake);
	uv_idle_init(loop, &en->again);
	en->again.data = en;
	en->wake.data = en;
	en->records = xcalloc((size_t)n_record_kinds, sizeof(*en->records));
	list_init(&en->record_waits);
	list_init(&en->allocations);
	uv_timer_init(loop, &en->allocation_timer);
	en->allocation_timer.data = en;
	slots_init(en);
	list_init(&en->walks);
	uv_idle_init(loop, &en->walking);
	en->walking.data = en;
	uv_timer_init(loop, &en->sweep);
	en->sweep.data = en;
	uv_timer_init(loop, &en->reading_timer);
	en->reading_timer.data = en;
	r = records_load(en, false, e); /* what nodes name, before them; what is theirs, after */
	if (r == 0)
		r = store_list(store, &node_type, &(struct store_query){0}, load_node, en, e);
	if (r == 0)
		r = records_load(en, true, e);
	if (r == 0)
		r = waiting_load(en, e);
	if (r < 0) {
		err_prefix(e, "load the nodes");
		engine_free(en);
		return r;
	}
	*ret = en;
	return 0;
}

int engine_start(struct engine *en, struct err *e)
{
	void *value;

	for (size_t pos = 0; map_next(&en->nodes, &pos, NULL, &value);)
		run_recover(value);
	for (size_t pos = 0; map_next(&en->nodes, &pos, NULL, &value);)
		console_follow(value, NULL, 0);
	sweep_start(en);
	en->shown = en->stats;
	readings_start(en);
	allocations_start(en);
	return 0;
}

void engine_stop(struct engine *en)
{
	en->stopping = true;
	uv_timer_stop(&en->sweep);
	uv_timer_stop(&en->reading_timer);
	uv_timer_stop(&en->slot_timer);
	uv_timer_stop(&en->allocation_timer);
	walks_stop(en);
}

static void map_free_values(struct map *m)
{
	void *value;

	for (size_t pos = 0; map_next(m, &pos, NULL, &value);)
		free(value);
	map_done(m);
}

void engine_free(struct engine *en)
{
	void *value;

	if (!en)
		return;
	en->stopping = true;
	do
		turn(en); /* what came in since the last turn of the loop */
	while (uv_is_active((uv_handle_t *)&en->again));
	for (size_t pos = 0; map_next(&en->nodes, &pos, NULL, &value); pos = 0)
		enode_free(value);
	bootlogs_free(en);
	waiting_free(en);
	allocations_free(en);
	records_free(en);
	map_free_values(&en->phone_home);
	map_done(&en->nodes);
	map_done(&en->names);
	readings_free(en);
	uv_close((uv_handle_t *)&en->sweep, NULL);
	uv_close((uv_handle_t *)&en->reading_timer, NULL);
	uv_close((uv_handle_t *)&en->wake, NULL);
	uv_close((uv_handle_t *)&en->again, NULL);
	uv_close((uv_handle_t *)&en->slot_timer, NULL);
	uv_close((uv_handle_t *)&en->allocation_timer, NULL);
	uv_close((uv_handle_t *)&en->walking, NULL);
	uv_run(en->loop, UV_RUN_NOWAIT);
	uv_run(en->loop, UV_RUN_NOWAIT);
	pthread_mutex_destroy(&en->lock);
	free(en->hostname);
	free(en->boot_troubles);
	free(en);
}

const char *engine_hostname(const struct engine *en)
{
	return en->hostname;
}

int64_t engine_started_at_us(const struct engine *en)
{
	return en->started_us;
}

/* As they were at the end of the loop's last turn. */
void engine_get_stats(struct engine *en, struct engine_stats *ret)
{
	pthread_mutex_lock(&en->lock);
	*ret = en->shown;
	pthread_mutex_unlock(&en->lock);
}
