/* DHCPv4 messages and states; see dhcp.h. */
#include "agent/init/net/dhcp.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define BOOTP_LEN    236 /* RFC 2131 figure 1, up to the options */
#define MIN_MESSAGE  300 /* BOOTP relays drop less (RFC 951) */
#define MAGIC	     "\x63\x82\x53\x63"
#define CLIENT_PORT  68
#define SERVER_PORT  67
#define VENDOR_CLASS "ingot-agent"
#define LEASE_MIN_S  60
#define RETRY_MAX_MS 16000

enum option {
	OPT_PAD = 0,
	OPT_NETMASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_BROADCAST = 28,
	OPT_REQUESTED_IP = 50,
	OPT_LEASE_TIME = 51,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER_ID = 54,
	OPT_PARAMETERS = 55,
	OPT_MESSAGE = 56,
	OPT_MAX_SIZE = 57,
	OPT_T1 = 58,
	OPT_T2 = 59,
	OPT_VENDOR_CLASS = 60,
	OPT_CLIENT_ID = 61,
	OPT_CLASSLESS_ROUTES = 121,
	OPT_END = 255,
};

/* Addresses and the number of an exchange stay in network order. */
static uint32_t as_sent(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static void text_option(const uint8_t *p, size_t len, char ret[static 256])
{
	size_t n = 0;

	for (size_t i = 0; i < len && p[i]; i++)
		ret[n++] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
	ret[n] = '\0';
}

/* A host name goes to the kernel and into files, so it may only be a name. */
static void name_option(const uint8_t *p, size_t len, char ret[static 256])
{
	text_option(p, len, ret);
	for (char *c = ret; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
			    *c)) {
			ret[0] = '\0';
			return;
		}
}

static uint32_t netmask_of(unsigned bits)
{
	return bits ? htonl(0xffffffffu << (32 - bits)) : 0;
}

/* RFC 3442: width, the significant bytes of the destination, router. */
static void classless_routes(const uint8_t *p, size_t len, struct dhcp_lease *l)
{
	size_t at = 0;

	l->n_routes = 0;
	while (at < len && l->n_routes < DHCP_ROUTES_MAX) {
		unsigned bits = p[at], bytes = (bits + 7) / 8;
		struct dhcp_route *r = &l->routes[l->n_routes];
		uint8_t destination[4] = {0};

		if (bits > 32 || at + 1 + bytes + 4 > len)
			return;
		memcpy(destination, p + at + 1, bytes);
		r->netmask = netmask_of(bits);
		r->destination = as_sent(destination) & r->netmask;
		r->gateway = as_sent(p + at + 1 + bytes);
		l->n_routes++;
		at += 1 + bytes + 4;
	}
}

struct parse {
	struct dhcp_reply *reply;
	bool classless; /* option 121 came: option 3 does not count (RFC 3442) */
	uint8_t overload;
};

static void router_option(struct parse *ps, const uint8_t *p, size_t len)
{
	struct dhcp_lease *l = &ps->reply->lease;

	if (ps->classless || len < 4)
		return;
	l->routes[0] = (struct dhcp_route){.gateway = as_sent(p)};
	l->n_routes = 1;
}

static void dns_option(struct dhcp_lease *l, const uint8_t *p, size_t len)
{
	l->n_dns = 0;
	for (size_t i = 0; i + 4 <= len && l->n_dns < DHCP_DNS_MAX; i += 4)
		l->dns[l->n_dns++] = as_sent(p + i);
}

static void one_option(struct parse *ps, uint8_t code, const uint8_t *p, size_t len)
{
	struct dhcp_lease *l = &ps->reply->lease;
	const struct {
		uint8_t code;
		uint32_t *to;
		bool number; /* to host byte order */
	} words[] = {
		{OPT_NETMASK, &l->netmask, false},
		{OPT_BROADCAST, &l->broadcast, false},
		{OPT_SERVER_ID, &l->server, false},
		{OPT_LEASE_TIME, &l->lease_s, true},
		{OPT_T1, &l->t1_s, true},
		{OPT_T2, &l->t2_s, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].code == code && len == 4)
			*words[i].to = words[i].number ? get_be32(p) : as_sent(p);
	if (code == OPT_TYPE && len == 1)
		ps->reply->type = p[0];
	else if (code == OPT_OVERLOAD && len == 1)
		ps->overload = p[0];
	else if (code == OPT_MTU && len == 2)
		l->mtu = get_be16(p);
	else if (code == OPT_ROUTER)
		router_option(ps, p, len);
	else if (code == OPT_DNS)
		dns_option(l, p, len);
	else if (code == OPT_HOSTNAME)
		name_option(p, len, l->hostname);
	else if (code == OPT_DOMAIN)
		name_option(p, len, l->domain);
	else if (code == OPT_MESSAGE)
		text_option(p, len, ps->reply->message);
	else if (code == OPT_CLASSLESS_ROUTES) {
		ps->classless = true;
		classless_routes(p, len, l);
	}
}

static int options(struct parse *ps, const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len && p[at] != OPT_END) {
		if (p[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (at + 2 > len || at + 2 + p[at + 1] > len)
			return -EINVAL;
		one_option(ps, p[at], p + at + 2, p[at + 1]);
		at += 2u + p[at + 1];
	}
	return 0;
}

/* RFC 2131 4.4.5: half and seven eighths of the lease where the server names no times. */
static void lease_times(struct dhcp_lease *l)
{
	if (l->lease_s < LEASE_MIN_S)
		l->lease_s = l->lease_s ? LEASE_MIN_S : UINT32_MAX;
	if (!l->t1_s || l->t1_s >= l->lease_s)
		l->t1_s = l->lease_s / 2;
	if (l->t2_s <= l->t1_s || l->t2_s >= l->lease_s)
		l->t2_s = (uint32_t)((uint64_t)l->lease_s * 7 / 8);
	if (l->mtu && l->mtu < 576)
		l->mtu = 0;
}

int dhcp_parse(const uint8_t *data, size_t len, struct dhcp_reply *ret)
{
	struct dhcp_reply reply = {0};
	struct parse ps = {.reply = &reply};

	if (len < BOOTP_LEN + 4 || data[0] != 2 /* BOOTREPLY */ || data[1] != 1 || data[2] != 6 ||
		memcmp(data + BOOTP_LEN, MAGIC, 4))
		return -EINVAL;
	reply.xid = as_sent(data + 4);
	memcpy(reply.chaddr, data + 28, 6);
	reply.lease.address = as_sent(data + 16);
	if (options(&ps, data + BOOTP_LEN + 4, len - BOOTP_LEN - 4) < 0 ||
		((ps.overload & 1) && options(&ps, data + 108, 128) < 0) ||
		((ps.overload & 2) && options(&ps, data + 44, 64) < 0))
		return -EINVAL;
	if (reply.type < DHCP_DISCOVER || reply.type > DHCP_RELEASE)
		return -EINVAL;
	lease_times(&reply.lease);
	*ret = reply;
	return 0;
}

static uint16_t checksum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get_be16(p + i);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int dhcp_frame_parse(
	const uint8_t *packet, size_t len, const uint8_t **ret_payload, size_t *ret_len)
{
	size_t header, total, udp_len;

	if (len < 28 || packet[0] >> 4 != 4)
		return -EINVAL;
	header = (packet[0] & 15u) * 4u;
	total = get_be16(packet + 2);
	if (header < 20 || total > len || total < header + 8 || packet[9] != 17 /* UDP */ ||
		(packet[6] & 0x3f) || packet[7] /* a fragment */ || checksum(packet, header, 0))
		return -EINVAL;
	packet += header;
	udp_len = get_be16(packet + 4);
	if (get_be16(packet + 2) != CLIENT_PORT || udp_len < 8 || udp_len > total - header)
		return -EINVAL;
	*ret_payload = packet + 8;
	*ret_len = udp_len - 8;
	return 0;
}

size_t dhcp_frame_build(const uint8_t *message, size_t len, uint8_t ret[static DHCP_FRAME_MAX])
{
	uint8_t *udp = ret + 20;
	uint16_t sum;

	memset(ret, 0, 28);
	ret[0] = 0x45;
	ret[1] = 0x10; /* low delay */
	put_be16(ret + 2, (uint16_t)(28 + len));
	ret[8] = 64;
	ret[9] = 17;
	memset(ret + 16, 0xff, 4);
	put_be16(ret + 10, checksum(ret, 20, 0));
	put_be16(udp, CLIENT_PORT);
	put_be16(udp + 2, SERVER_PORT);
	put_be16(udp + 4, (uint16_t)(8 + len));
	memcpy(udp + 8, message, len);
	/* pseudo header: addresses (source is zero), protocol, length; RFC 768 */
	sum = checksum(udp, 8 + len, 0xffff + 0xffff + 17 + (uint32_t)(8 + len));
	put_be16(udp + 6, sum ? sum : 0xffff);
	return 28 + len;
}

static void put_option(uint8_t *m, size_t *at, uint8_t code, const void *data, uint8_t len)
{
	m[(*at)++] = code;
	m[(*at)++] = len;
	memcpy(m + *at, data, len);
	*at += len;
}

static size_t build(const struct dhcp_client *c, int64_t now_ms, uint8_t m[static DHCP_MESSAGE_MAX])
{
	static const uint8_t wanted[] = {OPT_NETMASK, OPT_ROUTER, OPT_DNS, OPT_HOSTNAME, OPT_DOMAIN,
		OPT_MTU, OPT_BROADCAST, OPT_LEASE_TIME, OPT_SERVER_ID, OPT_T1, OPT_T2,
		OPT_CLASSLESS_ROUTES};
	uint8_t type = c->state == DHCP_STATE_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST, id[7] = {1};
	int64_t secs = (now_ms - c->started_ms) / 1000;
	size_t at = BOOTP_LEN + 4;

	memset(m, 0, MIN_MESSAGE);
	m[0] = 1; /* BOOTREQUEST */
	m[1] = 1; /* Ethernet */
	m[2] = 6;
	memcpy(m + 4, &c->xid, 4);
	put_be16(m + 8, (uint16_t)(secs < 0xffff ? secs : 0xffff));
	if (c->state == DHCP_STATE_RENEWING || c->state == DHCP_STATE_REBINDING)
		memcpy(m + 12, &c->lease.address, 4);
	memcpy(m + 28, c->mac, 6);
	memcpy(m + BOOTP_LEN, MAGIC, 4);
	put_option(m, &at, OPT_TYPE, &type, 1);
	memcpy(id + 1, c->mac, 6); /* as iPXE sends it, so that both get one lease */
	put_option(m, &at, OPT_CLIENT_ID, id, sizeof(id));
	if (c->state == DHCP_STATE_REQUESTING) {
		put_option(m, &at, OPT_REQUESTED_IP, &c->lease.address, 4);
		put_option(m, &at, OPT_SERVER_ID, &c->lease.server, 4);
	}
	put_option(m, &at, OPT_MAX_SIZE, "\x05\xc0", 2);
	put_option(m, &at, OPT_VENDOR_CLASS, VENDOR_CLASS, strlen(VENDOR_CLASS));
	put_option(m, &at, OPT_PARAMETERS, wanted, sizeof(wanted));
	m[at++] = OPT_END;
	return at < MIN_MESSAGE ? MIN_MESSAGE : at;
}

void dhcp_client_init(struct dhcp_client *c, const uint8_t mac[static 6], int64_t now_ms)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->mac, mac, 6);
	(void)!getrandom(&c->xid, sizeof(c->xid), 0);
	c->started_ms = c->due_ms = now_ms;
}

static void start_over(struct dhcp_client *c, int64_t now_ms, int64_t pause_ms)
{
	uint8_t mac[6];

	memcpy(mac, c->mac, 6);
	dhcp_client_init(c, mac, now_ms);
	c->due_ms = now_ms + pause_ms;
}

static int64_t after_s(int64_t from_ms, uint32_t seconds)
{
	return from_ms + (int64_t)seconds * 1000;
}

static enum dhcp_event acknowledged(
	struct dhcp_client *c, const struct dhcp_lease *lease, int64_t now_ms)
{
	bool same = c->state != DHCP_STATE_REQUESTING && c->lease.address == lease->address;
	uint32_t server = c->lease.server;

	c->lease = *lease;
	if (!c->lease.server)
		c->lease.server = server;
	c->state = DHCP_STATE_BOUND;
	c->bound_ms = now_ms;
	c->attempt = 0;
	c->due_ms = after_s(now_ms, lease->t1_s);
	return same ? DHCP_RENEWED : DHCP_BOUND;
}

enum dhcp_event dhcp_client_input(
	struct dhcp_client *c, const uint8_t *data, size_t len, int64_t now_ms)
{
	struct dhcp_reply r;
	bool held = c->state == DHCP_STATE_RENEWING || c->state == DHCP_STATE_REBINDING;

	if (dhcp_parse(data, len, &r) < 0 || r.xid != c->xid || memcmp(r.chaddr, c->mac, 6))
		return DHCP_NOTHING;
	if (c->state == DHCP_STATE_SELECTING && r.type == DHCP_OFFER && r.lease.address &&
		r.lease.server) {
		c->lease = r.lease;
		c->state = DHCP_STATE_REQUESTING;
		c->attempt = 0;
		c->due_ms = now_ms;
		return DHCP_NOTHING;
	}
	if (c->state != DHCP_STATE_REQUESTING && !held)
		return DHCP_NOTHING;
	if (!held && r.lease.server && r.lease.server != c->lease.server)
		return DHCP_NOTHING; /* another server's word on a lease that is not its own */
	if (r.type == DHCP_ACK && r.lease.address)
		return acknowledged(c, &r.lease, now_ms);
	if (r.type == DHCP_NAK) {
		start_over(c, now_ms, 1000);
		return held ? DHCP_LOST : DHCP_NOTHING;
	}
	return DHCP_NOTHING;
}

/* 1, 2, 4, 8, 16 s; RFC 2131 begins with 4, but a ramdisk that booted from this net may be quicker.
 */
static int64_t retry_ms(unsigned attempt)
{
	int64_t ms = attempt < 5 ? 1000ll << attempt : RETRY_MAX_MS;

	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

/* RFC 2131 4.4.5: wait half of what remains, but at least a minute. */
static int64_t renew_due(int64_t now_ms, int64_t until_ms)
{
	int64_t half = (until_ms - now_ms) / 2;

	if (half < 60000)
		half = 60000;
	return now_ms + half < until_ms ? now_ms + half : until_ms;
}

/* Bound and later: moves on with the lease's times. */
static enum dhcp_event tick_held(struct dhcp_client *c, int64_t now_ms, enum dhcp_send *ret_send)
{
	int64_t t2_ms = after_s(c->bound_ms, c->lease.t2_s);
	int64_t end_ms = after_s(c->bound_ms, c->lease.lease_s);

	if (now_ms >= end_ms) {
		start_over(c, now_ms, 0);
		return DHCP_LOST;
	}
	if (c->state == DHCP_STATE_BOUND) {
		(void)!getrandom(&c->xid, sizeof(c->xid), 0);
		c->started_ms = now_ms;
		c->state = DHCP_STATE_RENEWING;
	}
	if (now_ms >= t2_ms)
		c->state = DHCP_STATE_REBINDING;
	c->due_ms = renew_due(now_ms, c->state == DHCP_STATE_RENEWING ? t2_ms : end_ms);
	*ret_send = c->state == DHCP_STATE_RENEWING ? DHCP_SEND_UNICAST : DHCP_SEND_BROADCAST;
	return DHCP_NOTHING;
}

enum dhcp_event dhcp_client_tick(struct dhcp_client *c, int64_t now_ms,
	uint8_t ret[static DHCP_MESSAGE_MAX], size_t *ret_len, enum dhcp_send *ret_send)
{
	enum dhcp_event event = DHCP_NOTHING;

	*ret_send = DHCP_SEND_NONE;
	*ret_len = 0;
	if (now_ms < c->due_ms)
		return DHCP_NOTHING;
	if (c->state >= DHCP_STATE_BOUND) {
		event = tick_held(c, now_ms, ret_send);
	} else {
		if (c->state == DHCP_STATE_REQUESTING && c->attempt == 4)
			start_over(c, now_ms, 0); /* the offer is stale */
		c->due_ms = now_ms + retry_ms(c->attempt++);
		*ret_send = DHCP_SEND_BROADCAST;
	}
	if (*ret_send != DHCP_SEND_NONE)
		*ret_len = build(c, now_ms, ret);
	return event;
}
