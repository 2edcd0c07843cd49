/* Chassis commands: power, status, identify (IPMI 2.0 chapter 28 without the boot options). */
#include "tests/bmc/command.h"
#include "tests/bmc/sensor.h"

#include <errno.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"

/* 28.1 */
uint8_t chassis_get_capabilities(const struct request *q, struct reply *r)
{
	reply_u8(r, 0x04); /* a diagnostic interrupt exists */
	for (int i = 0; i < 5; i++)
		reply_u8(r, 0x20); /* FRU, SDR, SEL, system management, bridge: all in the BMC */
	return CC_OK;
}

/* IPMI 2.0 table 28-3: which byte and bit tells what. */
static const struct {
	const char *name;
	uint8_t byte, bit;
} status_bits[] = {
	{"power-overload", 0, 0x02},
	{"interlock", 0, 0x04},
	{"power-fault", 0, 0x08},
	{"power-control-fault", 0, 0x10},
	{"last-ac-failed", 1, 0x01},
	{"last-overload", 1, 0x02},
	{"last-interlock", 1, 0x04},
	{"last-power-fault", 1, 0x08},
	{"intrusion", 2, 0x01},
	{"front-panel-lockout", 2, 0x02},
	{"drive-fault", 2, 0x04},
	{"cooling-fault", 2, 0x08},
};

static int unknown_bit(const char *name, struct err *e)
{
	struct buf names = BUF_INIT(512);
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(status_bits); i++)
		buf_printf(&names, " %s", status_bits[i].name);
	r = err_set(e, ENOENT, "chassis status %s: it is one of%s", name, buf_str(&names));
	buf_done(&names);
	return r;
}

int bmcemu_set_chassis(struct bmcemu *bmc, const char *name, bool on, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_bits); i++) {
		uint8_t *byte = &bmc->chassis[status_bits[i].byte];

		if (!str_eq(status_bits[i].name, name))
			continue;
		*byte = on ? *byte | status_bits[i].bit : *byte & ~status_bits[i].bit;
		return 0;
	}
	return unknown_bit(name, e);
}

unsigned bmcemu_identify(struct bmcemu *bmc)
{
	struct emu_identify *id = &bmc->identify;

	if (id->on && !id->for_good && emu_now(bmc) >= id->until_ms)
		id->on = false;
	return !id->on ? 0 : id->for_good ? 2 : 1;
}

/* 28.2 */
uint8_t chassis_get_status(const struct request *q, struct reply *r)
{
	struct bmcemu *bmc = q->bmc;

	reply_u8(r, emu_power_is_on(bmc) | bmc->restore_policy << 5 | bmc->chassis[0]);
	reply_u8(r, (bmc->power_by_ipmi ? 0x10 : 0x00) | bmc->chassis[1]);
	reply_u8(
		r, 0x40 | bmcemu_identify(bmc) << 4 | sensor_chassis_faults(bmc) | bmc->chassis[2]);
	return CC_OK;
}

/* 28.3 */
uint8_t chassis_control(const struct request *q, struct reply *r)
{
	uint8_t action = q->data[0] & 0x0f;

	if (action >= BMCEMU_POWER_COUNT)
		return CC_INVALID_FIELD;
	return emu_power_command(q->bmc, action);
}

/* 28.5 */
uint8_t chassis_identify(const struct request *q, struct reply *r)
{
	struct bmcemu *bmc = q->bmc;
	unsigned seconds = q->len > 0 ? q->data[0] : 15;
	bool for_good = q->len > 1 && q->data[1] & 1;

	bmc->identify = (struct emu_identify){
		.on = seconds || for_good,
		.for_good = for_good,
		.until_ms = emu_now(bmc) + seconds * 1000,
	};
	if (bmc->ops && bmc->ops->identify)
		bmc->ops->identify(bmc->machine, seconds, for_good);
	return CC_OK;
}

/* 28.8; 3 asks only for what is supported */
uint8_t chassis_set_restore_policy(const struct request *q, struct reply *r)
{
	uint8_t policy = q->data[0] & 0x07;

	if (policy > 3)
		return CC_INVALID_FIELD;
	if (policy < 3)
		q->bmc->restore_policy = policy;
	reply_u8(r, 0x07);
	return CC_OK;
}

/* 28.11 */
uint8_t chassis_get_restart_cause(const struct request *q, struct reply *r)
{
	reply_u8(r, q->bmc->restart_cause);
	reply_u8(r, 0x01);
	return CC_OK;
}

/* 28.14: counted in minutes, since the emulator's own start */
uint8_t chassis_get_hours(const struct request *q, struct reply *r)
{
	reply_u8(r, 60);
	reply_u32(r, 0);
	return CC_OK;
}
