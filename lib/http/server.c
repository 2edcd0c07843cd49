/*
 * The server: listening, the life of connections and requests between libmicrohttpd and the
 * handler, the reaper of slow senders, and stopping. A request is held by its connection and by its
 * handler; a reply may come before or after the handler returned, from any thread, or after the
 * connection is gone, and req->lock decides which it was.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/deadline.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/client.h"
#include "lib/http/req.h"
#include "lib/http/tls.h"

#define HEADER_MEMORY	 (32 * 1024) /* of a connection: request line and headers, reply's buffer */
#define DISCARD_MAX	 (4 * 1024 * 1024) /* of a refused body, read so that the client sees why */
#define BODY_RATE_BYTES	 (64 * 1024)	   /* a second, the slowest sender that is waited for */
#define REPLY_RATE_BYTES (16 * 1024)	   /* a second, the slowest reader of a reply from memory */
#define FINISH_WAIT_MS	 500		   /* for the 503s of a forced stop to leave */

struct http_server {
	struct http_server_config c;
	struct MHD_Daemon *daemon;
	int listen_fd;
	uint16_t port;
	struct tls *tls; /* NULL: none */

	pthread_mutex_t lock; /* all below but atomics */
	pthread_cond_t wake;  /* the reaper's: a connection is there, or the end */
	pthread_cond_t idle;  /* who stops the server: no request is left */
	struct list conns;    /* struct http_conn */
	struct list reqs;     /* struct http_req */
	unsigned n_conns, n_reqs;
	bool stopped;
	atomic_bool draining; /* new requests get 503 */
	atomic_bool forcing;  /* no request may wait any longer */
	atomic_size_t bodies; /* bytes of memory held by bodies */
	pthread_t reaper;
	bool reaper_runs;
};

uint64_t conn_acked(int fd)
{
	struct tcp_info ti = {0};
	socklen_t len = sizeof(ti);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len) < 0 ? 0 : ti.tcpi_bytes_acked;
}

/* Connections */

static int64_t reading_limit_ms(const struct http_server *s, uint64_t received)
{
	return s->c.request_timeout_s * 1000LL + (int64_t)(received / BODY_RATE_BYTES) * 1000;
}

static void conn_opened(struct http_server *s, struct MHD_Connection *mhd, void **ctx)
{
	const union MHD_ConnectionInfo *ci =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_conn *conn = xcalloc(1, sizeof(*conn));

	conn->fd = ci ? ci->connect_fd : -1;
	conn->deadline_ms = time_mono_ms() + reading_limit_ms(s, 0);
	pthread_mutex_lock(&s->lock);
	list_append(&s->conns, &conn->link);
	if (s->n_conns++ == 0)
		pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	*ctx = conn;
}

static void conn_closed(struct http_server *s, void **ctx)
{
	struct http_conn *conn = *ctx;

	if (!conn)
		return;
	pthread_mutex_lock(&s->lock);
	list_remove(&conn->link);
	s->n_conns--;
	pthread_mutex_unlock(&s->lock);
	free(conn);
	*ctx = NULL;
}

/* Who connects while the server stops is closed at once. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *addr, socklen_t len)
{
	struct http_server *s = cls;

	return atomic_load(&s->draining) ? MHD_NO : MHD_YES;
}

static void on_connection(
	void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		conn_opened(cls, mhd, ctx);
	else
		conn_closed(cls, ctx);
}

static void conn_deadline(struct http_conn *conn, int64_t deadline_ms)
{
	if (conn)
		atomic_store_explicit(&conn->deadline_ms, deadline_ms, memory_order_relaxed);
}

void conn_reply_deadline(struct http_req *req)
{
	const struct http_server *s = req->server;

	if (!req->conn)
		return;
	atomic_store_explicit(&req->conn->replying, true, memory_order_relaxed);
	conn_deadline(req->conn, time_mono_ms() + s->c.idle_timeout_s * 1000LL +
					 (int64_t)(req->reply_len / s->c.reply_bytes_per_s) * 1000);
}

char *server_refusal(const struct http_server *s, int status, const char **ret_type)
{
	char *text = s->c.refusal ? s->c.refusal(status, s->c.data) : NULL;

	*ret_type = text ? "application/json" : "text/plain; charset=utf-8";
	return text ? text : xasprintf("%d %s\n", status, http_status_text(status));
}

static void cut_if_late(struct http_conn *conn, int64_t now)
{
	static const struct linger now_or_never = {.l_onoff = 1};
	int64_t until = atomic_load_explicit(&conn->deadline_ms, memory_order_relaxed);

	if (!until || now < until || conn->fd < 0)
		return;
	if (atomic_load_explicit(
		    &conn->replying, memory_order_relaxed)) /* what is sent is not kept */
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof(now_or_never));
	shutdown(conn->fd, SHUT_RDWR);
	conn_deadline(conn, 0);
}

/* Cuts connections whose request does not arrive in time; libmicrohttpd only knows idle ones. */
static void *reaper_run(void *arg)
{
	struct http_server *s = arg;
	struct http_conn *conn;

	pthread_mutex_lock(&s->lock);
	while (!s->stopped) {
		int64_t now = time_mono_ms();

		list_for_each (conn, &s->conns, link)
			cut_if_late(conn, now);
		if (!s->n_conns) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		deadline_wait(&s->wake, &s->lock, now + 1000);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Requests */

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct http_server *s = cls;
	struct http_req *req = req_new(s, uri);
	const union MHD_ConnectionInfo *ci =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	req->mhd = mhd;
	req->conn = ci ? ci->socket_context : NULL;
	req->tls = s->tls != NULL;
	req->start_us = time_wall_us();
	pthread_mutex_lock(&s->lock);
	list_append(&s->reqs, &req->link);
	s->n_reqs++;
	pthread_mutex_unlock(&s->lock);
	conn_deadline(req->conn, time_mono_ms() + reading_limit_ms(s, 0));
	return req;
}

static enum MHD_Result refuse(struct http_req *req, int status)
{
	enum MHD_Result ret;

	conn_deadline(req->conn, 0);
	pthread_mutex_lock(&req->lock);
	req->state = REQ_REPLIED;
	req->response = reply_plain(req, status);
	ret = req_queue(req);
	pthread_mutex_unlock(&req->lock);
	return ret;
}

static void set_body_limit(struct http_req *req)
{
	struct http_server *s = req->server;

	req->body_max = s->c.body_max;
	if (s->c.body_limit)
		req->body_max = s->c.body_limit(req->method, req->path, s->c.data);
}

/* The header is there. Replies here when the request is refused already. */
static enum MHD_Result req_begin(struct http_req *req, const char *method, const char *version)
{
	const char *length;
	uint64_t n;

	req->started = true;
	req->head = !strcmp(method, "HEAD");
	if (!str_copy(req->method, sizeof(req->method), method))
		return refuse(req, 400);
	if (req_parse_uri(req) < 0 || req_copy_headers(req) < 0 || req_check_host(req, version) < 0)
		return refuse(req, 400);
	req_fill_addresses(req);
	if (atomic_load(&req->server->draining))
		return refuse(req, 503);
	if (req_check_framing(req) < 0)
		return refuse(req, 400);
	length = http_header(req, "Content-Length");
	if (!length && !http_header(req, "Transfer-Encoding"))
		return MHD_YES; /* no body will come */
	set_body_limit(req);
	if (length && (str_to_u64(length, 0, UINT64_MAX, &n) < 0 || n > req->body_max))
		return refuse(req, 413);
	return MHD_YES;
}

/* Takes memory for the body out of the server's purse. */
static int body_reserve(struct http_req *req, size_t need)
{
	struct http_server *s = req->server;
	size_t cap = req->body_cap ? req->body_cap : 1024;
	char *p;

	while (cap < need)
		cap *= 2;
	if (atomic_fetch_add(&s->bodies, cap - req->body_cap) + cap - req->body_cap >
		s->c.bodies_max) {
		atomic_fetch_sub(&s->bodies, cap - req->body_cap);
		return -ENOMEM;
	}
	p = realloc(req->body, cap);
	if (!p) {
		atomic_fetch_sub(&s->bodies, cap - req->body_cap);
		return -ENOMEM;
	}
	req->body = p;
	req->body_cap = cap;
	return 0;
}

static enum MHD_Result req_data(struct http_req *req, const char *data, size_t *len)
{
	size_t n = *len;

	*len = 0;
	req->received += n;
	conn_deadline(req->conn, time_mono_ms() + reading_limit_ms(req->server, req->received) -
					 (time_wall_us() - req->start_us) / 1000);
	if (req->refused) /* a chunked body cannot be answered before its end */
		return req->received < req->body_max + DISCARD_MAX ? MHD_YES : MHD_NO;
	if (n > req->body_max - req->body_len) {
		req->refused = 413;
		return MHD_YES;
	}
	if (req->body_len + n + 1 > req->body_cap && body_reserve(req, req->body_len + n + 1) < 0) {
		req->refused = 503;
		return MHD_YES;
	}
	memcpy(req->body + req->body_len, data, n);
	req->body_len += n;
	req->body[req->body_len] = 0;
	return MHD_YES;
}

/* The request is whole: calls the handler, then sends its reply or suspends the connection. */
static enum MHD_Result req_handle(struct http_req *req)
{
	struct http_server *s = req->server;
	enum MHD_Result ret = MHD_YES;

	conn_deadline(req->conn, 0);
	if (req->refused)
		return refuse(req, req->refused);
	req_ref(req);
	pthread_mutex_lock(&req->lock);
	req->state = REQ_HANDLED;
	pthread_mutex_unlock(&req->lock);
	s->c.handler(req, s->c.data);

	pthread_mutex_lock(&req->lock);
	if (req->state == REQ_HANDLED && atomic_load(&s->forcing)) {
		req->state = REQ_REPLIED;
		req->response = reply_plain(req, 503);
	}
	if (req->state == REQ_REPLIED) {
		ret = req_queue(req);
	} else {
		MHD_suspend_connection(req->mhd);
		req->state = REQ_SUSPENDED;
	}
	pthread_mutex_unlock(&req->lock);
	return ret;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **con_cls)
{
	struct http_req *req = *con_cls;
	enum MHD_Result ret;

	if (!req)
		return MHD_NO;
	if (!req->started)
		return req_begin(req, method, version);
	if (*data_len)
		return req_data(req, data, data_len);
	if (req->state == REQ_READING)
		return req_handle(req);
	pthread_mutex_lock(&req->lock); /* resumed */
	ret = req_queue(req);
	pthread_mutex_unlock(&req->lock);
	return ret;
}

static void report_done(struct http_req *req, enum MHD_RequestTerminationCode toe)
{
	struct http_server *s = req->server;
	uint64_t acked = 0;
	http_done_fn on_done;
	void *on_done_data;
	struct http_done d = {
		.outcome = HTTP_ABORTED,
		.method = req->method,
		.path = req->path ? req->path : "",
		.peer = req->ends.peer,
		.status = req->status,
		.bytes_total = req->reply_len,
		.bytes_received = req->received,
		.duration_us = time_wall_us() - req->start_us,
	};

	if (toe == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		d.outcome = HTTP_SENT;
	else if (toe == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		d.outcome = HTTP_SHUT_DOWN;
	if (d.outcome == HTTP_SENT)
		d.bytes_sent = d.bytes_total;
	else if (req->acked_before && req->conn)
		acked = conn_acked(req->conn->fd);
	if (acked > req->acked_before)
		d.bytes_sent = acked - req->acked_before;
	if (d.bytes_sent > d.bytes_total)
		d.bytes_sent = d.bytes_total;
	pthread_mutex_lock(&req->lock);
	on_done = req->on_done;
	on_done_data = req->on_done_data;
	pthread_mutex_unlock(&req->lock);
	if (on_done)
		on_done(&d, on_done_data);
	if (s->c.done)
		s->c.done(&d, s->c.data);
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode toe)
{
	struct http_server *s = cls;
	struct http_req *req = *con_cls;

	if (!req)
		return;
	*con_cls = NULL;
	report_done(req, toe);
	atomic_fetch_sub(&s->bodies, req->body_cap);
	pthread_mutex_lock(&req->lock);
	req->gone = true;
	pthread_mutex_unlock(&req->lock);
	conn_deadline(
		req->conn, time_mono_ms() + s->c.idle_timeout_s * 1000LL + reading_limit_ms(s, 0));
	pthread_mutex_lock(&s->lock);
	list_remove(&req->link);
	if (!--s->n_reqs)
		pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
	req_unref(req);
}

/* Paths are decoded by uri_decode(), strictly; libmicrohttpd leaves them alone. */
static size_t no_unescape(void *cls, struct MHD_Connection *mhd, char *s)
{
	return strlen(s);
}

/* Starting and stopping */

static int config_copy(struct http_server *s, const struct http_server_config *c, struct err *e)
{
	s->c = *c;
	s->c.listen = xstrdup(c->listen);
	s->c.tls_priority = xstrdup(
		c->tls_priority ? c->tls_priority : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
	s->c.threads = c->threads ? c->threads : 4;
	s->c.idle_timeout_s = c->idle_timeout_s ? c->idle_timeout_s : 60;
	s->c.request_timeout_s = c->request_timeout_s ? c->request_timeout_s : 30;
	s->c.reply_bytes_per_s = c->reply_bytes_per_s ? c->reply_bytes_per_s : 16 * 1024;
	s->c.max_connections = c->max_connections ? c->max_connections : 1024;
	s->c.body_max = c->body_max ? c->body_max : 1024 * 1024;
	s->c.bodies_max = c->bodies_max ? c->bodies_max : 256 * 1024 * 1024;
	s->c.tls_cert = s->c.tls_key = NULL; /* tls.c has them */
	if (!c->tls_cert != !c->tls_key)
		return err_set(e, EINVAL, "TLS needs both a certificate and a key");
	return c->tls_cert ? tls_new(c->tls_cert, c->tls_key, &s->tls, e) : 0;
}

static int daemon_start(struct http_server *s, struct err *e)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)tls_retrieve},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)s->c.tls_priority},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	if (s->tls)
		flags |= MHD_USE_TLS;
	if (s->c.max_connections < s->c.threads)
		s->c.max_connections = s->c.threads;
	s->daemon = MHD_start_daemon(flags, 0, on_accept, s, on_request, s,
		MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
		s->c.threads > 1 ? s->c.threads : 0, MHD_OPTION_CONNECTION_TIMEOUT,
		s->c.idle_timeout_s, MHD_OPTION_CONNECTION_LIMIT, s->c.max_connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->c.max_per_address,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_UNESCAPE_CALLBACK,
		no_unescape, NULL, MHD_OPTION_ARRAY, s->tls ? tls : none, MHD_OPTION_END);
	if (s->daemon)
		return 0;
	close(s->listen_fd);
	return err_set(e, ENOMEM,
		"start HTTP server on %s: libmicrohttpd refused; check the limit of open files",
		s->c.listen);
}

static void server_release(struct http_server *s)
{
	free((char *)s->c.listen);
	tls_free(s->tls);
	free((char *)s->c.tls_priority);
	pthread_cond_destroy(&s->wake);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct http_server *server_alloc(void)
{
	struct http_server *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_cond_init(&s->idle, NULL);
	list_init(&s->conns);
	list_init(&s->reqs);
	return s;
}

int http_server_new(const struct http_server_config *c, struct http_server **ret, struct err *e)
{
	struct http_server *s = server_alloc();
	int r;

	r = config_copy(s, c, e);
	if (r == 0)
		r = http_listen(s->c.listen, &s->listen_fd, &s->port, e);
	if (r == 0 && s->tls)
		tls_serve(s->tls, s->port);
	if (r == 0)
		r = daemon_start(s, e);
	if (r < 0) {
		server_release(s);
		return r;
	}
	s->reaper_runs = pthread_create(&s->reaper, NULL, reaper_run, s) == 0;
	*ret = s;
	return 0;
}

int http_server_reload_tls(struct http_server *s, struct err *e)
{
	return s->tls ? tls_reload(s->tls, e) : 0;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

static unsigned locked_read(const struct http_server *s, const unsigned *n)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&s->lock;
	unsigned v;

	pthread_mutex_lock(lock);
	v = *n;
	pthread_mutex_unlock(lock);
	return v;
}

unsigned http_server_requests(const struct http_server *s)
{
	return locked_read(s, &s->n_reqs);
}

unsigned http_server_connections(const struct http_server *s)
{
	return locked_read(s, &s->n_conns);
}

/* Waits until no request is left, at most so long. */
static void wait_idle(struct http_server *s, unsigned ms)
{
	int64_t until_ms = time_mono_ms() + ms;

	pthread_mutex_lock(&s->lock);
	while (s->n_reqs && deadline_wait(&s->idle, &s->lock, until_ms))
		;
	pthread_mutex_unlock(&s->lock);
}

/* Replies that would go on for ever. Called with requests that may get theirs at this moment. */
static void end_streams(struct http_server *s)
{
	struct http_req *req;

	pthread_mutex_lock(&s->lock);
	list_for_each (req, &s->reqs, link) {
		pthread_mutex_lock(&req->lock);
		req_stream_stop(req);
		pthread_mutex_unlock(&req->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

/* libmicrohttpd may not be stopped while connections are suspended. */
static void force_replies(struct http_server *s)
{
	struct http_req *req;

	atomic_store(&s->forcing, true);
	pthread_mutex_lock(&s->lock);
	list_for_each (req, &s->reqs, link) {
		pthread_mutex_lock(&req->lock);
		if (req->state == REQ_SUSPENDED) {
			req->response = reply_plain(req, 503);
			req->state = REQ_REPLIED;
			MHD_resume_connection(req->mhd);
		}
		pthread_mutex_unlock(&req->lock);
	}
	pthread_mutex_unlock(&s->lock);
	wait_idle(s, FINISH_WAIT_MS);
}

/*
 * Not with MHD_quiesce_daemon(): it takes the listening socket out of the threads' epoll sets from
 * outside and aborts the process when a busy thread does so itself at that moment.
 */
void http_server_stop(struct http_server *s, unsigned drain_ms)
{
	if (!s->daemon)
		return;
	atomic_store(&s->draining, true);
	end_streams(s);
	wait_idle(s, drain_ms);
	force_replies(s);
	end_streams(s);
	wait_idle(s, FINISH_WAIT_MS);
	MHD_stop_daemon(s->daemon);
	s->daemon = NULL;
	pthread_mutex_lock(&s->lock);
	s->stopped = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->reaper_runs)
		pthread_join(s->reaper, NULL);
	s->reaper_runs = false;
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	http_server_stop(s, 0);
	server_release(s);
}
