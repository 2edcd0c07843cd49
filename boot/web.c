/* The way between the HTTP server's threads and the loop: a locked list and a wake-up. */
#include "boot/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/text.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

struct web {
	uv_async_t wake;
	uv_mutex_t lock;
	struct list inbox; /* of struct item, under lock */
	struct http_server *server;
	struct web_hooks hooks;
};

/* A request that came, or the end of one: then req is NULL. */
struct item {
	struct list in_list;
	struct http_req *req;
	struct web_sent sent;
	struct web *owner;
};

/* Any thread. */
static void post(struct web *w, struct item *it)
{
	uv_mutex_lock(&w->lock);
	list_append(&w->inbox, &it->in_list);
	uv_mutex_unlock(&w->lock);
	uv_async_send(&w->wake);
}

static void on_http_request(struct http_req *req, void *data)
{
	struct item *it = xcalloc(1, sizeof(*it));

	it->req = req;
	post(data, it);
}

static void on_http_done(const struct http_done *done, void *data)
{
	struct item *it = data;
	struct web_sent *s = &it->sent;

	s->bytes = done->bytes_sent;
	s->total = done->bytes_total;
	s->duration_us = done->duration_us;
	s->ok = done->outcome == HTTP_SENT && (done->status == 200 || done->status == 206);
	s->partial = done->status == 206 || str_eq(done->method, "HEAD");
	post(it->owner, it);
}

void web_expect(struct web *w, struct http_req *req, enum boot_event_kind kind, const char *mac,
	const char *name)
{
	struct item *it = xcalloc(1, sizeof(*it));

	it->owner = w;
	it->sent.kind = kind;
	str_copy(it->sent.mac, sizeof(it->sent.mac), mac);
	str_copy(it->sent.ip, sizeof(it->sent.ip), http_peer(req));
	text_copy(it->sent.name, sizeof(it->sent.name), name, strlen(name));
	http_on_done(req, on_http_done, it);
}

static struct item *next_item(struct web *w)
{
	struct item *it;

	uv_mutex_lock(&w->lock);
	it = list_first(&w->inbox, struct item, in_list);
	if (it)
		list_remove(&it->in_list);
	uv_mutex_unlock(&w->lock);
	return it;
}

static void take_inbox(struct web *w)
{
	struct item *it;

	while ((it = next_item(w))) {
		if (it->req)
			w->hooks.request(w->hooks.data, it->req);
		else
			w->hooks.sent(w->hooks.data, &it->sent);
		free(it);
	}
}

static void on_wake(uv_async_t *wake)
{
	take_inbox(wake->data);
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct web *w = handle->data;
	struct web_hooks hooks = w->hooks;

	uv_mutex_destroy(&w->lock);
	free(w);
	hooks.closed(hooks.data);
}

static void nobody_waits(void *data)
{
}

int web_start(uv_loop_t *loop, const char *listen, const struct web_hooks *hooks, struct web **ret,
	struct err *e)
{
	struct web *w = xcalloc(1, sizeof(*w));
	struct http_server_config config = {
		.listen = listen,
		.threads = 2,
		.body_max = 4096, /* nobody posts here */
		.handler = on_http_request,
		.data = w,
	};
	int r;

	w->hooks = *hooks;
	list_init(&w->inbox);
	r = uv_mutex_init(&w->lock);
	if (r < 0) {
		free(w);
		return err_set(e, -r, "make a lock: %s", uv_strerror(r));
	}
	r = uv_async_init(loop, &w->wake, on_wake);
	if (r < 0) {
		uv_mutex_destroy(&w->lock);
		free(w);
		return err_set(e, -r, "make a wake-up: %s", uv_strerror(r));
	}
	w->wake.data = w;
	r = http_server_new(&config, &w->server, e);
	if (r < 0) {
		w->hooks.closed = nobody_waits;
		uv_close((uv_handle_t *)&w->wake, on_wake_closed);
		return r;
	}
	*ret = w;
	return 0;
}

void web_stop(struct web *w)
{
	/* requests that came in the last moment get their reply before the server goes */
	take_inbox(w);
	http_server_stop(w->server, 0);
	take_inbox(w);
	http_server_free(w->server);
	uv_close((uv_handle_t *)&w->wake, on_wake_closed);
}
