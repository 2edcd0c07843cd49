/* The operations of the control socket, each on one BMC; what they answer is merged into reply. The
 * table stands at the end. */
#include "tests/bmc/bmcd/operation.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/json/json.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/sensor.h"

json_t *operation_boot_json(const struct boot_choice *b)
{
	return json_pack("{s:b, s:s, s:b, s:b}", "valid", b->valid, "device",
		boot_device_name(b->device), "efi", b->efi, "persistent", b->persistent);
}

static int op_fault(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_t *set = json_object_get(q, "set"), *v;
	const char *name;
	char text[24];
	int r;

	json_object_foreach (set, name, v) {
		snprintf(text, sizeof(text), "%lld",
			json_is_boolean(v) ? json_is_true(v) : json_integer_value(v));
		r = bmcemu_set_fault(n->bmc, name, text, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int op_clear(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	bmcemu_clear_faults(n->bmc);
	return 0;
}

static json_t *counters_json(const struct farm_node *n)
{
	struct simmachine_counters m;
	struct bmcemu_counters c;

	bmcemu_counters(n->bmc, &c);
	simmachine_counters(n->machine, &m);
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}",
		"packets", c.packets, "bad_packets", c.bad_packets, "requests", c.requests,
		"repeats", c.repeats, "sessions", c.sessions, "auth_failures", c.auth_failures,
		"power_commands", c.power_commands, "on", m.on, "off", m.off, "reset", m.reset,
		"nmi", m.nmi, "soft", m.soft, "breaks", m.breaks);
}

static int op_state(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	static const char *const identify[] = {"off", "timed", "on"};
	struct boot_choice boot;
	uint8_t raw[5];
	char hex[11];

	bmcemu_boot_flags_raw(n->bmc, raw);
	simmachine_last_boot(n->machine, &boot);
	json_put_bool(reply, "power", simmachine_is_on(n->machine));
	json_put_str(reply, "boot_flags", hex_encode(raw, sizeof(raw), hex));
	json_object_set_new(reply, "last_boot", operation_boot_json(&boot));
	json_put_int(reply, "open_sessions", bmcemu_sessions(n->bmc));
	json_put_bool(reply, "console_held", bmcemu_console_is_held(n->bmc));
	json_put_str(reply, "identify", identify[bmcemu_identify(n->bmc)]);
	json_object_set_new(reply, "counters", counters_json(n));
	return 0;
}

static int op_address(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_put_str(reply, "address", bmcemu_address(n->bmc));
	json_put_int(reply, "port", bmcemu_port(n->bmc));
	return 0;
}

static int op_power(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	simmachine_set_power(n->machine, json_flag(q, "on", true));
	return 0;
}

static int op_reboot(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	simmachine_reboot(n->machine);
	return 0;
}

static int op_reset(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	bmcemu_reset(n->bmc);
	return 0;
}

static int op_advance(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	int64_t ms = json_int(q, "ms", 0);

	if (ms < 0 || ms > INT32_MAX)
		return err_set(e, ERANGE, "advance: ms is from 0 to %d", INT32_MAX);
	bmcemu_advance(n->bmc, ms);
	return 0;
}

/* Sets a sensor, or lets it move by itself again. */
static int op_sensor(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	const char *name = json_str(q, "name");
	const json_t *value = json_object_get(q, "value");
	int64_t raw = json_int(q, "raw", -1);

	if (json_is_number(value))
		return bmcemu_sensor_set_value(n->bmc, name, json_number_value(value), e);
	if (json_flag(q, "unavailable", false))
		return bmcemu_sensor_set_raw(n->bmc, name, SENSOR_UNAVAILABLE, e);
	if (raw > INT16_MAX)
		return err_set(e, ERANGE, "sensor: raw is from 0 to %d", INT16_MAX);
	return raw < 0 ? bmcemu_sensor_release(n->bmc, name, e)
		       : bmcemu_sensor_set_raw(n->bmc, name, (uint16_t)raw, e);
}

static int op_sel(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_t *records = json_array();
	char hex[2 * SEL_RECORD_LEN + 1];
	const uint8_t *p;

	for (size_t i = 0; (p = bmcemu_sel_at(n->bmc, i)); i++)
		json_array_append_new(records, json_string(hex_encode(p, SEL_RECORD_LEN, hex)));
	json_object_set_new(reply, "records", records);
	return 0;
}

static int op_sel_add(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	const char *hex = json_str(q, "record");
	uint8_t record[SEL_RECORD_LEN];

	if (!hex || hex_decode(hex, record, sizeof(record)) != SEL_RECORD_LEN)
		return err_set(e, EINVAL, "sel_add: record is %d bytes in hex", SEL_RECORD_LEN);
	for (int64_t i = json_int(q, "times", 1); i > 0 && i <= UINT16_MAX; i--)
		json_put_int(reply, "id", bmcemu_sel_add(n->bmc, record));
	return 0;
}

static int op_sel_clear(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	bmcemu_sel_clear(n->bmc);
	return 0;
}

/* The machine writes "text" to its serial console. */
static int op_console(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	const char *text = json_str(q, "text");

	if (!text)
		return err_set(e, EINVAL, "console: text is missing");
	simmachine_console(n->machine, text);
	return 0;
}

static int op_typed(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	_cleanup_free_ char *text = simmachine_typed(n->machine);

	json_put_str(reply, "text", text);
	return 0;
}

static int op_chassis(struct farm_node *n, const json_t *q, json_t *reply, struct err *e)
{
	json_t *set = json_object_get(q, "set"), *v;
	const char *name;
	int r = 0;

	json_object_foreach (set, name, v)
		if (r == 0)
			r = bmcemu_set_chassis(n->bmc, name, json_is_true(v), e);
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct farm_node *n, const json_t *q, json_t *reply, struct err *e);
} ops[] = {
	{"fault", op_fault},	 /* "set": {NAME: NUMBER, ...} */
	{"clear", op_clear},	 /* all faults off */
	{"state", op_state},	 /* power, boot flags, sessions, counters */
	{"address", op_address}, /* where it listens */
	{"power", op_power},	 /* "on": somebody at the machine */
	{"reboot", op_reboot},	 /* the system itself reboots */
	{"reset", op_reset},	 /* of the BMC itself */
	{"advance", op_advance}, /* "ms": its clock goes on */
	{"sensor", op_sensor},	 /* "name" and "value", "raw", "unavailable" or none of them */
	{"chassis", op_chassis}, /* "set": {NAME: BOOL, ...}, bits of Get Chassis Status */
	{"sel", op_sel},	 /* the event log's records */
	{"sel_add", op_sel_add}, /* "record": HEX, "times" */
	{"sel_clear", op_sel_clear},
	{"console", op_console}, /* "text": the machine writes it to its console */
	{"typed", op_typed},	 /* what was typed there since the last asking */
};

int operation_run(
	struct farm_node *n, const char *op, const json_t *q, json_t *reply, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (str_eq(ops[i].name, op))
			return ops[i].run(n, q, reply, e);
	return err_set(e, ENOENT, "op %s: no such operation", op ? op : "(none)");
}
