/*
 * One API request from its arrival to its answer: what handlers get, and the ways they answer. A
 * handler either replies at once or hands a request to the engine; the answer of the engine comes
 * on its thread, so what is done there has to be short.
 */
#ifndef CONDUCTOR_API_CALL_H
#define CONDUCTOR_API_CALL_H

#include "conductor/api/api.h"
#include "conductor/api/router.h"
#include "lib/http/server.h"
#include "lib/json/json.h"

struct call {
	struct api *api;
	struct http_req *req;
	const struct route *route;
	int version; /* minor */
	const char *params[ROUTE_PARAMS_MAX];
	json_t *body;	/* checked; NULL when there was none */
	char *user;	/* NULL: nobody had to say */
	char base[300]; /* URL that links begin with, no slash at the end */
	void (*finish)(struct call *c, struct request *r);
	char *text;   /* the handler's; freed with the call */
	json_t *json; /* the handler's */
	bool flag;
	char **ret_fault; /* an inner call's: gets the text of an error, allocated; or NULL */
	bool would;	  /* a batch's dry run: only say whether it would be taken */
	struct route_match match;
};

struct engine *call_engine(const struct call *c);
struct store *call_store(const struct call *c);
const struct api_config *call_config(const struct call *c);

/*
 * A call of ours on behalf of another (batch.c), with its caller, version and links. The path is
 * known to be a route's. Answers go to `reply`, and before it an error's text to *ret_fault. The
 * caller runs it.
 */
struct call *call_inner(const struct call *outer, const char *method, const char *path,
	char **ret_fault, http_inner_fn reply, void *data);

/* Since when the route is, the body, the handler. Below 0: e says why, nothing was answered. */
int call_run(struct call *c, const char *body, size_t len, struct err *e);

/* Answers; each ends the call. json is taken. */
void call_reply_json(struct call *c, int status, json_t *json);
void call_reply_text(
	struct call *c, int status, const char *type, char *text, size_t len); /* taken */
void call_reply_stream(struct call *c, const char *type, struct http_stream *s);
void call_reply_empty(struct call *c, int status);
void call_reply_error(struct call *c, const struct err *e);

/* How an error's code becomes an HTTP status (engine.h; EPROTONOSUPPORT 406, ENOSYS 501). */
int call_status(int code);

/* The body of contract section 2.2, allocated. */
char *call_error_text(int status, const char *text);

/* A new engine request about the node or thing named by ident (NULL allowed). */
struct request *call_request(struct call *c, enum request_kind kind, const char *ident);

/* What ends a request made by call_request(); for handlers that have something to do before. */
void call_request_done(struct request *r);

/*
 * Hands the request over. A refusal is answered by the call itself; after success finish() is
 * called, on the engine's thread, and has to answer. Always returns 0, for handlers to return.
 */
int call_submit(
	struct call *c, struct request *r, void (*finish)(struct call *c, struct request *r));

void finish_accepted(struct call *c, struct request *r);   /* 202, empty */
void finish_states(struct call *c, struct request *r);	   /* 202, and where the states are */
void finish_no_content(struct call *c, struct request *r); /* 204 */
void finish_answer(struct call *c, struct request *r);	   /* 200 and the engine's answer */

/* Links as Ironic gives them: [{rel self}, {rel bookmark}] for "nodes/<uuid>[/<sub>]". */
json_t *call_links(const struct call *c, const char *plural, const char *id, const char *sub);

/* The check of a body that every route makes before its handler; also what the fuzzer calls. */
int call_parse_body(const struct route *route, int version, const char *text, size_t len,
	json_t **ret, struct err *e);

/* A boolean query argument; dflt when absent; -EINVAL names it. */
int call_arg_bool(const struct call *c, const char *name, bool dflt, bool *ret, struct err *e);

#endif
