/* Child processes on the loop; see child.h. */
#include "lib/child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/mem.h"

#define READ_SIZE 8192

struct child {
	uv_process_t process;
	uv_pipe_t in, out[2];
	uv_timer_t timer; /* until SIGKILL */
	bool has_input, input_open, exited;
	int open; /* handles */
	int status, sig;
	void (*output)(void *data, int fd, const char *bytes, size_t len);
	void (*ended)(void *data, int status, int sig);
	void *data;
	char space[READ_SIZE];
};

static void on_closed(uv_handle_t *h)
{
	struct child *c = h->data;

	if (--c->open)
		return;
	if (c->exited && c->ended)
		c->ended(c->data, c->status, c->sig);
	free(c);
}

static void close_handle(void *h)
{
	if (!uv_is_closing(h))
		uv_close(h, on_closed);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	struct child *c = h->data;

	*ret = uv_buf_init(c->space, sizeof(c->space));
}

static void give(struct child *c, const uv_stream_t *s, const char *bytes, size_t len)
{
	if (c->output && len)
		c->output(c->data, s == (uv_stream_t *)&c->out[0] ? 1 : 2, bytes, len);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	if (n > 0)
		give(s->data, s, b->base, (size_t)n);
	else if (n < 0)
		uv_read_stop(s);
}

/* What it printed just before its end is still in the pipe when the end is reported. */
static void drain(struct child *c, uv_pipe_t *pipe)
{
	uv_os_fd_t fd;
	ssize_t n;

	if (uv_fileno((uv_handle_t *)pipe, &fd) < 0)
		return;
	while ((n = read(fd, c->space, sizeof(c->space))) > 0)
		give(c, (uv_stream_t *)pipe, c->space, (size_t)n);
}

static void on_exit_of(uv_process_t *p, int64_t status, int sig)
{
	struct child *c = p->data;

	c->exited = true;
	c->status = sig ? -1 : (int)status;
	c->sig = sig;
	c->input_open = false;
	for (int i = 0; i < 2; i++) {
		drain(c, &c->out[i]);
		close_handle(&c->out[i]);
	}
	close_handle(&c->in);
	close_handle(&c->timer);
	close_handle(&c->process);
}

static void init_handles(struct child *c, uv_loop_t *loop)
{
	uv_pipe_init(loop, &c->in, 0);
	uv_pipe_init(loop, &c->out[0], 0);
	uv_pipe_init(loop, &c->out[1], 0);
	uv_timer_init(loop, &c->timer);
	c->in.data = c->out[0].data = c->out[1].data = c->timer.data = c->process.data = c;
	c->open = 5;
}

/* A raw terminal whose other end we read; it is nobody's controlling terminal. */
static int open_terminal(struct child *c, int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1, r;
	struct termios t;
	char name[64];

	if (master < 0)
		return -errno;
	if (grantpt(master) == 0 && unlockpt(master) == 0 &&
		ptsname_r(master, name, sizeof(name)) == 0)
		slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &t) < 0) {
		r = -errno;
		goto fail;
	}
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	r = uv_pipe_open(&c->out[0], master);
	if (r < 0)
		goto fail;
	*ret_slave = slave;
	return 0;
fail:
	if (slave >= 0)
		close(slave);
	close(master);
	return r;
}

static int spawn(struct child *c, const struct child_config *f)
{
	int slave = -1, r = f->terminal ? open_terminal(c, &slave) : 0;
	uv_stdio_container_t stdio[3] = {
		{.flags = f->input ? UV_CREATE_PIPE | UV_READABLE_PIPE : UV_IGNORE,
			.data.stream = (uv_stream_t *)&c->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&c->out[0]},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&c->out[1]},
	};
	uv_process_options_t options = {.exit_cb = on_exit_of,
		.file = f->argv[0],
		.args = (char **)f->argv,
		.env = (char **)f->env,
		.stdio_count = 3,
		.stdio = stdio};

	if (slave >= 0)
		stdio[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = slave};
	if (r == 0)
		r = uv_spawn(f->loop, &c->process, &options);
	if (slave >= 0)
		close(slave);
	return r;
}

int child_start(const struct child_config *f, struct child **ret, struct err *e)
{
	struct child *c = xcalloc(1, sizeof(*c));
	int r;

	init_handles(c, f->loop);
	r = spawn(c, f);
	if (r < 0) { /* no exit is reported */
		close_handle(&c->in);
		close_handle(&c->out[0]);
		close_handle(&c->out[1]);
		close_handle(&c->timer);
		if (c->process.type == UV_PROCESS)
			close_handle(&c->process);
		else
			c->open--;
		return err_errno(e, -r, "run %s", f->argv[0]);
	}
	c->has_input = c->input_open = f->input;
	c->output = f->output;
	c->ended = f->ended;
	c->data = f->data;
	for (int i = 0; i < 2; i++)
		uv_read_start((uv_stream_t *)&c->out[i], on_alloc, on_read);
	*ret = c;
	return 0;
}

struct pending {
	uv_write_t req;
	char data[];
};

static void on_written(uv_write_t *req, int status)
{
	free(container_of(req, struct pending, req));
}

int child_write(struct child *c, const void *data, size_t len)
{
	struct pending *p;
	uv_buf_t b;

	if (!c->input_open)
		return -EPIPE;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->in) + len > CHILD_INPUT_MAX)
		return -ENOBUFS;
	p = xmalloc(sizeof(*p) + len);
	memcpy(p->data, data, len);
	b = uv_buf_init(p->data, (unsigned)len);
	if (uv_write(&p->req, (uv_stream_t *)&c->in, &b, 1, on_written) < 0) {
		free(p);
		return -EPIPE;
	}
	return 0;
}

static void on_late(uv_timer_t *t)
{
	child_kill(t->data);
}

void child_end(struct child *c, unsigned grace_ms)
{
	if (c->exited)
		return;
	if (c->has_input) {
		c->input_open = false;
		close_handle(&c->in);
	} else {
		uv_process_kill(&c->process, SIGTERM);
	}
	uv_timer_start(&c->timer, on_late, grace_ms, 0);
}

void child_kill(struct child *c)
{
	if (!c->exited)
		uv_process_kill(&c->process, SIGKILL);
}

#ifdef __SANITIZE_THREAD__
/*
 * libuv closes descriptors by bare system calls, which the thread sanitizer does not see: when
 * another thread gets the same number afterwards, that looks like a race of both. (accept4: when it
 * no longer knows who had the number before.)
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:uv_pipe\nrace:uv_socketpair\nrace:open_terminal\nrace:accept4\n";
}
#endif
