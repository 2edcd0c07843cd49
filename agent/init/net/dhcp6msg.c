/* DHCPv6 messages, reading and writing; see dhcp6.h. Numbers are those of RFC 8415 section 21. */
#include "agent/init/net/dhcp6msg.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <string.h>

#define HEADER	    4
#define LEASE_MIN_S 60 /* shorter ones would only keep us and the server busy */
#define FOREVER	    UINT32_MAX

enum option {
	OPT_CLIENTID = 1,
	OPT_SERVERID = 2,
	OPT_IA_NA = 3,
	OPT_IAADDR = 5,
	OPT_ORO = 6,
	OPT_PREFERENCE = 7,
	OPT_ELAPSED = 8,
	OPT_STATUS = 13,
	OPT_RAPID_COMMIT = 14,
	OPT_DNS = 23,
	OPT_DOMAINS = 24,
	OPT_REFRESH = 32,
	OPT_SOL_MAX_RT = 82,
	OPT_INF_MAX_RT = 83,
};

struct parse {
	struct dhcp6_reply *reply;
	uint32_t iaid;
	unsigned depth; /* 0: the message, 1: our IA, 2: its address */
};

static int options(struct parse *ps, const uint8_t *p, size_t len);

static int inner(struct parse *ps, const uint8_t *p, size_t len)
{
	int r;

	ps->depth++;
	r = options(ps, p, len);
	ps->depth--;
	return r;
}

static int ia_option(struct parse *ps, const uint8_t *p, size_t len)
{
	struct dhcp6_lease *l = &ps->reply->lease;

	if (len < 12)
		return -EINVAL;
	if (get_be32(p) != ps->iaid || l->t1_s || l->address.family)
		return 0; /* another's, or a second one */
	if (get_be32(p + 8) && get_be32(p + 4) > get_be32(p + 8))
		return 0; /* RFC 8415 21.4: T1 after T2 makes the IA invalid */
	l->t1_s = get_be32(p + 4);
	l->t2_s = get_be32(p + 8);
	return inner(ps, p + 12, len - 12);
}

/* The first usable address of our IA. */
static int address_option(struct parse *ps, const uint8_t *p, size_t len)
{
	struct dhcp6_lease *l = &ps->reply->lease;
	struct ip ip;

	if (len < 24)
		return -EINVAL;
	ip = ip_v6(p);
	if (l->address.family || !ip_is_station(&ip) || ip_is_link_local(&ip) ||
		get_be32(p + 16) > get_be32(p + 20) || !get_be32(p + 20))
		return 0;
	l->address = ip;
	l->preferred_s = get_be32(p + 16);
	l->valid_s = get_be32(p + 20);
	return inner(ps, p + 24, len - 24);
}

static void status_option(struct dhcp6_reply *r, const uint8_t *p, size_t len)
{
	size_t n = 0;

	if (len < 2 || r->status || !get_be16(p))
		return;
	r->status = get_be16(p);
	for (size_t i = 2; i < len && n + 1 < sizeof(r->message); i++)
		r->message[n++] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
	r->message[n] = '\0';
}

static void duid_option(struct dhcp6_duid *d, const uint8_t *p, size_t len)
{
	if (len < 3 || len > DHCP6_DUID_MAX)
		return;
	memcpy(d->bytes, p, len);
	d->len = len;
}

static void dns_option(struct dhcp6_lease *l, const uint8_t *p, size_t len)
{
	l->n_dns = 0;
	for (size_t at = 0; at + 16 <= len && l->n_dns < DHCP6_DNS_MAX; at += 16)
		l->dns[l->n_dns++] = ip_v6(p + at);
}

/* What stands in the message itself. */
static int top_option(struct parse *ps, unsigned code, const uint8_t *p, size_t len)
{
	struct dhcp6_reply *r = ps->reply;

	switch (code) {
	case OPT_CLIENTID:
		duid_option(&r->client, p, len);
		break;
	case OPT_SERVERID:
		duid_option(&r->server, p, len);
		break;
	case OPT_IA_NA:
		return ia_option(ps, p, len);
	case OPT_PREFERENCE:
		r->preference = len == 1 ? p[0] : 0;
		break;
	case OPT_RAPID_COMMIT:
		r->rapid_commit = true;
		break;
	case OPT_DNS:
		dns_option(&r->lease, p, len);
		break;
	case OPT_DOMAINS:
		if (len && ip_domain(p, len, r->lease.domain) < 0)
			r->lease.domain[0] = '\0';
		break;
	case OPT_REFRESH:
		r->lease.refresh_s = len == 4 ? get_be32(p) : 0;
		break;
	}
	return 0;
}

static int options(struct parse *ps, const uint8_t *p, size_t len)
{
	int r = 0;

	for (size_t at = 0; at < len && r == 0;) {
		unsigned code;
		size_t size;

		if (at + 4 > len || at + 4 + (size = get_be16(p + at + 2)) > len)
			return -EINVAL;
		code = get_be16(p + at);
		if (code == OPT_STATUS)
			status_option(ps->reply, p + at + 4, size);
		else if (ps->depth == 0)
			r = top_option(ps, code, p + at + 4, size);
		else if (ps->depth == 1 && code == OPT_IAADDR)
			r = address_option(ps, p + at + 4, size);
		at += 4 + size;
	}
	return r;
}

static uint32_t part(uint32_t seconds, unsigned percent)
{
	return seconds == FOREVER ? FOREVER : (uint32_t)((uint64_t)seconds * percent / 100);
}

/* RFC 8415 21.4: the client chooses where the server leaves it: 0.5 and 0.8 of the preferred time.
 */
static void lease_times(struct dhcp6_lease *l)
{
	if (!l->address.family)
		return;
	if (l->valid_s < LEASE_MIN_S)
		l->valid_s = LEASE_MIN_S;
	if (l->preferred_s < LEASE_MIN_S)
		l->preferred_s = LEASE_MIN_S;
	if (!l->t1_s || l->t1_s >= l->valid_s)
		l->t1_s = part(l->preferred_s, 50);
	if (l->t1_s < LEASE_MIN_S / 2)
		l->t1_s = LEASE_MIN_S / 2;
	if (l->t2_s <= l->t1_s || l->t2_s >= l->valid_s)
		l->t2_s = part(l->preferred_s, 80);
	if (l->t2_s < l->t1_s)
		l->t2_s = l->t1_s;
}

int dhcp6_parse(const uint8_t *data, size_t len, uint32_t iaid, struct dhcp6_reply *ret)
{
	struct dhcp6_reply reply = {0};
	struct parse ps = {.reply = &reply, .iaid = iaid};

	if (len < HEADER || (data[0] != DHCP6_ADVERTISE && data[0] != DHCP6_REPLY))
		return -EINVAL;
	reply.type = data[0];
	memcpy(reply.xid, data + 1, 3);
	if (options(&ps, data + HEADER, len - HEADER) < 0)
		return -EINVAL;
	lease_times(&reply.lease);
	*ret = reply;
	return 0;
}

struct dhcp6_duid dhcp6_duid_of(const uint8_t mac[static 6])
{
	struct dhcp6_duid d = {.len = 10, .bytes = {0, 3, 0, 1}};

	memcpy(d.bytes + 4, mac, 6);
	return d;
}

static uint8_t *put_option(uint8_t *p, unsigned code, const void *data, size_t len)
{
	p = put_be16(put_be16(p, (uint16_t)code), (uint16_t)len);
	if (len)
		memcpy(p, data, len);
	return p + len;
}

/* T1 and T2 are left to the server, and so are the lifetimes (0; RFC 8415 21.4 and 21.6). */
static uint8_t *put_ia(uint8_t *p, const struct dhcp6_client *c, bool with_address)
{
	p = put_be16(put_be16(p, OPT_IA_NA), with_address ? 12 + 28 : 12);
	p = put_be32(put_be32(put_be32(p, c->iaid), 0), 0);
	if (!with_address)
		return p;
	p = put_be16(put_be16(p, OPT_IAADDR), 24);
	memcpy(p, c->lease.address.bytes, 16);
	return put_be32(put_be32(p + 16, 0), 0);
}

static uint8_t *put_wanted(uint8_t *p, bool stateless)
{
	static const uint8_t codes[] = {
		0, OPT_DNS, 0, OPT_DOMAINS, 0, OPT_SOL_MAX_RT, 0, OPT_INF_MAX_RT, 0, OPT_REFRESH};

	return put_option(p, OPT_ORO, codes, stateless ? sizeof(codes) : sizeof(codes) - 2);
}

size_t dhcp6_build(const struct dhcp6_client *c, enum dhcp6_type type, int64_t now_ms,
	uint8_t ret[static DHCP6_MESSAGE_MAX])
{
	bool named = type == DHCP6_REQUEST || type == DHCP6_RENEW || type == DHCP6_RELEASE;
	bool stateless = type == DHCP6_INFORMATION_REQUEST;
	struct dhcp6_duid us = dhcp6_duid_of(c->mac);
	int64_t elapsed = (now_ms - c->exchange_ms) / 10;
	uint8_t *p = ret + HEADER, hundredths[2];

	ret[0] = (uint8_t)type;
	memcpy(ret + 1, c->xid, 3);
	p = put_option(p, OPT_CLIENTID, us.bytes, us.len);
	if (named)
		p = put_option(p, OPT_SERVERID, c->server.bytes, c->server.len);
	put_be16(hundredths, elapsed < 0xffff ? (uint16_t)elapsed : 0xffff);
	p = put_option(p, OPT_ELAPSED, hundredths, 2);
	if (!stateless)
		p = put_ia(p, c, type != DHCP6_SOLICIT);
	if (type == DHCP6_SOLICIT)
		p = put_option(p, OPT_RAPID_COMMIT, NULL, 0);
	if (type != DHCP6_RELEASE)
		p = put_wanted(p, stateless);
	return (size_t)(p - ret);
}
