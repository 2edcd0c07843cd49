/* What tests tell a farm while it runs: {"op": NAME, "bmc": I or [FIRST, LAST] or "all", ...},
 * answered by {"ok": true, ...} or {"ok": false, "error": TEXT}. The operations are a table at the
 * end. */
#include "tests/bmc/bmcd/control.h"

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/json/json.h"

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

static json_t *boot_json(const struct boot_choice *b)
{
	return json_pack("{s:b, s:s, s:b, s:b}", "valid", b->valid, "device",
		boot_device_name(b->device), "efi", b->efi, "persistent", b->persistent);
}

static void on_farm(
	void *data, size_t i, enum simmachine_event event, const struct boot_choice *boot)
{
	struct control *c = data;
	struct connection *k, *next;

	list_for_each_safe (k, next, &c->connections, member) {
		if (!k->events)
			continue;
		connection_send(k,
			json_pack("{s:s, s:I, s:o}", "event", simmachine_event_name(event), "bmc",
				(json_int_t)i, "boot", boot ? boot_json(boot) : json_null()));
	}
}

/* The operations, each on one BMC; what they answer is merged into reply. */

static int op_fault(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_t *set = json_object_get(q, "set"), *v;
	const char *name;
	char text[24];
	int r;

	json_object_foreach (set, name, v) {
		snprintf(text, sizeof(text), "%lld",
			json_is_boolean(v) ? json_is_true(v) : json_integer_value(v));
		r = bmcemu_set_fault(n->bmc, name, text, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int op_clear(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	bmcemu_clear_faults(n->bmc);
	return 0;
}

static json_t *counters_json(const struct farm_node *n)
{
	struct simmachine_counters m;
	struct bmcemu_counters c;

	bmcemu_counters(n->bmc, &c);
	simmachine_counters(n->machine, &m);
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "packets",
		c.packets, "bad_packets", c.bad_packets, "requests", c.requests, "repeats",
		c.repeats, "sessions", c.sessions, "auth_failures", c.auth_failures,
		"power_commands", c.power_commands, "on", m.on, "off", m.off, "reset", m.reset,
		"nmi", m.nmi, "soft", m.soft);
}

static int op_state(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	struct boot_choice boot;
	uint8_t raw[5];
	char hex[11];

	bmcemu_boot_flags_raw(n->bmc, raw);
	simmachine_last_boot(n->machine, &boot);
	json_put_bool(reply, "power", simmachine_is_on(n->machine));
	json_put_str(reply, "boot_flags", hex_encode(raw, sizeof(raw), hex));
	json_object_set_new(reply, "last_boot", boot_json(&boot));
	json_put_int(reply, "open_sessions", bmcemu_sessions(n->bmc));
	json_object_set_new(reply, "counters", counters_json(n));
	return 0;
}

static int op_address(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_put_str(reply, "address", bmcemu_address(n->bmc));
	json_put_int(reply, "port", bmcemu_port(n->bmc));
	return 0;
}

static int op_power(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	simmachine_set_power(n->machine, json_flag(q, "on", true));
	return 0;
}

static int op_reboot(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	simmachine_reboot(n->machine);
	return 0;
}

static int op_reset(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	bmcemu_reset(n->bmc);
	return 0;
}

static int op_advance(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	int64_t ms = json_int(q, "ms", 0);

	if (ms < 0 || ms > INT32_MAX)
		return err_set(e, ERANGE, "advance: ms is from 0 to %d", INT32_MAX);
	bmcemu_advance(n->bmc, ms);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct farm_node *n, const json_t *q, json_t *reply, struct err *e);
} ops[] = {
	{"fault", op_fault},	 /* "set": {NAME: NUMBER, ...} */
	{"clear", op_clear},	 /* all faults off */
	{"state", op_state},	 /* power, boot flags, sessions, counters */
	{"address", op_address}, /* where it listens */
	{"power", op_power},	 /* "on": somebody at the machine */
	{"reboot", op_reboot},	 /* the system itself reboots */
	{"reset", op_reset},	 /* of the BMC itself */
	{"advance", op_advance}, /* "ms": its clock goes on */
};

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

static int run(struct connection *k, const json_t *q, json_t *reply, struct err *e)
{
	const char *op = json_str(q, "op");
	size_t from = 0, to = 0;
	int r = get_range(k->control->farm, q, &from, &to, e);

	if (r < 0)
		return r;
	if (str_eq(op, "events")) {
		k->events = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!str_eq(ops[i].name, op))
			continue;
		for (; r == 0 && from <= to; from++)
			r = ops[i].run(&k->control->farm->nodes[from], q, reply, e);
		return r;
	}
	return err_set(e, ENOENT, "op %s: no such operation", op ? op : "(none)");
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
