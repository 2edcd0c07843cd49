/*
 * The BMC's system interface: bytes as QEMU's ipmi-bmc-extern sends them (written by hand after
 * OpenIPMI's lanserv/README.vm), what comes back, and what is no message.
 */
#include "tests/bmc/systemif.h"

#include <stdlib.h>

#include "tests/bmc/simmachine.h"
#include "tests/unit/tap.h"

static struct bmcemu *bmc;
static struct systemif_stream stream;
static uint8_t got[1024];
static size_t got_len;

static void sink(void *data, const uint8_t *bytes, size_t len)
{
	if (got_len + len <= sizeof(got))
		memcpy(got + got_len, bytes, len);
	got_len += len;
}

static void feed(const void *bytes, size_t len)
{
	got_len = 0;
	systemif_feed(&stream, bytes, len);
}

#define FEED(bytes) feed(bytes, sizeof(bytes) - 1)

static void test_device_id(void)
{
	uint8_t s = 0;

	/* 05h: sequence; 18h: App, LUN 0; 01h: Get Device ID; the sum is 100h */
	FEED("\x05\x18\x01\xe2\xa0");
	if (!ok(got_len == 17 && got[16] == 0xa0, "Get Device ID is answered"))
		return;
	ok(got[0] == 5 && got[1] == 0x1c && got[2] == 1 && got[3] == 0,
		"with its sequence number, the response's function, its command, and success");
	is_int(got[4], 0x20, "device id");
	for (int i = 0; i < 16; i++)
		s += got[i];
	is_int(s, 0, "and a sum of zero");
}

static void test_lan(void)
{
	/* Get LAN Configuration: channel 1, parameter 5, MAC address */
	FEED("\x01\x30\x02\x01\x05\x00\x00\xc7\xa0");
	ok(got_len == 13 && got[3] == 0 && got[4] == 0x11 &&
			!memcmp(got + 5, "\x52\x54\0\0\0\1", 6),
		"the BMC's MAC address");
}

static void test_escape(void)
{
	/* sequence A0h and checksum A7h - 100h: Get Device ID; only the sequence is escaped */
	FEED("\xaa\xb0\x18\x01\x47\xa0");
	ok(got_len > 2 && got[0] == 0xaa && got[1] == 0xb0 && got[2] == 0x1c,
		"an escaped byte comes and goes escaped");
	feed("\x05\x18", 2);
	FEED("\x01\xe2\xa0");
	is_int(got_len, 17, "a message in two pieces is one");
	/* version and capabilities, as QEMU says them when it connects; then a message */
	FEED("\xff\x01\xa1\x08\x1f\xa1\x05\x18\x01\xe2\xa0");
	is_int(got_len, 17, "what is about wires is passed over");
}

static void test_rights(void)
{
	/* Chassis Control, on; nobody logged in, but who is inside may do all */
	FEED("\x02\x00\x02\x01\xfb\xa0");
	is_int(got[3], 0, "power on from inside");
	FEED("\x02\x18\x2e\x09\xaf\xa0");
	ok(got_len == 6 && got[3] == 0, "Set BMC Global Enables is a command of this interface");
	FEED("\x02\x18\x31\xb5\xa0");
	ok(got_len == 7 && got[3] == 0 && got[4] == 0, "so is Get Message Flags: none");
	FEED("\x02\x18\x33\xb3\xa0");
	is_int(got[3], 0x80, "and Get Message: none there");
	FEED("\x02\x18\x7f\x67\xa0");
	is_int(got[3], 0xc1, "an unknown command is refused");
}

static void test_refused(void)
{
	static uint8_t big[400];

	FEED("\x05\x18\x01\xe3\xa0");
	is_int(got_len, 0, "a wrong sum is no message");
	FEED("\x05\x18\xe3\xa0");
	is_int(got_len, 0, "three bytes are none");
	FEED("\x05\x1c\x01\xde\xa0");
	is_int(got_len, 0, "a response is no request");
	FEED("\x05\x18\x01\xe2\xaa\xa0");
	is_int(got_len, 0, "an end that is escaped is none");
	memset(big, 0, sizeof(big) - 1);
	big[399] = 0xa0;
	feed(big, sizeof(big));
	is_int(got_len, 0, "what is too long is dropped");
	FEED("\x05\x18\x01\xe2\xa0");
	is_int(got_len, 17, "and the next message is answered");
}

static void test_silent(void)
{
	bmcemu_set_fault(bmc, "silent", "1", NULL);
	FEED("\x05\x18\x01\xe2\xa0");
	is_int(got_len, 0, "a BMC that hangs does not answer inside either");
	bmcemu_clear_faults(bmc);
}

int main(void)
{
	struct simmachine_config mc = {0};
	struct simmachine *machine;
	struct bmcemu_config c;
	uv_loop_t loop;

	bmcemu_config_init(&c);
	if (uv_loop_init(&loop) < 0 || bmcemu_new(&loop, &c, &bmc, NULL) < 0)
		abort();
	simmachine_new(&loop, bmc, &mc, &machine);
	stream = (struct systemif_stream){.bmc = bmc, .sink = sink};
	test_device_id();
	test_lan();
	test_escape();
	test_rights();
	test_refused();
	test_silent();
	simmachine_free(machine);
	bmcemu_free(bmc);
	uv_run(&loop, UV_RUN_DEFAULT);
	is_int(uv_loop_close(&loop), 0, "all is closed");
	return done_testing();
}
