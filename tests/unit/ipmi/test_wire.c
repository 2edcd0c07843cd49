/* Packets outside of sessions. Expected bytes: written down from the specifications by hand. */
#include <errno.h>

#include "conductor/bmc/ipmi/wire.h"
#include "tests/unit/tap.h"

/* IPMI 22.13 in an IPMI 1.5 packet; as ipmitool 1.8.19 sends it, but with rqSeq 5. */
static const uint8_t caps_request[] = {0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x09, 0x20, 0x18, 0xc8, 0x81, 0x14, 0x38, 0x8e, 0x04, 0xa1};
/* What ipmi_sim 2.0.33 answers (recorded). */
static const uint8_t caps_answer[] = {0x06, 0x00, 0xff, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x10, 0x81, 0x1c, 0x63, 0x20, 0x00, 0x38, 0x00, 0x01, 0x97, 0x06, 0x03,
	0x00, 0x00, 0x00, 0x00, 0x07};
/* ASF 2.0, 3.2.4.3. */
static const uint8_t pong[] = {0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x40, 0x07, 0x00,
	0x10, 0x00, 0x00, 0x11, 0xbe, 0x00, 0x00, 0x00, 0x00, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00};

static void test_build(void)
{
	/* ASF 2.0, 3.2.4.2: presence ping, tag 7. */
	const uint8_t ping[] = {0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x07, 0, 0};
	/* Chassis Control "on", rqSeq 9: checksums are 256 minus the sum of what they cover. */
	const uint8_t power_on[] = {0x20, 0x00, 0xe0, 0x81, 0x24, 0x02, 0x01, 0x58};
	const uint8_t on = 1;
	uint8_t out[64];

	ok(wire_ping_build(out, 7) == sizeof(ping) && !memcmp(out, ping, sizeof(ping)),
		"presence ping");
	ok(wire_auth_caps_build(out, 5, 4) == sizeof(caps_request) &&
			!memcmp(out, caps_request, sizeof(caps_request)),
		"Get Channel Authentication Capabilities");
	ok(wire_message_build(out, 0, 9, 2, &on, 1) == sizeof(power_on) &&
			!memcmp(out, power_on, sizeof(power_on)),
		"Chassis Control");
}

static void test_parse(void)
{
	struct wire_packet w;
	struct wire_message m;
	uint8_t copy[sizeof(caps_answer)];

	is_int(wire_parse(pong, sizeof(pong), &w), 0, "presence pong");
	is_int(w.kind, WIRE_PONG, "is a pong");
	is_int(wire_parse(caps_answer, sizeof(caps_answer), &w), 0, "IPMI 1.5 packet");
	is_int(w.kind, WIRE_V15, "is IPMI 1.5");
	is_int(wire_message_parse(w.payload, w.payload_len, false, &m), 0, "with a message");
	ok(m.netfn == 7 && m.cmd == 0x38 && m.cc == 0 && m.rqseq == 0 && m.len == 8,
		"with its fields");
	ok(m.data[0] == 0x01 && m.data[7] == 0x00, "and its data");
	memcpy(copy, caps_answer, sizeof(copy));
	copy[sizeof(copy) - 1] ^= 0x10;
	wire_parse(copy, sizeof(copy), &w);
	is_int(wire_message_parse(w.payload, w.payload_len, false, &m), -EBADMSG,
		"a wrong checksum is refused");
	is_int(wire_message_parse(w.payload, w.payload_len, true, &m), 0,
		"unless it is to be ignored");
}

static void test_cut(void)
{
	struct wire_packet w;
	struct wire_message m;
	size_t taken = 0;

	for (size_t n = 0; n < sizeof(caps_answer); n++)
		taken += wire_parse(caps_answer, n, &w) == 0;
	is_int(taken, 0, "no packet that is cut short is taken");
	wire_parse(caps_answer, sizeof(caps_answer), &w);
	for (size_t n = 0; n < 8; n++)
		taken += wire_message_parse(w.payload, n, true, &m) == 0;
	is_int(taken, 0, "no message without a completion code is taken");
}

static void test_foreign(void)
{
	static const struct {
		const char *what;
		uint8_t data[24];
		size_t len;
	} rows[] = {
		{"another RMCP version", {0x05, 0, 0xff, 0x07, 0x06}, 24},
		{"another RMCP class", {0x06, 0, 0xff, 0x08, 0x06}, 24},
		{"an RMCP acknowledge", {0x06, 0, 0x01, 0x87}, 4},
		{"IPMI 1.5 with MD5", {0x06, 0, 0xff, 0x07, 0x02}, 24},
		{"an OEM payload", {0x06, 0, 0xff, 0x07, 0x06, 0x02}, 24},
		{"a payload longer than the packet",
			{0x06, 0, 0xff, 0x07, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0}, 24},
		{"a pong of somebody else", {0x06, 0, 0xff, 0x06, 0, 0, 0, 1, 0x40}, 24},
		{"a ping", {0x06, 0, 0xff, 0x06, 0, 0, 0x11, 0xbe, 0x80}, 24},
	};
	struct wire_packet w;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_int(wire_parse(rows[i].data, rows[i].len, &w), -EBADMSG, "%s is refused",
			rows[i].what);
}

int main(void)
{
	test_build();
	test_parse();
	test_cut();
	test_foreign();
	return done_testing();
}
