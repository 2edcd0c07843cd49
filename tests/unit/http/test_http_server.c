/* The server against raw sockets: what is asked, refused, cut and answered late. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/http/server.h"
#include "tests/unit/http/peer.h"
#include "tests/unit/tap.h"

#define HUGE_REPLY (64u << 20)

struct late {
	struct http_req *req;
	unsigned spin;
};

static char file_path[] = "/tmp/ingot-http-XXXXXX";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct http_req *held;
static unsigned dones, sents;
static struct http_done last_done;

static void *reply_late(void *arg)
{
	struct late *l = arg;

	for (volatile unsigned i = 0; i < l->spin; i++)
		;
	http_reply_text(l->req, 200, "late");
	free(l);
	return NULL;
}

static void start_late(struct http_req *req)
{
	static unsigned n;
	struct late *l = malloc(sizeof(*l));
	pthread_attr_t attr;
	pthread_t t;

	l->req = req;
	l->spin = (__atomic_fetch_add(&n, 1, __ATOMIC_RELAXED) % 16) * 400;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, reply_late, l) != 0)
		reply_late(l);
	pthread_attr_destroy(&attr);
}

static void describe(struct http_req *req)
{
	char text[1024];
	size_t len;
	const char *body = http_body(req, &len);
	const char *a = http_arg(req, "a"), *h = http_header(req, "x-test");

	snprintf(text, sizeof(text), "%s|%s|%s|a=%s|h=%s|%zu:%s|%s", http_method(req),
		http_path(req), http_path_raw(req), a ? a : "-", h ? h : "-", len, body,
		http_peer(req));
	http_reply_header(req, "X-Good", "yes");
	http_reply_header(req, "X-Bad", "a\r\nInjected: b");
	http_reply(req, 200, "text/plain", text, strlen(text));
}

static void handle(struct http_req *req, void *data)
{
	if (!strcmp(http_path(req), "/late")) {
		start_late(req);
	} else if (!strcmp(http_path(req), "/never")) {
		pthread_mutex_lock(&lock);
		held = req;
		pthread_cond_broadcast(&wake);
		pthread_mutex_unlock(&lock);
	} else if (!strcmp(http_path(req), "/file")) {
		http_reply_file(req, file_path, "application/octet-stream");
	} else if (!strcmp(http_path(req), "/nofile")) {
		http_reply_file(req, "/nonexistent", "text/plain");
	} else if (!strcmp(http_path(req), "/huge")) {
		http_reply_take(req, 200, NULL, calloc(1, HUGE_REPLY), HUGE_REPLY);
	} else if (!strcmp(http_path(req), "/empty")) {
		http_reply(req, 202, NULL, NULL, 0);
	} else {
		describe(req);
	}
}

static void on_done(const struct http_done *d, void *data)
{
	pthread_mutex_lock(&lock);
	dones++;
	sents += d->outcome == HTTP_SENT;
	last_done = *d;
	pthread_cond_broadcast(&wake);
	pthread_mutex_unlock(&lock);
}

static size_t body_limit(const char *method, const char *path, void *data)
{
	return !strcmp(path, "/large") ? 1000000 : 100;
}

static struct http_server *start(void)
{
	struct http_server_config c = {.listen = "127.0.0.1:0",
		.threads = 2,
		.request_timeout_s = 1,
		.body_limit = body_limit,
		.handler = handle,
		.done = on_done};
	struct http_server *s = NULL;
	struct err e = {0};

	if (http_server_new(&c, &s, &e) < 0)
		printf("# %s\n", e.text);
	return s;
}

/* One request on a connection of its own. */
static char *ask(struct http_server *s, const char *request)
{
	static char answer[300000];

	peer_talk(http_server_port(s), request, answer, sizeof(answer));
	return answer;
}

static char *get(struct http_server *s, const char *line, const char *headers)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", line,
		headers);
	return ask(s, text);
}

static int status_of(const char *answer)
{
	return strncmp(answer, "HTTP/1.", 7) ? 0 : atoi(answer + 9);
}

static const char *body_of(const char *answer)
{
	const char *p = strstr(answer, "\r\n\r\n");

	return p ? p + 4 : "";
}

static void test_request(struct http_server *s)
{
	char *a;

	a = get(s, "GET /v1/nodes/ns~n%31?x=1&a=b%20c+d", "X-TEST: 7\r\n");
	is_str(body_of(a), "GET|/v1/nodes/ns~n1|/v1/nodes/ns~n%31|a=b c d|h=7|0:|127.0.0.1",
		"path and argument are decoded, header found in any case");
	ok(strstr(a, "X-Good: yes") && !strstr(a, "Injected"), "no header can be smuggled in");
	a = get(s, "GET http://other/p?a", "");
	is_str(body_of(a), "GET|/p|/p|a=|h=-|0:|127.0.0.1", "absolute form");
	a = get(s, "POST /p", "Content-Length: 5\r\n\r\nhello");
	is_str(body_of(a), "POST|/p|/p|a=-|h=-|5:hello|127.0.0.1", "body");
	a = get(s, "PUT /p", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n");
	is_str(body_of(a), "PUT|/p|/p|a=-|h=-|5:abcde|127.0.0.1", "chunked body");
	a = get(s, "GET /empty", "");
	is_int(status_of(a), 202, "empty answer");
	ok(!strstr(a, "Content-Type"), "an empty answer has no type");
}

static void test_refusals(struct http_server *s)
{
	char chunks[4000] = "Transfer-Encoding: chunked\r\n\r\n";

	is_int(status_of(get(s, "GET /%00", "")), 400, "NUL in the path");
	is_int(status_of(get(s, "GET /%zz", "")), 400, "bad escape");
	is_int(status_of(get(s, "GET /?a=%f", "")), 400, "bad escape in an argument");
	is_int(status_of(get(s, "GET nothing", "")), 400, "path without slash");
	is_int(status_of(ask(s, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")), 400, "no host");
	is_int(status_of(get(s, "GET /", "Host: y\r\n")), 400, "two hosts");
	is_int(status_of(ask(s, "GET / HTTP/1.0\r\n\r\n")), 200, "HTTP/1.0 needs no host");
	is_int(status_of(ask(s, "NONSENSE\r\n\r\n")), 0, "no HTTP at all gets no answer");
	is_int(status_of(get(s, "POST /p", "Content-Length: 101\r\n\r\n")), 413,
		"a longer body is refused before it is sent");
	for (int i = 0; i < 20; i++)
		strcat(chunks, "a\r\n0123456789\r\n");
	strcat(chunks, "0\r\n");
	is_int(status_of(get(s, "POST /p", chunks)), 413, "also when its length was not told");
	is_int(status_of(get(s, "POST /large", "Content-Length: 3\r\n\r\nabc")), 200,
		"the limit is the path's");
}

static void test_headers_too_large(struct http_server *s)
{
	char *text = malloc(100000);
	char *a;
	int status;

	strcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nX-Big: ");
	memset(text + strlen(text), 'a', 80000);
	strcpy(text + 80033, "\r\n\r\n");
	a = ask(s, text);
	status = status_of(a);
	ok(status == 431 || status == 413 || status == 400 || status == 0,
		"headers beyond the memory of a connection are refused (%d)", status);
	free(text);
}

static void test_file(struct http_server *s)
{
	char *a, etag[128], headers[256];
	const char *p;

	a = get(s, "GET /file", "");
	is_int(status_of(a), 200, "file");
	is_int(strlen(body_of(a)), 100000, "whole file");
	p = strstr(a, "ETag: ");
	snprintf(etag, sizeof(etag), "%.*s", p ? (int)strcspn(p + 6, "\r") : 0, p ? p + 6 : "");
	ok(strlen(etag) > 4 && strstr(a, "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"),
		"validators");
	a = get(s, "HEAD /file", "");
	ok(strstr(a, "Content-Length: 100000") && !*body_of(a), "HEAD tells the length only");
	a = get(s, "GET /file", "Range: bytes=10-19\r\n");
	ok(status_of(a) == 206 && !strcmp(body_of(a), "0123456789") &&
			strstr(a, "Content-Range: bytes 10-19/100000"),
		"range");
	a = get(s, "GET /file", "Range: bytes=-5\r\n");
	ok(status_of(a) == 206 && !strcmp(body_of(a), "56789"), "last bytes");
	a = get(s, "GET /file", "Range: bytes=99998-\r\n");
	ok(status_of(a) == 206 && !strcmp(body_of(a), "89"), "from an offset");
	a = get(s, "GET /file", "Range: bytes=100000-\r\n");
	ok(status_of(a) == 416 && strstr(a, "Content-Range: bytes */100000"), "beyond the end");
	is_int(status_of(get(s, "GET /file", "Range: bytes=9-3\r\n")), 200, "nonsense is ignored");
	snprintf(headers, sizeof(headers), "If-None-Match: \"x\", W/%s\r\n", etag);
	is_int(status_of(get(s, "GET /file", headers)), 304, "not modified");
	snprintf(headers, sizeof(headers), "Range: bytes=0-0\r\nIf-Range: %s\r\n", etag);
	is_int(status_of(get(s, "GET /file", headers)), 206, "If-Range of this file");
	is_int(status_of(get(s, "GET /file", "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n")), 200,
		"If-Range of another");
	is_int(status_of(
		       get(s, "GET /file", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n")),
		304, "not modified since");
	is_int(status_of(get(s, "GET /nofile", "")), 404, "no file");
}

struct hammer {
	uint16_t port;
	unsigned good;
};

static void *hammer(void *arg)
{
	struct hammer *h = arg;
	char answer[1000];

	for (int i = 0; i < 100; i++) {
		peer_talk(h->port, "GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			answer, sizeof(answer));
		h->good += !strcmp(body_of(answer), "late\n");
	}
	return NULL;
}

static void test_late(struct http_server *s)
{
	struct hammer h[4] = {0};
	pthread_t t[4];
	unsigned good = 0;

	for (int i = 0; i < 4; i++) {
		h[i].port = http_server_port(s);
		pthread_create(&t[i], NULL, hammer, &h[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		good += h[i].good;
	}
	is_int(good, 400, "replies from other threads, before and after the handler returned");
}

/* A client may see the end of a connection before the server has told the end of its request. */
static void wait_quiet(struct http_server *s)
{
	while (http_server_requests(s))
		usleep(1000);
}

static void test_done(struct http_server *s)
{
	unsigned before;

	wait_quiet(s);
	pthread_mutex_lock(&lock);
	before = dones;
	pthread_mutex_unlock(&lock);
	get(s, "GET /file", "Range: bytes=0-999\r\n");
	pthread_mutex_lock(&lock);
	while (dones == before)
		pthread_cond_wait(&wake, &lock);
	ok(last_done.outcome == HTTP_SENT && last_done.status == 206 &&
			last_done.bytes_total == 1000 && last_done.bytes_sent == 1000,
		"the end of a request is told with what was sent");
	pthread_mutex_unlock(&lock);
}

static void test_cut(struct http_server *s)
{
	int fd = peer_connect(http_server_port(s));
	char some[1000];
	unsigned before;

	if (truncate(file_path, 64 * 1024 * 1024) < 0)
		perror(file_path);
	wait_quiet(s);
	pthread_mutex_lock(&lock);
	before = dones;
	pthread_mutex_unlock(&lock);
	if (send(fd, "GET /file HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL) < 0 ||
		recv(fd, some, sizeof(some), MSG_WAITALL) < 0)
		printf("# %s\n", strerror(errno));
	close(fd);
	pthread_mutex_lock(&lock);
	while (dones == before)
		pthread_cond_wait(&wake, &lock);
	ok(last_done.outcome == HTTP_ABORTED && last_done.status == 200 &&
			last_done.bytes_total == 64 * 1024 * 1024 &&
			last_done.bytes_sent < last_done.bytes_total,
		"a client that goes away in the middle is told from one that got all");
	pthread_mutex_unlock(&lock);
}

static void test_slow(struct http_server *s)
{
	int fd = peer_connect(http_server_port(s));
	int64_t start_ms = time_mono_ms();
	char c;

	if (send(fd, "GET / HTTP/1.1\r\nX-Slow:", 22, MSG_NOSIGNAL) < 0)
		printf("# send: %s\n", strerror(errno));
	is_int(recv(fd, &c, 1, 0), 0, "who does not send a whole request in time is cut");
	ok(time_mono_ms() - start_ms < 15000, "in bounded time");
	close(fd);
}

/* Reads steadily and slowly; how much until it was cut. */
static size_t sip(int fd)
{
	int64_t until = time_mono_ms() + 20000;
	char some[65536];
	size_t n = 0;
	ssize_t r;

	while (time_mono_ms() < until && (r = recv(fd, some, sizeof(some), 0)) > 0) {
		n += (size_t)r;
		usleep(10000);
	}
	return n;
}

static void test_slow_reader(void)
{
	struct http_server_config c = {.listen = "127.0.0.1:0",
		.idle_timeout_s = 1,
		.reply_bytes_per_s = HUGE_REPLY,
		.handler = handle,
		.done = on_done};
	struct http_server *s = NULL;
	int64_t start_ms = time_mono_ms();
	int small = 65536, fd;
	size_t n;

	if (http_server_new(&c, &s, NULL) < 0)
		return;
	fd = peer_connect(http_server_port(s));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (send(fd, "GET /huge HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL) < 0)
		printf("# send: %s\n", strerror(errno));
	n = sip(fd);
	ok(n < HUGE_REPLY && time_mono_ms() - start_ms < 20000,
		"who takes too long to fetch a reply is cut (%zu bytes)", n);
	close(fd);
	http_server_free(s);
}

static void test_stop(struct http_server *s)
{
	int fd = peer_connect(http_server_port(s));
	char answer[500] = {0};
	size_t n = 0;
	ssize_t r;

	wait_quiet(s);
	if (send(fd, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL) < 0)
		printf("# send: %s\n", strerror(errno));
	pthread_mutex_lock(&lock);
	while (!held)
		pthread_cond_wait(&wake, &lock);
	pthread_mutex_unlock(&lock);
	is_int(http_server_requests(s), 1, "one request waits");
	http_server_stop(s, 10);
	while (n + 1 < sizeof(answer) && (r = recv(fd, answer + n, sizeof(answer) - n - 1, 0)) > 0)
		n += r;
	is_int(status_of(answer), 503, "stopping answers what still waits");
	is_int(peer_connect(http_server_port(s)), -1, "and accepts no more");
	is_str(http_path(held), "/never", "a held request outlives its connection");
	http_server_free(s);
	http_reply_text(held, 200, "too late");
	ok(true, "a reply after the server is gone is dropped");
	close(fd);
}

struct client {
	uint16_t port;
	unsigned good, bad;
};

/* Asks until the server is gone; who is let in gets a whole answer or none. */
static void *ask_until_gone(void *arg)
{
	struct client *c = arg;
	char answer[1000];
	int fd;

	while ((fd = peer_connect(c->port)) >= 0) {
		close(fd);
		peer_talk(c->port, "GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			answer, sizeof(answer));
		if (!strcmp(body_of(answer), "late\n"))
			c->good++;
		else if (status_of(answer) && strcmp(body_of(answer), "503 Service Unavailable\n"))
			c->bad++;
	}
	return NULL;
}

static void stop_under_load(struct http_server *s, unsigned drain_ms, struct client *sum)
{
	struct client c[4] = {0};
	pthread_t t[4];
	unsigned before;

	pthread_mutex_lock(&lock);
	before = dones;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		c[i].port = http_server_port(s);
		pthread_create(&t[i], NULL, ask_until_gone, &c[i]);
	}
	pthread_mutex_lock(&lock);
	while (dones < before + 20)
		pthread_cond_wait(&wake, &lock);
	pthread_mutex_unlock(&lock);
	http_server_stop(s, drain_ms);
	sum->bad += http_server_requests(s) + http_server_connections(s);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		pthread_join(t[i], NULL);
		sum->good += c[i].good;
		sum->bad += c[i].bad;
	}
}

static void test_stop_under_load(void)
{
	struct client sum = {0};

	for (int round = 0; round < 10; round++) {
		struct http_server *s = start();

		if (!s)
			break;
		stop_under_load(s, round % 2 ? 1000 : 0, &sum);
		http_server_free(s);
	}
	ok(sum.good >= 200 && !sum.bad, "stopping under load ends all and breaks none (%u, %u)",
		sum.good, sum.bad);
}

static void test_listen_errors(void)
{
	static const char *const bad[] = {
		"6385", "::1:6385", "localhost:6385", "127.0.0.1:x", "127.0.0.1:"};
	struct http_server *s = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct http_server_config c = {.listen = bad[i], .handler = handle};

		ok(http_server_new(&c, &s, &e) == -EINVAL && strstr(e.text, bad[i]), "refused: %s",
			bad[i]);
	}
}

int main(void)
{
	char text[100000];
	struct timespec times[2] = {{1700000000, 0}, {1700000000, 0}};
	int fd = mkstemp(file_path);
	struct http_server *s;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = '0' + i % 10;
	if (write(fd, text, sizeof(text)) != sizeof(text) || futimens(fd, times) < 0)
		perror(file_path);
	close(fd);
	s = start();
	if (!ok(s != NULL, "the server starts"))
		return 1;
	test_request(s);
	test_refusals(s);
	test_headers_too_large(s);
	test_file(s);
	test_late(s);
	test_done(s);
	test_cut(s);
	test_slow(s);
	test_slow_reader();
	test_stop(s);
	test_stop_under_load();
	test_listen_errors();
	unlink(file_path);
	return done_testing();
}
