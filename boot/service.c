/* Keeps dnsmasq and in.tftpd running: a child process, its log lines, and a pause before the next.
 */
#include "boot/service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/child.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define PAUSE_MAX_MS   30000
#define STEADY_MS      60000 /* ran for so long: the next pause is short again */
#define KILL_AFTER_MS  2000
#define LINE_MAX_BYTES 1024

struct service {
	uv_loop_t *loop;
	char *name;
	char **argv; /* with the launcher in front */
	struct service_hooks hooks;
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t timer; /* a pause before the next start, or the wait before SIGKILL */
	int open;	  /* handles of the present run that are not closed yet */
	bool running, stopping;
	bool again; /* it is ended to be started at once */
	unsigned failures;
	int64_t started_ms;
	char space[4096]; /* of one read */
	struct buf line;
	char last[160]; /* the last line, which often says why it ended */
	char why[280];	/* it does not run */
};

static void run(struct service *s);

static void report(struct service *s, bool ok, const char *text)
{
	s->hooks.state(s->hooks.data, ok, text);
}

static void give_line(struct service *s)
{
	if (!s->line.len)
		return;
	str_copy(s->last, sizeof(s->last), buf_str(&s->line));
	s->hooks.line(s->hooks.data, buf_str(&s->line), s->line.len);
	buf_truncate(&s->line, 0);
}

/* Splits into lines; what is longer than the buffer is cut. */
static void feed(struct service *s, const char *data, size_t len)
{
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t part = nl ? (size_t)(nl - data) : len;
		size_t room = LINE_MAX_BYTES - 1 - s->line.len;

		buf_append(&s->line, data, part < room ? part : room);
		if (nl)
			give_line(s);
		data += nl ? part + 1 : part;
		len -= nl ? part + 1 : part;
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct service *s = handle->data;

	*ret = uv_buf_init(s->space, sizeof(s->space));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct service *s = stream->data;

	if (n > 0)
		feed(s, b->base, (size_t)n);
	else if (n < 0)
		uv_read_stop(stream);
}

/* Lines written just before the end are still in the pipe when the end is reported. */
static void drain(struct service *s)
{
	char data[4096];
	uv_os_fd_t fd;
	ssize_t n;

	if (uv_fileno((uv_handle_t *)&s->out, &fd) < 0)
		return;
	while ((n = read(fd, data, sizeof(data))) > 0)
		feed(s, data, (size_t)n);
	give_line(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct service *s = handle->data;
	struct service_hooks hooks = s->hooks;

	for (char **p = s->argv; *p; p++)
		free(*p);
	free(s->argv);
	free(s->name);
	buf_done(&s->line);
	free(s);
	hooks.stopped(hooks.data);
}

static void on_pause_over(uv_timer_t *timer)
{
	run(timer->data);
}

static void run_again_later(struct service *s)
{
	uint64_t pause = s->failures < 5 ? 1000u << s->failures : PAUSE_MAX_MS;
	char text[320];

	s->failures++;
	snprintf(text, sizeof(text), "%s; it starts again in %u s", s->why, (unsigned)pause / 1000);
	report(s, false, text);
	uv_timer_start(&s->timer, on_pause_over, pause, 0);
}

static void on_run_closed(uv_handle_t *handle)
{
	struct service *s = handle->data;

	if (--s->open)
		return;
	if (s->stopping)
		uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	else if (s->again)
		run(s);
	else
		run_again_later(s);
}

static void on_ended(uv_process_t *process, int64_t status, int sig)
{
	struct service *s = process->data;

	drain(s);
	s->running = false;
	uv_timer_stop(&s->timer);
	if (!s->stopping && !s->again) {
		if (time_mono_ms() - s->started_ms > STEADY_MS)
			s->failures = 0;
		snprintf(s->why, sizeof(s->why), "%s ended with %s %d%s%s", s->name,
			sig ? "signal" : "code", sig ? sig : (int)status, *s->last ? ": " : "",
			s->last);
	}
	uv_close((uv_handle_t *)&s->out, on_run_closed);
	uv_close((uv_handle_t *)process, on_run_closed);
}

static int spawn(struct service *s)
{
	uv_stdio_container_t io[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&s->out},
	};
	char *clean_env[] = {
		(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C", NULL};
	uv_process_options_t options = {
		.file = "/proc/self/exe",
		.args = s->argv,
		.env = clean_env,
		.exit_cb = on_ended,
		.flags = UV_PROCESS_DETACHED, /* a Ctrl-C on the terminal is ingotd's alone */
		.stdio = io,
		.stdio_count = 3,
	};

	return uv_spawn(s->loop, &s->process, &options);
}

static void run(struct service *s)
{
	char text[256];
	int r;

	s->last[0] = '\0';
	s->again = false;
	s->started_ms = time_mono_ms();
	s->open = 2;
	s->process.data = s->out.data = s;
	uv_pipe_init(s->loop, &s->out, 0);
	r = spawn(s);
	if (r < 0) {
		snprintf(s->why, sizeof(s->why), "%s cannot be started: %s", s->name,
			uv_strerror(r));
		uv_close((uv_handle_t *)&s->out, on_run_closed);
		uv_close((uv_handle_t *)&s->process, on_run_closed);
		return;
	}
	s->running = true;
	snprintf(text, sizeof(text), "%s started, process %d", s->name, s->process.pid);
	report(s, true, text);
	uv_read_start((uv_stream_t *)&s->out, on_alloc, on_read);
}

static char **launcher_command(const char *const *command, const char *log)
{
	size_t n = 0;
	char **argv;

	while (command[n])
		n++;
	argv = xcalloc(n + 5, sizeof(*argv));
	argv[0] = xstrdup("ingot-launcher");
	argv[1] = xstrdup(BOOT_CHILD_OPTION);
	argv[2] = xasprintf("%d", (int)getpid());
	argv[3] = xstrdup(log ? log : "-");
	for (size_t i = 0; i < n; i++)
		argv[4 + i] = xstrdup(command[i]);
	return argv;
}

void service_start(uv_loop_t *loop, const char *name, const char *const *command, const char *log,
	const struct service_hooks *hooks, struct service **ret)
{
	struct service *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->name = xstrdup(name);
	s->argv = launcher_command(command, log);
	s->hooks = *hooks;
	buf_init(&s->line, LINE_MAX_BYTES);
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	*ret = s;
	run(s);
}

static void on_kill_time(uv_timer_t *timer)
{
	struct service *s = timer->data;

	if (s->running)
		uv_process_kill(&s->process, SIGKILL);
}

void service_stop(struct service *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	uv_timer_stop(&s->timer);
	if (s->running) {
		uv_process_kill(&s->process, SIGTERM);
		uv_timer_start(&s->timer, on_kill_time, KILL_AFTER_MS, 0);
	} else if (!s->open) {
		uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	}
}

void service_restart(struct service *s)
{
	if (s->stopping)
		return;
	s->failures = 0;
	s->again = s->running || s->open;
	if (s->running) {
		uv_process_kill(&s->process, SIGTERM);
		uv_timer_start(&s->timer, on_kill_time, KILL_AFTER_MS, 0);
	} else if (!s->open) {
		uv_timer_stop(&s->timer);
		run(s);
	}
}

void service_hup(struct service *s)
{
	if (s->running)
		uv_process_kill(&s->process, SIGHUP);
}
