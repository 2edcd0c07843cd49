/* A pipe and no protocol: what comes is handed on, what is typed is written as far as there is
 * room. */
#include "tests/bmc/serialport.h"

#include <stdbool.h>

#include "lib/base/mem.h"

struct serialport {
	uv_pipe_t pipe;
	uv_connect_t connect;
	bool connected;
	serialport_output output; /* NULL: nobody listens any more */
	void *data;
};

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char space[4096]; /* handed to on_read at once */

	*ret = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct serialport *s = stream->data;

	if (n > 0 && s->output)
		s->output(s->data, (const uint8_t *)b->base, (size_t)n);
	if (n < 0) {
		s->connected = false;
		uv_read_stop(stream);
	}
}

static void on_connected(uv_connect_t *c, int status)
{
	struct serialport *s = c->data;

	if (status < 0 || !s->output)
		return;
	s->connected = uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_read) == 0;
}

struct serialport *serialport_new(
	uv_loop_t *loop, const char *path, serialport_output output, void *data)
{
	struct serialport *s = xcalloc(1, sizeof(*s));

	s->output = output;
	s->data = data;
	s->pipe.data = s->connect.data = s;
	uv_pipe_init(loop, &s->pipe, 0);
	uv_pipe_connect(&s->connect, &s->pipe, path, on_connected);
	return s;
}

size_t serialport_type(struct serialport *s, const uint8_t *text, size_t len)
{
	uv_buf_t b = uv_buf_init((char *)text, (unsigned)len);
	int n = s->connected ? uv_try_write((uv_stream_t *)&s->pipe, &b, 1) : 0;

	return n > 0 ? (size_t)n : 0;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void serialport_free(struct serialport *s)
{
	if (!s)
		return;
	s->output = NULL;
	uv_close((uv_handle_t *)&s->pipe, on_closed);
}
