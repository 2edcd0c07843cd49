/* What tests tell a farm while it runs: {"op": NAME, "bmc": I or [FIRST, LAST] or "all", ...},
 * answered by {"ok": true, ...} or {"ok": false, "error": TEXT}. */
#include "tests/bmc/bmcd/control.h"

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/json/json.h"
#include "tests/bmc/bmcd/operation.h"
#include "tests/bmc/bmcd/play.h"

#define LINE_MAX_BYTES	 65536
#define CONNECTIONS_MAX	 64
#define UNSENT_MAX_BYTES (4 << 20)

struct control {
	uv_pipe_t pipe;
	struct farm *farm;
	struct list connections;
	unsigned n_connections;
};

struct connection {
	struct list member;
	struct control *control;
	uv_pipe_t pipe;
	struct buf in;
	bool events; /* wants power events */
	bool closing;
};

struct line_out {
	uv_write_t req;
	char *text;
};

static void on_connection_closed(uv_handle_t *h)
{
	struct connection *k = h->data;

	buf_done(&k->in);
	free(k);
}

static void connection_close(struct connection *k)
{
	if (k->closing)
		return;
	k->closing = true;
	list_remove(&k->member);
	k->control->n_connections--;
	uv_close((uv_handle_t *)&k->pipe, on_connection_closed);
}

static void on_written(uv_write_t *req, int status)
{
	struct line_out *o = container_of(req, struct line_out, req);

	free(o->text);
	free(o);
}

/* Takes the reference. */
static void connection_send(struct connection *k, json_t *json)
{
	_cleanup_free_ char *text = json_text(json);
	struct line_out *o;
	uv_buf_t b;

	json_decref(json);
	if (uv_stream_get_write_queue_size((uv_stream_t *)&k->pipe) > UNSENT_MAX_BYTES) {
		connection_close(k);
		return;
	}
	o = xmalloc(sizeof(*o));
	o->text = xasprintf("%s\n", text);
	b = uv_buf_init(o->text, strlen(o->text));
	if (uv_write(&o->req, (uv_stream_t *)&k->pipe, &b, 1, on_written) < 0)
		on_written(&o->req, 0);
}

static void on_farm(
	void *data, size_t i, enum bmcemu_machine_event event, const struct boot_choice *boot)
{
	struct control *c = data;
	struct connection *k, *next;

	list_for_each_safe (k, next, &c->connections, member) {
		if (!k->events)
			continue;
		connection_send(k, json_pack("{s:s, s:I, s:o}", "event",
					   bmcemu_machine_event_name(event), "bmc", (json_int_t)i,
					   "boot", boot ? operation_boot_json(boot) : json_null()));
	}
}

/* "bmc": absent is the first. */
static int get_range(
	const struct farm *f, const json_t *q, size_t *ret_from, size_t *ret_to, struct err *e)
{
	const json_t *b = json_object_get(q, "bmc");
	json_int_t from = 0, to;

	if (json_is_array(b)) {
		from = json_integer_value(json_array_get(b, 0));
		to = json_integer_value(json_array_get(b, 1));
	} else if (str_eq(json_string_value(b), "all")) {
		to = (json_int_t)f->n - 1;
	} else {
		from = to = json_integer_value(b);
	}
	if (from < 0 || to < from || to >= (json_int_t)f->n)
		return err_set(e, ERANGE, "bmc: from 0 to %zu", f->n - 1);
	*ret_from = from;
	*ret_to = to;
	return 0;
}

static int add_script(struct farm *f, const char *text, struct err *e)
{
	struct script *s = NULL;
	int r = text ? script_parse(text, strlen(text), "script", &s, e)
		     : err_set(e, EINVAL, "script: text is missing");

	return r < 0 ? r : play_add(f->play, s, e);
}

static int run(struct connection *k, const json_t *q, json_t *reply, struct err *e)
{
	const char *op = json_str(q, "op");
	size_t from = 0, to = 0;
	int r = get_range(k->control->farm, q, &from, &to, e);

	if (r < 0)
		return r;
	if (str_eq(op, "script"))
		return add_script(k->control->farm, json_str(q, "text"), e);
	if (str_eq(op, "events")) {
		k->events = true;
		return 0;
	}
	for (; r == 0 && from <= to; from++)
		r = operation_run(&k->control->farm->nodes[from], op, q, reply, e);
	return r;
}

static void handle_line(struct connection *k, const char *line, size_t len)
{
	_cleanup_json_ json_t *q = NULL;
	json_t *reply = json_object();
	struct err e = {0};
	int r = json_parse(line, len, 8, &q, &e);

	if (r == 0)
		r = run(k, q, reply, &e);
	json_put_bool(reply, "ok", r == 0);
	if (r < 0)
		json_put_str(reply, "error", e.text);
	connection_send(k, reply);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char space[4096]; /* handed to on_read at once */

	*ret = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct connection *k = s->data;
	char *end;

	if (n < 0 || (n > 0 && buf_append(&k->in, b->base, n) < 0)) {
		connection_close(k);
		return;
	}
	while (!k->closing && k->in.len && (end = memchr(k->in.data, '\n', k->in.len))) {
		handle_line(k, k->in.data, end - k->in.data);
		buf_consume(&k->in, end - k->in.data + 1);
	}
}

static void on_connection(uv_stream_t *s, int status)
{
	struct control *c = s->data;
	struct connection *k;

	if (status < 0 || c->n_connections >= CONNECTIONS_MAX)
		return;
	k = xcalloc(1, sizeof(*k));
	k->control = c;
	k->pipe.data = k;
	buf_init(&k->in, LINE_MAX_BYTES);
	uv_pipe_init(s->loop, &k->pipe, 0);
	list_append(&c->connections, &k->member);
	c->n_connections++;
	if (uv_accept(s, (uv_stream_t *)&k->pipe) < 0 ||
		uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read) < 0)
		connection_close(k);
}

static void on_control_closed(uv_handle_t *h)
{
	free(h->data);
}

int control_open(
	uv_loop_t *loop, const char *path, struct farm *farm, struct control **ret, struct err *e)
{
	struct control *c = xcalloc(1, sizeof(*c));
	int r;

	list_init(&c->connections);
	c->farm = farm;
	uv_pipe_init(loop, &c->pipe, 0);
	c->pipe.data = c;
	r = uv_pipe_bind(&c->pipe, path);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&c->pipe, 16, on_connection);
	if (r < 0) {
		uv_close((uv_handle_t *)&c->pipe, on_control_closed);
		return err_errno(e, -r, "control socket %s: listen", path);
	}
	farm->hook = on_farm;
	farm->data = c;
	*ret = c;
	return 0;
}

void control_close(struct control *c)
{
	struct connection *k, *next;

	if (!c)
		return;
	c->farm->hook = NULL;
	list_for_each_safe (k, next, &c->connections, member)
		connection_close(k);
	uv_close((uv_handle_t *)&c->pipe, on_control_closed);
}
