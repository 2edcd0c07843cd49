/* Serial over LAN by hand (IPMI 2.0 chapters 15, 24, 26): who gets the console, sequence numbers,
 * acknowledgements in whole and in part, repeats, refusals. */
#include "tests/unit/bmcemu/emu.h"
#include "tests/unit/tap.h"

#define ACTIVATE(c) console_ask(c, 0x06, 0x48, 1, 1, 0xc0, 0, 0, 0)

static struct emu e;
static struct console c, second;

static void log_in(struct console *k)
{
	console_init(k, e.bmc, "admin", "secret123");
	if (!console_login(k) || console_ask(k, 0x06, 0x3b, 4) != 0)
		ok(false, "log in");
}

static void start(void)
{
	emu_start(&e, BMCEMU_SUITE_17, NULL);
	log_in(&c);
	simmachine_set_power(e.machine, true);
}

/* Sends one SOL packet; answers are counted from there on. */
static void sol(uint8_t seq, uint8_t ack, uint8_t taken, uint8_t op, const char *text)
{
	uint8_t p[300] = {seq, ack, taken, op}, packet[512];

	memcpy(p + 4, text, strlen(text));
	c.payload = 1;
	console_give(&c, packet, console_wrap(&c, ++c.seq, p, 4 + strlen(text), packet));
	c.payload = 0;
}

/* Answer i is a SOL packet with these first bytes and this text. */
static bool came(
	unsigned i, uint8_t seq, uint8_t ack, uint8_t taken, uint8_t status, const char *text)
{
	const uint8_t want[4] = {seq, ack, taken, status};

	return i < c.answers && console_unwrap(&c, i) && c.plain_payload == 1 &&
	       c.plain_len == 4 + strlen(text) && !memcmp(c.plain, want, 4) &&
	       !memcmp(c.plain + 4, text, strlen(text));
}

static void output(const char *text)
{
	c.answers = 0;
	bmcemu_console_output(e.bmc, text, strlen(text));
}

static void test_who(void)
{
	start();
	log_in(&second);
	bmcemu_set_sink(e.bmc, console_sink, &second);
	is_int(console_ask(&second, 0x06, 0x48, 1, 1, 0x00, 0, 0, 0), 0x84,
		"not without encryption");
	is_int(console_ask(&second, 0x06, 0x48, 1, 2, 0xc0, 0, 0, 0), 0xcc,
		"there is one instance");
	is_int(ACTIVATE(&second), 0, "the second session activates SOL");
	ok(second.plain[7 + 4] == 255 && second.plain[7 + 6] == 255, "255 bytes a payload");
	is_int(ACTIVATE(&second), 0x80, "already active, also for the holder");
	bmcemu_set_sink(e.bmc, console_sink, &c);
	is_int(ACTIVATE(&c), 0x80, "and for others");
	is_int(console_ask(&c, 0x06, 0x4a, 1), 0, "activation status");
	ok(c.plain[7] == 1 && c.plain[8] == 1, "instance 1 of 1 is active");
	sol(1, 0, 0, 0, "x");
	is_int(c.answers, 0, "who does not hold it cannot type");
	console_ask(
		&second, 0x06, 0x3c, second.id, second.id >> 8, second.id >> 16, second.id >> 24);
	ok(!bmcemu_console_is_held(e.bmc), "closing the holder's session frees it");
	is_int(console_ask(&c, 0x06, 0x49, 1, 1, 0, 0, 0, 0), 0x80,
		"deactivating what is not active: 80h");
	is_int(ACTIVATE(&c), 0, "now the first gets it");
	is_int(console_ask(&c, 0x06, 0x49, 1, 1, 0, 0, 0, 0), 0, "and gives it back");
	emu_end(&e);
}

static void test_typing(void)
{
	char *typed;

	start();
	ACTIVATE(&c);
	sol(1, 0, 0, 0, "ab");
	ok(came(0, 0, 1, 2, 0, ""), "two characters are taken");
	sol(1, 0, 0, 0, "ab");
	ok(came(0, 0, 1, 2, 0, ""), "a repeat gets the same answer");
	typed = simmachine_typed(e.machine);
	is_str(typed, "ab", "and was typed once");
	free(typed);
	bmcemu_set_fault(e.bmc, "sol_take_max", "1", NULL);
	sol(2, 0, 0, 0, "cd");
	ok(came(0, 0, 2, 1, 0, ""), "sol_take_max 1: one of two is taken");
	bmcemu_clear_faults(e.bmc);
	bmcemu_set_fault(e.bmc, "sol_nack_nth", "1", NULL);
	sol(3, 0, 0, 0, "d");
	ok(came(0, 0, 3, 0, 0x40, ""), "sol_nack_nth 1: refused");
	bmcemu_clear_faults(e.bmc);
	sol(3, 0, 0, 0, "d");
	ok(came(0, 0, 3, 1, 0, ""), "and taken when it comes again");
	sol(4, 0, 0, 0x10, "");
	struct simmachine_counters n;
	simmachine_counters(e.machine, &n);
	is_int(n.breaks, 1, "a break");
	bmcemu_set_fault(e.bmc, "sol_ends_after", "1", NULL);
	sol(5, 0, 0, 0, "e");
	ok(came(1, 0, 0, 0, 0x10, ""), "sol_ends_after: deactivating");
	ok(!bmcemu_console_is_held(e.bmc), "and gone");
	emu_end(&e);
}

static void test_output(void)
{
	char long_text[100] = {0};

	memset(long_text, 'L', 96);
	start();
	output("nobody looks");
	ACTIVATE(&c);
	is_int(console_ask(&c, 0x0c, 0x21, 1, 4, 2, 1), 0, "two repeats after 10 ms");
	bmcemu_set_fault(e.bmc, "silent", "1", NULL);
	output(long_text);
	is_int(c.answers, 0, "a silent BMC is silent here too");
	bmcemu_clear_faults(e.bmc);
	sol(0, 1, 96, 0, "");
	output("short");
	is_int(c.answers, 0, "a few characters wait for more");
	uv_run(&e.loop, UV_RUN_DEFAULT);
	ok(came(0, 2, 0, 0, 0, "short"), "then they come as packet 2");
	is_int(c.answers, 3, "which is sent three times");
	ok(came(2, 2, 0, 0, 0, "short"), "the same each time");
	output(long_text);
	ok(came(0, 3, 0, 0, 0x08, long_text),
		"enough characters come at once, with the news of the loss");
	output("more");
	is_int(c.answers, 0, "one packet is under way at a time");
	sol(0, 2, 5, 0, "");
	is_int(c.answers, 0, "an old acknowledgement counts for nothing");
	sol(0, 3, 90, 0, "");
	is_int(c.answers, 0, "the rest of a packet taken in part is again few");
	uv_run(&e.loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 200 && !c.answers; i++)
		uv_run(&e.loop, UV_RUN_ONCE);
	ok(came(0, 4, 0, 0, 0, "LLLLLLmore"), "and comes with what is behind it, as packet 4");
	sol(0, 4, 10, 0, "");
	c.answers = 0;
	uv_run(&e.loop, UV_RUN_DEFAULT);
	is_int(c.answers, 0, "what was acknowledged is not repeated");
	emu_end(&e);
}

static void test_parameters(void)
{
	start();
	is_int(console_ask(&c, 0x0c, 0x22, 1, 3, 0, 0), 0, "character accumulate");
	ok(c.plain[7] == 0x11 && c.plain[8] == 12 && c.plain[9] == 96, "60 ms, 96 characters");
	is_int(console_ask(&c, 0x0c, 0x22, 1, 9, 0, 0), 0x80, "there is no parameter 9");
	is_int(console_ask(&c, 0x0c, 0x21, 1, 8, 1, 1), 0x82, "the port is read-only");
	is_int(console_ask(&c, 0x0c, 0x21, 1, 1, 0, 0), 0xc7, "too long");
	is_int(console_ask(&c, 0x0c, 0x21, 1, 1, 0), 0, "disable SOL");
	is_int(ACTIVATE(&c), 0x81, "then it is disabled");
	emu_end(&e);
}

int main(void)
{
	test_who();
	test_typing();
	test_output();
	test_parameters();
	return done_testing();
}
