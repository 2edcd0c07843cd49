/* Webhooks as a whole: news into delivery records, start and end; see report.h and hook.h. */
#include "conductor/report/report.h"
#include "conductor/report/hook.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/base/uuid.h"

#include <errno.h>

static json_t *node_part(const struct node *n)
{
	json_t *o = json_object();

	json_put_str(o, "uuid", n->uuid);
	json_put_str(o, "name", n->name);
	json_put_str(o, "driver", n->driver);
	json_put_str(o, "resource_class", n->resource_class);
	json_put_str(o, "instance_uuid", n->instance_uuid);
	json_put_str(o, "owner", n->owner);
	json_put_str(o, "provision_state", provision_state_names[n->provision_state]);
	json_put_str(o, "power_state", power_state_names[n->power_state]);
	json_put_bool(o, "maintenance", n->maintenance);
	return o;
}

static json_t *body_of(const struct report *r, const struct news *news, const char *id)
{
	json_t *body = json_object();
	char text[TIME_TEXT_MAX];

	json_put_str(body, "event", news_kind_names[news->kind]);
	json_put_str(body, "id", id);
	json_put_str(body, "time", time_format(news->wall_us, text, sizeof(text)));
	json_put_str(body, "conductor", r->hostname);
	json_object_set_new(body, "node", node_part(news->node));
	json_put_str(body, "from", news->from);
	json_put_str(body, "to", news->to);
	json_put_str(body, "cause", news->cause);
	json_put_int(body, "duration_ms", news->duration_ms);
	json_object_set_new(
		body, "details", news->details ? json_deep_copy(news->details) : json_object());
	return body;
}

void report_deliveries(
	const struct report *r, const struct news *news, report_delivery_fn each, void *each_data)
{
	for (int i = 0; i < r->n_hooks; i++) {
		char id[UUID_TEXT_MAX];
		struct delivery d;

		record_init(&delivery_type, &d);
		uuid_new(id);
		d.uuid = xstrdup(id);
		d.url = xstrdup(r->hooks[i].url);
		json_decref(d.body);
		d.body = body_of(r, news, id);
		d.created_at = d.updated_at = time_wall_us();
		each(each_data, &d);
		record_done(&delivery_type, &d);
	}
}

void report_ref(struct report *r)
{
	pthread_mutex_lock(&r->lock);
	r->refs++;
	pthread_mutex_unlock(&r->lock);
}

void report_unref(struct report *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = !--r->refs;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	for (int i = 0; i < r->n_hooks; i++)
		hook_done(&r->hooks[i]);
	deploys_free(r->deploys);
	pthread_cond_destroy(&r->read);
	pthread_mutex_destroy(&r->lock);
	free(r->hooks);
	free(r->hostname);
	free(r->ca_file);
	free(r);
}

bool report_closing(struct report *r)
{
	bool closing;

	pthread_mutex_lock(&r->lock);
	closing = r->closing;
	pthread_mutex_unlock(&r->lock);
	return closing;
}

int report_load(struct report *r, const char *url, int limit, report_delivery_fn each, void *data,
	struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	if (!r->closing) {
		r->reading++;
		pthread_mutex_unlock(&r->lock);
		rc = r->store.load(r->store.data, url, limit, each, data, e);
		pthread_mutex_lock(&r->lock);
		if (!--r->reading)
			pthread_cond_signal(&r->read);
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

static void on_wake(uv_async_t *wake)
{
	struct report *r = wake->data;
	bool kicked;

	pthread_mutex_lock(&r->lock);
	kicked = r->kicked;
	r->kicked = false;
	pthread_mutex_unlock(&r->lock);
	for (int i = 0; i < r->n_hooks; i++) {
		hook_woken(&r->hooks[i]);
		if (kicked)
			hook_poke(&r->hooks[i]);
	}
}

void report_kick(struct report *r)
{
	pthread_mutex_lock(&r->lock);
	r->kicked = true;
	if (!r->closing)
		uv_async_send(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

static void take_config(struct report *r, const struct report_config *c)
{
	r->config = *c;
	r->hostname = xstrdup(c->hostname);
	r->config.hostname = r->hostname;
	r->ca_file = xstrdup(c->ca_file);
	r->config.ca_file = r->ca_file;
	r->config.urls = NULL;
	if (!c->timeout_ms)
		r->config.timeout_ms = 30000;
	if (!c->retry_min_ms)
		r->config.retry_min_ms = 1000;
	if (!c->retry_max_ms)
		r->config.retry_max_ms = 300000;
	if (!c->give_up_after_s)
		r->config.give_up_after_s = 3 * 24 * 3600;
}

static int check_urls(const struct report_config *c, struct err *e)
{
	for (int i = 0; i < c->n_urls; i++) {
		const char *url = c->urls[i];

		if (!str_starts(url, "http://") && !str_starts(url, "https://"))
			return err_set(
				e, EINVAL, "webhook %d: expected http:// or https://", i + 1);
		for (int k = 0; k < i; k++)
			if (str_eq(url, c->urls[k]))
				return err_set(
					e, EINVAL, "webhooks %d and %d are the same", k + 1, i + 1);
	}
	return 0;
}

int report_new(uv_loop_t *loop, struct http_async *http, const struct report_store *store,
	const struct report_config *c, struct report **ret, struct err *e)
{
	struct report *r;
	int rc = check_urls(c, e);

	if (rc < 0)
		return rc;
	r = xcalloc(1, sizeof(*r));
	rc = uv_async_init(loop, &r->wake, on_wake);
	if (rc < 0) {
		free(r);
		return err_set(e, -rc, "webhooks: %s", uv_strerror(rc));
	}
	r->wake.data = r;
	r->loop = loop;
	r->http = http;
	r->store = *store;
	r->refs = 1;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->read, NULL);
	take_config(r, c);
	r->deploys = deploys_new();
	r->n_hooks = c->n_urls;
	r->hooks = xcalloc((size_t)c->n_urls + 1, sizeof(*r->hooks));
	for (int i = 0; i < c->n_urls; i++)
		hook_init(&r->hooks[i], r, c->urls[i]);
	r->stats.webhooks = (uint64_t)c->n_urls;
	*ret = r;
	return 0;
}

void report_start(struct report *r)
{
	orphans_start(r);
	for (int i = 0; i < r->n_hooks; i++)
		hook_poke(&r->hooks[i]);
}

static void wake_closed(uv_handle_t *handle)
{
	report_unref(handle->data);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->closing = true;
	while (r->reading)
		pthread_cond_wait(&r->read, &r->lock);
	pthread_mutex_unlock(&r->lock);
	for (int i = 0; i < r->n_hooks; i++)
		hook_close(&r->hooks[i]);
	uv_close((uv_handle_t *)&r->wake, wake_closed); /* gives the owner's reference back */
}

void report_notify(void *report, const struct news *news)
{
	struct report *r = report;

	pthread_mutex_lock(&r->lock);
	deploys_notify(r->deploys, news, &r->stats);
	pthread_mutex_unlock(&r->lock);
}

void report_get_stats(struct report *r, struct report_stats *ret)
{
	pthread_mutex_lock(&r->lock);
	*ret = r->stats;
	pthread_mutex_unlock(&r->lock);
}
