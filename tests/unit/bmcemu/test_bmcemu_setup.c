/* The handshake: which status code each wrong message gets (IPMI 2.0 table 13-15), and repeats. */
#include "tests/unit/bmcemu/emu.h"
#include "tests/unit/tap.h"

#define BOTH (BMCEMU_SUITE_3 | BMCEMU_SUITE_17)

static void test_algorithms(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	is_int(console_open_with(&c, 2, 1, 1), 0x04, "HMAC-MD5: invalid authentication algorithm");
	is_int(console_open_with(&c, 0, 0, 0), 0x04, "no authentication: the same");
	is_int(console_open_with(&c, 1, 9, 1), 0x05, "invalid integrity algorithm");
	is_int(console_open_with(&c, 1, 1, 0), 0x10, "no confidentiality: invalid");
	is_int(console_open_with(&c, 1, 4, 1), 0x11, "a mixture of suites: no match");
	is_int(console_open_with(&c, 3, 4, 1), 0, "suite 17");
	is_int(c.answer[0][32], 3, "its authentication algorithm is told");
	is_int(c.answer[0][40], 4, "its integrity algorithm is told");
	is_int(c.answer_len[0], 16 + 36, "length of the answer");
	is_int(console_open_with(&c, 1, 1, 1), 0, "suite 3");
	c.open_role = 6;
	is_int(console_open_with(&c, 1, 1, 1), 0x09, "privilege level 6: invalid role");
	is_int(c.answer_len[0], 16 + 8, "a refusal is short");
	emu_end(&e);
	emu_start(&e, BMCEMU_SUITE_17, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	is_int(console_open_with(&c, 1, 1, 1), 0x11, "suite 3 when it is off: no match");
	emu_end(&e);
}

static void test_names(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "nobody", "");
	console_open(&c);
	is_int(console_rakp_1(&c), 0x0d, "unauthorized name");
	is_int(console_rakp_1(&c), 0x02, "and that session is gone");
	c.name = "seventeen-letters";
	console_open(&c);
	is_int(console_rakp_1(&c), 0x0c, "invalid name length");
	console_init(&c, e.bmc, "op", "op-secret");
	console_open(&c);
	is_int(console_rakp_1(&c), 0x0a, "an operator asks for administrator: not authorized");
	c.role = 0x10;
	console_open(&c);
	is_int(console_rakp_1(&c), 0x09, "role 0: invalid");
	c.role = 0x13;
	c.open_role = 2;
	console_open(&c);
	is_int(console_rakp_1(&c), 0x0a, "more than Open Session asked for: not authorized");
	c.open_role = 3;
	ok(console_login(&c), "operator as operator");
	emu_end(&e);
}

static void test_lookup(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "twin", "as-admin");
	is_int(console_open(&c), 0, "two users of one name: open");
	is_int(console_rakp_1(&c), 0x0a, "name-only lookup stops at the first");
	c.role = 0x04;
	ok(console_login(&c), "name and privilege find the administrator");
	console_init(&c, e.bmc, "twin", "as-user");
	c.role = 0x02;
	ok(console_login(&c), "and the user");
	emu_end(&e);
}

static void test_passwords(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "wrong");
	console_open(&c);
	is_int(console_rakp_1(&c), 0, "the name is right");
	ok(!console_rakp_2_is_good(&c), "the key exchange code does not fit a wrong password");
	is_int(console_rakp_3(&c), 0x0f, "and ours is refused: invalid integrity check value");
	is_int(console_rakp_3(&c), 0x02, "the session is gone");
	is_int(bmcemu_sessions(e.bmc), 0, "no session is active");
	for (int i = 0; i < 2; i++) {
		console_init(&c, e.bmc, "long", "twenty-bytes-exactly");
		c.suite_3 = i;
		ok(console_login(&c), "20-byte password, suite %d", i ? 3 : 17);
	}
	emu_end(&e);
}

static void test_kg(void)
{
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, "key");
	console_init(&c, e.bmc, "admin", "secret123");
	c.has_kg = true;
	memcpy(c.kg, "key", 3);
	ok(console_login(&c), "right K_g");
	c.kg[0] = 'K';
	is_int(console_open(&c), 0, "wrong K_g: open");
	console_rakp_1(&c);
	ok(console_rakp_2_is_good(&c), "RAKP 2 is about the password only");
	is_int(console_rakp_3(&c), 0, "so is RAKP 3");
	ok(!console_rakp_4_is_good(&c), "RAKP 4 shows the wrong K_g");
	emu_end(&e);
}

static void test_repeats(void)
{
	uint8_t first[512];
	struct console c;
	struct emu e;

	emu_start(&e, BOTH, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	console_open(&c);
	uint32_t id = c.id;
	console_open(&c);
	is_int(c.id, id, "Open Session again from the same console: the same session");
	c.peer.sin_port = htons(5001);
	console_open(&c);
	ok(c.id != id, "the same id from another port: another session");
	console_rakp_1(&c);
	memcpy(first, c.answer[0], c.answer_len[0]);
	console_rakp_1(&c);
	ok(!memcmp(first, c.answer[0], c.answer_len[0]), "RAKP 1 again: the same RAKP 2");
	is_int(console_rakp_3(&c), 0, "RAKP 3");
	memcpy(first, c.answer[0], c.answer_len[0]);
	is_int(console_rakp_3(&c), 0, "RAKP 3 again");
	ok(!memcmp(first, c.answer[0], c.answer_len[0]), "gets the same RAKP 4");
	is_int(bmcemu_sessions(e.bmc), 1, "and there is one session");
	is_int(console_ask(&c, 0x06, 0x01), 0, "which works");
	is_int(console_rakp_1(&c), 0x02, "RAKP 1 for an active session is refused");
	emu_end(&e);
}

static void test_slots(void)
{
	struct console c;
	struct emu e;
	int status = 0;

	emu_start(&e, BOTH, NULL);
	for (int i = 0; i < 40; i++) {
		console_init(&c, e.bmc, "admin", "secret123");
		c.role = 0x15; /* refused in RAKP 1, or left alone */
		status |= console_open_with(&c, 3, 4, 1);
	}
	is_int(status, 0, "abandoned set-ups do not use up the slots");
	for (int i = 0; i < 4; i++) {
		console_init(&c, e.bmc, "admin", "secret123");
		ok(console_login(&c), "session %d of 4", i + 1);
	}
	is_int(console_open(&c), 0x01, "the fifth: insufficient resources");
	bmcemu_advance(e.bmc, 61000);
	ok(console_login(&c), "after a minute idle sessions make room");
	is_int(bmcemu_sessions(e.bmc), 1, "they are gone");
	emu_end(&e);
}

int main(void)
{
	test_algorithms();
	test_names();
	test_lookup();
	test_passwords();
	test_kg();
	test_repeats();
	test_slots();
	return done_testing();
}
