/* The system event log of one BMC. */
#ifndef TESTS_BMC_SEL_H
#define TESTS_BMC_SEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEL_RECORD_LEN 16

struct bmcemu;

/* Grows as it fills; all zero is an empty one. */
struct sel {
	uint8_t (*records)[SEL_RECORD_LEN];
	unsigned n, room;
	uint16_t last_id;
	uint16_t reservation; /* 0: none holds */
	bool overflow;
	uint32_t added_s, erased_s;
};

/* IPMI 2.0 table 32-1 and 29-6: an event of one of the BMC's own sensors. */
struct sel_event {
	uint8_t sensor_type, sensor, event_type;
	bool gone; /* deassertion */
	uint8_t data[3];
};

void sel_done(struct sel *sel);

/* Adds an event with the BMC's time; a full log loses it and says so in Get SEL Info. */
void sel_add_event(struct bmcemu *bmc, const struct sel_event *event);

/*
 * Adds a whole record; its id and, except in types E0h to FFh, its time are written over. The id it
 * got, or 0: the log is full.
 */
uint16_t bmcemu_sel_add(struct bmcemu *bmc, const uint8_t record[static SEL_RECORD_LEN]);

/* Record i of those there are, oldest first; NULL behind the last. Holds until the next call. */
const uint8_t *bmcemu_sel_at(const struct bmcemu *bmc, size_t i);

void bmcemu_sel_clear(struct bmcemu *bmc);

#endif
