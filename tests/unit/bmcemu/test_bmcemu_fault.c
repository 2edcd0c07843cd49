/* Each fault of the emulator does what its line in the table says, and stops when it is cleared. */
#include "tests/unit/bmcemu/emu.h"
#include "tests/unit/tap.h"

static struct emu e;
static struct console c;

static void start(void)
{
	emu_start(&e, BMCEMU_SUITE_17, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	if (!console_login(&c) || console_ask(&c, 0x06, 0x3b, 4) != 0)
		ok(false, "log in");
}

static void set(const char *name, const char *value)
{
	struct err err;

	if (bmcemu_set_fault(e.bmc, name, value, &err) < 0)
		ok(false, "%s", err.text);
}

static int device_id(void)
{
	return console_ask(&c, 0x06, 0x01);
}

static bool power_shown(void)
{
	return console_ask(&c, 0x00, 0x01) == 0 && c.plain[7] & 1;
}

static void test_names(void)
{
	const char *name, *help;
	struct err err = {0};
	uint32_t v;
	size_t n = 0;

	start();
	is_int(bmcemu_set_fault(e.bmc, "gremlins", "1", &err), -ENOENT, "no such fault");
	ok(strstr(err.text, "gremlins"), "is named");
	is_int(bmcemu_set_fault(e.bmc, "silent", "2", &err), -ERANGE, "a switch is 0 or 1");
	is_int(bmcemu_set_fault(e.bmc, "silent", "x", &err), -EINVAL, "a value is a number");
	ok(strstr(err.text, "from 0 to 1"), "and the text says which");
	while (bmcemu_fault_info(n, &name, &help)) {
		if (bmcemu_set_fault(e.bmc, name, "1", &err) < 0 || !help[0])
			ok(false, "fault %s can be set and is explained", name);
		n++;
	}
	ok(n >= 20, "the table has its faults");
	bmcemu_clear_faults(e.bmc);
	is_int(bmcemu_get_fault(e.bmc, "silent", &v, &err), 0, "a fault can be read");
	is_int(v, 0, "and is off when cleared");
	is_int(device_id(), 0, "then all is well");
	emu_end(&e);
}

static void test_losses(void)
{
	struct simmachine_counters n;
	int got = 0;

	start();
	set("silent", "1");
	is_int(device_id(), -1, "silent");
	bmcemu_clear_faults(e.bmc);
	set("drop_nth", "3");
	for (int i = 0; i < 9; i++)
		got += device_id() == 0;
	is_int(got, 6, "drop_nth 3: six of nine");
	bmcemu_clear_faults(e.bmc);
	set("drop_reply_nth", "1");
	is_int(console_ask(&c, 0x00, 0x02, 1), -1, "drop_reply_nth 1: no answer");
	simmachine_counters(e.machine, &n);
	is_int(n.on, 1, "and yet it was done");
	bmcemu_clear_faults(e.bmc);
	set("duplicate", "1");
	is_int(device_id(), 0, "duplicate: an answer");
	is_int(c.answers, 2, "twice");
	ok(!memcmp(c.answer[0], c.answer[1], c.answer_len[0]), "the same");
	bmcemu_clear_faults(e.bmc);
	set("garbage_nth", "2");
	is_int(device_id(), 0, "garbage_nth 2: one is good");
	is_int(device_id(), -1, "the next is not");
	is_int(c.answers, 1, "though something came");
	emu_end(&e);
}

static void test_delays(void)
{
	uint8_t first[512];

	start();
	set("delay_ms", "5");
	is_int(device_id(), -1, "delay_ms: no answer at once");
	uv_run(&e.loop, UV_RUN_DEFAULT);
	is_int(c.answers, 1, "but later");
	bmcemu_clear_faults(e.bmc);
	set("rakp_delay_ms", "5");
	is_int(console_open(&c), -1, "rakp_delay_ms: no answer to Open Session at once");
	uv_run(&e.loop, UV_RUN_DEFAULT);
	is_int(c.answers, 1, "but later");
	bmcemu_clear_faults(e.bmc);
	c.seq = 0;
	ok(console_login(&c), "log in again");
	set("reorder", "1");
	console_send(&c, 1, 1, 0x06, 0x01, NULL, 0);
	is_int(c.answers, 0, "reorder: the first waits");
	is_int(console_send(&c, 2, 2, 0x06, 0x01, NULL, 0), 0, "the second is there");
	memcpy(first, c.answer[0], c.answer_len[0]);
	uv_run(&e.loop, UV_RUN_DEFAULT);
	is_int(c.answers, 2, "then the first comes");
	ok(console_unwrap(&c, 1) && c.plain[4] == 1 << 2, "it is the first's answer");
	emu_end(&e);
}

static void test_commands(void)
{
	start();
	set("busy_nth", "2");
	is_int(device_id(), 0, "busy_nth 2: one is served");
	is_int(device_id(), 0xc0, "the next hears node busy");
	bmcemu_clear_faults(e.bmc);
	set("freeze_gap_ms", "1000");
	set("freeze_ms", "3000");
	bmcemu_advance(e.bmc, 1000);
	is_int(device_id(), 0, "freeze_gap_ms: asked slowly enough");
	is_int(device_id(), -1, "too fast");
	bmcemu_advance(e.bmc, 2000);
	is_int(device_id(), -1, "frozen");
	bmcemu_advance(e.bmc, 1000);
	is_int(device_id(), 0, "and back");
	bmcemu_clear_faults(e.bmc);
	set("session_requests", "2");
	is_int(device_id(), 0, "session_requests 2: the first");
	is_int(device_id(), 0, "the second");
	is_int(device_id(), -1, "then the session is forgotten");
	is_int(bmcemu_sessions(e.bmc), 0, "really");
	bmcemu_clear_faults(e.bmc);
	set("slots_full", "1");
	is_int(console_open(&c), 0x01, "slots_full: insufficient resources");
	emu_end(&e);
}

static void test_power(void)
{
	start();
	set("ignore_power", "1");
	is_int(console_ask(&c, 0x00, 0x02, 1), 0, "ignore_power: power on succeeds");
	ok(!simmachine_is_on(e.machine), "and does nothing");
	bmcemu_clear_faults(e.bmc);
	set("stale_power_s", "10");
	is_int(console_ask(&c, 0x00, 0x02, 1), 0, "stale_power_s: power on");
	ok(simmachine_is_on(e.machine) && !power_shown(), "the status still says off");
	bmcemu_advance(e.bmc, 10000);
	ok(power_shown(), "ten seconds later on");
	bmcemu_clear_faults(e.bmc);
	is_int(console_ask(&c, 0x00, 0x02, 0), 0, "power off");
	is_int(console_ask(&c, 0x00, 0x02, 0), 0, "again");
	set("off_when_off", "1");
	is_int(console_ask(&c, 0x00, 0x02, 0), 0xd5, "off_when_off: again is an error");
	emu_end(&e);
}

static void test_boot(void)
{
	struct boot_choice b;

	start();
	set("ignore_boot_flags", "1");
	console_ask(&c, 0x00, 0x08, 5, 0x80, 0x04, 0, 0, 0);
	is_int(console_ask(&c, 0x00, 0x09, 5, 0, 0), 0, "ignore_boot_flags: read-back");
	is_int(c.plain[9], 0x80, "is as written");
	bmcemu_boot_flags_peek(e.bmc, &b);
	ok(!b.valid, "but the machine boots as it likes");
	bmcemu_clear_faults(e.bmc);
	bmcemu_boot_flags_peek(e.bmc, &b);
	ok(b.valid && b.device == BOOT_DEVICE_PXE, "without the fault it follows");
	set("forget_boot_flags", "1");
	is_int(console_ask(&c, 0x00, 0x08, 5, 0xe0, 0x08, 0, 0, 0), 0, "forget_boot_flags");
	console_ask(&c, 0x00, 0x09, 5, 0, 0);
	is_int(c.plain[9], 0x80, "the old ones stand");
	set("no_boot_param_3", "1");
	is_int(console_ask(&c, 0x00, 0x08, 3, 8), 0x80, "no_boot_param_3: set");
	is_int(console_ask(&c, 0x00, 0x09, 3, 0, 0), 0x80, "and get");
	set("no_cipher_list", "1");
	is_int(console_ask(&c, 0x06, 0x54, 0x0e, 0, 0x80), -1, "no_cipher_list: no answer");
	is_int(device_id(), 0, "all else answers");
	emu_end(&e);
}

static void test_mix_ups(void)
{
	int got = 0;

	start();
	is_int(bmcemu_set_fault(e.bmc, "wrong-seq-nth", "2", NULL), 0, "a name may have dashes");
	is_int(device_id(), 0, "wrong_seq_nth 2: one is right");
	is_int(device_id(), -1, "the next is not");
	ok(console_unwrap(&c, 0) && c.plain[4] == (c.rq_seq ^ 1) << 2,
		"it answers another request");
	bmcemu_clear_faults(e.bmc);
	set("wrong_session_nth", "1");
	is_int(device_id(), -1, "wrong_session_nth 1: an answer that is not for this session");
	ok(c.answers == 1 && c.answer[0][6] == (CONSOLE_ID & 0xff) - 1 + 2 * !(CONSOLE_ID & 1),
		"but for another one");
	bmcemu_clear_faults(e.bmc);
	set("session_ends_nth", "1");
	is_int(console_ask(&c, 0x00, 0x02, 1), -1, "session_ends_nth 1: no answer");
	ok(simmachine_is_on(e.machine) && bmcemu_sessions(e.bmc) == 0, "done, and no session");
	bmcemu_clear_faults(e.bmc);
	set("wrong_password", "1");
	is_int(console_open(&c), 0, "wrong_password: a session opens");
	ok(console_rakp_1(&c) == 0 && !console_rakp_2_is_good(&c),
		"the BMC knows another password");
	is_int(console_rakp_3(&c), 0x0f, "and refuses this one");
	bmcemu_clear_faults(e.bmc);
	ok(console_login(&c), "then all is well");
	set("drop_percent", "50");
	for (int i = 0; i < 200; i++)
		got += device_id() == 0;
	ok(got > 20 && got < 80, "drop_percent 50: %d of 200 come through both ways", got);
	emu_end(&e);
}

int main(void)
{
	test_names();
	test_losses();
	test_delays();
	test_commands();
	test_power();
	test_boot();
	test_mix_ups();
	return done_testing();
}
