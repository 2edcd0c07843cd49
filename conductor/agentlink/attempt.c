/*
 * One request to an agent, asked again while it does not answer: an agent that is just starting, or
 * busy with its disks, or one of hundreds, is slow and not dead. See internal.h.
 */
#include "conductor/agentlink/internal.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define ATTEMPTS       4 /* share the time there is */
#define ATTEMPT_MIN_MS 3000
#define PAUSE_MS       500 /* before the second attempt; twice as long before each further one */
#define PAUSES_GROW    4
#define LAST_MS	       1000 /* for the last attempt; less than ATTEMPT_MIN_MS */

struct attempt {
	struct agentlink *owner;
	char *url, *body, *pin;
	bool repeatable;
	size_t answer_max;
	int64_t deadline_ms;
	unsigned each_ms; /* most time for one */
	int n;
	http_call_fn done;
	void *data;
	uv_timer_t pause;
	struct list link; /* of owner.pausing */
};

static void attempt_free(struct attempt *a)
{
	free(a->url);
	free(a->body);
	free(a->pin);
	free(a);
}

static void finish(struct attempt *a, int r, struct http_response *resp, const struct err *e)
{
	struct err err = {0};

	if (e)
		err = *e;
	if (r < 0 && a->n > 1)
		err_prefix(&err, "asked %d times", a->n);
	a->done(r, resp, r < 0 ? &err : NULL, a->data);
	attempt_free(a);
}

static void attempt(struct attempt *a);

static void on_paused(uv_handle_t *handle)
{
	attempt(handle->data);
}

static void on_pause_over(uv_timer_t *pause)
{
	struct attempt *a = pause->data;

	list_remove(&a->link);
	uv_close((uv_handle_t *)pause, on_paused);
}

static void repeat_later(struct attempt *a)
{
	int grown = a->n - 1 < PAUSES_GROW ? a->n - 1 : PAUSES_GROW;
	int64_t ms = (int64_t)PAUSE_MS << grown, left = a->deadline_ms - time_mono_ms();

	if (ms > left - LAST_MS) /* the last attempt is made in time, to tell what is wrong */
		ms = left - LAST_MS;
	uv_timer_init(a->owner->loop, &a->pause);
	a->pause.data = a;
	list_append(&a->owner->pausing, &a->link);
	uv_timer_start(&a->pause, on_pause_over, (uint64_t)ms, 0);
}

/* What may not be repeated is sent again only when it cannot have arrived. */
static bool worth_another(const struct attempt *a, int r)
{
	bool not_arrived = r == -ECONNREFUSED || r == -EHOSTUNREACH || r == -ENETUNREACH;

	return (a->repeatable || not_arrived) && r != -ECANCELED && r != -EPROTO &&
	       a->deadline_ms - time_mono_ms() > ATTEMPT_MIN_MS;
}

static void answered(int r, struct http_response *resp, const struct err *e, void *data)
{
	struct attempt *a = data;

	if (r < 0 && worth_another(a, r))
		repeat_later(a);
	else
		finish(a, r, resp, e);
}

static void attempt(struct attempt *a)
{
	int64_t left = a->deadline_ms - time_mono_ms();

	if (left > a->each_ms)
		left = a->each_ms;
	a->n++;
	http_async_start(a->owner->http,
		&(struct http_request){.method = a->body ? "POST" : "GET",
			.url = a->url,
			.body = a->body,
			.body_len = a->body ? strlen(a->body) : 0,
			.tls = {.pin_pem = a->pin},
			.response_max = a->answer_max,
			.timeout_ms = left < 1 ? 1 : (unsigned)left},
		answered, a);
}

void agentlink_ask(
	struct agentlink *owner, const struct agent_request *rq, http_call_fn done, void *data)
{
	struct attempt *a = xcalloc(1, sizeof(*a));
	int64_t left = rq->deadline_ms - time_mono_ms();

	a->owner = owner;
	a->url = xstrdup(rq->url);
	a->body = xstrdup(rq->body);
	a->pin = xstrdup(rq->pin_pem);
	a->repeatable = rq->repeatable;
	a->answer_max = rq->answer_max;
	a->deadline_ms = rq->deadline_ms;
	a->done = done;
	a->data = data;
	if (rq->repeatable && left > (int64_t)ATTEMPTS * ATTEMPT_MIN_MS)
		left /= ATTEMPTS;
	a->each_ms = left < 1 ? 1 : (unsigned)left;
	attempt(a);
}

static void on_given_up(uv_handle_t *handle)
{
	struct err e;

	err_set(&e, ECANCELED, "the conductor is stopping");
	finish(handle->data, -ECANCELED, NULL, &e);
}

void agentlink_give_up(struct agentlink *owner)
{
	struct attempt *a, *next;

	list_for_each_safe (a, next, &owner->pausing, link) {
		list_remove(&a->link);
		uv_close((uv_handle_t *)&a->pause, on_given_up);
	}
}
