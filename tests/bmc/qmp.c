/* QMP over a UNIX socket (QEMU's docs/interop/qmp-spec): greeting, qmp_capabilities, then one JSON
 * value per line each way. Every handle's owner pointer is cut when the client is freed, so
 * callbacks that are still under way find nothing. */
#include "tests/bmc/qmp.h"

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define RETRY_MS       20
#define LINE_MAX_BYTES (1 << 20)
#define COMMANDS_MAX   64
#define PATH_MAX_BYTES 108 /* of sockaddr_un */

enum phase { PHASE_CONNECTING, PHASE_GREETING, PHASE_NEGOTIATING, PHASE_READY, PHASE_CLOSED };

struct link {
	uv_pipe_t pipe;
	uv_connect_t connect;
	struct qmp *owner; /* NULL: nobody listens any more */
};

struct command {
	struct list member;
	char *text; /* NULL once sent */
	json_int_t id;
	qmp_done done;
	void *data;
};

struct line_out {
	uv_write_t req;
	char *text;
};

struct qmp {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct link *link;
	char path[PATH_MAX_BYTES];
	uint64_t give_up_at_ms;
	enum phase phase;
	bool dead;
	struct buf in;
	struct list commands;
	unsigned n_commands;
	json_int_t next_id;
	struct qmp_hooks hooks;
	void *data;
};

static void try_connect(struct qmp *q);

static void on_link_closed(uv_handle_t *h)
{
	free(h->data);
}

static void link_close(struct qmp *q)
{
	if (!q->link)
		return;
	q->link->owner = NULL;
	uv_close((uv_handle_t *)&q->link->pipe, on_link_closed);
	q->link = NULL;
}

static void command_free(struct qmp *q, struct command *c)
{
	list_remove(&c->member);
	q->n_commands--;
	free(c->text);
	free(c);
}

static void fail(struct qmp *q, const char *why)
{
	struct command *c;

	link_close(q);
	uv_timer_stop(&q->timer);
	q->phase = PHASE_CLOSED;
	while (!q->dead && (c = list_first(&q->commands, struct command, member))) {
		qmp_done done = c->done;
		void *data = c->data;

		command_free(q, c);
		if (done)
			done(data, NULL, why);
	}
	if (!q->dead && q->hooks.closed)
		q->hooks.closed(q->data, why);
}

static void on_written(uv_write_t *req, int status)
{
	struct line_out *o = container_of(req, struct line_out, req);

	free(o->text);
	free(o);
}

/* Takes text. */
static void send_line(struct qmp *q, char *text)
{
	struct line_out *o = xmalloc(sizeof(*o));
	uv_buf_t b = uv_buf_init(text, strlen(text));

	o->text = text;
	if (uv_write(&o->req, (uv_stream_t *)&q->link->pipe, &b, 1, on_written) < 0)
		on_written(&o->req, 0);
}

static void send_waiting(struct qmp *q)
{
	struct command *c;

	if (q->phase != PHASE_READY)
		return;
	list_for_each (c, &q->commands, member)
		if (c->text)
			send_line(q, TAKE_PTR(c->text));
}

static void become_ready(struct qmp *q)
{
	q->phase = PHASE_READY;
	send_waiting(q);
	if (q->hooks.ready)
		q->hooks.ready(q->data);
}

static void handle_result(struct qmp *q, const json_t *m)
{
	const json_t *error = json_object_get(m, "error");
	const char *text = json_string_value(json_object_get(error, "desc"));
	json_int_t id = json_integer_value(json_object_get(m, "id"));
	struct command *c = list_first(&q->commands, struct command, member);
	qmp_done done;
	void *data;

	if (!c || c->text || c->id != id)
		return;
	done = c->done;
	data = c->data;
	command_free(q, c);
	if (done)
		done(data, json_object_get(m, "return"),
			!error ? NULL
			: text ? text
			       : "QEMU gave no reason");
}

static void handle_message(struct qmp *q, const json_t *m)
{
	const char *event = json_string_value(json_object_get(m, "event"));

	if (q->phase == PHASE_GREETING && json_object_get(m, "QMP")) {
		q->phase = PHASE_NEGOTIATING;
		send_line(q, xstrdup("{\"execute\":\"qmp_capabilities\"}\n"));
	} else if (event) {
		if (q->hooks.event)
			q->hooks.event(q->data, event, json_object_get(m, "data"));
	} else if (q->phase == PHASE_NEGOTIATING) {
		if (json_object_get(m, "return"))
			become_ready(q);
		else
			fail(q, "QMP: the negotiation was refused");
	} else if (q->phase == PHASE_READY) {
		handle_result(q, m);
	}
}

static void handle_line(struct qmp *q, const char *line, size_t len)
{
	json_t *m = json_loadb(line, len, 0, NULL);

	if (!m) {
		fail(q, "QMP: not JSON");
		return;
	}
	handle_message(q, m);
	json_decref(m);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char space[16384]; /* handed to on_read at once */

	*ret = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct link *l = s->data;
	struct qmp *q = l->owner;
	char *end;

	if (!q)
		return;
	if (n < 0) {
		fail(q, n == UV_EOF ? "QMP: QEMU has closed the connection" : uv_strerror(n));
		return;
	}
	if (n > 0 && buf_append(&q->in, b->base, n) < 0) {
		fail(q, "QMP: a line is too long");
		return;
	}
	while (l->owner && q->in.len && (end = memchr(q->in.data, '\n', q->in.len))) {
		size_t len = end - q->in.data;
		char *line = xstrndup(q->in.data, len);

		buf_consume(&q->in, len + 1);
		handle_line(q, line, len);
		free(line);
	}
}

static void on_retry(uv_timer_t *t)
{
	try_connect(t->data);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct link *l = container_of(req, struct link, connect);
	struct qmp *q = l->owner;

	if (!q)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read);
	if (status == 0) {
		q->phase = PHASE_GREETING;
		return;
	}
	link_close(q);
	if (uv_now(q->loop) >= q->give_up_at_ms)
		fail(q, uv_strerror(status));
	else
		uv_timer_start(&q->timer, on_retry, RETRY_MS, 0);
}

static void try_connect(struct qmp *q)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->owner = q;
	q->link = l;
	uv_pipe_init(q->loop, &l->pipe, 0);
	l->pipe.data = l;
	uv_pipe_connect(&l->connect, &l->pipe, q->path, on_connect);
}

int qmp_new(uv_loop_t *loop, const char *path, unsigned give_up_ms, const struct qmp_hooks *hooks,
	void *data, struct qmp **ret, struct err *e)
{
	struct qmp *q;

	if (strlen(path) >= PATH_MAX_BYTES)
		return err_set(e, ENAMETOOLONG,
			"QMP socket %s: longer than %d bytes; use a shorter path", path,
			PATH_MAX_BYTES - 1);
	q = xcalloc(1, sizeof(*q));
	q->loop = loop;
	q->hooks = *hooks;
	q->data = data;
	q->give_up_at_ms = uv_now(loop) + give_up_ms;
	str_copy(q->path, sizeof(q->path), path);
	buf_init(&q->in, LINE_MAX_BYTES);
	list_init(&q->commands);
	uv_timer_init(loop, &q->timer);
	q->timer.data = q;
	try_connect(q);
	*ret = q;
	return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct qmp *q = h->data;

	buf_done(&q->in);
	free(q);
}

void qmp_free(struct qmp *q)
{
	struct command *c;

	if (!q)
		return;
	q->dead = true;
	q->phase = PHASE_CLOSED;
	link_close(q);
	while ((c = list_first(&q->commands, struct command, member)))
		command_free(q, c);
	uv_close((uv_handle_t *)&q->timer, on_timer_closed);
}

bool qmp_is_ready(const struct qmp *q)
{
	return q->phase == PHASE_READY;
}

bool qmp_is_connected(const struct qmp *q)
{
	return q->phase == PHASE_GREETING || q->phase == PHASE_NEGOTIATING ||
	       q->phase == PHASE_READY;
}

int qmp_execute(struct qmp *q, const char *command, json_t *arguments, qmp_done done, void *data)
{
	struct command *c;
	json_t *m;
	char *text;

	if (q->phase == PHASE_CLOSED || q->n_commands >= COMMANDS_MAX) {
		json_decref(arguments);
		return q->phase == PHASE_CLOSED ? -ENOTCONN : -EAGAIN;
	}
	c = xcalloc(1, sizeof(*c));
	c->id = ++q->next_id;
	c->done = done;
	c->data = data;
	m = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", c->id, "arguments", arguments);
	text = json_dumps(m, JSON_COMPACT);
	c->text = xasprintf("%s\n", text ? text : "{}");
	free(text);
	json_decref(m);
	list_append(&q->commands, &c->member);
	q->n_commands++;
	send_waiting(q);
	return 0;
}
