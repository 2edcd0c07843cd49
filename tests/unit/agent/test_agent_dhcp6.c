/* DHCPv6 messages and states by RFC 8415, router advertisements by RFC 4861 and 8106. */
#include "tests/unit/tap.h"

#include "agent/init/net/dhcp6.h"
#include "agent/init/net/ra.h"

#include <errno.h>
#include <stdint.h>

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static uint8_t out[DHCP6_MESSAGE_MAX];
static size_t out_len;

/* A server's message, put together option by option. */
static uint8_t in[1024];
static size_t in_len;

static void option(unsigned code, const void *data, size_t len)
{
	const uint8_t head[] = {
		(uint8_t)(code >> 8), (uint8_t)code, (uint8_t)(len >> 8), (uint8_t)len};

	memcpy(in + in_len, head, 4);
	if (len)
		memcpy(in + in_len + 4, data, len);
	in_len += 4 + len;
}

static void message(enum dhcp6_type type, const struct dhcp6_client *c)
{
	static const uint8_t client[] = {0, 3, 0, 1, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	static const uint8_t server[] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 1};

	in[0] = (uint8_t)type;
	memcpy(in + 1, c->xid, 3);
	in_len = 4;
	option(1, client, sizeof(client));
	option(2, server, sizeof(server));
}

/* IA_NA with T1 100, T2 160 and 2001:db8::42 for 200 and 400 s (or valid_s). */
static void ia(uint8_t valid_hi, uint8_t valid_lo)
{
	uint8_t v[] = {0x00, 0x12, 0x34, 0x56, 0, 0, 0, 100, 0, 0, 0, 160, 0, 5, 0, 24, 0x20, 0x01,
		0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42, 0, 0, 0, 200, 0, 0, valid_hi,
		valid_lo};

	option(3, v, sizeof(v));
}

static enum dhcp6_event take(struct dhcp6_client *c, int64_t now)
{
	return dhcp6_client_input(c, in, in_len, now);
}

static const uint8_t *find(unsigned code)
{
	for (size_t at = 4; at + 4 <= out_len; at += 4u + out[at + 2] * 256u + out[at + 3])
		if (out[at] * 256u + out[at + 1] == code)
			return out + at + 4;
	return NULL;
}

static void bind_one(struct dhcp6_client *c)
{
	char text[IP_TEXT_MAX];
	const uint8_t *p;

	dhcp6_client_init(c, mac, true, 0);
	dhcp6_client_tick(c, 0, out, &out_len);
	is_int(out[0], DHCP6_SOLICIT, "asks who is there");
	ok((p = find(1)) && !memcmp(p, "\0\3\0\1\x52\x54\0\x12\x34\x56", 10),
		"as DUID of its MAC address");
	ok(find(3) && !memcmp(find(3), "\0\x12\x34\x56\0\0\0\0\0\0\0\0", 12), "for one address");
	ok(find(8) && find(6) && find(14), "elapsed time, what it wants, rapid commit");
	ok(c->due_ms >= 1000 && c->due_ms <= 1100,
		"the first repetition after a second, never before");
	message(DHCP6_ADVERTISE, c);
	ia(1, 0x90);
	is_int(take(c, 10), DHCP6_NOTHING, "an offer");
	is_int(c->state, DHCP6_STATE_SOLICITING, "is kept while others may come");
	dhcp6_client_tick(c, c->due_ms, out, &out_len);
	is_int(out[0], DHCP6_REQUEST, "and taken then");
	ok((p = find(2)) && !memcmp(p, "\0\3\0\1\2\0\0\0\0\1", 10), "from that server");
	ok((p = find(3)) && p[12 + 4 + 15] == 0x42, "with the address offered");
	message(DHCP6_REPLY, c);
	ia(1, 0x90);
	option(23, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x53", 16);
	option(24, "\3lab\7example\0", 13);
	is_int(take(c, 2000), DHCP6_BOUND, "the reply gives it");
	is_str(ip_text(&c->lease.address, text), "2001:db8::42", "address");
	is_str(ip_text(&c->lease.dns[0], text), "2001:db8::53", "name server");
	is_str(c->lease.domain, "lab.example", "domain");
	is_int(c->due_ms, 102000, "renewed at T1");
}

static void test_lease(void)
{
	struct dhcp6_client c;

	bind_one(&c);
	dhcp6_client_tick(&c, 102000, out, &out_len);
	is_int(out[0], DHCP6_RENEW, "renews");
	ok(find(2) && find(3), "with its server");
	message(DHCP6_REPLY, &c);
	ia(1, 0x90);
	is_int(take(&c, 103000), DHCP6_RENEWED, "goes on");
	dhcp6_client_tick(&c, 203000, out, &out_len);
	for (int i = 0; i < 10 && c.state == DHCP6_STATE_RENEWING; i++)
		dhcp6_client_tick(&c, c.due_ms, out, &out_len);
	is_int(out[0], DHCP6_REBIND, "without an answer asks all servers from T2 on");
	ok(!find(2), "naming none");
	enum dhcp6_event ev = DHCP6_NOTHING;
	for (int i = 0; i < 20 && ev == DHCP6_NOTHING; i++)
		ev = dhcp6_client_tick(&c, c.due_ms, out, &out_len);
	is_int(ev, DHCP6_LOST, "until the address is over");
	ok(out[0] == DHCP6_SOLICIT, "and begins anew");
}

static void test_release(void)
{
	struct dhcp6_client c;

	bind_one(&c);
	out_len = dhcp6_client_release(&c, 5000, out);
	ok(out_len && out[0] == DHCP6_RELEASE && find(2) && find(3), "gives the address back");
	dhcp6_client_init(&c, mac, true, 0);
	is_int(dhcp6_client_release(&c, 0, out), 0, "nothing to give back");
}

static void test_refusals(void)
{
	struct dhcp6_client c;

	dhcp6_client_init(&c, mac, true, 0);
	dhcp6_client_tick(&c, 0, out, &out_len);
	message(DHCP6_ADVERTISE, &c);
	option(13, "\0\2no\x1b", 5);
	is_int(take(&c, 10), DHCP6_NOTHING, "no address to be had");
	is_int(c.refusal, DHCP6_NO_ADDRS_AVAIL, "is known");
	is_str(c.message, "no?", "with what the server said, printable");
	is_str(dhcp6_status_name(c.refusal), "NoAddrsAvail", "by name");
	bind_one(&c);
	dhcp6_client_tick(&c, 102000, out, &out_len);
	message(DHCP6_REPLY, &c);
	option(13, "\0\3", 2);
	is_int(take(&c, 102500), DHCP6_NOTHING, "a server that has forgotten us");
	dhcp6_client_tick(&c, c.due_ms, out, &out_len);
	is_int(out[0], DHCP6_REQUEST, "is asked for the address again");
	message(DHCP6_REPLY, &c);
	option(13, "\0\4", 2);
	is_int(take(&c, 103000), DHCP6_LOST, "which no longer belongs on this link");
}

static void test_ignored(void)
{
	struct dhcp6_client c;

	dhcp6_client_init(&c, mac, true, 0);
	dhcp6_client_tick(&c, 0, out, &out_len);
	message(DHCP6_ADVERTISE, &c);
	ia(1, 0x90);
	in[1] ^= 1;
	take(&c, 1);
	is_int(c.preference, -1, "another transaction");
	in[1] ^= 1;
	in[8 + 9] ^= 1;
	take(&c, 1);
	is_int(c.preference, -1, "another client");
	message(DHCP6_ADVERTISE, &c);
	ia(0, 100);
	take(&c, 1);
	is_int(c.preference, -1, "preferred for longer than valid");
	message(DHCP6_ADVERTISE, &c);
	ia(1, 0x90);
	in_len--;
	take(&c, 1);
	is_int(c.preference, -1, "cut off");
	message(DHCP6_ADVERTISE, &c);
	option(7, "\xff", 1);
	ia(1, 0x90);
	take(&c, 1);
	is_int(c.due_ms, 1, "the highest preference is taken at once");
}

static void test_stateless(void)
{
	struct dhcp6_client c;

	dhcp6_client_init(&c, mac, false, 0);
	dhcp6_client_tick(&c, 0, out, &out_len);
	ok(out[0] == DHCP6_INFORMATION_REQUEST && !find(3), "asks for name servers alone");
	message(DHCP6_REPLY, &c);
	option(23, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x53", 16);
	option(32, "\0\0\0\1", 4);
	is_int(take(&c, 10), DHCP6_BOUND, "has them");
	is_int(c.lease.n_dns, 1, "one");
	is_int(c.due_ms, 600010, "and asks again, not before ten minutes");
	dhcp6_client_tick(&c, c.due_ms, out, &out_len);
	is_int(out[0], DHCP6_INFORMATION_REQUEST, "once more");
}

static void test_rapid(void)
{
	struct dhcp6_client c;

	dhcp6_client_init(&c, mac, true, 0);
	dhcp6_client_tick(&c, 0, out, &out_len);
	message(DHCP6_REPLY, &c);
	ia(1, 0x90);
	is_int(take(&c, 1), DHCP6_NOTHING, "a reply to what was not asked");
	message(DHCP6_REPLY, &c);
	option(13, "\0\2", 2);
	take(&c, 1);
	is_int(c.refusal, DHCP6_NO_ADDRS_AVAIL, "a refusal in a reply, as dnsmasq sends it");
	message(DHCP6_REPLY, &c);
	ia(1, 0x90);
	option(14, NULL, 0);
	is_int(take(&c, 1), DHCP6_BOUND, "rapid commit");
}

static void test_ra(void)
{
	static const uint8_t ra[] = {134, 0, 0, 0, 64, 0xc0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0,
		/* source link-layer address */ 1, 1, 2, 0, 0, 0, 0, 1,
		/* RDNSS */ 25, 3, 0, 0, 0, 0, 2, 88, 0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 1,
		/* DNSSL */ 31, 2, 0, 0, 0, 0, 2, 88, 3, 'l', 'a', 'b', 0, 0, 0, 0};
	uint8_t copy[sizeof(ra)];
	char text[IP_TEXT_MAX];
	struct ra r;

	is_int(ra_parse(ra, sizeof(ra), &r), 0, "an advertisement");
	ok(r.managed && r.other && r.router_s == 1800, "flags and lifetime");
	is_int(r.n_dns, 1, "a name server");
	is_str(ip_text(&r.dns[0], text), "fd77::1", "its address");
	is_str(r.domain, "lab", "a domain");
	is_int(ra_parse(ra, 15, &r), -EINVAL, "too short");
	is_int(ra_parse(ra, 30, &r), -EINVAL, "an option beyond the end");
	memcpy(copy, ra, sizeof(ra));
	copy[17] = 0;
	is_int(ra_parse(copy, sizeof(copy), &r), -EINVAL, "an option without a length");
}

static void test_ip(void)
{
	char name[IP_DOMAIN_MAX];
	struct ip ip;
	int bits;

	ok(ip_parse("192.0.2.1", &ip) == 0 && ip.family == IP_V4, "IPv4");
	ok(ip_parse("2001:db8::1", &ip) == 0 && ip.family == IP_V6, "IPv6");
	is_int(ip_parse("x", &ip), -EINVAL, "neither");
	ok(ip_parse_prefix("10.0.0.0/8", &ip, &bits) == 0 && bits == 8, "with bits");
	ok(ip_parse_prefix("10.0.0.0/33", &ip, &bits) < 0, "too many bits");
	is_int(ip_netmask_bits("255.255.252.0", IP_V4), 22, "a netmask");
	is_int(ip_netmask_bits("ffff:ffff::", IP_V6), 32, "of IPv6");
	is_int(ip_netmask_bits("255.0.255.0", IP_V4), -EINVAL, "with a hole");
	is_int(ip_domain((const uint8_t *)"\1a\2bc\0", 6, name), 6, "a name's bytes");
	is_str(name, "a.bc", "a name");
	is_int(ip_domain((const uint8_t *)"\5abc", 4, name), -EINVAL, "cut off");
	is_int(ip_domain((const uint8_t *)"\3a;b\0", 5, name), 5,
		"characters that are none of a name's");
	is_str(name, "", "are not taken over");
}

int main(void)
{
	test_ip();
	test_ra();
	test_lease();
	test_release();
	test_refusals();
	test_ignored();
	test_stateless();
	test_rapid();
	return done_testing();
}
