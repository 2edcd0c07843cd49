/*
 * One console's session: `ipmitool sol activate` as a child, begun again with growing pauses when
 * it ends.
 *
 * The child's output is a terminal, or it would keep its words to itself; its input is a pipe,
 * because it then ends, and closes the session on the BMC, as soon as the pipe does: also when
 * ingotd is killed. Its escape character is a byte
 * that no text holds, so nothing that is typed is taken for a command to the program itself.
 */
#include "conductor/driver/console_int.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define PAUSE_MAX_MS	  60000
#define PAUSE_HOPELESS_MS 300000 /* password wrong, or no console there: a person has to act */
#define STEADY_MS	  30000	 /* open for so long: the next pause is short again */
#define END_GRACE_MS	  1500
#define SAID_MAX	  4096
#define BANNER_MAX	  512
#define BANNER		  "[SOL Session operational."

static void on_timer(uv_timer_t *t);

void sol_init(struct console *c)
{
	uv_timer_init(c->all->env->loop, &c->timer);
	c->timer.data = c;
	c->handles = 1;
	c->suite = -1;
	buf_init(&c->said, SAID_MAX);
	buf_init(&c->banner, BANNER_MAX);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct console *c = h->data;

	if (--c->handles == 0)
		console_free(c);
}

/* The timer and the child are what keeps a console in memory. */
void sol_end(struct console *c)
{
	c->removed = true;
	c->wants = 0;
	if (c->child)
		child_end(c->child, END_GRACE_MS);
	if (!uv_is_closing((uv_handle_t *)&c->timer))
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static void try_later(struct console *c, bool hopeless)
{
	uint64_t pause = c->failures < 6 ? 1000u << c->failures : PAUSE_MAX_MS;

	if (c->removed || !c->wants || c->lingering)
		return;
	if (hopeless && !(c->wants & CONSOLE_ENABLED))
		return; /* not until it is wanted anew */
	c->failures++;
	uv_timer_start(&c->timer, on_timer, hopeless ? PAUSE_HOPELESS_MS : pause, 0);
}

static void problem(struct console *c, const struct err *e)
{
	if (!str_eq(c->problem, e->text)) {
		str_copy(c->problem, sizeof(c->problem), e->text);
		console_remark(c, "not connected: %.250s", e->text);
		log_info("console of %s: %s", c->title, e->text);
	}
}

static void opened(struct console *c)
{
	c->phase = SOL_OPEN;
	c->opened_ms = time_mono_ms();
	c->cleared = false;
	c->problem[0] = '\0';
	console_remark(c, "connected");
}

/* What comes before the program says that it is connected is its own, a line at a time. */
static void read_banner(struct console *c, const char *bytes, size_t len)
{
	while (len && c->phase != SOL_OPEN) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) + 1 : len;
		size_t room = BANNER_MAX - 1 - c->banner.len;

		buf_append(&c->banner, bytes, n < room ? n : room);
		bytes += n;
		len -= n;
		if (nl && strstr(buf_str(&c->banner), BANNER))
			opened(c);
		else if (nl)
			buf_truncate(&c->banner, 0);
	}
	if (len)
		console_output(c, bytes, len);
}

static void on_output(void *data, int fd, const char *bytes, size_t len)
{
	struct console *c = data;
	size_t room = SAID_MAX - 1 - c->said.len;

	if (fd == 2 || c->phase == SOL_CLEARING)
		buf_append(&c->said, bytes, len < room ? len : room);
	else if (c->phase == SOL_OPEN)
		console_output(c, bytes, len);
	else
		read_banner(c, bytes, len);
}

static void run(struct console *c, enum sol_phase phase);

/* The session ended, or never began. */
static void failed(struct console *c, bool was_open, int sig)
{
	struct err e;
	enum ipmitool_trouble t = ipmitool_trouble(buf_str(&c->said), &c->settings, &e);

	if (sig)
		err_set(&e, EIO, "ipmitool was ended by signal %d", sig);
	if (was_open) {
		console_remark(c, "connection lost: %.250s", e.text);
		if (time_mono_ms() - c->opened_ms >= STEADY_MS)
			c->failures = 0;
		try_later(c, false);
		return;
	}
	if (t == TROUBLE_CIPHER && c->settings.suite < 0 && c->suite == 17) {
		c->suite = 3;
		run(c, SOL_OPENING);
		return;
	}
	if (t == TROUBLE_SOL_ACTIVE && (c->wants & CONSOLE_ENABLED) && !c->cleared) {
		c->cleared = true;
		console_remark(c, "another session holds the console: it is ended");
		log_warning("console of %s: another session held it and is ended", c->title);
		run(c, SOL_CLEARING);
		return;
	}
	problem(c, &e);
	try_later(c, t == TROUBLE_FATAL || t == TROUBLE_SOL_OFF);
}

static void on_ended(void *data, int status, int sig)
{
	struct console *c = data;
	enum sol_phase was = c->phase;

	c->child = NULL;
	c->phase = SOL_CLOSED;
	c->all->sessions--;
	if (c->removed) {
		if (was == SOL_OPEN)
			console_remark(c, "disconnected");
	} else if (!c->wants) {
		console_remark(c, "disconnected");
	} else if (was == SOL_CLEARING) {
		run(c, SOL_OPENING);
	} else {
		failed(c, was == SOL_OPEN, sig);
	}
	if (--c->handles == 0)
		console_free(c);
}

static void run(struct console *c, enum sol_phase phase)
{
	struct ipmitool_call call;
	struct child_config f = {.loop = c->all->env->loop,
		.argv = call.argv,
		.env = call.env,
		.input = true,
		.terminal = true,
		.output = on_output,
		.ended = on_ended,
		.data = c};
	struct err e;
	int r;

	if (c->suite < 0)
		c->suite = c->settings.suite < 0 ? 17 : c->settings.suite;
	ipmitool_begin(&call, &c->settings, c->suite, c->all->home);
	ipmitool_add(&call, "-v"); /* or it does not say why it failed */
	ipmitool_add(&call, "-e");
	ipmitool_add(&call, "\xff");
	ipmitool_add(&call, "sol");
	ipmitool_add(&call, phase == SOL_CLEARING ? "deactivate" : "activate");
	buf_truncate(&c->said, 0);
	buf_truncate(&c->banner, 0);
	r = child_start(&f, &c->child, &e);
	mem_wipe(&call, sizeof(call));
	if (r < 0) {
		if (r == -ENOENT)
			err_advise(&e, "install the package ipmitool");
		problem(c, &e);
		try_later(c, r == -ENOENT);
		return;
	}
	c->phase = phase;
	c->handles++;
	c->all->sessions++;
}

void sol_start(struct console *c)
{
	struct err e;

	uv_timer_stop(&c->timer);
	c->lingering = false;
	if (c->child || c->removed || !c->wants)
		return;
	if (c->all->sessions >= c->all->config.sessions_max) {
		err_set(&e, EAGAIN,
			"%u consoles are open, which is the most; close some, or raise [console] "
			"sessions_max",
			c->all->sessions);
		problem(c, &e);
		try_later(c, false);
		return;
	}
	run(c, SOL_OPENING);
}

static void on_timer(uv_timer_t *t)
{
	struct console *c = t->data;

	if (c->lingering)
		console_close(c);
	else
		sol_start(c);
}

void sol_linger(struct console *c, unsigned s)
{
	c->lingering = true;
	uv_timer_start(&c->timer, on_timer, (uint64_t)s * 1000, 0);
}

void sol_forgive(struct console *c)
{
	c->failures = 0;
	c->cleared = false;
}

void sol_stop(struct console *c)
{
	uv_timer_stop(&c->timer);
	c->lingering = false;
	c->problem[0] = '\0';
	if (c->child)
		child_end(c->child, END_GRACE_MS);
}

void sol_reset(struct console *c)
{
	c->suite = -1;
	sol_forgive(c);
	uv_timer_stop(&c->timer);
	c->lingering = false;
	if (c->child)
		child_end(c->child, END_GRACE_MS); /* and begins again */
	else
		sol_start(c);
}
