/* Entries of the system event log (IPMI 31, 32; 29.7). Pure: bytes in, words out. */
#ifndef CONDUCTOR_BMC_IPMI_SEL_H
#define CONDUCTOR_BMC_IPMI_SEL_H

#include "conductor/bmc/ipmi/sensor.h"

#include <stdbool.h>
#include <stddef.h>

#define SEL_RECORD_LEN 16
#define SEL_TEXT_MAX   160
#define SEL_LAST       0xffff /* as an id: the last entry */
/* IPMI 37: times up to here are seconds since the BMC's start, as it did not know the day */
#define SEL_SINCE_START 0x20000000

struct sel_info {	 /* IPMI 31.2 */
	uint8_t version; /* BCD, halves swapped as it comes: 0x51 is 1.5 */
	uint16_t entries, free_bytes;
	uint32_t added_s, erased_s; /* 0xffffffff: never */
	bool overflow, can_delete, can_reserve;
};
/* 0 or -EBADMSG. */
int sel_info_parse(const uint8_t *data, size_t len, struct sel_info *ret);

struct sel_entry {
	uint16_t id;
	uint8_t type;	  /* 0x02 system event; 0xc0 to 0xdf OEM with a time, 0xe0 up without */
	uint32_t time_s;  /* as the BMC's clock said; 0: the entry has no time of day */
	bool since_start; /* time_s counts from the BMC's start, as it did not know the day */
	/* of a system event */
	uint16_t generator;
	uint8_t sensor_type, number, event_type, offset;
	bool deasserted;
	uint8_t data[3];
	/* of an OEM entry */
	uint32_t manufacturer;
	uint8_t oem[13], oem_len;
};

void sel_parse(const uint8_t record[static SEL_RECORD_LEN], struct sel_entry *ret);

/*
 * What happened: "upper critical going high, reading 96 degrees C, threshold 90 degrees C". Without
 * the sensor's record (NULL) numbers are shown as they came. Returns buf.
 */
const char *sel_text(
	const struct sel_entry *e, const struct sdr_sensor *sensor, char buf[static SEL_TEXT_MAX]);
/* WEIGHT_OK for what has ended and for entries of makers' own. */
enum ipmi_weight sel_weight(const struct sel_entry *e);

#endif
