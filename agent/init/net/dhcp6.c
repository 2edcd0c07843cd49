/* The states of the DHCPv6 client; see dhcp6.h. Times and counts are those of RFC 8415 7.6. */
#include "agent/init/net/dhcp6msg.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define REQUESTS_MAX	   10
#define PREFERENCE_AT_ONCE 255
#define REFRESH_S	   86400 /* information refresh: default and least, RFC 8415 21.23 */
#define REFRESH_MIN_S	   600
#define FOREVER		   UINT32_MAX
#define FAR_MS		   (1ll << 60)

/*
 * What a state sends, and how the pauses between two of them grow. The RFC lets them grow to an
 * hour; a machine that somebody waits for asks once a minute.
 */
static const struct {
	enum dhcp6_type type;
	unsigned first_ms, longest_ms;
} sends[DHCP6_STATE_COUNT] = {
	[DHCP6_STATE_SOLICITING] = {DHCP6_SOLICIT, 1000, 60000},
	[DHCP6_STATE_REQUESTING] = {DHCP6_REQUEST, 1000, 30000},
	[DHCP6_STATE_RENEWING] = {DHCP6_RENEW, 10000, 600000},
	[DHCP6_STATE_REBINDING] = {DHCP6_REBIND, 10000, 600000},
	[DHCP6_STATE_INFORMING] = {DHCP6_INFORMATION_REQUEST, 1000, 60000},
};

static void enter(struct dhcp6_client *c, enum dhcp6_state state, int64_t now_ms)
{
	c->state = state;
	c->sent = 0;
	c->rt_ms = 0;
	c->exchange_ms = c->due_ms = now_ms;
	(void)!getrandom(c->xid, sizeof(c->xid), 0);
}

void dhcp6_client_init(
	struct dhcp6_client *c, const uint8_t mac[static 6], bool stateful, int64_t now_ms)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->mac, mac, 6);
	c->iaid = get_be32(mac + 2);
	c->preference = -1;
	c->bound_ms = -1;
	enter(c, stateful ? DHCP6_STATE_SOLICITING : DHCP6_STATE_INFORMING, now_ms);
}

/* Asks everybody again after a pause. What a server refused stays known. */
static enum dhcp6_event start_over(struct dhcp6_client *c, int64_t now_ms, int64_t pause_ms)
{
	bool had = c->bound_ms >= 0;

	c->preference = -1;
	c->bound_ms = -1;
	c->lease = (struct dhcp6_lease){0};
	enter(c, DHCP6_STATE_SOLICITING, now_ms);
	c->due_ms = now_ms + pause_ms;
	return had ? DHCP6_LOST : DHCP6_NOTHING;
}

static int64_t after_s(int64_t from_ms, uint32_t seconds)
{
	return seconds == FOREVER ? FAR_MS : from_ms + (int64_t)seconds * 1000;
}

static void note_refusal(struct dhcp6_client *c, const struct dhcp6_reply *r)
{
	c->refusal = r->status;
	memcpy(c->message, r->message, sizeof(c->message));
}

static enum dhcp6_event bind_lease(
	struct dhcp6_client *c, const struct dhcp6_reply *r, int64_t now_ms)
{
	bool same = c->state >= DHCP6_STATE_RENEWING && ip_eq(&c->lease.address, &r->lease.address);

	c->lease = r->lease;
	c->server = r->server;
	c->refusal = 0;
	c->state = DHCP6_STATE_BOUND;
	c->bound_ms = now_ms;
	c->due_ms = after_s(now_ms, c->lease.t1_s);
	return same ? DHCP6_RENEWED : DHCP6_BOUND;
}

static enum dhcp6_event inform(struct dhcp6_client *c, const struct dhcp6_reply *r, int64_t now_ms)
{
	uint32_t refresh_s = r->lease.refresh_s ? r->lease.refresh_s : REFRESH_S;

	c->lease = r->lease;
	c->lease.address = (struct ip){0};
	c->state = DHCP6_STATE_INFORMED;
	c->due_ms = after_s(now_ms, refresh_s < REFRESH_MIN_S ? REFRESH_MIN_S : refresh_s);
	return DHCP6_BOUND;
}

/* An offer. The best of those that come before the first repetition is taken (RFC 8415 18.2.1). */
static enum dhcp6_event advertised(
	struct dhcp6_client *c, const struct dhcp6_reply *r, int64_t now_ms)
{
	if (!r->lease.address.family || r->status) {
		note_refusal(c, r);
		return DHCP6_NOTHING;
	}
	if ((int)r->preference > c->preference) {
		c->preference = r->preference;
		c->server = r->server;
		c->lease = r->lease;
	}
	if (r->preference == PREFERENCE_AT_ONCE || c->sent > 1)
		c->due_ms = now_ms;
	return DHCP6_NOTHING;
}

/* An answer to request, renew or rebind. */
static enum dhcp6_event replied(struct dhcp6_client *c, const struct dhcp6_reply *r, int64_t now_ms)
{
	bool held = c->state != DHCP6_STATE_REQUESTING;

	if (r->status) {
		note_refusal(c, r);
		if (r->status == DHCP6_UNSPEC_FAIL || r->status == DHCP6_USE_MULTICAST)
			return DHCP6_NOTHING; /* asked again in time */
		if (r->status == DHCP6_NO_BINDING && held) {
			c->server = r->server;
			enter(c, DHCP6_STATE_REQUESTING, now_ms);
			return DHCP6_NOTHING;
		}
		return start_over(c, now_ms, 1000);
	}
	return r->lease.address.family ? bind_lease(c, r, now_ms) : DHCP6_NOTHING;
}

static bool duid_eq(const struct dhcp6_duid *a, const struct dhcp6_duid *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

enum dhcp6_event dhcp6_client_input(
	struct dhcp6_client *c, const uint8_t *data, size_t len, int64_t now_ms)
{
	struct dhcp6_duid us = dhcp6_duid_of(c->mac);
	struct dhcp6_reply r;
	bool reply;

	if (!c->sent || dhcp6_parse(data, len, c->iaid, &r) < 0 || memcmp(r.xid, c->xid, 3) ||
		!duid_eq(&r.client, &us) || !r.server.len)
		return DHCP6_NOTHING;
	reply = r.type == DHCP6_REPLY;
	switch (c->state) {
	case DHCP6_STATE_SOLICITING:
		if (!reply)
			return advertised(c, &r, now_ms);
		if (r.rapid_commit && !r.status && r.lease.address.family)
			return bind_lease(c, &r, now_ms);
		if (r.status)
			note_refusal(c, &r); /* dnsmasq refuses so what asked for rapid commit */
		break;
	case DHCP6_STATE_REQUESTING:
	case DHCP6_STATE_RENEWING:
		return reply && duid_eq(&r.server, &c->server) ? replied(c, &r, now_ms)
							       : DHCP6_NOTHING;
	case DHCP6_STATE_REBINDING:
		return reply ? replied(c, &r, now_ms) : DHCP6_NOTHING;
	case DHCP6_STATE_INFORMING:
		return reply ? inform(c, &r, now_ms) : DHCP6_NOTHING;
	case DHCP6_STATE_BOUND:
	case DHCP6_STATE_INFORMED:
	case DHCP6_STATE_COUNT:
		break;
	}
	return DHCP6_NOTHING;
}

/* RFC 8415 15: doubled, with a tenth more or less by chance; the first solicit never earlier. */
static int64_t next_rt(const struct dhcp6_client *c)
{
	int64_t rt = c->rt_ms ? c->rt_ms * 2 : sends[c->state].first_ms, tenth;
	uint16_t chance = 0;

	if (rt > sends[c->state].longest_ms)
		rt = sends[c->state].longest_ms;
	tenth = rt / 10;
	(void)!getrandom(&chance, sizeof(chance), 0);
	if (c->state == DHCP6_STATE_SOLICITING && !c->rt_ms)
		return rt + tenth * chance / UINT16_MAX;
	return rt - tenth + 2 * tenth * chance / UINT16_MAX;
}

/* What the passing of time alone changes. */
static enum dhcp6_event move_on(struct dhcp6_client *c, int64_t now_ms)
{
	int64_t t2_ms = after_s(c->bound_ms, c->lease.t2_s);
	int64_t end_ms = after_s(c->bound_ms, c->lease.valid_s);
	bool held = c->state >= DHCP6_STATE_BOUND && c->state <= DHCP6_STATE_REBINDING;

	if (held && now_ms >= end_ms)
		return start_over(c, now_ms, 0);
	if (held && c->state != DHCP6_STATE_REBINDING && now_ms >= t2_ms)
		enter(c, DHCP6_STATE_REBINDING, now_ms);
	else if (c->state == DHCP6_STATE_BOUND)
		enter(c, DHCP6_STATE_RENEWING, now_ms);
	else if (c->state == DHCP6_STATE_INFORMED)
		enter(c, DHCP6_STATE_INFORMING, now_ms);
	else if (c->state == DHCP6_STATE_SOLICITING && c->preference >= 0)
		enter(c, DHCP6_STATE_REQUESTING, now_ms);
	else if (c->state == DHCP6_STATE_REQUESTING && c->sent >= REQUESTS_MAX)
		return start_over(c, now_ms, 0);
	return DHCP6_NOTHING;
}

enum dhcp6_event dhcp6_client_tick(struct dhcp6_client *c, int64_t now_ms,
	uint8_t ret[static DHCP6_MESSAGE_MAX], size_t *ret_len)
{
	enum dhcp6_event event;
	int64_t until;

	*ret_len = 0;
	if (now_ms < c->due_ms)
		return DHCP6_NOTHING;
	event = move_on(c, now_ms);
	c->rt_ms = next_rt(c);
	c->due_ms = now_ms + c->rt_ms;
	until = c->state == DHCP6_STATE_RENEWING    ? after_s(c->bound_ms, c->lease.t2_s)
		: c->state == DHCP6_STATE_REBINDING ? after_s(c->bound_ms, c->lease.valid_s)
						    : INT64_MAX;
	if (c->due_ms > until)
		c->due_ms = until;
	*ret_len = dhcp6_build(c, sends[c->state].type, now_ms, ret);
	c->sent++;
	return event;
}

size_t dhcp6_client_release(
	struct dhcp6_client *c, int64_t now_ms, uint8_t ret[static DHCP6_MESSAGE_MAX])
{
	bool held = c->state >= DHCP6_STATE_BOUND && c->state <= DHCP6_STATE_REBINDING;

	if (!held)
		return 0;
	enter(c, c->state, now_ms);
	return dhcp6_build(c, DHCP6_RELEASE, now_ms, ret);
}

const char *dhcp6_status_name(unsigned status)
{
	static const char *const names[] = {
		"Success", "UnspecFail", "NoAddrsAvail", "NoBinding", "NotOnLink", "UseMulticast"};

	return status < ARRAY_SIZE(names) ? names[status] : "an unknown status";
}
