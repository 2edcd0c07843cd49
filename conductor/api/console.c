/* Consoles: watching as an endless answer, typing, and the recording. */
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/api/states.h"
#include "conductor/model/console.h"
#include "lib/base/str.h"
#include "lib/cast/log.h"

#include <errno.h>
#include <string.h>

#define BEHIND_MAX ((size_t)512 * 1024) /* bytes a watcher may be behind before it is cut off */
#define INPUT_MAX  4096
#define CAST	   "application/x-asciicast"

struct watcher {
	struct console_watch watch;
	struct http_stream *stream;
};

static bool give_lines(struct console_watch *w, const char *text, size_t len)
{
	return http_stream_write(container_of(w, struct watcher, watch)->stream, text, len) == 0;
}

static void drop(struct console_watch *w, const char *why)
{
	struct watcher *x = container_of(w, struct watcher, watch);

	http_stream_end(x->stream);
	free(x);
}

static void finish_watch(struct call *c, struct request *r)
{
	http_reply_header(c->req, "Cache-Control", "no-store");
	call_reply_stream(c, CAST, container_of(r->record, struct watcher, watch)->stream);
}

/* A refusal leaves the watch with us. */
static void watch_done(struct request *r)
{
	if (r->result < 0)
		drop(r->record, "refused");
	call_request_done(r);
}

int console_watch_get(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_CONSOLE_WATCH, c->params[0]);
	struct watcher *x = xcalloc(1, sizeof(*x));

	x->stream = http_stream_new(BEHIND_MAX);
	x->watch.lines = give_lines;
	x->watch.drop = drop;
	list_init(&x->watch.link);
	snprintf(x->watch.who, sizeof(x->watch.who), "%.60s at %.60s",
		c->user ? c->user : "somebody", http_peer(c->req));
	r->record = &x->watch;
	r->done = watch_done;
	return call_submit(c, r, finish_watch);
}

static const struct schema_field input_fields[] = {
	{"watch", T_STR, S_REQUIRED, CONSOLE_ID_MAX, NULL},
	{"input", T_STR, S_REQUIRED, INPUT_MAX, NULL},
	{"take", T_BOOL, 0, 0, NULL},
};
SCHEMA(console_input_schema, "console_input", input_fields);

int console_input(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_CONSOLE_TYPE, c->params[0]);

	r->args = json_incref(c->body);
	return call_submit(c, r, finish_no_content);
}

int console_leave(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_CONSOLE_LEAVE, c->params[0]);

	r->text = xstrdup(c->params[1]);
	return call_submit(c, r, finish_no_content);
}

int console_log_get(struct call *c, struct err *e)
{
	const char *folder = call_config(c)->console_folder;
	_cleanup_json_ json_t *stored = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = node_read(c, c->params[0], &stored, e);

	if (r < 0)
		return r;
	if (!folder || cast_log_read(folder, json_str(stored, "uuid"), &text, &len, e) < 0)
		return err_set(e, ENOENT, "Nothing was recorded of the console of node %s yet",
			c->params[0]);
	call_reply_text(c, 200, CAST, text, len);
	return 0;
}
