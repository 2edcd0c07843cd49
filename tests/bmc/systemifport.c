/* The Unix socket of a system interface; what the bytes mean is for systemif.c. */
#include "tests/bmc/systemif.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"

#define READ_MAX 512

struct systemif {
	struct systemif_stream stream;
	uv_pipe_t server, *machine; /* machine: NULL when none is connected */
	char path[108];
};

static void on_machine_closed(uv_handle_t *h)
{
	free(h);
}

static void drop_machine(struct systemif *s)
{
	if (s->machine)
		uv_close((uv_handle_t *)s->machine, on_machine_closed);
	s->machine = NULL;
	s->stream.len = 0;
	s->stream.escaped = s->stream.too_long = false;
}

/* Answers are short and the machine waits for each, so there is always room for one. */
static void send_machine(void *data, const uint8_t *bytes, size_t len)
{
	struct systemif *s = data;
	uv_buf_t b = uv_buf_init((char *)bytes, len);

	if (s->machine)
		uv_try_write((uv_stream_t *)s->machine, &b, 1);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	static _Thread_local char space[READ_MAX]; /* handed to on_read at once */

	*ret = uv_buf_init(space, sizeof(space));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct systemif *s = stream->data;

	if (n < 0)
		drop_machine(s);
	else
		systemif_feed(&s->stream, (const uint8_t *)b->base, n);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct systemif *s = server->data;

	if (status < 0)
		return;
	drop_machine(s);
	s->machine = xcalloc(1, sizeof(*s->machine));
	uv_pipe_init(server->loop, s->machine, 0);
	s->machine->data = s;
	if (uv_accept(server, (uv_stream_t *)s->machine) < 0 ||
		uv_read_start((uv_stream_t *)s->machine, on_alloc, on_read) < 0)
		drop_machine(s);
}

static void on_server_closed(uv_handle_t *h)
{
	free(h->data);
}

int systemif_new(
	uv_loop_t *loop, struct bmcemu *bmc, const char *path, struct systemif **ret, struct err *e)
{
	struct systemif *s;
	int r;

	if (strlen(path) >= sizeof(s->path))
		return err_set(e, ENAMETOOLONG, "%s is too long for a socket's path", path);
	s = xcalloc(1, sizeof(*s));
	s->stream = (struct systemif_stream){.bmc = bmc, .sink = send_machine, .sink_data = s};
	strcpy(s->path, path);
	unlink(path);
	uv_pipe_init(loop, &s->server, 0);
	s->server.data = s;
	r = uv_pipe_bind(&s->server, path);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&s->server, 1, on_connection);
	if (r < 0) {
		systemif_free(s);
		return err_errno(e, -r, "listen on %s", path);
	}
	*ret = s;
	return 0;
}

void systemif_free(struct systemif *s)
{
	if (!s)
		return;
	drop_machine(s);
	unlink(s->path);
	uv_close((uv_handle_t *)&s->server, on_server_closed);
}
