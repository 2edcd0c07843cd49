/* Consoles of nodes: what is wanted of them, their last output, who watches; see console.h. */
#include "conductor/driver/console_int.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/cast/cast.h"
#include "lib/cast/log.h"

#include <errno.h>
#include <string.h>

#define BEAT_MS	   15000
#define PLAIN_MAX  65536
#define REMARK_MAX 400

static void drop_watch(struct console *c, struct console_watch *w, const char *why)
{
	bool wrote = str_eq(c->writer, w->id);
	char who[sizeof(w->who)];

	str_copy(who, sizeof(who), w->who);
	list_remove(&w->link);
	c->n_watches--;
	c->all->watches--;
	w->drop(w, why);
	if (!wrote)
		return;
	c->writer[0] = '\0';
	if (!c->removed)
		console_remark(c, "%s has left the keyboard", who);
}

static void tell_watches(struct console *c, char code, const char *bytes, size_t len)
{
	int64_t now = time_wall_us();
	struct console_watch *w, *next;

	list_for_each_safe (w, next, &c->watches, link) {
		struct buf b = BUF_INIT(CAST_LINE_MAX * 2);

		if (!w->bytes)
			cast_event(&b, now - w->start_us, code, bytes, len);
		else if (code == 'o')
			buf_append(&b, bytes, len);
		if (b.len && !w->lines(w, buf_str(&b), b.len))
			drop_watch(c, w, "too slow, or gone");
		buf_done(&b);
	}
}

void console_remark(struct console *c, const char *fmt, ...)
{
	char text[REMARK_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_log(c, 'm', text, strlen(text));
	tell_watches(c, 'm', text, strlen(text));
}

static void keep(struct console *c, const char *bytes, size_t len)
{
	if (len > CONSOLE_LAST_MAX / 2) {
		bytes += len - CONSOLE_LAST_MAX / 2;
		len = CONSOLE_LAST_MAX / 2;
	}
	if (c->last.len + len >= CONSOLE_LAST_MAX)
		buf_consume(&c->last, c->last.len + len - CONSOLE_LAST_MAX / 2);
	buf_append(&c->last, bytes, len);
}

static void give(struct console *c, const char *bytes, size_t len)
{
	keep(c, bytes, len);
	console_log(c, 'o', bytes, len);
	tell_watches(c, 'o', bytes, len);
}

/* Characters that come in two parts are put together again. */
void console_output(struct console *c, const char *bytes, size_t len)
{
	size_t n = c->part_len + len, whole;
	_cleanup_free_ char *joined = xmalloc(n + 1);

	memcpy(joined, c->part, c->part_len);
	memcpy(joined + c->part_len, bytes, len);
	whole = cast_whole(joined, n);
	if (whole)
		give(c, joined, whole);
	c->part_len = n - whole;
	memcpy(c->part, joined + whole, c->part_len);
	c->output_us = time_wall_us();
}

/* --- life --------------------------------------------------------------------------------------
 */

static struct console *console_new(struct consoles *all, const struct node *n)
{
	struct console *c = xcalloc(1, sizeof(*c));

	c->all = all;
	str_copy(c->node, sizeof(c->node), n->uuid);
	c->title = xstrdup(n->name ? n->name : n->uuid);
	list_init(&c->watches);
	list_init(&c->rest);
	buf_init(&c->last, CONSOLE_LAST_MAX);
	buf_init(&c->notes, CONSOLE_NOTES_MAX);
	sol_init(c);
	map_put(&all->by_node, c->node, c);
	return c;
}

/* By sol.c, when nothing of it is open any more. */
void console_free(struct console *c)
{
	c->all->closing--;
	console_log_flush(c);
	mem_wipe(&c->settings, sizeof(c->settings));
	buf_done(&c->last);
	buf_done(&c->notes);
	buf_done(&c->said);
	buf_done(&c->banner);
	free(c->title);
	free(c);
}

static void remove_console(struct console *c, const char *why)
{
	struct console_watch *w, *next;

	if (!list_empty(&c->rest))
		c->all->n_rests--;
	list_remove(&c->rest);
	map_remove(&c->all->by_node, c->node);
	c->all->closing++;
	console_port_set(c, 0);
	sol_end(c);
	list_for_each_safe (w, next, &c->watches, link)
		drop_watch(c, w, why);
}

/* Nothing is wanted of it: its last words are remembered, for the last so many consoles. */
static void set_rest(struct console *c)
{
	struct consoles *all = c->all;

	if (c->last.len > CONSOLE_REST_MAX)
		buf_consume(&c->last, c->last.len - CONSOLE_REST_MAX);
	if (list_empty(&c->rest)) {
		list_append(&all->rests, &c->rest);
		all->n_rests++;
	}
	if (all->n_rests > CONSOLE_RESTS)
		remove_console(list_first(&all->rests, struct console, rest), "closed");
}

static void unset_rest(struct console *c)
{
	if (!list_empty(&c->rest))
		c->all->n_rests--;
	list_remove(&c->rest);
}

void console_close(struct console *c)
{
	struct console_watch *w, *next;

	c->wants = 0;
	console_port_set(c, 0);
	sol_stop(c);
	list_for_each_safe (w, next, &c->watches, link)
		drop_watch(c, w, "the console was closed");
	set_rest(c);
}

/* True: how to reach it has changed. */
static bool take_settings(struct console *c, const struct ipmitool_settings *s)
{
	bool other = memcmp(&c->settings, s, sizeof(*s)) != 0;

	c->settings = *s;
	return other;
}

static void want_none(struct console *c)
{
	bool after_flow = c->wants == CONSOLE_FLOW && c->all->config.linger_s && c->child;

	if (!c->wants || c->lingering)
		return;
	if (after_flow)
		sol_linger(c, c->all->config.linger_s);
	else
		console_close(c);
}

void console_want(struct driver_env *env, const struct node *n, unsigned wants)
{
	struct console *c = env->consoles ? map_get(&env->consoles->by_node, n->uuid) : NULL;
	const struct implementation *impl = driver_implementation(n, IF_CONSOLE);
	struct ipmitool_settings s;
	struct err e;

	if (!env->consoles || env->consoles->stopping || (!c && !wants))
		return;
	if (!impl || !impl->console || ipmitool_settings(n, &s, &e) < 0)
		wants = 0;
	if (!wants) {
		if (c)
			want_none(c);
		return;
	}
	if (!c)
		c = console_new(env->consoles, n);
	unset_rest(c);
	if (!c->wants)
		sol_forgive(c);
	c->wants = wants;
	console_port_set(c, wants & CONSOLE_ENABLED ? s.terminal_port : 0);
	if (take_settings(c, &s))
		sol_reset(c);
	else
		sol_start(c);
	mem_wipe(&s, sizeof(s));
}

void console_forget(struct driver_env *env, const char *node_uuid)
{
	struct console *c = env->consoles ? map_get(&env->consoles->by_node, node_uuid) : NULL;

	if (!env->consoles || env->consoles->stopping)
		return;
	if (c) {
		console_log_forget(c);
		remove_console(c, "the node was deleted");
	}
	if (env->consoles->folder)
		cast_log_remove(env->consoles->folder, node_uuid);
}

static void on_beat(uv_timer_t *t)
{
	struct consoles *all = t->data;
	void *value;

	for (size_t pos = 0; map_next(&all->by_node, &pos, NULL, &value);) {
		struct console *c = value;
		struct console_watch *w, *next;

		list_for_each_safe (w, next, &c->watches, link)
			if (!w->bytes && !w->lines(w, "\n", 1))
				drop_watch(c, w, "gone");
	}
}

int consoles_start(struct driver_env *env, const struct console_config *config, struct err *e)
{
	struct consoles *all = xcalloc(1, sizeof(*all));
	int r = 0;

	all->env = env;
	all->config = *config;
	list_init(&all->rests);
	all->folder = xstrdup(config->folder);
	all->tcp_listen = xstrdup(config->tcp_listen);
	all->home = config->folder ? xasprintf("%s/home", config->folder) : NULL;
	if (all->folder)
		r = fs_mkdir_p(all->folder, 0700, e);
	if (r == 0 && all->home)
		r = ipmitool_make_home(all->home, e);
	if (r < 0) {
		free(TAKE_PTR(all->folder));
		free(TAKE_PTR(all->home));
	}
	uv_timer_init(env->loop, &all->beat);
	all->beat.data = all;
	uv_timer_start(&all->beat, on_beat, BEAT_MS, BEAT_MS);
	env->consoles = all;
	env->ipmitool_home = all->home;
	return r < 0 ? err_prefix(e, "consoles") : 0;
}

static void on_beat_closed(uv_handle_t *h)
{
	((struct consoles *)h->data)->closing--;
}

void consoles_stop(struct driver_env *env)
{
	struct consoles *all = env->consoles;
	void *value;

	if (!all)
		return;
	all->stopping = true;
	for (size_t pos = 0; map_next(&all->by_node, &pos, NULL, &value); pos = 0)
		remove_console(value, "the conductor is stopping");
	all->closing++;
	uv_close((uv_handle_t *)&all->beat, on_beat_closed);
	while (all->closing || all->jobs)
		uv_run(env->loop, UV_RUN_ONCE);
	map_done(&all->by_node);
	free(all->folder);
	env->ipmitool_home = NULL;
	free(all->home);
	free(all->tcp_listen);
	free(all);
	env->consoles = NULL;
}

/* --- who asks ----------------------------------------------------------------------------------
 */

static struct console *find(struct driver_env *env, const char *node_uuid)
{
	return env->consoles ? map_get(&env->consoles->by_node, node_uuid) : NULL;
}

static json_t *last_lines(const struct console *c, int max)
{
	struct buf plain = BUF_INIT(PLAIN_MAX);
	json_t *lines = json_array();
	const char *p;
	int n = 0;

	cast_plain(&plain, buf_str(&c->last), c->last.len);
	p = buf_str(&plain) + plain.len;
	while (p > buf_str(&plain) && n <= max)
		n += *--p == '\n';
	p += n > max;
	for (; *p; p += strcspn(p, "\n") + 1)
		json_array_append_new(lines, json_stringn(p, strcspn(p, "\n")));
	buf_done(&plain);
	return lines;
}

static struct console_watch *find_watch(struct console *c, const char *id)
{
	struct console_watch *w;

	list_for_each (w, &c->watches, link)
		if (id && *id && str_eq(w->id, id))
			return w;
	return NULL;
}

json_t *console_show(struct driver_env *env, const char *node_uuid, int max)
{
	struct console *c = find(env, node_uuid);
	_cleanup_free_ char *tcp = NULL;
	struct console_watch *writer;
	char when[TIME_TEXT_MAX];
	json_t *j;

	if (!c)
		return NULL;
	writer = find_watch(c, c->writer);
	tcp = console_port_url(c);
	j = json_object();
	json_put_bool(j, "connected", c->phase == SOL_OPEN);
	json_put_str(j, "problem", *c->problem ? c->problem : NULL);
	json_put_str(j, "output_at",
		c->output_us ? time_format(c->output_us, when, sizeof(when)) : NULL);
	json_put_str(j, "writer", writer ? writer->who : NULL);
	json_put_int(j, "watchers", c->n_watches);
	json_put_str(j, "tcp", tcp);
	json_object_set_new(j, "lines", last_lines(c, max));
	return j;
}

static void greet(struct console *c, struct console_watch *w)
{
	struct buf b = BUF_INIT(CAST_LINE_MAX * 2);
	char text[REMARK_MAX];

	w->start_us = time_wall_us();
	if (w->bytes) {
		if (c->last.len)
			w->lines(w, c->last.data, c->last.len);
		return;
	}
	cast_header(&b, w->start_us, c->title, w->id);
	if (c->last.len)
		cast_event(&b, 0, 'o', c->last.data, c->last.len);
	snprintf(text, sizeof(text), c->phase == SOL_OPEN ? "connected%s" : "not connected%s%s",
		*c->problem ? ": " : "", c->problem);
	cast_event(&b, 0, 'm', text, strlen(text));
	w->lines(w, buf_str(&b), b.len);
	buf_done(&b);
}

int console_watch(
	struct driver_env *env, const char *node_uuid, struct console_watch *w, struct err *e)
{
	struct console *c = find(env, node_uuid);
	_cleanup_free_ char *id = secret_new(8);

	if (!c || !c->wants)
		return err_set(e, ESTALE,
			"The console of this node is not enabled; enable it first: ingot node "
			"console "
			"on NODE");
	if (c->n_watches >= CONSOLE_WATCHES_MAX)
		return err_set(e, EAGAIN, "%u watch this console already, which is the most",
			c->n_watches);
	if (c->all->watches >= CONSOLE_ALL_WATCHES)
		return err_set(
			e, EAGAIN, "%u watch consoles already, which is the most", c->all->watches);
	str_copy(w->id, sizeof(w->id), id);
	list_append(&c->watches, &w->link);
	c->n_watches++;
	c->all->watches++;
	greet(c, w);
	return 0;
}

void console_unwatch(struct driver_env *env, const char *node_uuid, const char *id)
{
	struct console *c = find(env, node_uuid);
	struct console_watch *w = c ? find_watch(c, id) : NULL;

	if (w)
		drop_watch(c, w, "left");
}

static int take_keyboard(struct console *c, struct console_watch *w, bool take, struct err *e)
{
	struct console_watch *other = find_watch(c, c->writer);

	if (other == w)
		return 0;
	if (other && !take)
		return err_set(e, EEXIST, "%s is typing on this console", other->who);
	str_copy(c->writer, sizeof(c->writer), w->id);
	console_remark(c, "%s is at the keyboard", w->who);
	return 0;
}

/* The byte that is the program's escape character is in no text, and left out. */
static int type(struct console *c, const char *bytes, size_t len)
{
	_cleanup_free_ char *clean = xmalloc(len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] != 0xff)
			clean[n++] = bytes[i];
	return n ? child_write(c->child, clean, n) : 0;
}

int console_type(struct driver_env *env, const char *node_uuid, const char *id, const char *bytes,
	size_t len, bool take, struct err *e)
{
	struct console *c = find(env, node_uuid);
	struct console_watch *w = c ? find_watch(c, id) : NULL;

	if (!w)
		return err_set(e, ENOENT, "Nobody watches this console under that id");
	if (c->phase != SOL_OPEN)
		return err_set(e, ESTALE, "The console is not connected%s%s",
			*c->problem ? ": " : "", c->problem);
	if (take_keyboard(c, w, take, e) < 0)
		return -e->code;
	if (type(c, bytes, len) < 0)
		return err_set(e, EAGAIN, "The BMC does not take it so fast");
	return 0;
}

const struct implementation ipmitool_console_interface = {.name = "ipmitool-socat",
	.interface = IF_CONSOLE,
	.validate = ipmitool_validate,
	.properties = ipmitool_properties,
	.console = true};
