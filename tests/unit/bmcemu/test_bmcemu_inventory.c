/* SEL, SDR repository and FRU inventory by hand: reservations, partial reads, ids, and the faults
 * that belong to them. Layouts are those of IPMI 2.0 chapters 31 to 35 and 43. */
#include "tests/bmc/sel.h"
#include "tests/bmc/sensor.h"
#include "tests/unit/bmcemu/emu.h"
#include "tests/unit/tap.h"

#define SENSOR	0x04
#define STORAGE 0x0a

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

static unsigned answer16(int at)
{
	return c.plain[7 + at] | c.plain[8 + at] << 8;
}

static unsigned reserve(uint8_t cmd)
{
	return console_ask(&c, STORAGE, cmd) == 0 ? answer16(0) : 0;
}

static void test_sel(void)
{
	static const uint8_t record[16] = {
		0, 0, 0x02, 1, 2, 3, 4, 0x20, 0, 4, 1, 0x10, 1, 0x57, 2, 3};
	static const uint8_t oem[16] = {0, 0, 0xe5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	unsigned held;

	start();
	is_int(console_ask(&c, STORAGE, 0x43, 0, 0, 0, 0, 0, 0xff), 0xcb,
		"an empty log has no first record");
	is_int(bmcemu_sel_add(e.bmc, record), 1, "the first record is 1");
	is_int(bmcemu_sel_add(e.bmc, oem), 2, "the next 2");
	is_int(console_ask(&c, STORAGE, 0x43, 0, 0, 0, 0, 0, 0xff), 0, "get the first");
	is_int(answer16(0), 2, "its next one is 2");
	ok(c.plain_len - 8 == 2 + 16 && !memcmp(c.plain + 9 + 7, record + 7, 9),
		"it is as it was added");
	ok(memcmp(c.plain + 9 + 3, record + 3, 4) != 0, "with the BMC's time");
	is_int(console_ask(&c, STORAGE, 0x43, 0, 0, 0xff, 0xff, 0, 0xff), 0, "get the last");
	is_int(answer16(0), 0xffff, "nothing follows");
	ok(!memcmp(c.plain + 9 + 2, oem + 2, 14), "a record without time is kept whole");
	is_int(console_ask(&c, STORAGE, 0x43, 0, 0, 2, 0, 4, 3), 0xc5,
		"a part needs a reservation");
	held = reserve(0x42);
	is_int(console_ask(&c, STORAGE, 0x43, held, held >> 8, 2, 0, 4, 3), 0, "with one it comes");
	ok(c.plain_len - 8 == 2 + 3 && !memcmp(c.plain + 9, oem + 4, 3), "and is that part");
	is_int(console_ask(&c, STORAGE, 0x46, held, held >> 8, 1, 0), 0, "delete record 1");
	is_int(console_ask(&c, STORAGE, 0x46, held, held >> 8, 2, 0), 0xc5,
		"which ends the reservation");
	held = reserve(0x42);
	is_int(console_ask(&c, STORAGE, 0x47, held, held >> 8, 'C', 'L', 'X', 0xaa), 0xcc,
		"a wrong word does not clear");
	is_int(console_ask(&c, STORAGE, 0x47, held, held >> 8, 'C', 'L', 'R', 0xaa), 0,
		"the right one does");
	is_int(c.plain[7] & 0x0f, 1, "and is done");
	ok(!bmcemu_sel_at(e.bmc, 0), "nothing is left");
	emu_end(&e);
}

static void test_sdr(void)
{
	unsigned held, first, whole;
	uint8_t full[80];

	start();
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 0, 0, 0, 0xff), 0, "the first record");
	first = answer16(0);
	is_int(c.plain[9 + 3], 0x12, "is the management controller's locator");
	whole = c.plain_len - 8 - 2;
	is_int(c.plain[9 + 4], whole - 5, "its header tells its length");
	memcpy(full, c.plain + 9, whole);
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 1, 0, 5, 4), 0xc5,
		"a part needs a reservation");
	held = reserve(0x22);
	is_int(console_ask(&c, STORAGE, 0x23, held, held >> 8, 1, 0, 5, 4), 0, "with one it comes");
	ok(answer16(0) == first && !memcmp(c.plain + 9, full + 5, 4), "and is that part");
	is_int(console_ask(&c, STORAGE, 0x23, held, held >> 8, 1, 0, whole, 1), 0xc9,
		"nothing is behind its end");
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 0xe7, 3, 0, 0xff), 0xcb,
		"record 999 is not there");
	bmcemu_reset(e.bmc);
	bmcemu_advance(e.bmc, 2000);
	ok(console_login(&c), "after a reset of the BMC");
	is_int(console_ask(&c, STORAGE, 0x23, held, held >> 8, 1, 0, 5, 4), 0xc5,
		"the reservation is gone");
	emu_end(&e);
}

static void test_faults(void)
{
	unsigned held, n;

	start();
	console_ask(&c, STORAGE, 0x20);
	n = answer16(1);
	set("sdr_bad_count", "7");
	console_ask(&c, STORAGE, 0x20);
	is_int(answer16(1), n + 7, "sdr_bad_count");
	set("sdr_read_max", "16");
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 2, 0, 0, 0x20), 0xca,
		"sdr_read_max: 32 bytes are too many");
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 2, 0, 0, 16), 0, "16 are not");
	n = c.plain[9 + 4];
	set("sdr_bad_length", "9");
	console_ask(&c, STORAGE, 0x23, 0, 0, 2, 0, 0, 16);
	is_int(c.plain[9 + 4], n + 9, "sdr_bad_length");
	bmcemu_clear_faults(e.bmc);
	set("sdr_last_fails", "1");
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 0xff, 0xff, 0, 0xff), 0xc3, "sdr_last_fails");
	is_int(console_ask(&c, STORAGE, 0x23, 0, 0, 0, 0, 0, 0xff), 0, "the first is well");
	set("reservation_lost_nth", "2");
	held = reserve(0x22);
	is_int(console_ask(&c, STORAGE, 0x23, held, held >> 8, 1, 0, 5, 4), 0,
		"reservation_lost_nth 2: once");
	is_int(console_ask(&c, STORAGE, 0x23, held, held >> 8, 1, 0, 5, 4), 0xc5,
		"then it is lost");
	set("fru_read_max", "16");
	is_int(console_ask(&c, STORAGE, 0x11, 0, 0, 0, 17), 0xca,
		"fru_read_max: 17 bytes are too many");
	is_int(console_ask(&c, STORAGE, 0x11, 0, 0, 0, 16), 0, "16 are not");
	emu_end(&e);
}

static void test_sensors(void)
{
	struct err err = {0};

	start();
	is_int(bmcemu_sensor_set_raw(e.bmc, "Gizmo", 1, &err), -ENOENT, "no such sensor");
	ok(strstr(err.text, "Gizmo"), "is named");
	is_int(console_ask(&c, SENSOR, 0x2d, 0x20), 0, "Get Sensor Reading of a fan");
	ok(c.plain[8] & 0x20, "which has none without power");
	is_int(console_ask(&c, SENSOR, 0x2d, 0x05), 0xcb,
		"a sensor that only has events cannot be read");
	is_int(bmcemu_sensor_set_value(e.bmc, "cpu1 temp", 86, &err), 0, "86 degrees");
	is_int(console_ask(&c, SENSOR, 0x2d, 0x10), 0, "read back");
	ok(c.plain[7] == 86 && c.plain[9] == (0xc0 | 0x08), "86, past upper non-critical");
	is_int(console_ask(&c, SENSOR, 0x27, 0x10), 0, "its thresholds");
	ok(!memcmp(c.plain + 7, (uint8_t[]){0x38, 0, 0, 0, 85, 95, 100}, 7), "are 85, 95, 100");
	is_int(console_ask(&c, SENSOR, 0x26, 0x10, 0x01, 1, 2, 3, 4, 5, 6), 0xcc,
		"one that it has not cannot be set");
	is_int(bmcemu_sensor_release(e.bmc, "CPU1 Temp", &err), 0, "it moves by itself again");
	console_ask(&c, SENSOR, 0x2d, 0x10);
	is_int(c.plain[7], 24, "and is cool");
	ok(bmcemu_sel_at(e.bmc, 1)[12] & 0x80, "which the log keeps as a deassertion");
	emu_end(&e);
}

static void test_watchdog(void)
{
	const uint8_t *logged;

	start();
	simmachine_set_power(e.machine, true);
	is_int(console_ask(&c, 0x06, 0x22), 0x80,
		"a watchdog that was never set cannot be started");
	is_int(console_ask(&c, 0x06, 0x24, 0, 1, 0, 0, 1, 0), 0xcc, "its use is 1 to 5");
	is_int(console_ask(&c, 0x06, 0x24, 4, 2, 0, 0, 1, 0), 0, "SMS/OS, power down after 100 ms");
	is_int(console_ask(&c, 0x06, 0x22), 0, "start");
	is_int(console_ask(&c, 0x06, 0x25), 0, "get");
	ok(c.plain[7] == 0x44 && c.plain[8] == 2 && c.plain[11] == 1, "it runs");
	uv_run(&e.loop, UV_RUN_DEFAULT);
	ok(!simmachine_is_on(e.machine), "it ran out, and power went");
	logged = bmcemu_sel_at(e.bmc, 2);
	ok(logged && logged[10] == 0x23 && logged[13] == 0xc2 && logged[14] == 4,
		"the log has watchdog 2, power down, SMS/OS");
	console_ask(&c, 0x06, 0x25);
	ok(c.plain[7] == 0x04 && c.plain[10] == 0x10, "it has stopped and says which use expired");
	is_int(console_ask(&c, 0x00, 0x07), 0, "restart cause");
	is_int(c.plain[7], 4, "is the watchdog");
	emu_end(&e);
}

int main(void)
{
	test_sel();
	test_sdr();
	test_faults();
	test_sensors();
	test_watchdog();
	return done_testing();
}
