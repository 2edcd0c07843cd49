/* Inside and outside a session: sequence window, repeats, privileges, closing, what needs none. */
#include "tests/unit/bmcemu/emu.h"
#include "tests/unit/tap.h"

#define BOTH (BMCEMU_SUITE_3 | BMCEMU_SUITE_17)

static uint32_t count_repeats(const struct emu *e)
{
	struct bmcemu_counters n;

	bmcemu_counters(e->bmc, &n);
	return n.repeats;
}

static uint32_t count_bad(const struct emu *e)
{
	struct bmcemu_counters n;

	bmcemu_counters(e->bmc, &n);
	return n.bad_packets;
}

static int ask_at(struct console *c, uint32_t seq, uint8_t rq_seq)
{
	return console_send(c, seq, rq_seq, 0x06, 0x01, NULL, 0);
}

/* IPMI 2.0 section 6.12.13: 15 ahead, 16 behind. */
static void test_window(bool suite_3)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	c.suite_3 = suite_3;
	ok(console_login(&c), "log in with suite %d", suite_3 ? 3 : 17);
	is_int(ask_at(&c, 1, 1), 0, "the first packet is number 1");
	is_int(ask_at(&c, 1, 2), -1, "number 1 again is dropped");
	is_int(ask_at(&c, 16, 3), 0, "15 ahead is taken");
	is_int(ask_at(&c, 32, 4), -1, "16 ahead is dropped");
	is_int(ask_at(&c, 31, 5), 0, "15 ahead again");
	is_int(ask_at(&c, 15, 6), 0, "16 behind is taken");
	is_int(ask_at(&c, 15, 7), -1, "once");
	is_int(ask_at(&c, 14, 8), -1, "17 behind is dropped");
	is_int(ask_at(&c, 0, 9), -1, "number 0 is dropped");
	is_int(ask_at(&c, 32, 10), 0, "the session goes on");
	is_int(count_bad(&e), 5, "what was dropped was counted");
	emu_end(&e);
}

static void test_integrity(void)
{
	uint8_t m[64], p[512];
	struct console c;
	struct emu e;
	size_t n;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	ok(console_login(&c), "log in");
	n = console_wrap(&c, 1, m, console_message(0x06, 0x01, 1, NULL, 0, m), p);
	int answered = 0;
	for (size_t i = 4; i < n; i++) {
		p[i] ^= 0x10;
		console_give(&c, p, n);
		answered += c.answers;
		p[i] ^= 0x10;
	}
	is_int(answered, 0, "no packet with a changed byte is answered");
	for (size_t i = 0; i < n; i++) {
		console_give(&c, p, i);
		answered += c.answers;
	}
	is_int(answered, 0, "nor one that is cut");
	console_give(&c, p, n);
	is_int(c.answers, 1, "the whole one is");
	console_payload(&c, 0x00, m, console_message(0x00, 0x02, 1, (uint8_t[]){1}, 1, m));
	is_int(c.answers && c.answer[0][16 + 6], 1, "a power command outside a session: refused");
	is_int(c.answer[0][16 + 6], 0xd4, "with insufficient privilege");
	ok(!simmachine_is_on(e.machine), "and not carried out");
	emu_end(&e);
}

static void test_repeat(void)
{
	const uint8_t cycle[] = {2};
	struct simmachine_counters n;
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	ok(console_login(&c), "log in");
	console_ask(&c, 0x06, 0x3b, 4);
	console_ask(&c, 0x00, 0x02, 1);
	is_int(console_send(&c, 10, 20, 0x00, 0x02, cycle, 1), 0, "a power cycle");
	is_int(console_send(&c, 11, 20, 0x00, 0x02, cycle, 1), 0, "asked again with a new number");
	simmachine_counters(e.machine, &n);
	is_int(n.off, 1, "it is answered again and done once");
	is_int(count_repeats(&e), 1, "from the cache");
	is_int(console_send(&c, 12, 21, 0x00, 0x02, cycle, 1), 0, "another request");
	simmachine_counters(e.machine, &n);
	is_int(n.off, 2, "is done");
	bmcemu_advance(e.bmc, 5000);
	is_int(console_send(&c, 13, 21, 0x00, 0x02, cycle, 1), 0, "the same after its lifetime");
	simmachine_counters(e.machine, &n);
	is_int(n.off, 3, "is a new one");
	emu_end(&e);
}

static void test_privileges(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	c.role = 0x13;
	ok(console_login(&c), "an administrator logs in as operator");
	is_int(console_ask(&c, 0x00, 0x01), 0, "a session begins at user level: status");
	is_int(console_ask(&c, 0x00, 0x02, 1), 0xd4, "and no more");
	is_int(console_ask(&c, 0x06, 0x3b, 4), 0x81, "administrator: beyond the session's limit");
	is_int(console_ask(&c, 0x06, 0x3b, 1), 0xcc, "callback: invalid");
	is_int(console_ask(&c, 0x06, 0x3b, 3), 0, "operator");
	is_int(c.plain[7], 3, "is told back");
	is_int(console_ask(&c, 0x06, 0x3b, 0), 0, "0 asks only");
	is_int(c.plain[7], 3, "and changes nothing");
	is_int(console_ask(&c, 0x00, 0x02, 1), 0, "power on");
	is_int(console_ask(&c, 0x06, 0x02), 0xd4, "no reset of the BMC");
	console_init(&c, e.bmc, "op", "op-secret");
	c.role = 0x13;
	ok(console_login(&c), "an operator logs in");
	is_int(console_ask(&c, 0x06, 0x3b, 4), 0x80, "administrator: not available for this user");
	emu_end(&e);
}

static void test_close(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	ok(console_login(&c), "log in");
	is_int(console_ask(&c, 0x06, 0x3c, 1, 2, 3, 4), 0x87, "closing a session that is not: 87h");
	is_int(console_ask(&c, 0x06, 0x3c, c.id, c.id >> 8, c.id >> 16, c.id >> 24), 0, "closing");
	is_int(bmcemu_sessions(e.bmc), 0, "ends it");
	is_int(console_ask(&c, 0x06, 0x01), -1, "and then nothing is answered");
	ok(console_login(&c), "log in again");
	bmcemu_reset(e.bmc);
	is_int(console_open(&c), -1, "a BMC that resets is silent");
	bmcemu_advance(e.bmc, 2000);
	is_int(console_ask(&c, 0x06, 0x01), -1, "and has forgotten its sessions");
	ok(console_login(&c), "and takes new ones");
	emu_end(&e);
}

/* Asks in the IPMI 1.5 wrapper; the answer's message is at answer[0] + 14. */
static int ask_v15(struct console *c, uint8_t cmd, const uint8_t *data, size_t len)
{
	uint8_t p[64] = {6, 0, 0xff, 7};
	size_t n = console_message(0x06, cmd, 1, data, len, p + 14);

	p[13] = n;
	console_give(c, p, 14 + n);
	return c->answers ? c->answer[0][14 + 6] : -1;
}

static void test_sessionless(void)
{
	const uint8_t ipmi2[] = {0x8e, 4}, ipmi15[] = {0x0e, 4}, list[] = {0x0e, 0, 0x80};
	const uint8_t suites[] = {0x01, 0xc0, 0x11, 0x03, 0x44, 0x81, 0xc0, 0x03, 0x01, 0x41, 0x81};
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, "key");
	console_init(&c, e.bmc, "admin", "secret123");
	is_int(ask_v15(&c, 0x38, ipmi2, 2), 0, "Get Channel Authentication Capabilities");
	ok(!memcmp(c.answer[0] + 21, (uint8_t[]){1, 0x80, 0x24, 0x02}, 4),
		"tells IPMI 2.0, K_g set, names that are not null");
	is_int(ask_v15(&c, 0x38, ipmi15, 2), 0, "asked by an IPMI 1.5 client");
	is_int(c.answer[0][22] & 0x80, 0, "it does not tell of 2.0");
	is_int(ask_v15(&c, 0x54, list, 3), 0, "Get Channel Cipher Suites");
	ok(c.answer_len[0] == 14 + 7 + sizeof(suites) + 1 &&
			!memcmp(c.answer[0] + 21, suites, sizeof(suites)),
		"lists 17 and 3 as table 22-18 writes them");
	is_int(ask_v15(&c, 0x37, NULL, 0), 0, "Get System GUID");
	is_int(ask_v15(&c, 0x01, NULL, 0), 0xd4, "Get Device ID needs a session");
	is_int(ask_v15(&c, 0x38, ipmi2, 1), 0xc7, "a short request: C7h");
	emu_end(&e);
}

int main(void)
{
	test_window(false);
	test_window(true);
	test_integrity();
	test_repeat();
	test_privileges();
	test_close();
	test_sessionless();
	return done_testing();
}
