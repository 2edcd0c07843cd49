/* The waiting and the event-driven client against our server and against broken peers. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/base/str.h"
#include "lib/http/async.h"
#include "lib/http/server.h"
#include "tests/unit/http/peer.h"
#include "tests/unit/tap.h"

static char *cert, *key, *other_cert, *other_key;
static struct http_req *held;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void handle(struct http_req *req, void *data)
{
	const char *auth = http_header(req, "Authorization");
	char text[600];
	size_t len;

	if (!strcmp(http_path(req), "/hold")) {
		struct http_req *before;

		pthread_mutex_lock(&lock);
		before = held;
		held = req;
		pthread_mutex_unlock(&lock);
		if (before)
			http_reply_text(before, 200, "at last");
		return;
	}
	if (!strcmp(http_path(req), "/redirect")) {
		http_reply_header(req, "Location", "/final");
		http_reply(req, 302, NULL, NULL, 0);
		return;
	}
	if (!strcmp(http_path(req), "/missing")) {
		http_reply_text(req, 404, "no such thing");
		return;
	}
	snprintf(text, sizeof(text), "%s %s %s %s", http_method(req), http_path(req),
		auth ? auth : "-", http_body(req, &len));
	http_reply_header(req, "X-Answer", "forty-two");
	http_reply(req, 200, "text/plain", text, strlen(text));
}

static struct http_server *start(bool tls)
{
	struct http_server_config c = {.listen = "127.0.0.1:0", .threads = 1, .handler = handle};
	struct http_server *s = NULL;
	struct err e = {0};

	if (tls) {
		c.tls_cert = cert;
		c.tls_key = key;
	}
	if (http_server_new(&c, &s, &e) < 0)
		printf("# %s\n", e.text);
	return s;
}

static char *url(struct http_server *s, const char *scheme, const char *path)
{
	static char text[4][200];
	static unsigned n;
	char *u = text[n++ % 4];

	snprintf(u, 200, "%s://127.0.0.1:%u%s", scheme, http_server_port(s), path);
	return u;
}

static void test_answers(struct http_client *c, struct http_server *s)
{
	static const char *const headers[] = {"X-One: 1", NULL};
	struct http_request rq = {.url = url(s, "http", "/a"), .headers = headers};
	struct http_response resp;
	struct err e = {0};
	char *h;

	is_int(http_client_do(c, &rq, &resp, &e), 0, "GET");
	is_int(resp.status, 200, "status");
	is_str(resp.body, "GET /a - ", "body");
	h = http_response_header(&resp, "X-Answer");
	is_str(h, "forty-two", "header");
	free(h);
	http_response_done(&resp);

	rq = (struct http_request){.url = url(s, "http", "/b"),
		.method = "PUT",
		.body = "{}",
		.body_len = 2,
		.user = "admin",
		.password = "secret"};
	is_int(http_client_do(c, &rq, &resp, &e), 0, "PUT");
	is_str(resp.body, "PUT /b Basic YWRtaW46c2VjcmV0 {}",
		"body and basic authentication go up");
	http_response_done(&resp);

	rq = (struct http_request){.url = url(s, "http", "/redirect")};
	is_int(http_client_do(c, &rq, &resp, &e), 0, "redirect not followed");
	is_int(resp.status, 302, "unless asked");
	http_response_done(&resp);
	rq.redirects = 3;
	is_int(http_client_do(c, &rq, &resp, &e), 0, "redirect followed");
	is_str(resp.body, "GET /final - ", "to its end");
	http_response_done(&resp);
}

static void test_failures(struct http_client *c, struct http_server *s)
{
	struct http_request rq = {.url = url(s, "http", "/missing?token=hush")};
	struct http_response resp = {0};
	struct err e = {0};
	char *gone;

	is_int(http_client_do(c, &rq, &resp, &e), 0, "404 is an answer");
	is_int(http_status_err(&rq, &resp, &e), -ENOENT, "and an error on demand");
	ok(strstr(e.text, "/missing: 404 Not Found: no such thing") && !strstr(e.text, "hush"),
		"that says what came back and hides the query");
	http_response_done(&resp);

	rq = (struct http_request){.url = url(s, "http", "/a"), .response_max = 4};
	is_int(http_client_do(c, &rq, &resp, &e), -EFBIG, "a longer answer is refused");

	gone = url(s, "http", "/hold");
	rq = (struct http_request){.url = gone, .timeout_ms = 50};
	is_int(http_client_do(c, &rq, &resp, &e), -ETIMEDOUT, "no answer in time");

	rq = (struct http_request){.url = "http://u:geheim@127.0.0.1:1/x?y"};
	is_int(http_client_do(c, &rq, &resp, &e), -ECONNREFUSED, "nobody listens");
	ok(strstr(e.text, "GET http://127.0.0.1:1/x: ") && !strstr(e.text, "geheim"),
		"the error names the url without its password");
	rq = (struct http_request){.url = "file:///etc/passwd"};
	is_int(http_client_do(c, &rq, &resp, &e), -EINVAL, "only http and https");
}

static void test_get(struct http_server *s)
{
	struct http_request rq = {.url = url(s, "http", "/redirect"), .redirects = 1};
	_cleanup_free_ char *body = NULL;
	struct err e = {0};
	size_t len = 0;

	is_int(http_get(&rq, &body, &len, &e), 0, "a whole body");
	ok(body && str_eq(body, "GET /final - ") && len == strlen(body), "and its length");
	rq.redirects = 0;
	is_int(http_get(&rq, &body, &len, &e), -EREMOTEIO, "302 is no body: %s", e.text);
	rq.url = url(s, "http", "/missing");
	is_int(http_get(&rq, &body, &len, &e), -ENOENT, "nor is 404: %s", e.text);
	rq = (struct http_request){.url = url(s, "http", "/a"), .response_max = 4};
	is_int(http_get(&rq, &body, &len, &e), -EFBIG, "nor a longer one: %s", e.text);
}

static void test_tls(struct http_client *c)
{
	struct http_server *s = start(true);
	struct http_request rq = {.url = url(s, "https", "/t")};
	struct http_response resp = {0};
	struct err e = {0};

	is_int(http_client_do(c, &rq, &resp, &e), -EPROTO, "an unknown certificate is refused");
	rq.tls.pin_pem = cert;
	is_int(http_client_do(c, &rq, &resp, &e), 0, "the pinned one is taken");
	is_str(resp.body, "GET /t - ", "and talks");
	http_response_done(&resp);
	http_client_free(c); /* a fresh connection */
	http_client_new(&c, &e);
	rq.tls.pin_pem = other_cert;
	is_int(http_client_do(c, &rq, &resp, &e), -EPROTO, "another pinned one is refused");
	rq.tls = (struct http_tls){.insecure = true};
	is_int(http_client_do(c, &rq, &resp, &e), 0, "insecure takes all");
	http_response_done(&resp);
	rq.tls = (struct http_tls){.pin_pem = "nonsense"};
	is_int(http_client_do(c, &rq, &resp, &e), -EINVAL, "a pin has to be a certificate");
	http_client_free(c);
	http_server_free(s);
}

struct result {
	int calls, r, status;
	char body[200];
	struct http_async *free_in_done;
};

static void on_result(int r, struct http_response *resp, const struct err *e, void *data)
{
	struct result *res = data;

	res->calls++;
	res->r = r;
	if (resp) {
		res->status = resp->status;
		str_copy(res->body, sizeof(res->body), resp->body);
	}
	if (res->free_in_done)
		http_async_free(TAKE_PTR(res->free_in_done));
}

static void test_async(struct http_server *s)
{
	uv_loop_t loop;
	struct http_async *a = NULL;
	struct err e;
	struct result res[64] = {0}, held_res = {0}, bad = {0};
	struct http_request rq = {
		.url = url(s, "http", "/n"), .body = "12", .body_len = 2, .method = "POST"};
	struct http_call *call;
	int good = 0;

	uv_loop_init(&loop);
	is_int(http_async_new(&loop, 8, &a, &e), 0, "asynchronous client");
	for (size_t i = 0; i < ARRAY_SIZE(res); i++)
		http_async_start(a, &rq, on_result, &res[i]);
	rq = (struct http_request){.url = "nonsense://x"};
	http_async_start(a, &rq, on_result, &bad);
	rq = (struct http_request){.url = url(s, "http", "/hold")};
	call = http_async_start(a, &rq, on_result, &held_res);
	http_call_cancel(call);
	is_int(bad.calls + held_res.calls, 0, "nothing ends inside the call that starts it");
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(res); i++)
		good += res[i].calls == 1 && res[i].r == 0 && res[i].status == 200 &&
			!strcmp(res[i].body, "POST /n - 12");
	is_int(good, 64, "every call is answered once");
	ok(bad.calls == 1 && bad.r == -EINVAL, "a bad url fails later, once");
	ok(held_res.calls == 1 && held_res.r == -ECANCELED, "a cancelled call ends once");
	is_int(http_async_calls(a), 0, "none is left");

	memset(&held_res, 0, sizeof(held_res));
	memset(&bad, 0, sizeof(bad));
	rq.timeout_ms = 50;
	http_async_start(a, &rq, on_result, &held_res);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(held_res.r, -ETIMEDOUT, "deadline");
	rq.timeout_ms = 0;
	http_async_start(a, &rq, on_result, &held_res);
	rq.url = url(s, "http", "/n");
	bad.free_in_done = a;
	http_async_start(a, &rq, on_result, &bad);
	uv_run(&loop, UV_RUN_DEFAULT);
	ok(held_res.calls == 2 && held_res.r == -ECANCELED && bad.calls == 1,
		"freed inside a callback, it ends the others");
	is_int(uv_loop_close(&loop), 0, "nothing is left on the loop");
}

static void test_async_tls(void)
{
	struct http_server *s = start(true);
	struct http_request rq = {.url = url(s, "https", "/t"), .tls.pin_pem = cert};
	struct result good = {0}, bad = {0};
	struct http_async *a;
	uv_loop_t loop;
	struct err e;

	uv_loop_init(&loop);
	http_async_new(&loop, 0, &a, &e);
	http_async_start(a, &rq, on_result, &good);
	rq.tls.pin_pem = other_cert;
	http_async_start(a, &rq, on_result, &bad);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(good.status, 200, "pinned over TLS");
	is_int(bad.r, -EPROTO, "a connection made for one pin does not serve another");
	http_async_free(a);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(uv_loop_close(&loop), 0, "loop closes");
	http_server_free(s);
}

static void test_url_shown(void)
{
	static const char *const t[][2] = {
		{"http://u:p@h:1/a?b#c", "http://h:1/a"},
		{"http://h/a@b", "http://h/a@b"},
		{"http://u:p@x@h/", "http://h/"},
		{"h/a", "h/a"},
		{"", ""},
	};
	char buf[100];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		is_str(http_url_shown(t[i][0], buf, sizeof(buf)), t[i][1], "shown: %s", t[i][0]);
}

int main(void)
{
	struct http_client *c = NULL;
	struct http_server *s;
	struct err e;

	peer_certificate(&cert, &key);
	peer_certificate(&other_cert, &other_key);
	s = start(false);
	http_client_new(&c, &e);
	test_answers(c, s);
	test_failures(c, s);
	test_get(s);
	test_async(s);
	test_tls(c);
	test_async_tls();
	test_url_shown();
	http_server_free(s);
	if (held)
		http_reply_text(held, 200, "x");
	free(cert);
	free(key);
	free(other_cert);
	free(other_key);
	return done_testing();
}
