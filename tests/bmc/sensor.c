/* The table of sensors, their readings as the machine's power moves, and what a script sets. */
#include "tests/bmc/sensor.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/bmc/sel.h"
#include "tests/bmc/state.h"

#define NONE			    SENSOR_UNAVAILABLE
#define THRESHOLD		    0x01 /* event/reading type code: table 42-1 */
#define SPECIFIC		    0x6f
#define TEMPERATURE		    0x01, THRESHOLD /* sensor type: table 42-3 */
#define VOLTAGE			    0x02, THRESHOLD
#define FAN			    0x04, THRESHOLD
#define OTHER_UNITS		    0x0b, THRESHOLD
#define CELSIUS			    1 /* table 43-15 */
#define VOLT			    4
#define WATT			    6
#define RPM			    18
#define CPU			    0x03 /* entity: table 43-13 */
#define DISK			    0x04
#define BOARD			    0x07
#define POWER_SUPPLY		    0x0a
#define CHASSIS			    0x17
#define FAN_ENTITY		    0x1d
#define BATTERY			    0x28
#define AIR_INLET		    0x37
#define ONE_BY_X		    0x07 /* linearization: table 43-1 */
#define LOWER			    0x03 /* has lower noncritical and critical */
#define UPPER			    0x18 /* has upper noncritical and critical */
#define UPPER_ALL		    0x38
#define STATES(while_on, while_off) .on = (while_on), .off = (while_off)

/*
 * A two-socket server. Each field of the conversion is met at least once: two's complement, M,
 * B and its exponent, a linearization; and records that are full, compact, shared, events only.
 */
static const struct sensor table[] = {
	{SENSOR_POWER_UNIT, 0x09, SPECIFIC, CHASSIS, 1, "Power Unit", STATES(0x00, 0x01),
		.states = 0x00ff},
	{SENSOR_ACPI_POWER, 0x22, SPECIFIC, CHASSIS, 1, "ACPI State", STATES(0x01, 0x20),
		.states = 0x0021},
	{SENSOR_INTRUSION, 0x05, SPECIFIC, CHASSIS, 1, "Intrusion", STATES(0, 0), .states = 0x007f},
	{SENSOR_WATCHDOG, 0x23, SPECIFIC, BOARD, 1, "Watchdog", STATES(0, 0), .states = 0x010f},
	{SENSOR_BOOT, 0x1d, SPECIFIC, BOARD, 1, "Boot", .states = 0x00ff, .events_only = true},
	{SENSOR_INTERRUPT, 0x13, SPECIFIC, BOARD, 1, "NMI", .states = 0x0fff, .events_only = true},
	{0x10, TEMPERATURE, CPU, 1, "CPU1 Temp", CELSIUS, .m = 1, STATES(42, 24), .has = UPPER_ALL,
		.thresholds = {0, 0, 0, 85, 95, 100}},
	{0x11, TEMPERATURE, CPU, 2, "CPU2 Temp", CELSIUS, .m = 1, STATES(44, 24), .has = UPPER_ALL,
		.thresholds = {0, 0, 0, 85, 95, 100}},
	{0x12, TEMPERATURE, AIR_INLET, 1, "Inlet Temp", CELSIUS, true, .m = 1, STATES(22, 21),
		.has = LOWER | UPPER, .thresholds = {3, 0xf9, 0, 38, 42, 0}}, /* F9h: -7 */
	{0x13, TEMPERATURE, BOARD, 1, "Exhaust Temp", CELSIUS, .m = 5, .r_exp = -1, STATES(71, 46),
		.has = UPPER, .thresholds = {0, 0, 0, 140, 150, 0}}, /* half degrees */
	{0x14, TEMPERATURE, BOARD, 2, "VRM Temp", CELSIUS, .m = 5, .b = -2, .b_exp = 2, .r_exp = -1,
		STATES(136, 92), .has = UPPER, .thresholds = {0, 0, 0, 220, 240, 0}}, /* -20 up */
	{0x20, FAN, FAN_ENTITY, 1, "Fan 1", RPM, .m = 75, STATES(96, NONE), .has = LOWER,
		.thresholds = {12, 8}},
	{0x21, FAN, FAN_ENTITY, 2, "Fan 2", RPM, .m = 75, STATES(97, NONE), .has = LOWER,
		.thresholds = {12, 8}},
	{0x22, FAN, FAN_ENTITY, 3, "Fan 3", RPM, .m = 75, STATES(95, NONE), .has = LOWER,
		.thresholds = {12, 8}},
	{0x23, FAN, FAN_ENTITY, 4, "Fan 4", RPM, .m = 75, STATES(96, NONE), .has = LOWER,
		.thresholds = {12, 8}},
	{0x24, FAN, FAN_ENTITY, 5, "Chipset Fan", RPM, .m = 1, .r_exp = -5,
		.linearization = ONE_BY_X, STATES(20, NONE)}, /* tells a period: 100000/x */
	{0x30, VOLTAGE, BOARD, 1, "12V", VOLT, .m = 63, .r_exp = -3, STATES(191, NONE),
		.has = LOWER | UPPER, .thresholds = {175, 171, 0, 206, 210, 0}},
	{0x31, VOLTAGE, BOARD, 1, "5V", VOLT, .m = 26, .r_exp = -3, STATES(193, NONE),
		.has = LOWER | UPPER, .thresholds = {179, 173, 0, 206, 212, 0}},
	{0x32, VOLTAGE, BOARD, 1, "3.3V Standby", VOLT, .m = 17, .r_exp = -3, STATES(194, 194),
		.has = LOWER | UPPER, .thresholds = {180, 175, 0, 209, 214, 0}},
	{0x33, VOLTAGE, CPU, 1, "CPU1 Vcore", VOLT, .m = 98, .b = 5, .b_exp = 3, .r_exp = -4,
		STATES(130, NONE), .has = LOWER | UPPER, .thresholds = {40, 30, 0, 150, 160, 0}},
	{0x34, VOLTAGE, BATTERY, 1, "VBAT", VOLT, .m = 16, .r_exp = -3, STATES(190, 190),
		.has = LOWER, .thresholds = {160, 150}},
	{0x40, OTHER_UNITS, POWER_SUPPLY, 1, "PSU1 Power In", WATT, .m = 4, STATES(46, 3),
		.has = UPPER, .thresholds = {0, 0, 0, 240, 250, 0}},
	{0x41, OTHER_UNITS, POWER_SUPPLY, 2, "PSU2 Power In", WATT, .m = 4, STATES(44, 3),
		.has = UPPER, .thresholds = {0, 0, 0, 240, 250, 0}},
	{0x50, 0x08, SPECIFIC, POWER_SUPPLY, 1, "PSU1 Status", STATES(0x01, 0x01),
		.states = 0x007f},
	{0x51, 0x08, SPECIFIC, POWER_SUPPLY, 2, "PSU2 Status", STATES(0x01, 0x01),
		.states = 0x007f},
	{SENSOR_DRIVE_0, 0x0d, SPECIFIC, DISK, 0, "Drive", STATES(0x01, 0x01), .states = 0x01ff,
		.share = 4},
};

#define NUMBERS 0x70 /* all are below */

/* What is different on one BMC; by sensor number, made at the first change. */
struct sensor_state {
	bool scripted, own_thresholds;
	uint16_t raw;
	uint8_t thresholds[SENSOR_THRESHOLDS];
};

const struct sensor *sensor_at(size_t i)
{
	return i < ARRAY_SIZE(table) ? &table[i] : NULL;
}

const struct sensor *sensor_find(uint8_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (number >= table[i].number &&
			number < table[i].number + (table[i].share ? table[i].share : 1))
			return &table[i];
	return NULL;
}

static int find_name(const char *name, struct err *e)
{
	char full[24];

	for (size_t i = 0; name && i < ARRAY_SIZE(table); i++) {
		const struct sensor *s = &table[i];

		if (s->events_only)
			continue;
		if (!s->share && str_ieq(s->name, name))
			return s->number;
		for (int k = 0; k < s->share; k++) {
			snprintf(full, sizeof(full), "%s %d", s->name, k);
			if (str_ieq(full, name))
				return s->number + k;
		}
	}
	return err_set(e, ENOENT,
		"BMC sensor %s: no such sensor; see the table in tests/bmc/sensor.c",
		name ? name : "(no name)");
}

static double linearize(uint8_t how, double v)
{
	switch (how) { /* IPMI 2.0 table 43-1, byte 24 */
	case ONE_BY_X:
		return v == 0 ? 0 : 1 / v;
	default:
		return v;
	}
}

double sensor_convert(const struct sensor *s, uint8_t raw)
{
	int x = s->is_signed ? (int8_t)raw : raw;

	if (s->event_type != THRESHOLD)
		return raw;
	return linearize(
		s->linearization, (s->m * x + s->b * pow(10, s->b_exp)) * pow(10, s->r_exp));
}

static const struct sensor_state *state_of(const struct bmcemu *bmc, uint8_t number)
{
	return bmc->sensors ? &bmc->sensors[number] : NULL;
}

static struct sensor_state *own_state(struct bmcemu *bmc, uint8_t number)
{
	if (!bmc->sensors)
		bmc->sensors = xcalloc(NUMBERS, sizeof(bmc->sensors[0]));
	return &bmc->sensors[number];
}

uint16_t sensor_reading(struct bmcemu *bmc, uint8_t number)
{
	const struct sensor_state *state = state_of(bmc, number);
	const struct sensor *s = sensor_find(number);

	if (!s || s->events_only)
		return SENSOR_UNAVAILABLE;
	if (state && state->scripted)
		return state->raw;
	return emu_power_is_on(bmc) ? s->on : s->off;
}

const uint8_t *sensor_thresholds(const struct bmcemu *bmc, const struct sensor *s)
{
	const struct sensor_state *state = state_of(bmc, s->number);

	return state && state->own_thresholds ? state->thresholds : s->thresholds;
}

/* The first three are lower, the others upper. */
static uint8_t past(const struct sensor *s, const uint8_t *thresholds, uint16_t raw)
{
	int x = s->is_signed ? (int8_t)raw : raw;
	uint8_t past_mask = 0;

	for (int i = 0; i < SENSOR_THRESHOLDS; i++) {
		int t = s->is_signed ? (int8_t)thresholds[i] : thresholds[i];

		if (s->has & 1u << i && (i < 3 ? x <= t : x >= t))
			past_mask |= 1u << i;
	}
	return past_mask;
}

uint8_t sensor_compare(struct bmcemu *bmc, uint8_t number)
{
	const struct sensor *s = sensor_find(number);
	uint16_t raw = sensor_reading(bmc, number);

	if (!s || s->event_type != THRESHOLD || raw == SENSOR_UNAVAILABLE)
		return 0;
	return past(s, sensor_thresholds(bmc, s), raw);
}

/* Table 42-2: lower thresholds are passed going low (even offsets), upper ones going high. */
static void log_thresholds(struct bmcemu *bmc, const struct sensor *s, uint8_t before)
{
	static const uint8_t offsets[SENSOR_THRESHOLDS] = {0x00, 0x02, 0x04, 0x07, 0x09, 0x0b};
	uint8_t now = sensor_compare(bmc, s->number);

	for (int i = 0; i < SENSOR_THRESHOLDS; i++) {
		if (!((before ^ now) & 1u << i))
			continue;
		sel_add_event(
			bmc, &(struct sel_event){s->type, s->number, THRESHOLD, !(now & 1u << i),
				     {0x50 | offsets[i], (uint8_t)sensor_reading(bmc, s->number),
					     sensor_thresholds(bmc, s)[i]}});
	}
}

static void log_states(struct bmcemu *bmc, const struct sensor *s, uint8_t number, uint16_t before)
{
	uint16_t now = sensor_reading(bmc, number);

	for (uint8_t i = 0; i < 15; i++) {
		if (!((before ^ now) & 1u << i))
			continue;
		sel_add_event(bmc, &(struct sel_event){s->type, number, SPECIFIC, !(now & 1u << i),
					   {i, 0xff, 0xff}});
	}
}

static void change(struct bmcemu *bmc, uint8_t number, bool scripted, uint16_t raw)
{
	const struct sensor *s = sensor_find(number);
	struct sensor_state *state = own_state(bmc, number);
	uint16_t before = sensor_reading(bmc, number);
	uint8_t past_before = sensor_compare(bmc, number);

	state->scripted = scripted;
	state->raw = raw;
	if (s->event_type == THRESHOLD)
		log_thresholds(bmc, s, past_before);
	else if (before != SENSOR_UNAVAILABLE && raw != SENSOR_UNAVAILABLE)
		log_states(bmc, s, number, before);
}

int bmcemu_sensor_set_raw(struct bmcemu *bmc, const char *name, uint16_t raw, struct err *e)
{
	int number = find_name(name, e);
	const struct sensor *s;

	if (number < 0)
		return number;
	s = sensor_find((uint8_t)number);
	if (raw != SENSOR_UNAVAILABLE && raw > (s->event_type == THRESHOLD ? 0xff : 0x7fff))
		return err_set(e, ERANGE, "BMC sensor %s: raw reading %u is too large", name, raw);
	change(bmc, (uint8_t)number, true, raw);
	return 0;
}

int bmcemu_sensor_set_value(struct bmcemu *bmc, const char *name, double value, struct err *e)
{
	int number = find_name(name, e);
	const struct sensor *s;
	uint8_t best = 0;

	if (number < 0)
		return number;
	s = sensor_find((uint8_t)number);
	if (s->event_type != THRESHOLD)
		return err_set(e, EINVAL, "BMC sensor %s: it has states; set \"raw\"", name);
	for (int raw = 1; raw < 256; raw++)
		if (fabs(sensor_convert(s, (uint8_t)raw) - value) <
			fabs(sensor_convert(s, best) - value))
			best = (uint8_t)raw;
	change(bmc, (uint8_t)number, true, best);
	return 0;
}

int bmcemu_sensor_release(struct bmcemu *bmc, const char *name, struct err *e)
{
	int number = find_name(name, e);

	if (number < 0)
		return number;
	change(bmc, (uint8_t)number, false, 0);
	return 0;
}

void sensor_set_thresholds(
	struct bmcemu *bmc, const struct sensor *s, uint8_t which, const uint8_t *values)
{
	uint8_t before = sensor_compare(bmc, s->number);
	struct sensor_state *state = own_state(bmc, s->number);

	if (!state->own_thresholds)
		memcpy(state->thresholds, s->thresholds, sizeof(state->thresholds));
	state->own_thresholds = true;
	for (int i = 0; i < SENSOR_THRESHOLDS; i++)
		if (which & 1u << i)
			state->thresholds[i] = values[i];
	log_thresholds(bmc, s, before);
}

uint8_t sensor_chassis_faults(struct bmcemu *bmc)
{
	uint8_t faults = sensor_reading(bmc, SENSOR_INTRUSION) & 1; /* general chassis intrusion */

	if (!bmc->sensors) /* nothing was ever changed */
		return 0;
	for (uint8_t i = 0; i < 4; i++) {
		uint16_t drive = sensor_reading(bmc, SENSOR_DRIVE_0 + i);

		if (drive != SENSOR_UNAVAILABLE && drive & 0x02)
			faults |= 0x04;
	}
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].type == 0x04 && sensor_compare(bmc, table[i].number) & 0x02)
			faults |= 0x08;
	return faults;
}
