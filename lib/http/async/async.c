/*
 * libcurl's multi interface on a libuv loop: sockets become uv_poll handles, curl's timer a
 * uv_timer. Calls that ended are handed out from a uv_async of their own, never inside the call
 * that started or cancelled them.
 */
#include <errno.h>
#include <string.h>

#include <curl/curl.h>

#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/http/async.h"
#include "lib/http/curl.h"

struct http_call {
	struct list link; /* of http_async: calls, then ended */
	struct http_async *async;
	CURL *easy;
	struct curl_job job;
	bool added; /* to the multi handle */
	bool ended;
	int r;
	struct http_response resp;
	struct err err;
	http_call_fn done;
	void *data;
};

struct http_async {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	uv_async_t post;
	unsigned open_handles;
	struct list calls, ended;
	unsigned n;
	bool closing;
};

struct socket_watch {
	uv_poll_t poll;
	curl_socket_t fd;
	struct http_async *async;
};

static void call_end(struct http_call *c, int r)
{
	if (c->ended)
		return;
	c->ended = true;
	c->r = r;
	if (c->added)
		curl_multi_remove_handle(c->async->multi, c->easy);
	c->added = false;
	list_remove(&c->link);
	list_append(&c->async->ended, &c->link);
	uv_async_send(&c->async->post);
}

static void read_messages(struct http_async *a)
{
	struct http_call *c;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(a->multi, &left))) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		call_end(c, curl_job_result(&c->job, code, &c->resp, &c->err));
	}
}

static void call_free(struct http_call *c)
{
	curl_job_done(&c->job);
	if (c->easy)
		curl_easy_cleanup(c->easy);
	http_response_done(&c->resp);
	free(c);
}

static void call_hand_out(struct http_call *c)
{
	struct http_async *a = c->async;

	list_remove(&c->link);
	if (--a->n == 0 && !a->closing)
		uv_unref((uv_handle_t *)&a->post);
	c->done(c->r, c->r < 0 ? NULL : &c->resp, &c->err, c->data);
	call_free(c);
}

/* Calls that end while these are handed out wait for the next turn of the loop. */
static void on_post(uv_async_t *h)
{
	struct http_async *a = h->data;
	struct http_call *c;
	size_t n = 0;

	list_for_each (c, &a->ended, link)
		n++;
	while (n-- && (c = list_first(&a->ended, struct http_call, link)))
		call_hand_out(c);
	if (!list_empty(&a->ended))
		uv_async_send(&a->post);
}

static void on_socket(uv_poll_t *h, int status, int events)
{
	struct socket_watch *w = h->data;
	int flags = 0, running;

	if (status < 0) /* not CURL_CSELECT_ERR: reading or writing tells which error it is */
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	/* w may be freed by this */
	struct http_async *a = w->async;

	curl_multi_socket_action(a->multi, w->fd, flags, &running);
	read_messages(a);
}

static void on_timer(uv_timer_t *h)
{
	struct http_async *a = h->data;
	int running;

	curl_multi_socket_action(a->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	read_messages(a);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http_async *a = arg;

	if (ms < 0)
		uv_timer_stop(&a->timer);
	else /* never inside this call: libcurl does not allow to be entered from it */
		uv_timer_start(&a->timer, on_timer, ms, 0);
	return 0;
}

static void watch_closed(uv_handle_t *h)
{
	free(h->data);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct http_async *a = arg;
	struct socket_watch *w = sockp;
	int events = 0;

	if (what == CURL_POLL_REMOVE) {
		if (!w)
			return 0;
		curl_multi_assign(a->multi, fd, NULL);
		uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, watch_closed);
		return 0;
	}
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		w->fd = fd;
		w->async = a;
		w->poll.data = w;
		if (uv_poll_init_socket(a->loop, &w->poll, fd) < 0) {
			free(w);
			return -1;
		}
		curl_multi_assign(a->multi, fd, w);
	}
	if (what != CURL_POLL_OUT)
		events |= UV_READABLE;
	if (what != CURL_POLL_IN)
		events |= UV_WRITABLE;
	uv_poll_start(&w->poll, events, on_socket);
	return 0;
}

int http_async_new(
	uv_loop_t *loop, unsigned max_connections, struct http_async **ret, struct err *e)
{
	struct http_async *a;
	int r = curl_ready(e);

	if (r < 0)
		return r;
	a = xcalloc(1, sizeof(*a));
	a->loop = loop;
	list_init(&a->calls);
	list_init(&a->ended);
	a->multi = curl_multi_init();
	if (!a->multi || uv_async_init(loop, &a->post, on_post) < 0) {
		if (a->multi)
			curl_multi_cleanup(a->multi);
		free(a);
		return err_set(e, ENOMEM, "no memory for HTTP transfers");
	}
	uv_timer_init(loop, &a->timer);
	a->timer.data = a->post.data = a;
	uv_unref((uv_handle_t *)&a->post);
	curl_multi_setopt(a->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(a->multi, CURLMOPT_SOCKETDATA, a);
	curl_multi_setopt(a->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(a->multi, CURLMOPT_TIMERDATA, a);
	curl_multi_setopt(a->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		(long)(max_connections ? max_connections : 256));
	*ret = a;
	return 0;
}

static void handle_closed(uv_handle_t *h)
{
	struct http_async *a = h->data;

	if (--a->open_handles == 0)
		free(a);
}

void http_async_free(struct http_async *a)
{
	struct http_call *c;

	if (!a)
		return;
	a->closing = true;
	while ((c = list_first(&a->calls, struct http_call, link))) {
		err_set(&c->err, ECANCELED, "%s %s: cancelled", c->job.method, c->job.shown);
		call_end(c, -ECANCELED);
	}
	while ((c = list_first(&a->ended, struct http_call, link)))
		call_hand_out(c);
	curl_multi_cleanup(a->multi);
	a->open_handles = 2;
	uv_close((uv_handle_t *)&a->timer, handle_closed);
	uv_close((uv_handle_t *)&a->post, handle_closed);
}

struct http_call *http_async_start(
	struct http_async *a, const struct http_request *rq, http_call_fn done, void *data)
{
	struct http_call *c = xcalloc(1, sizeof(*c));
	int r;

	c->async = a;
	c->done = done;
	c->data = data;
	list_append(&a->calls, &c->link);
	if (a->n++ == 0)
		uv_ref((uv_handle_t *)&a->post);
	c->easy = curl_easy_init();
	if (!c->easy) {
		call_end(c, err_set(&c->err, ENOMEM, "no memory for an HTTP transfer"));
		return c;
	}
	r = curl_job_init(&c->job, c->easy, rq, true, &c->err);
	if (r < 0) {
		call_end(c, r);
		return c;
	}
	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	c->added = curl_multi_add_handle(a->multi, c->easy) == CURLM_OK;
	if (!c->added)
		call_end(c, err_set(&c->err, EIO, "libcurl refused the transfer"));
	return c;
}

void http_call_cancel(struct http_call *c)
{
	if (c->ended)
		return;
	err_set(&c->err, ECANCELED, "%s %s: cancelled", c->job.method, c->job.shown);
	call_end(c, -ECANCELED);
}

unsigned http_async_calls(const struct http_async *a)
{
	return a->n;
}
