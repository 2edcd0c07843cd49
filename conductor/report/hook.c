/*
 * Sending what waits for one URL; see hook.h. Order is kept by having one request under way and
 * never passing one that failed. The store is the queue: memory holds one page of it.
 */
#include "conductor/report/hook.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RESPONSE_MAX   65536
#define REFUSALS_MAX   5  /* attempts at an event whose receiver says that the event is wrong */
#define BACKOFF_SHIFTS 20 /* doublings before the maximum is certain */

static void load(struct hook *h);
static void send_next(struct hook *h);
static void remove_page(struct hook *h);

static void count(struct report *r, uint64_t *counter, int by)
{
	pthread_mutex_lock(&r->lock);
	*counter += (uint64_t)(int64_t)by;
	pthread_mutex_unlock(&r->lock);
}

static void page_clear(struct hook *h)
{
	for (int i = 0; i < h->n; i++)
		record_done(&delivery_type, &h->page[i]);
	h->n = h->at = 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct hook *h = timer->data;

	if (h->state != HOOK_WAITING)
		return;
	if (h->at < h->n)
		send_next(h);
	else if (h->n)
		remove_page(h);
	else
		load(h);
}

static void back_off(struct hook *h)
{
	const struct report_config *c = &h->report->config;
	int shift = h->failures - 1 < BACKOFF_SHIFTS ? h->failures - 1 : BACKOFF_SHIFTS;
	uint64_t ms = (uint64_t)c->retry_min_ms << (shift > 0 ? shift : 0);

	h->state = HOOK_WAITING;
	uv_timer_start(&h->timer, on_timer, ms < c->retry_max_ms ? ms : c->retry_max_ms, 0);
}

/* The log hears of the first failure in a row and of its end. */
static void failed(struct hook *h, const char *why)
{
	count(h->report, &h->report->stats.webhook_failures, 1);
	if (!h->failures++) {
		h->failing_since_ms = time_mono_ms();
		count(h->report, &h->report->stats.webhooks_failing, 1);
		log_warning("webhook %s: %s; events are kept and tried again for %u hours",
			h->shown, why, h->report->config.give_up_after_s / 3600);
	}
	back_off(h);
}

static void recovered(struct hook *h)
{
	if (!h->failures)
		return;
	log_info("webhook %s: works again after %d failures in %lld s", h->shown, h->failures,
		(long long)(time_mono_ms() - h->failing_since_ms) / 1000);
	h->failures = 0;
	count(h->report, &h->report->stats.webhooks_failing, -1);
}

static void took_one(void *data, const struct delivery *d)
{
	struct hook *h = data;

	if (h->n < HOOK_PAGE)
		record_copy(&delivery_type, &h->page[h->n++], d);
}

static void load_work(uv_work_t *work)
{
	struct hook *h = work->data;

	h->load_result = report_load(h->report, h->url, HOOK_PAGE, took_one, h, &h->load_err);
}

static void load_done(uv_work_t *work, int status)
{
	struct hook *h = work->data;

	if (!report_closing(h->report)) {
		if (status < 0 || h->load_result < 0) {
			page_clear(h);
			failed(h, status < 0 ? uv_strerror(status) : h->load_err.text);
		} else if (h->n) {
			send_next(h);
		} else if (h->poked) {
			load(h);
		} else {
			h->state = HOOK_IDLE;
		}
	}
	report_unref(h->report);
}

static void load(struct hook *h)
{
	page_clear(h);
	h->state = HOOK_LOADING;
	h->poked = false;
	h->work.data = h;
	report_ref(h->report);
	if (uv_queue_work(h->report->loop, &h->work, load_work, load_done) < 0) {
		report_unref(h->report);
		failed(h, "no thread to read the store");
	}
}

static void removed(void *data, int result)
{
	struct hook *h = data;
	struct report *r = h->report;

	pthread_mutex_lock(&r->lock);
	h->removing--;
	h->remove_failed = h->remove_failed || result < 0;
	if (!r->closing)
		uv_async_send(&r->wake);
	pthread_mutex_unlock(&r->lock);
	report_unref(r);
}

static void remove_one(struct hook *h, const struct delivery *d)
{
	const struct report_store *s = &h->report->store;

	pthread_mutex_lock(&h->report->lock);
	h->removing++;
	pthread_mutex_unlock(&h->report->lock);
	report_ref(h->report);
	s->remove(s->data, d->uuid, removed, h);
}

/* All of the page was sent; the removals begun with each may have failed, or run still. */
static void remove_page(struct hook *h)
{
	h->state = HOOK_REMOVING;
	for (int i = 0; i < h->n; i++)
		remove_one(h, &h->page[i]);
	hook_woken(h);
}

void hook_woken(struct hook *h)
{
	struct report *r = h->report;
	bool ended, bad;

	if (h->state != HOOK_REMOVING)
		return;
	pthread_mutex_lock(&r->lock);
	ended = !h->removing;
	bad = h->remove_failed;
	if (ended)
		h->remove_failed = false;
	pthread_mutex_unlock(&r->lock);
	if (ended && bad)
		failed(h, "delivered events cannot be removed from the store");
	else if (ended)
		load(h);
}

/* The entry is over, delivered or given up. */
static void advance(struct hook *h)
{
	remove_one(h, &h->page[h->at++]);
	if (h->at < h->n) {
		send_next(h);
		return;
	}
	h->state = HOOK_REMOVING;
	hook_woken(h);
}

static void give_up(struct hook *h, const char *why)
{
	const struct delivery *d = &h->page[h->at];

	count(h->report, &h->report->stats.webhook_given_up, 1);
	log_error("webhook %s: gave up on event %s (%s) after %lld attempts: %s", h->shown, d->uuid,
		json_str(d->body, "event"), (long long)d->attempts, why);
	advance(h);
}

static bool refused(int status)
{
	return status == 400 || status == 413 || status == 415 || status == 422;
}

static void attempt_failed(struct hook *h, int status, const char *why)
{
	const struct report_store *s = &h->report->store;
	struct delivery *d = &h->page[h->at];

	d->attempts++;
	d->updated_at = time_wall_us();
	str_replace(&d->last_error, why);
	if (refused(status) && d->attempts >= REFUSALS_MAX) {
		give_up(h, why);
		return;
	}
	s->save(s->data, d);
	failed(h, why);
}

static void sent(int result, struct http_response *resp, const struct err *e, void *data)
{
	struct hook *h = data;
	char why[64];

	h->call = NULL;
	if (report_closing(h->report)) {
		report_unref(h->report);
		return;
	}
	if (result >= 0 && resp->status >= 200 && resp->status < 300) {
		count(h->report, &h->report->stats.webhook_delivered, 1);
		recovered(h);
		advance(h);
	} else if (result < 0) {
		attempt_failed(h, 0, e ? e->text : strerror(-result));
	} else {
		snprintf(why, sizeof(why), "answered %d %s", resp->status,
			http_status_text(resp->status));
		attempt_failed(h, resp->status, why);
	}
	report_unref(h->report);
}

static bool too_old(const struct hook *h, const struct delivery *d)
{
	int64_t age_us = time_wall_us() - d->created_at;

	return d->attempts && age_us / 1000000 > (int64_t)h->report->config.give_up_after_s;
}

static void post(struct hook *h, const struct delivery *d)
{
	const struct report_config *c = &h->report->config;
	_cleanup_free_ char *body = json_text(d->body);
	_cleanup_free_ char *id = xasprintf("X-Ingot-Delivery: %s", d->uuid);
	const char *const headers[] = {id, NULL};
	struct http_request rq = {.method = "POST",
		.url = h->url,
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.tls = {.ca_file = c->ca_file, .insecure = c->insecure},
		.response_max = RESPONSE_MAX,
		.timeout_ms = c->timeout_ms};

	report_ref(h->report);
	h->call = http_async_start(h->report->http, &rq, sent, h);
}

static void send_next(struct hook *h)
{
	const struct delivery *d = &h->page[h->at];

	h->state = HOOK_SENDING;
	if (too_old(h, d))
		give_up(h, d->last_error ? d->last_error : "too old");
	else
		post(h, d);
}

void hook_poke(struct hook *h)
{
	h->poked = true;
	if (h->state == HOOK_IDLE)
		load(h);
}

void hook_init(struct hook *h, struct report *r, const char *url)
{
	h->report = r;
	h->url = xstrdup(url);
	http_url_shown(url, h->shown, sizeof(h->shown));
	uv_timer_init(r->loop, &h->timer);
	h->timer.data = h;
}

static void timer_closed(uv_handle_t *handle)
{
	struct hook *h = handle->data;

	report_unref(h->report);
}

void hook_close(struct hook *h)
{
	if (h->call)
		http_call_cancel(h->call);
	report_ref(h->report);
	uv_close((uv_handle_t *)&h->timer, timer_closed);
}

void hook_done(struct hook *h)
{
	page_clear(h);
	free(h->url);
}
