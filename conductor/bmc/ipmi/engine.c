/*
 * The engine: one timer and a heap for every deadline of every BMC, the window that bounds how many
 * BMCs are asked at once, and the list of requests that have ended and wait for their callback.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "conductor/bmc/ipmi/internal.h"

#define WINDOW_DEFAULT	  64
#define SOCKETS_DEFAULT	  2
#define IN_FLIGHT_DEFAULT 2048
#define RTT_GUESS_US	  1000 /* a first guess that is too short only asks more BMCs at once */

int64_t engine_now(const struct ipmi_engine *e)
{
	return (int64_t)uv_now(e->loop);
}

/* Random bytes from a pool, as a system call for each number would cost more than the number. */
void engine_random(struct ipmi_engine *e, void *out, size_t len)
{
	if (len > e->random_left) {
		e->random_left = 0;
		while (e->random_left < sizeof(e->random)) {
			ssize_t n = getrandom(
				e->random + e->random_left, sizeof(e->random) - e->random_left, 0);

			if (n > 0)
				e->random_left += (size_t)n;
			else if (errno != EINTR)
				abort(); /* no keys without random numbers */
		}
	}
	e->random_left -= len;
	memcpy(out, e->random + e->random_left, len);
	mem_wipe(e->random + e->random_left, len);
}

void engine_count(uint64_t *counter, int by)
{
	__atomic_store_n(counter, *counter + (uint64_t)(int64_t)by, __ATOMIC_RELAXED);
}

void ipmi_engine_get_stats(const struct ipmi_engine *e, struct ipmi_engine_stats *ret)
{
	const uint64_t *from = (const uint64_t *)&e->stats;
	uint64_t *to = (uint64_t *)ret;

	for (size_t i = 0; i < sizeof(*ret) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void engine_enter(struct ipmi_engine *e)
{
	e->in_callback = true;
}

static void on_idle(uv_idle_t *idle)
{
	struct ipmi_engine *e = idle->data;

	engine_enter(e);
	uv_idle_stop(idle);
	e->idling = false;
	engine_dispatch(e);
}

void engine_wake(struct ipmi_engine *e)
{
	if (e->idling || e->in_callback || e->closing)
		return;
	e->idling = true;
	uv_idle_start(&e->idle, on_idle);
}

void engine_ended(struct ipmi_engine *e, struct request *r)
{
	list_append(&e->ended, &r->link);
	engine_wake(e);
}

static void complete(struct request *r)
{
	r->result.data = r->data;
	r->done(r->done_data, r->answered ? &r->result : NULL, r->err);
	mem_wipe(r->data, sizeof(r->data));
	free(r->err);
	free(r);
}

/*
 * Calls back for what has ended so far. What a callback ends in turn waits for the next round of
 * the loop, so that a caller who repeats a failing request for ever does not stop the world.
 */
static void complete_ended(struct ipmi_engine *e)
{
	struct list batch;
	struct request *r;

	if (list_empty(&e->ended))
		return;
	batch = e->ended;
	batch.next->prev = batch.prev->next = &batch;
	list_init(&e->ended);
	while ((r = list_first(&batch, struct request, link))) {
		list_remove(&r->link);
		complete(r);
	}
}

static void arm_timer(struct ipmi_engine *e);

void engine_dispatch(struct ipmi_engine *e)
{
	complete_ended(e);
	engine_admit(e);
	e->in_callback = false;
	if (!list_empty(&e->ended))
		engine_wake(e);
	arm_timer(e);
}

static void on_timer(uv_timer_t *timer)
{
	struct ipmi_engine *e = timer->data;
	struct heap_item *first;

	engine_enter(e);
	e->armed_ms = NEVER;
	while ((first = heap_first(&e->heap)) && first->due_ms <= engine_now(e)) {
		struct ipmi_bmc *b = container_of(first, struct ipmi_bmc, timer);

		heap_remove(&e->heap, first);
		bmc_timer(b);
	}
	engine_dispatch(e);
}

/* A timer that is too early costs one look at the heap; one that is moved each time costs more. */
static void arm_timer(struct ipmi_engine *e)
{
	struct heap_item *first = heap_first(&e->heap);
	int64_t wait;

	if (!first || first->due_ms >= e->armed_ms || e->closing)
		return;
	e->armed_ms = first->due_ms;
	wait = first->due_ms - engine_now(e);
	uv_timer_start(&e->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

void engine_arm(struct ipmi_engine *e, struct ipmi_bmc *b, int64_t due_ms)
{
	if (due_ms == NEVER) {
		heap_remove(&e->heap, &b->timer);
		return;
	}
	heap_set(&e->heap, &b->timer, due_ms);
	if (!e->in_callback)
		arm_timer(e);
}

void engine_want_window(struct ipmi_engine *e, struct ipmi_bmc *b, enum ipmi_priority priority)
{
	if (b->on_list)
		list_remove(&b->window_link);
	list_append(&e->waiting[priority], &b->window_link);
	b->list_priority = priority;
	b->on_list = true;
}

void engine_leave_window(struct ipmi_engine *e, struct ipmi_bmc *b)
{
	if (b->on_list)
		list_remove(&b->window_link);
	b->on_list = false;
	if (b->in_window)
		e->asking--;
	b->in_window = false;
}

/*
 * Commands have a window of their own on top, so that no sweep, however large, stands before them.
 * The ceiling of requests in flight is for sweeps alone: they may be long with a thousand dead
 * BMCs.
 */
void engine_admit(struct ipmi_engine *e)
{
	static const enum ipmi_priority order[] = {IPMI_PRIORITY_COMMAND, IPMI_PRIORITY_SWEEP};
	struct ipmi_bmc *b;

	if (e->admitting || e->closing)
		return;
	e->admitting = true;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		unsigned room = e->window * (order[i] == IPMI_PRIORITY_COMMAND ? 2 : 1);

		while (e->asking < room &&
			(order[i] == IPMI_PRIORITY_COMMAND || e->in_flight < e->in_flight_max) &&
			(b = list_first(&e->waiting[order[i]], struct ipmi_bmc, window_link))) {
			list_remove(&b->window_link);
			b->on_list = false;
			b->in_window = true;
			e->asking++;
			bmc_begin(b);
		}
	}
	e->admitting = false;
}

int ipmi_engine_new(uv_loop_t *loop, const struct ipmi_engine_config *config,
	struct ipmi_engine **ret, struct err *err)
{
	struct ipmi_engine *e = xcalloc(1, sizeof(*e));
	unsigned sockets = config && config->sockets ? config->sockets : SOCKETS_DEFAULT;
	int r;

	e->loop = loop;
	e->window = config && config->window ? config->window : WINDOW_DEFAULT;
	e->in_flight_max = config && config->in_flight ? config->in_flight : IN_FLIGHT_DEFAULT;
	e->sweep_every_s = config ? config->sweep_every_s : 0;
	e->rtt_us = RTT_GUESS_US;
	e->armed_ms = NEVER;
	list_init(&e->bmcs);
	list_init(&e->ended);
	list_init(&e->waiting[0]);
	list_init(&e->waiting[1]);
	uv_timer_init(loop, &e->timer);
	uv_idle_init(loop, &e->idle);
	e->timer.data = e->idle.data = e;
	e->handles = 2;
	r = net_open(e, sockets < SOCKETS_MAX ? sockets : SOCKETS_MAX, err);
	if (r < 0) {
		ipmi_engine_free(e);
		return r;
	}
	*ret = e;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct ipmi_engine *e = h->data;

	e->handles--;
	engine_maybe_delete(e);
}

void engine_maybe_delete(struct ipmi_engine *e)
{
	if (!e->closing || e->handles || e->lookups || e->in_callback)
		return;
	engine_enter(e); /* and never leave: nothing of this engine moves any more */
	while (!list_empty(&e->ended))
		complete_ended(e);
	heap_done(&e->heap);
	free(e->slots);
	free(e->free_slots);
	free(e->buckets);
	free(e->buffers);
	mem_wipe(e->random, sizeof(e->random));
	free(e);
}

void ipmi_engine_free(struct ipmi_engine *e)
{
	struct ipmi_bmc *b;

	if (!e || e->closing)
		return;
	while ((b = list_first(&e->bmcs, struct ipmi_bmc, link)))
		ipmi_bmc_free(b);
	e->closing = true;
	uv_close((uv_handle_t *)&e->timer, on_closed);
	uv_close((uv_handle_t *)&e->idle, on_closed);
	net_close(e);
}
