/* The sensors of an emulated server: one table for all BMCs, and what a script changed on one. */
#ifndef TESTS_BMC_SENSOR_H
#define TESTS_BMC_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct bmcemu;

#define SENSOR_UNAVAILABLE 0xffff /* in place of a reading */
#define SENSOR_THRESHOLDS  6

enum sensor_number { /* those that the emulator itself speaks of */
	SENSOR_POWER_UNIT = 0x01,
	SENSOR_ACPI_POWER = 0x02,
	SENSOR_INTRUSION = 0x03,
	SENSOR_WATCHDOG = 0x04,
	SENSOR_BOOT = 0x05,
	SENSOR_INTERRUPT = 0x06,
	SENSOR_DRIVE_0 = 0x60,
};

/* IPMI 2.0 chapter 43; discrete sensors have event_type 6Fh and no conversion. */
struct sensor {
	uint8_t number, type, event_type;
	uint8_t entity, instance;
	const char *name; /* in a shared record: without " 0" behind it */
	uint8_t unit;	  /* table 43-15 */
	bool is_signed;	  /* raw values are two's complement */
	int16_t m, b;
	int8_t b_exp, r_exp;
	uint8_t linearization; /* table 43-1 byte 24 */
	uint8_t has; /* bit n: thresholds[n] exists; order of Get Sensor Thresholds, table 35-8 */
	uint8_t thresholds[SENSOR_THRESHOLDS];
	uint16_t on, off; /* raw reading or states while the machine is on and off */
	uint8_t share;	  /* so many sensors in one compact record, 0: one */
	uint16_t states;  /* which states a discrete sensor can have */
	bool events_only;
};

/* Sensor i of the table; NULL behind the last. A shared record's sensors are one entry. */
const struct sensor *sensor_at(size_t i);

/* What raw stands for in the sensor's unit (IPMI 2.0 section 36.3); discrete: raw itself. */
double sensor_convert(const struct sensor *s, uint8_t raw);

/*
 * Scripts. name is that of the record ("CPU1 Temp"), of a shared one with its number ("Drive 2"). A
 * reading crossing a threshold and a state that comes or goes is logged in the SEL. -ENOENT: no
 * such sensor; the text names what is allowed.
 */
int bmcemu_sensor_set_raw(struct bmcemu *bmc, const char *name, uint16_t raw, struct err *e);
int bmcemu_sensor_set_value(struct bmcemu *bmc, const char *name, double value, struct err *e);

/* Its reading moves by itself again. */
int bmcemu_sensor_release(struct bmcemu *bmc, const char *name, struct err *e);

/* For the files of this folder: the raw reading now, and what thresholds it is past. */
const struct sensor *sensor_find(uint8_t number);
const uint8_t *sensor_thresholds(const struct bmcemu *bmc, const struct sensor *s);
void sensor_set_thresholds(
	struct bmcemu *bmc, const struct sensor *s, uint8_t which, const uint8_t *values);
uint16_t sensor_reading(struct bmcemu *bmc, uint8_t number);
uint8_t sensor_compare(struct bmcemu *bmc, uint8_t number);

/* Bits 1 intrusion, 4 drive fault, 8 fan fault, as in Get Chassis Status byte 4. */
uint8_t sensor_chassis_faults(struct bmcemu *bmc);

#endif
