/* DHCPv4: messages laid out by hand after RFC 2131, 2132 and 3442, and the client's course. */
#include "tests/unit/tap.h"

#include "agent/init/net/dhcp.h"

#include <arpa/inet.h>
#include <errno.h>

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xaa, 0x00, 0x02};

struct message {
	uint8_t data[1024];
	size_t len;
};

static void option(struct message *m, uint8_t code, const void *data, uint8_t len)
{
	m->data[m->len++] = code;
	m->data[m->len++] = len;
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

/* A server's message without its end option. */
static void begin(struct message *m, uint32_t xid, uint8_t type, const char *yiaddr)
{
	uint32_t address = inet_addr(yiaddr), server = inet_addr("10.0.2.2");

	memset(m, 0, sizeof(*m));
	m->data[0] = 2;
	m->data[1] = 1;
	m->data[2] = 6;
	memcpy(m->data + 4, &xid, 4);
	memcpy(m->data + 16, &address, 4);
	memcpy(m->data + 28, mac, 6);
	memcpy(m->data + 236, "\x63\x82\x53\x63", 4);
	m->len = 240;
	option(m, 53, &type, 1);
	option(m, 54, &server, 4);
}

static void end(struct message *m)
{
	m->data[m->len++] = 255;
}

static int parse(struct message *m, struct dhcp_reply *r)
{
	end(m);
	return dhcp_parse(m->data, m->len, r);
}

static void test_options(void)
{
	struct dhcp_reply r;
	struct message m;

	begin(&m, 7, DHCP_OFFER, "10.0.2.15");
	option(&m, 1, "\xff\xff\xff\x00", 4);
	option(&m, 3, "\x0a\x00\x02\x02\x0a\x00\x02\x03", 8);
	option(&m, 6, "\x0a\x00\x02\x03\x08\x08\x08\x08", 8);
	option(&m, 12, "r12u07", 6);
	option(&m, 15, "lab.example", 11);
	option(&m, 26, "\x23\x28", 2);
	option(&m, 51, "\x00\x00\x0e\x10", 4);
	m.data[m.len++] = 0; /* pad */
	is_int(parse(&m, &r), 0, "an offer");
	is_int(r.type, DHCP_OFFER, "type");
	is_int(r.xid, 7, "transaction");
	is_int(r.lease.address, inet_addr("10.0.2.15"), "address");
	is_int(r.lease.netmask, inet_addr("255.255.255.0"), "netmask");
	is_int(r.lease.server, inet_addr("10.0.2.2"), "server");
	is_int(r.lease.n_routes, 1, "one default route: the first router");
	is_int(r.lease.routes[0].gateway, inet_addr("10.0.2.2"), "router");
	is_int(r.lease.n_dns, 2, "name servers");
	is_int(r.lease.mtu, 9000, "MTU");
	is_str(r.lease.hostname, "r12u07", "host name");
	is_str(r.lease.domain, "lab.example", "domain");
	is_int(r.lease.t1_s, 1800, "T1 is half of the lease");
	is_int(r.lease.t2_s, 3150, "T2 is seven eighths");
}

static void test_routes(void)
{
	/* 10.17.0.0/16 by 10.0.2.9; default by 10.0.2.1 (RFC 3442's encoding) */
	static const uint8_t routes[] = {16, 10, 17, 10, 0, 2, 9, 0, 10, 0, 2, 1};
	struct dhcp_reply r;
	struct message m;

	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	option(&m, 121, routes, sizeof(routes));
	option(&m, 3, "\x0a\x00\x02\x02", 4);
	is_int(parse(&m, &r), 0, "classless routes");
	is_int(r.lease.n_routes, 2, "take the place of the router option");
	is_int(r.lease.routes[0].destination, inet_addr("10.17.0.0"), "destination");
	is_int(r.lease.routes[0].netmask, inet_addr("255.255.0.0"), "width");
	is_int(r.lease.routes[0].gateway, inet_addr("10.0.2.9"), "gateway");
	is_int(r.lease.routes[1].netmask, 0, "default route");
	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	option(&m, 121, "\x21\x0a\x00\x00\x00\x00\x0a\x00\x02\x09", 10);
	is_int(parse(&m, &r), 0, "a width of 33");
	is_int(r.lease.n_routes, 0, "is no route");
}

static void test_hostile(void)
{
	struct dhcp_reply r;
	struct message m;

	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	is_int(dhcp_parse(m.data, 239, &r), -EINVAL, "too short");
	is_int(dhcp_parse(m.data, 240, &r), -EINVAL, "no message type: BOOTP");
	m.data[m.len++] = 12;
	m.data[m.len++] = 200;
	is_int(dhcp_parse(m.data, m.len, &r), -EINVAL, "an option longer than the message");
	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	m.data[0] = 1;
	is_int(parse(&m, &r), -EINVAL, "a request is no reply");
	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	option(&m, 12, "a b;reboot", 10);
	option(&m, 26, "\x00\x10", 2);
	option(&m, 1, "\xff", 1);
	is_int(parse(&m, &r), 0, "options with nonsense in them");
	is_str(r.lease.hostname, "", "a host name that is none is dropped");
	is_int(r.lease.mtu, 0, "so is an MTU below 576");
	is_int(r.lease.netmask, 0, "and a netmask of one byte");
	begin(&m, 7, DHCP_ACK, "10.0.2.15");
	option(&m, 52, "\x01", 1); /* options go on in the file field */
	m.data[108] = 12;
	m.data[109] = 2;
	memcpy(m.data + 110, "ov\xff", 3);
	is_int(parse(&m, &r), 0, "overloaded");
	is_str(r.lease.hostname, "ov", "options in the file field");
}

static void test_frame(void)
{
	uint8_t frame[DHCP_FRAME_MAX], message[300] = {1};
	const uint8_t *payload;
	size_t n = dhcp_frame_build(message, sizeof(message), frame), len;
	uint32_t sum = 0;

	is_int(n, 328, "20 bytes IP, 8 bytes UDP, the message");
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	is_int((sum & 0xffff) + (sum >> 16), 0xffff, "the header's ones' complement sum");
	is_int(frame[22] << 8 | frame[23], 67, "to the server's port");
	is_int(dhcp_frame_parse(frame, n, &payload, &len), -EINVAL, "which is not ours");
	frame[22] = 0;
	frame[23] = 68;
	is_int(dhcp_frame_parse(frame, n, &payload, &len), 0, "to the client's port");
	ok(payload == frame + 28 && len == 300, "the payload");
	is_int(dhcp_frame_parse(frame, n - 1, &payload, &len), -EINVAL, "cut");
	frame[8]++;
	is_int(dhcp_frame_parse(frame, n, &payload, &len), -EINVAL, "a wrong header checksum");
}

static uint8_t type_of(const uint8_t *message)
{
	return message[240] == 53 ? message[242] : 0; /* we send it first */
}

static bool has_option(const uint8_t *m, size_t len, uint8_t code, const void *data, uint8_t n)
{
	for (size_t at = 240; at + 1 < len && m[at] != 255; at += m[at] ? 2u + m[at + 1] : 1u)
		if (m[at] == code)
			return m[at + 1] == n && !memcmp(m + at + 2, data, n);
	return false;
}

static void reply(struct dhcp_client *c, struct message *m, uint8_t type)
{
	begin(m, c->xid, type, "10.0.2.15");
	option(m, 51, "\x00\x00\x0e\x10", 4); /* an hour */
	end(m);
}

static void test_client(void)
{
	uint32_t want = inet_addr("10.0.2.15"), server = inet_addr("10.0.2.2");
	uint8_t out[DHCP_MESSAGE_MAX];
	struct dhcp_client c;
	enum dhcp_send how;
	struct message m;
	size_t len;

	dhcp_client_init(&c, mac, 1000);
	dhcp_client_tick(&c, 1000, out, &len, &how);
	is_int(how, DHCP_SEND_BROADCAST, "discovers at once");
	is_int(type_of(out), DHCP_DISCOVER, "DHCPDISCOVER");
	ok(has_option(out, len, 61, "\x01\x52\x54\x00\xaa\x00\x02", 7), "client id as iPXE's");
	is_int(c.due_ms, 2000, "again after a second");
	reply(&c, &m, DHCP_ACK);
	is_int(dhcp_client_input(&c, m.data, m.len, 1100), DHCP_NOTHING, "an ACK to nothing");
	is_int(c.state, DHCP_STATE_SELECTING, "is ignored");
	reply(&c, &m, DHCP_OFFER);
	m.data[33] ^= 1;
	dhcp_client_input(&c, m.data, m.len, 1100);
	is_int(c.state, DHCP_STATE_SELECTING, "another machine's offer is ignored");
	m.data[33] ^= 1;
	dhcp_client_input(&c, m.data, m.len, 1100);
	dhcp_client_tick(&c, 1100, out, &len, &how);
	is_int(type_of(out), DHCP_REQUEST, "an offer is requested at once");
	ok(has_option(out, len, 50, &want, 4) && has_option(out, len, 54, &server, 4),
		"by address and server");
	reply(&c, &m, DHCP_ACK);
	is_int(dhcp_client_input(&c, m.data, m.len, 1200), DHCP_BOUND, "bound");
	is_int(c.due_ms, 1200 + 1800 * 1000, "next at T1");
}

static void bind_client(struct dhcp_client *c)
{
	uint8_t out[DHCP_MESSAGE_MAX];
	enum dhcp_send how;
	struct message m;
	size_t len;

	dhcp_client_init(c, mac, 0);
	dhcp_client_tick(c, 0, out, &len, &how);
	reply(c, &m, DHCP_OFFER);
	dhcp_client_input(c, m.data, m.len, 0);
	dhcp_client_tick(c, 0, out, &len, &how);
	reply(c, &m, DHCP_ACK);
	dhcp_client_input(c, m.data, m.len, 0);
}

static void test_renewal(void)
{
	uint8_t out[DHCP_MESSAGE_MAX];
	uint32_t ciaddr;
	struct dhcp_client c;
	enum dhcp_send how;
	struct message m;
	size_t len;

	bind_client(&c);
	dhcp_client_tick(&c, 1800 * 1000, out, &len, &how);
	is_int(how, DHCP_SEND_UNICAST, "T1: the server is asked directly");
	memcpy(&ciaddr, out + 12, 4);
	is_int(ciaddr, inet_addr("10.0.2.15"), "from our address");
	reply(&c, &m, DHCP_ACK);
	is_int(dhcp_client_input(&c, m.data, m.len, 1801 * 1000), DHCP_RENEWED, "renewed");
	is_int(c.due_ms, (1801 + 1800) * 1000, "for another half");
	bind_client(&c);
	dhcp_client_tick(&c, 1800 * 1000, out, &len, &how);
	dhcp_client_tick(&c, 3150 * 1000, out, &len, &how);
	is_int(how, DHCP_SEND_BROADCAST, "T2: everybody is asked");
	is_int(dhcp_client_tick(&c, 3600 * 1000, out, &len, &how), DHCP_LOST,
		"the end of the lease");
	is_int(c.state, DHCP_STATE_SELECTING, "starts over");
	bind_client(&c);
	dhcp_client_tick(&c, 1800 * 1000, out, &len, &how);
	reply(&c, &m, DHCP_NAK);
	is_int(dhcp_client_input(&c, m.data, m.len, 1800 * 1000), DHCP_LOST, "a NAK ends it, too");
}

int main(void)
{
	test_options();
	test_routes();
	test_hostile();
	test_frame();
	test_client();
	test_renewal();
	return done_testing();
}
