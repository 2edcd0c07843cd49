/* A request inside the server: shared by server.c (its life), request.c (reading) and reply.c. */
#ifndef LIB_HTTP_REQ_H
#define LIB_HTTP_REQ_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "lib/base/list.h"
#include "lib/http/server.h"

#define REQ_ARGS_MAX 256

#define REQ_ARENA 3072 /* bytes; what a usual request needs for its texts */

struct req_field {
	const char *name, *value;
};

struct req_fields {
	struct req_field *list;
	size_t n, cap;
};

/* Who talks to whom, as text; the same for all requests of a connection. */
struct http_ends {
	char peer[64], local[64];
};

enum req_state {
	REQ_READING,   /* header and body arrive */
	REQ_HANDLED,   /* the handler is running and no reply was made */
	REQ_SUSPENDED, /* the handler returned without a reply */
	REQ_REPLIED,   /* response is set, or was dropped because the connection is gone */
};

/* An open connection; its thread writes, the reaper reads under the server's lock. */
struct http_conn {
	struct list link;
	int fd;
	_Atomic int64_t deadline_ms; /* a whole request has to be there; 0: none is awaited */
	_Atomic bool replying;	     /* what is awaited is that a reply is taken */
	bool known;		     /* ends are filled in */
	struct http_ends ends;
};

struct req_block;

struct http_req {
	struct list link; /* of the server, under its lock, until the connection is done with it */
	struct http_server *server; /* not to be used once gone */
	struct http_conn *conn;
	struct MHD_Connection *mhd;
	atomic_int refs; /* the connection's and the handler's */

	pthread_mutex_t lock; /* state, response, gone */
	enum req_state state;
	bool gone; /* the connection has ended */
	struct MHD_Response *response;
	struct http_stream *stream; /* of the reply, to end it when the server stops; or NULL */

	/* texts and lists, all in the arena */
	char *uri;  /* as sent */
	char *raw;  /* uri split at '?' */
	char *path; /* decoded */
	const char *query;
	struct req_field *args;
	size_t n_args;
	struct req_fields headers;
	struct req_fields extra; /* headers of the reply */
	char method[24];
	bool started;

	char *body;
	size_t body_len, body_cap, body_max;
	uint64_t received;
	int refused; /* status to answer instead of calling the handler */

	int status;
	uint64_t reply_len;
	uint64_t acked_before; /* by the peer, when a file's reply began */
	bool head, tls;
	bool whole; /* the reply is one piece in memory, which does not take long to fetch */

	http_done_fn on_done;
	void *on_done_data;
	http_inner_fn inner; /* gets the reply of a request that has no connection */
	void *inner_data;
	int64_t start_us;
	struct http_ends ends;

	struct req_block *blocks; /* what did not fit into the arena */
	size_t arena_used;
	char arena[REQ_ARENA]; /* not zeroed */
};

struct http_req *req_new(struct http_server *s, const char *uri);
void req_ref(struct http_req *req);
void req_unref(struct http_req *req);

/* Memory that lives as long as the request, not zeroed. One thread at a time. */
void *req_alloc(struct http_req *req, size_t size);
char *req_strdup(struct http_req *req, const char *s);
void req_field_add(struct http_req *req, struct req_fields *f, const char *name, const char *value);

/* Splits and decodes the request line. 0 or -EINVAL. */
int req_parse_uri(struct http_req *req);
/* Copies the headers out of the connection, so that they outlive it. 0 or -EINVAL. */
int req_copy_headers(struct http_req *req);
/* One Host, which HTTP/1.0 may lack (RFC 9112 section 3.2). After the headers. 0 or -EINVAL. */
int req_check_host(const struct http_req *req, const char *version);
/*
 * One way to tell a body's length, told once, so that nobody in front of us may read it otherwise
 * (RFC 9112 section 6). After the headers. 0 or -EINVAL.
 */
int req_check_framing(const struct http_req *req);
void req_fill_addresses(struct http_req *req);

/* Percent-decodes in place. 0; -EINVAL for a bad escape or a NUL. */
int uri_decode(char *s, bool plus_is_space);

/* Hands the response to the connection; called in its thread, with response set. */
enum MHD_Result req_queue(struct http_req *req);

/* A response that reads from the stream; it and the request hold it from now on. stream.c */
struct MHD_Response *stream_response(struct http_req *req, struct http_stream *s);
void req_stream_stop(struct http_req *req); /* ends it after what is in the buffer */
void req_stream_drop(struct http_req *req);

/* A socket that listens on "IP:port" or "[IPv6]:port". 0, -EINVAL, or what the system said. */
int http_listen(const char *listen_on, int *ret_fd, uint16_t *ret_port, struct err *e);

/* The reply is on its way: so much has to be taken in time. The connection's thread. */
void conn_reply_deadline(struct http_req *req);

/* The text of an answer of the server itself, allocated, and its type. */
char *server_refusal(const struct http_server *s, int status, const char **ret_type);

/* An answer of the server itself. */
struct MHD_Response *reply_plain(struct http_req *req, int status);

/* The bytes the peer of a TCP socket has acknowledged; 0 when unknown. */
uint64_t conn_acked(int fd);

#endif
