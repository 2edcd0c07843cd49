/*
 * HTTP requests on a libuv loop, on libcurl's multi interface: the conductor's way to talk to
 * agents and webhooks. Link with the library httpasync.
 */
#ifndef LIB_HTTP_ASYNC_H
#define LIB_HTTP_ASYNC_H

#include <uv.h>

#include "lib/http/client.h"

struct http_async;
struct http_call;

/*
 * r is 0 or as http_client_do(); resp is valid during the call (its strings may be taken with
 * TAKE_PTR) and NULL when r < 0; e is the error.
 */
typedef void (*http_call_fn)(int r, struct http_response *resp, const struct err *e, void *data);

/* max_connections: open at once, all hosts; further calls wait. 0: 256. The loop's thread only. */
int http_async_new(
	uv_loop_t *loop, unsigned max_connections, struct http_async **ret, struct err *e);

/*
 * Ends all calls with -ECANCELED, at once, and closes. The loop has to run once more before it can
 * be closed. NULL allowed.
 */
void http_async_free(struct http_async *a);

/*
 * Starts a request; everything in rq is copied. done is called exactly once, later, on the loop's
 * thread, also when starting failed. The handle is valid until done is called; it is for
 * http_call_cancel() only.
 */
struct http_call *http_async_start(
	struct http_async *a, const struct http_request *rq, http_call_fn done, void *data);

/* done is called later, with -ECANCELED. */
void http_call_cancel(struct http_call *call);

/* Calls started and not done. */
unsigned http_async_calls(const struct http_async *a);

#endif
