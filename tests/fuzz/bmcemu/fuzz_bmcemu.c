/*
 * Packets into an emulated BMC that has a session open. The input is a row of steps: a byte that
 * says what, a length byte, and so many bytes. 0: a raw datagram; 1: a payload outside a session,
 * its type first; 2: a payload inside the session, well signed; 3: an IPMI message inside it:
 * network function, command, data; 4: time passes; 5: a fault is set; 6: the same as 3 outside a
 * session; 7: a script sets a sensor by its place in the table; 8: a SOL payload inside the
 * session; 9: the machine writes to its console.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/bmc/sensor.h"
#include "tests/unit/bmcemu/emu.h"

static void give_message(struct console *c, const uint8_t *p, size_t len)
{
	if (len < 2)
		return;
	c->seq++;
	console_send(c, c->seq, c->seq & 0x3f, p[0] >> 2, p[1], p + 2, len - 2);
}

static void give_loose_message(struct console *c, const uint8_t *p, size_t len)
{
	uint8_t m[300];

	if (len >= 2)
		console_payload(c, 0, m, console_message(p[0] >> 2, p[1], 1, p + 2, len - 2, m));
}

static void set_fault(struct emu *e, const uint8_t *p, size_t len)
{
	const char *name, *help;
	char value[16];

	if (len < 2 || !bmcemu_fault_info(p[0], &name, &help))
		return;
	snprintf(value, sizeof(value), "%u", p[1]);
	bmcemu_set_fault(e->bmc, name, value, NULL);
}

static void set_sensor(struct emu *e, const uint8_t *p, size_t len)
{
	const struct sensor *s = len ? sensor_at(p[0]) : NULL;
	char name[32];

	if (!s)
		return;
	snprintf(name, sizeof(name), s->share ? "%s %d" : "%s", s->name, (int)(len % 8));
	if (len == 1)
		bmcemu_sensor_release(e->bmc, name, NULL);
	else if (len == 2)
		bmcemu_sensor_set_value(e->bmc, name, p[1], NULL);
	else
		bmcemu_sensor_set_raw(e->bmc, name, p[1] | p[2] << 8, NULL);
}

static void step(struct emu *e, struct console *c, uint8_t what, const uint8_t *p, size_t len)
{
	uint8_t packet[512];

	switch (what) {
	case 0:
		console_give(c, p, len);
		break;
	case 1:
		if (len)
			console_payload(c, p[0], p + 1, len - 1);
		break;
	case 2:
		console_give(c, packet, console_wrap(c, ++c->seq, p, len, packet));
		break;
	case 3:
		give_message(c, p, len);
		break;
	case 4:
		bmcemu_advance(e->bmc, len ? p[0] * 1000 : 1);
		break;
	case 5:
		set_fault(e, p, len);
		break;
	case 6:
		give_loose_message(c, p, len);
		break;
	case 7:
		set_sensor(e, p, len);
		break;
	case 8:
		c->payload = 1;
		console_give(c, packet, console_wrap(c, ++c->seq, p, len, packet));
		c->payload = 0;
		break;
	case 9:
		bmcemu_console_output(e->bmc, p, len);
		uv_run(&e->loop, UV_RUN_NOWAIT);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console c;
	struct emu e;

	emu_start(&e, BMCEMU_SUITE_3 | BMCEMU_SUITE_17, NULL);
	console_init(&c, e.bmc, "admin", "secret123");
	c.suite_3 = size % 2;
	if (!console_login(&c) || console_ask(&c, 0x06, 0x3b, 4) != 0)
		abort();
	while (size >= 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		step(&e, &c, data[0], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	emu_end(&e);
	return 0;
}
