/*
 * The engine's few UDP sockets: all BMCs share them. Unconnected, so that one socket serves
 * thousands, with IP_RECVERR, so that "port unreachable" still finds the BMC it is about.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <time.h>

#include <linux/errqueue.h>

#include "conductor/bmc/ipmi/internal.h"
#include "lib/base/bytes.h"

#define RECEIVE_SPACE (4 << 20) /* bytes the kernel may hold for us: answers come in bursts */
#define ROUNDS_MAX    8		/* batches per wake-up, so that timers get their turn */

struct receive_buffers {
	struct mmsghdr headers[RECEIVE_BATCH];
	struct iovec vectors[RECEIVE_BATCH];
	union address from[RECEIVE_BATCH];
	uint8_t data[RECEIVE_BATCH][WIRE_PACKET_MAX];
};

static void on_readable(uv_poll_t *poll, int status, int events);

static int socket_new(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, r;
	int space = RECEIVE_SPACE;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof(space));
	if (family == AF_INET6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) |
		    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	/* Errors wake us as "priority" events; otherwise libuv would take the socket for broken. */
	r |= setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on, sizeof(on));
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int socket_add(struct ipmi_engine *e, int family)
{
	int i = family == AF_INET6, fd = socket_new(family), r;
	struct engine_socket *s = &e->sockets[i][e->n_sockets[i]];

	if (fd < 0)
		return fd;
	r = uv_poll_init(e->loop, &s->poll, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	s->engine = e;
	s->fd = fd;
	s->poll.data = s;
	e->n_sockets[i]++;
	e->handles++;
	return uv_poll_start(&s->poll, UV_READABLE | UV_PRIORITIZED, on_readable);
}

int net_open(struct ipmi_engine *e, unsigned per_family, struct err *err)
{
	int r;

	e->buffers = xcalloc(1, sizeof(*e->buffers));
	for (unsigned i = 0; i < per_family; i++) {
		r = socket_add(e, AF_INET);
		if (r < 0)
			return err_errno(err, -r, "open a UDP socket for IPMI");
		r = socket_add(e, AF_INET6);
		if (r < 0 && r != -EAFNOSUPPORT)
			return err_errno(err, -r, "open a UDP socket for IPMI over IPv6");
	}
	return 0;
}

static void on_socket_closed(uv_handle_t *h)
{
	struct engine_socket *s = h->data;

	close(s->fd);
	s->engine->handles--;
	engine_maybe_delete(s->engine);
}

void net_close(struct ipmi_engine *e)
{
	for (int family = 0; family < 2; family++)
		for (unsigned i = 0; i < e->n_sockets[family]; i++)
			uv_close((uv_handle_t *)&e->sockets[family][i].poll, on_socket_closed);
}

/* Takes one ICMP error from the socket: who it is about, and its errno. */
static bool read_error(struct engine_socket *s, union address *ret_who, int *ret_code)
{
	union {
		char room[512];
		struct cmsghdr align;
	} control;
	struct msghdr h = {
		.msg_name = ret_who,
		.msg_namelen = sizeof(*ret_who),
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	memset(ret_who, 0, sizeof(*ret_who));
	if (recvmsg(s->fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	*ret_code = 0;
	for (c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		struct sock_extended_err ee;

		if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)))
			continue;
		memcpy(&ee, CMSG_DATA(c), sizeof(ee));
		*ret_code = (int)ee.ee_errno;
	}
	return true;
}

static void drain_errors(struct engine_socket *s)
{
	union address who;
	int code;

	for (int i = 0; i < 1024 && read_error(s, &who, &code); i++)
		if (code)
			net_unreachable(s->engine, &who, code);
}

int net_send(struct ipmi_bmc *b, const uint8_t *packet, size_t len)
{
	struct ipmi_engine *e = b->engine;
	bool six = b->address.any.sa_family == AF_INET6;
	socklen_t size = six ? sizeof(b->address.v6) : sizeof(b->address.v4);

	b->sent++;
	if (e->capture) {
		e->capture(e->capture_data, packet, len);
		return 0;
	}
	if (e->n_sockets[six] == 0)
		return -EAFNOSUPPORT;
	/* An earlier packet's ICMP error is reported here once, whoever it was about: try again. */
	for (int i = 0; i < 3; i++) {
		struct engine_socket *s = &e->sockets[six][b->slot % e->n_sockets[six]];

		if (sendto(s->fd, packet, len, 0, &b->address.any, size) >= 0)
			return 0;
		/* A full buffer is as good as a lost packet: it is sent again in time. */
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
	}
	return -errno;
}

static void input_batch(struct ipmi_engine *e, int n)
{
	struct receive_buffers *rb = e->buffers;

	for (int i = 0; i < n; i++)
		if (!(rb->headers[i].msg_hdr.msg_flags & MSG_TRUNC))
			net_input(e, rb->data[i], rb->headers[i].msg_len, &rb->from[i]);
}

static int receive_batch(struct engine_socket *s)
{
	struct receive_buffers *rb = s->engine->buffers;

	for (int i = 0; i < RECEIVE_BATCH; i++) {
		rb->vectors[i] = (struct iovec){rb->data[i], WIRE_PACKET_MAX};
		rb->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &rb->from[i],
			.msg_namelen = sizeof(rb->from[i]),
			.msg_iov = &rb->vectors[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(s->fd, rb->headers, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct engine_socket *s = poll->data;
	int n;

	engine_enter(s->engine);
	if (events & UV_PRIORITIZED || status < 0)
		drain_errors(s);
	for (int i = 0; i < ROUNDS_MAX; i++) {
		n = receive_batch(s);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n > 0)
			input_batch(s->engine, n);
		if (n >= 0 && n < RECEIVE_BATCH)
			break;
	}
	/* libuv stops a handle whose socket reports an error. */
	if (status < 0 && !s->engine->closing)
		uv_poll_start(&s->poll, UV_READABLE | UV_PRIORITIZED, on_readable);
	engine_dispatch(s->engine);
}

/* Handshake answers carry our session id inside, those of a session in their header. */
static struct ipmi_bmc *owner(const struct ipmi_engine *e, const struct wire_packet *w)
{
	if (w->payload_type == WIRE_PAYLOAD_IPMI)
		return directory_by_id(e, w->session_id);
	return directory_by_id(e, get_le32(w->payload + 4));
}

static void input_one(struct ipmi_bmc *b, const uint8_t *packet, const struct wire_packet *w,
	const union address *from)
{
	b->received++;
	if (!(b->traits.quirks & BMC_QUIRK_ANY_SOURCE) && !address_equal(&b->address, from))
		b->dropped++;
	else
		exchange_input(b, packet, w);
}

void net_input(struct ipmi_engine *e, const uint8_t *packet, size_t len, const union address *from)
{
	struct ipmi_bmc *b, *next;
	struct wire_packet w;

	if (wire_parse(packet, len, &w) < 0)
		return;
	if (w.kind == WIRE_RMCPP && (w.payload_type == WIRE_PAYLOAD_IPMI || w.payload_len >= 8)) {
		b = owner(e, &w);
		if (b)
			input_one(b, packet, &w, from);
		return;
	}
	for (b = directory_by_address(e, from); b; b = next) {
		next = directory_next(b);
		if (w.kind == WIRE_RMCPP)
			input_one(b, packet, &w, from);
		else
			login_heard(b, &w);
	}
}

void net_unreachable(struct ipmi_engine *e, const union address *who, int code)
{
	struct ipmi_bmc *b, *next;

	for (b = directory_by_address(e, who); b; b = next) {
		next = directory_next(b);
		if (b->phase < PHASE_AUTH_CAPS || b->phase == PHASE_PAUSE)
			continue;
		bmc_drop_session(b, false);
		if (code == ECONNREFUSED)
			bmc_fail(b, IPMI_E_REFUSED,
				"the host answered that nothing listens on that UDP port; enable "
				"IPMI over "
				"LAN on the BMC and check ipmi_port");
		else
			bmc_fail(b, IPMI_E_UNREACHABLE,
				"the network answered \"%s\"; check cable, VLAN, route and that "
				"the BMC has "
				"power",
				strerror(code));
	}
}
