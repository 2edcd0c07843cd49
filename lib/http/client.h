/*
 * HTTP requests that wait for their answer, on libcurl: for the command line and the agent. The
 * event-driven form for the conductor is lib/http/async.h.
 */
#ifndef LIB_HTTP_CLIENT_H
#define LIB_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

/*
 * Whom to trust. pin_pem: exactly the key of this certificate (PEM text), whatever its name, issuer
 * and dates say. Otherwise ca_file, otherwise the system's bundle; insecure: anyone.
 */
struct http_tls {
	const char *ca_file;
	const char *pin_pem;
	bool insecure;
};

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const char *content_type;   /* NULL: application/json when there is a body */
	const void *body;	    /* NULL: none */
	size_t body_len;
	const char *user; /* basic authentication; NULL: none */
	const char *password;
	struct http_tls tls;
	size_t response_max;	     /* 0: 16 MiB; a longer answer is -EFBIG */
	unsigned timeout_ms;	     /* 0: 60,000; of the whole request */
	unsigned connect_timeout_ms; /* 0: 10,000 */
	unsigned redirects;	     /* how many to follow; 0: none */

	/*
	 * Gets the body of a 2xx answer as it comes, in pieces; false: enough of it, which ends the
	 * request well. There is no timeout_ms then, but silence of idle_timeout_s (0: 60) ends it.
	 */
	bool (*on_body)(void *data, const char *bytes, size_t len);
	void *on_body_data;
	unsigned idle_timeout_s;
};

struct http_response {
	int status;
	char *body; /* NUL-terminated, never NULL after success */
	size_t len;
	char *headers; /* lines "name: value\n", names in lower case */
};

void http_response_done(struct http_response *r);

/* The value of a response header, allocated, or NULL. */
char *http_response_header(const struct http_response *r, const char *name);

struct http_client;

/* Keeps connections open between requests. One thread at a time. */
int http_client_new(struct http_client **ret, struct err *e);
void http_client_free(struct http_client *c);
DEFINE_CLEANUP(struct http_client, http_client_free)

/*
 * Any HTTP answer, also 4xx and 5xx, is success; see http_status_err(). Failures: -ECONNREFUSED,
 * -EHOSTUNREACH (name or network), -ETIMEDOUT, -EPROTO (TLS, certificate, nonsense), -EFBIG,
 * -EINVAL (url), -EIO. The text says method, url and cause; never the body, user or password.
 */
int http_client_do(struct http_client *c, const struct http_request *rq, struct http_response *ret,
	struct err *e);

/*
 * The whole body of one GET, in a connection of its own; NUL-terminated, the caller frees it.
 * Failures: those of http_client_do(), and http_status_err() for every status but 200.
 */
int http_get(const struct http_request *rq, char **ret, size_t *ret_len, struct err *e);

/* "GET URL: 404 Not Found: <start of a text body>". Returns -ENOENT, -EACCES or -EREMOTEIO. */
int http_status_err(const struct http_request *rq, const struct http_response *r, struct err *e);

/* "Not Found" of 404; "" when unknown. */
const char *http_status_text(int status);

/* A url without user, password and query, as it may stand in logs. Returns buf. */
const char *http_url_shown(const char *url, char *buf, size_t size);

#endif
