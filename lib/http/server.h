/*
 * An HTTP server for bounded requests and replies given at once or later, on libmicrohttpd. It
 * knows nothing of resources or JSON: one handler gets every request.
 */
#ifndef LIB_HTTP_SERVER_H
#define LIB_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct http_server;
struct http_req;

enum http_outcome {
	HTTP_SENT,	/* the whole reply was handed to the network */
	HTTP_ABORTED,	/* the client went away, was too slow, or sent nonsense */
	HTTP_SHUT_DOWN, /* the server stopped before */
	HTTP_OUTCOME_COUNT
};

/* What became of a request; pointers are valid during the call only. */
struct http_done {
	enum http_outcome outcome;
	const char *method;
	const char *path;     /* decoded */
	const char *peer;     /* address without port */
	int status;	      /* 0 when no reply was made, or by libmicrohttpd before all else */
	uint64_t bytes_total; /* of the reply's body; 0 for HEAD */
	uint64_t bytes_sent;  /* as bytes_total when sent; otherwise what the client acknowledged */
	uint64_t bytes_received; /* of the request's body */
	int64_t duration_us;	 /* from the request line to now */
};

/*
 * Called in a server thread when the whole request is there. It must see to it that one of the
 * http_reply functions is called exactly once, now or later, from any thread.
 */
typedef void (*http_handler)(struct http_req *req, void *data);
typedef void (*http_done_fn)(const struct http_done *done, void *data);

struct http_server_config {
	const char *listen;	  /* "127.0.0.1:6385", "[::1]:6385"; port 0: the system chooses */
	const char *tls_cert;	  /* PEM text or a path; both NULL: no TLS */
	const char *tls_key;	  /* PEM text or a path */
	const char *tls_priority; /* GnuTLS priority string; NULL: TLS 1.2 and 1.3 */
	unsigned threads;	  /* 0: 4 */
	unsigned idle_timeout_s;  /* 0: 60; nothing sent or received for so long ends it, as does
				     a reply from memory that is not taken within this and what
				     its length needs at the slowest rate */

	unsigned request_timeout_s; /* 0: 30; a request has to arrive whole within this, and 1 s
				       more for every 64 KiB of it */
	unsigned reply_bytes_per_s; /* that rate; 0: 16 KiB */
	unsigned max_connections;   /* 0: 1024; more wait in the listen queue */
	unsigned max_per_address;   /* of these from one address; 0: all */
	size_t body_max;	    /* 0: 1 MiB; a larger body is answered 413 */
	size_t bodies_max;	    /* 0: 256 MiB; of all requests together; beyond, 503 */
	size_t (*body_limit)(const char *method, const char *path, void *data); /* NULL: body_max */
	http_handler handler;
	http_done_fn done; /* NULL allowed; called in a server thread for every request's end */
	/* The body of answers the server makes itself (400, 413, 503), JSON, allocated. NULL: text.
	 */
	char *(*refusal)(int status, void *data);
	void *data; /* given to the functions */
};

/* Binds and starts. Everything in the config is copied. */
int http_server_new(const struct http_server_config *c, struct http_server **ret, struct err *e);

/*
 * Reads certificate and key again: who connects from now on gets the new ones. On failure all stays
 * as it is; nothing to do without TLS. Any thread.
 */
int http_server_reload_tls(struct http_server *s, struct err *e);

/* The port it listens on. */
uint16_t http_server_port(const struct http_server *s);

/* Requests that have arrived or are arriving and have no full answer yet; open connections. */
unsigned http_server_requests(const struct http_server *s);
unsigned http_server_connections(const struct http_server *s);

/*
 * Closes new connections at once, lets running requests finish for drain_ms, answers those still
 * waiting for their reply with 503, closes all and frees the port. A reply that comes later is
 * accepted and dropped, so handlers' data may outlive the server. Not from a server thread.
 */
void http_server_stop(struct http_server *s, unsigned drain_ms);
void http_server_free(struct http_server *s); /* stops with drain 0 if running; NULL allowed */

/*
 * The request. All strings are borrowed and live until the reply is made; any thread, one at a
 * time.
 */
const char *http_method(const struct http_req *req);
const char *http_path(const struct http_req *req); /* percent-decoded, starts with '/', no query */
const char *http_path_raw(const struct http_req *req);		    /* as sent, no query */
const char *http_arg(const struct http_req *req, const char *name); /* first; decoded; or NULL */
bool http_arg_next(const struct http_req *req, size_t *pos, const char **ret_name,
	const char **ret_value); /* start with *pos = 0; "a" without '=' has the value "" */
const char *http_header(const struct http_req *req, const char *name); /* any case; first; NULL */
const char *http_body(const struct http_req *req, size_t *ret_len); /* NUL-terminated; never NULL */
const char *http_peer(const struct http_req *req); /* "192.0.2.1", "fe80::1%eth0" */
bool http_is_tls(const struct http_req *req);
const char *http_local(const struct http_req *req); /* the address of ours it came to */

/*
 * A request of ours on behalf of one that came from outside: it has a method, a path (decoded, as
 * it is), and the outer one's addresses; no headers, arguments or body. What is replied to it goes
 * to `reply`, in the replying thread, instead of a connection.
 */
typedef void (*http_inner_fn)(int status, const char *body, size_t len, void *data);
struct http_req *http_inner(const struct http_req *outer, const char *method, const char *path,
	http_inner_fn reply, void *data);

/* A header for the reply, copied; ignored when it holds a line break. Before the reply. */
void http_reply_header(struct http_req *req, const char *name, const char *value);

/* Called once in a server thread (after the reply was sent or failed). Before the reply. */
void http_on_done(struct http_req *req, http_done_fn fn, void *data);

/*
 * Replies, from any thread. Each ends the caller's hold on req. A HEAD request gets the headers a
 * GET would get, so handlers need not tell them apart. content_type NULL: no such header.
 */
void http_reply(
	struct http_req *req, int status, const char *content_type, const void *data, size_t len);
void http_reply_take(struct http_req *req, int status, const char *content_type, char *data,
	size_t len);							  /* data is freed later */
void http_reply_text(struct http_req *req, int status, const char *text); /* text/plain, adds \n */

/*
 * A reply whose body is written while it is sent. The stream may be written to before it is replied
 * with; it is the writer's until http_stream_end(), after which what it holds is still sent. A
 * reader that is slower than max_bytes allow is cut off.
 */
struct http_stream;
struct http_stream *http_stream_new(size_t max_bytes);
void http_reply_stream(
	struct http_req *req, int status, const char *content_type, struct http_stream *s);
/* Any thread. -EPIPE: nobody reads any more; -ENOBUFS: too slow, and cut off now. */
int http_stream_write(struct http_stream *s, const void *data, size_t len);
void http_stream_end(struct http_stream *s); /* takes NULL */

/*
 * A regular file by sendfile, with ETag, Last-Modified, one Range, If-Range, If-None-Match and
 * If-Modified-Since (RFC 9110). fd is taken; path is the caller's to have checked. A path that
 * cannot be opened gives 404 or 500.
 */
void http_reply_fd(struct http_req *req, int fd, const char *content_type);
void http_reply_file(struct http_req *req, const char *path, const char *content_type);

#endif
