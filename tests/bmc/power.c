/* The machine behind an emulated BMC: what it is told, what it tells, and what the SEL keeps of it.
 */
#include "tests/bmc/command.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/sensor.h"

#define RESTART_CAUSE_COMMAND 0x01 /* IPMI 2.0 table 28-11: Chassis Control */

void bmcemu_set_machine(struct bmcemu *bmc, const struct bmcemu_machine_ops *ops, void *data)
{
	bmc->ops = ops;
	bmc->machine = data;
}

bool emu_power_is_on(struct bmcemu *bmc)
{
	if (emu_now(bmc) < bmc->fault_state.stale_until_ms)
		return bmc->fault_state.stale_power;
	return bmc->ops && bmc->ops->power_get(bmc->machine);
}

static uint8_t check_power_command(struct bmcemu *bmc, enum bmcemu_power action)
{
	bool needs_power = action != BMCEMU_POWER_ON && action != BMCEMU_POWER_OFF;

	if (!bmc->ops)
		return CC_DESTINATION_UNAVAILABLE;
	if (action == BMCEMU_POWER_OFF)
		needs_power = fault_value(&bmc->faults, FAULT_OFF_WHEN_OFF);
	if (needs_power && !bmc->ops->power_get(bmc->machine))
		return CC_NOT_IN_STATE;
	return CC_OK;
}

uint8_t emu_power_command(struct bmcemu *bmc, enum bmcemu_power action)
{
	uint32_t stale_s = fault_value(&bmc->faults, FAULT_STALE_POWER_S);
	uint8_t cc = check_power_command(bmc, action);
	bool shown;

	if (cc)
		return cc;
	bmc->counters.power_commands++;
	boot_flags_restart_expiry(bmc);
	if (fault_value(&bmc->faults, FAULT_IGNORE_POWER))
		return CC_OK;
	shown = emu_power_is_on(bmc);
	cc = bmc->ops->power(bmc->machine, action);
	if (cc)
		return cc;
	bmc->restart_cause = RESTART_CAUSE_COMMAND;
	bmc->power_by_ipmi = action == BMCEMU_POWER_ON || action == BMCEMU_POWER_CYCLE;
	if (stale_s) {
		bmc->fault_state.stale_power = shown;
		bmc->fault_state.stale_until_ms = emu_now(bmc) + stale_s * 1000;
	}
	return CC_OK;
}

/* Table 42-3: power unit, system boot, critical interrupt; FFh: unspecified. */
void bmcemu_machine_changed(struct bmcemu *bmc, enum bmcemu_machine_event event)
{
	static const struct {
		struct sel_event events[2];
	} logged[BMCEMU_MACHINE_EVENT_COUNT] = {
		[BMCEMU_MACHINE_ON] = {{{0x09, SENSOR_POWER_UNIT, 0x6f, true, {0, 0xff, 0xff}},
			{0x1d, SENSOR_BOOT, 0x6f, false, {0, 0xff, 0xff}}}},
		[BMCEMU_MACHINE_OFF] = {{{0x09, SENSOR_POWER_UNIT, 0x6f, false, {0, 0xff, 0xff}}}},
		[BMCEMU_MACHINE_RESET] = {{{0x1d, SENSOR_BOOT, 0x6f, false, {1, 0xff, 0xff}}}},
		[BMCEMU_MACHINE_NMI] = {{{0x13, SENSOR_INTERRUPT, 0x6f, false, {0, 0xff, 0xff}}}},
	};

	for (int i = 0; i < 2; i++)
		if (logged[event].events[i].sensor)
			sel_add_event(bmc, &logged[event].events[i]);
}

const char *bmcemu_machine_event_name(enum bmcemu_machine_event event)
{
	static const char *const names[BMCEMU_MACHINE_EVENT_COUNT] = {"on", "off", "reset", "nmi"};

	return event < BMCEMU_MACHINE_EVENT_COUNT ? names[event] : "?";
}
