/* The control socket, both ends; see control.h. */
#include "tests/vrack/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/json/json.h"

#define CLIENTS_MAX 32

struct control {
	uv_pipe_t pipe;
	control_handler handler;
	void *data;
	struct list clients;
	unsigned n_clients;
};

struct client {
	uv_pipe_t pipe;
	struct control *control; /* NULL once the control is stopped */
	struct list link;
	char line[CONTROL_LINE_MAX];
	size_t len;
	char *reply;
	uv_write_t write;
};

static void client_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	free(c->reply);
	free(c);
}

static void client_close(struct client *c)
{
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	if (c->control)
		c->control->n_clients--;
	c->control = NULL;
	list_remove(&c->link);
	uv_close((uv_handle_t *)&c->pipe, client_closed);
}

static void client_written(uv_write_t *w, int status)
{
	client_close(w->data);
}

static void client_answer(struct client *c, size_t len)
{
	struct err e = {0};
	json_t *request, *answer;
	uv_buf_t out;

	uv_read_stop((uv_stream_t *)&c->pipe);
	if (json_parse(c->line, len, 4, &request, &e) == 0) {
		answer = c->control->handler(c->control->data, request);
		json_decref(request);
	} else {
		answer = json_pack("{s:s}", "error", e.text);
	}
	c->reply = json_text(answer);
	json_decref(answer);
	out = uv_buf_init(c->reply, (unsigned)strlen(c->reply));
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &out, 1, client_written) < 0)
		client_close(c);
}

static void client_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	struct client *c = h->data;

	*ret = uv_buf_init(c->line + c->len, (unsigned)(sizeof(c->line) - c->len));
}

static void client_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = s->data;
	const char *nl;

	if (n > 0)
		c->len += (size_t)n;
	nl = memchr(c->line, '\n', c->len);
	if (nl)
		client_answer(c, (size_t)(nl - c->line));
	else if (n < 0 || c->len == sizeof(c->line))
		client_close(c);
}

static void on_connect(uv_stream_t *server, int status)
{
	struct control *control = server->data;
	struct client *c;

	if (status < 0)
		return;
	c = xcalloc(1, sizeof(*c));
	uv_pipe_init(server->loop, &c->pipe, 0);
	c->pipe.data = c;
	c->control = control;
	list_append(&control->clients, &c->link);
	control->n_clients++;
	if (uv_accept(server, (uv_stream_t *)&c->pipe) < 0 || control->n_clients > CLIENTS_MAX ||
		uv_read_start((uv_stream_t *)&c->pipe, client_alloc, client_read) < 0)
		client_close(c);
}

static void control_closed(uv_handle_t *h)
{
	free(h->data);
}

int control_start(uv_loop_t *loop, const char *path, control_handler handler, void *data,
	struct control **ret, struct err *e)
{
	struct control *c = xcalloc(1, sizeof(*c));
	mode_t mask;
	int r;

	c->handler = handler;
	c->data = data;
	list_init(&c->clients);
	uv_pipe_init(loop, &c->pipe, 0);
	c->pipe.data = c;
	unlink(path);
	mask = umask(0177);
	r = uv_pipe_bind(&c->pipe, path);
	umask(mask);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&c->pipe, 16, on_connect);
	if (r < 0) {
		uv_close((uv_handle_t *)&c->pipe, control_closed);
		return err_errno(e, -r, "listen on %s", path);
	}
	*ret = c;
	return 0;
}

void control_stop(struct control *c)
{
	struct client *it, *tmp;

	if (!c)
		return;
	list_for_each_safe (it, tmp, &c->clients, link)
		client_close(it);
	uv_close((uv_handle_t *)&c->pipe, control_closed);
}

/* A socket's path is short, so it is named through the folder's descriptor. */
static int connect_in(const char *folder, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	int r;

	if (dir < 0)
		return err_errno(e, errno, "open %s", folder);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, errno, "make a socket");
	r = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	if (r < 0)
		return err_errno(e, -r, "no rack runs in %s", folder);
	return TAKE_FD(fd);
}

/* Reads until the rack closes the connection. */
static int read_answer(int fd, int limit_ms, struct buf *out, struct err *e)
{
	int64_t end = time_mono_ms() + limit_ms;
	char chunk[4096];
	ssize_t n;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - time_mono_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return err_set(e, ETIMEDOUT, "the rack gave no answer in %d ms", limit_ms);
		n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n == 0)
			return 0;
		if (n > 0 && buf_append(out, chunk, (size_t)n) < 0)
			return err_set(e, EMSGSIZE, "the rack's answer is too long");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(e, errno, "read the rack's answer");
	}
}

int control_ask(
	const char *folder, const json_t *request, int limit_ms, json_t **ret, struct err *e)
{
	_cleanup_free_ char *text = json_text(request);
	_cleanup_close_ int fd = -1;
	struct buf answer = BUF_INIT(CONTROL_REPLY_MAX);
	struct iovec iov[2];
	json_t *json;
	int r;

	fd = connect_in(folder, e);
	if (fd < 0)
		return fd;
	iov[0] = (struct iovec){text, strlen(text)};
	iov[1] = (struct iovec){(char *)"\n", 1};
	if (sendmsg(fd, &(struct msghdr){.msg_iov = iov, .msg_iovlen = 2}, MSG_NOSIGNAL) < 0)
		return err_errno(e, errno, "ask the rack");
	r = read_answer(fd, limit_ms, &answer, e);
	if (r == 0)
		r = json_parse(buf_str(&answer), answer.len, 16, &json, e);
	buf_done(&answer);
	if (r < 0)
		return r;
	if (json_str(json, "error")) {
		r = err_set(e, EINVAL, "%s", json_str(json, "error"));
		json_decref(json);
		return r;
	}
	*ret = json;
	return 0;
}
