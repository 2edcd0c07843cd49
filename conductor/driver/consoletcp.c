/*
 * Consoles as bare TCP ports, as Ironic's ipmitool-socat has them: what the machine writes goes
 * out, what comes in is typed. Nobody is asked who he is, so there are none unless they are
 * configured.
 */
#include "conductor/driver/console_int.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define BEHIND_MAX  65536 /* bytes a client may be behind */
#define CLIENTS_MAX 4	  /* that wait to be accepted */

struct console_port {
	uv_tcp_t h;
	struct consoles *all;
	char node[UUID_TEXT_MAX];
	int number;
};

struct client {
	uv_tcp_t h;
	struct consoles *all;
	struct console_watch watch;
	char node[UUID_TEXT_MAX];
	char space[1024];
	bool told; /* that another one is typing */
};

struct piece {
	uv_write_t req;
	char data[];
};

static void on_written(uv_write_t *req, int status)
{
	free(container_of(req, struct piece, req));
}

static bool send_bytes(struct client *c, const char *bytes, size_t len)
{
	struct piece *p;
	uv_buf_t b;

	if (uv_is_closing((uv_handle_t *)&c->h) ||
		uv_stream_get_write_queue_size((uv_stream_t *)&c->h) + len > BEHIND_MAX)
		return false;
	p = xmalloc(sizeof(*p) + len);
	memcpy(p->data, bytes, len);
	b = uv_buf_init(p->data, (unsigned)len);
	if (uv_write(&p->req, (uv_stream_t *)&c->h, &b, 1, on_written) == 0)
		return true;
	free(p);
	return false;
}

static bool give_bytes(struct console_watch *w, const char *bytes, size_t len)
{
	return send_bytes(container_of(w, struct client, watch), bytes, len);
}

static void on_client_closed(uv_handle_t *h)
{
	struct client *c = container_of((uv_tcp_t *)h, struct client, h);

	c->all->closing--;
	free(c);
}

static void close_client(struct client *c)
{
	c->all->closing++;
	uv_close((uv_handle_t *)&c->h, on_client_closed);
}

static void drop(struct console_watch *w, const char *why)
{
	close_client(container_of(w, struct client, watch));
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
	struct client *c = container_of((uv_tcp_t *)h, struct client, h);

	*ret = uv_buf_init(c->space, sizeof(c->space));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct client *c = container_of((uv_tcp_t *)s, struct client, h);
	char text[400];
	struct err e;

	if (n < 0) {
		console_unwatch(c->all->env, c->node, c->watch.id);
		return;
	}
	if (!n ||
		console_type(c->all->env, c->node, c->watch.id, b->base, (size_t)n, false, &e) ==
			0 ||
		c->told)
		return;
	c->told = true;
	snprintf(text, sizeof(text), "\r\n[%.300s]\r\n", e.text);
	send_bytes(c, text, strlen(text));
}

static void name_client(struct client *c)
{
	struct sockaddr_storage ss = {0};
	int len = sizeof(ss);
	char address[64] = "";

	if (uv_tcp_getpeername(&c->h, (struct sockaddr *)&ss, &len) == 0 && ss.ss_family == AF_INET)
		uv_ip4_name((struct sockaddr_in *)&ss, address, sizeof(address));
	else if (ss.ss_family == AF_INET6)
		uv_ip6_name((struct sockaddr_in6 *)&ss, address, sizeof(address));
	snprintf(c->watch.who, sizeof(c->watch.who), "the TCP port's user at %s", address);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct console_port *p = container_of((uv_tcp_t *)server, struct console_port, h);
	struct client *c;
	struct err e;

	if (status < 0)
		return;
	c = xcalloc(1, sizeof(*c));
	c->all = p->all;
	str_copy(c->node, sizeof(c->node), p->node);
	c->watch = (struct console_watch){.lines = give_bytes, .drop = drop, .bytes = true};
	list_init(&c->watch.link);
	uv_tcp_init(server->loop, &c->h);
	if (uv_accept(server, (uv_stream_t *)&c->h) < 0) {
		close_client(c);
		return;
	}
	name_client(c);
	if (console_watch(p->all->env, p->node, &c->watch, &e) < 0)
		close_client(c);
	else
		uv_read_start((uv_stream_t *)&c->h, on_alloc, on_read);
}

static void on_port_closed(uv_handle_t *h)
{
	struct console_port *p = container_of((uv_tcp_t *)h, struct console_port, h);

	p->all->closing--;
	free(p);
}

static void close_port(struct console *c)
{
	struct console_port *p = TAKE_PTR(c->port);

	if (!p)
		return;
	c->all->closing++;
	uv_close((uv_handle_t *)&p->h, on_port_closed);
}

static int bind_port(struct console_port *p, const char *address)
{
	struct sockaddr_storage ss;
	int r = strchr(address, ':') ? uv_ip6_addr(address, p->number, (struct sockaddr_in6 *)&ss)
				     : uv_ip4_addr(address, p->number, (struct sockaddr_in *)&ss);

	if (r == 0)
		r = uv_tcp_bind(&p->h, (struct sockaddr *)&ss, 0);
	return r < 0 ? r : uv_listen((uv_stream_t *)&p->h, CLIENTS_MAX, on_connection);
}

void console_port_set(struct console *c, int number)
{
	struct console_port *p;
	int r;

	if (!c->all->tcp_listen)
		number = 0;
	if (c->port && c->port->number == number)
		return;
	close_port(c);
	if (!number)
		return;
	c->port = p = xcalloc(1, sizeof(*p));
	p->all = c->all;
	p->number = number;
	str_copy(p->node, sizeof(p->node), c->node);
	uv_tcp_init(c->all->env->loop, &p->h);
	r = bind_port(p, c->all->tcp_listen);
	if (r == 0)
		return;
	log_warning("console of %s: TCP port %d of %s: %s", c->title, number, c->all->tcp_listen,
		uv_strerror(r));
	console_remark(c, "its TCP port %d cannot be opened: %s", number, uv_strerror(r));
	close_port(c);
}

char *console_port_url(const struct console *c)
{
	bool v6 = c->port && strchr(c->all->tcp_listen, ':');

	return c->port ? xasprintf("tcp://%s%s%s:%d", v6 ? "[" : "", c->all->tcp_listen,
				 v6 ? "]" : "", c->port->number)
		       : NULL;
}
