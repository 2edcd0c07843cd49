/*
 * Sensor data records (IPMI 43): what sensors a machine has and how to read them. Pure: bytes in,
 * plain data out; every byte is hostile.
 */
#ifndef CONDUCTOR_BMC_IPMI_SDR_H
#define CONDUCTOR_BMC_IPMI_SDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conductor/bmc/ipmi/chars.h"

#define SDR_HEADER_LEN 5
#define SDR_LEN_MAX    (SDR_HEADER_LEN + 255)
#define SDR_NAME_MAX   CHARS_SIZE(16) /* longer names than 16 bytes are cut */

enum sdr_type { /* IPMI table 43-1 and following: byte 4 of a record */
	SDR_FULL = 0x01,
	SDR_COMPACT = 0x02,
	SDR_EVENT_ONLY = 0x03,
	SDR_FRU_LOCATOR = 0x11,
};

/* Thresholds in the order of IPMI's masks (35.8, 43.1). */
enum threshold {
	THRESHOLD_LNC,
	THRESHOLD_LC,
	THRESHOLD_LNR,
	THRESHOLD_UNC,
	THRESHOLD_UC,
	THRESHOLD_UNR,
	THRESHOLD_COUNT
};
/* "lower_non_critical", ... */
extern const char *const threshold_names[THRESHOLD_COUNT];

/* Factors of y = L((M x + B 10^K1) 10^K2), IPMI 36.3. */
struct sdr_factors {
	int16_t m, b;
	int8_t b_exp, r_exp;
};

struct sdr_sensor {
	uint8_t owner, lun, number;	 /* owner: 0x20 is the BMC itself */
	uint8_t entity, instance;	 /* what it belongs to */
	uint8_t sensor_type, event_type; /* event_type 1: thresholds; else states */
	bool analog;			 /* its reading is a number */
	uint8_t format;			 /* 0 unsigned, 1 ones' complement, 2 two's complement */
	uint8_t units, base_unit, modifier_unit;
	uint8_t linearization; /* 0 to 11, or 0x70 and above: factors by reading */
	struct sdr_factors factors;
	uint8_t readable;		     /* bits of enum threshold */
	uint8_t thresholds[THRESHOLD_COUNT]; /* raw, as the record has them */
	char name[SDR_NAME_MAX];
};

struct sdr_fru {
	uint8_t access, id; /* of the controller that has it; its number there */
	bool logical;	    /* read by FRU commands; else a memory on a bus */
	uint8_t lun, channel;
	uint8_t entity, instance;
	char name[SDR_NAME_MAX];
};

struct sdr_record {
	uint8_t type;		  /* enum sdr_type, or one that is not looked at */
	unsigned count;		  /* of sensors that share the record */
	struct sdr_sensor sensor; /* SDR_FULL, SDR_COMPACT, SDR_EVENT_ONLY: the first of them */
	struct sdr_fru fru;	  /* SDR_FRU_LOCATOR */
	/* how the names of those that share differ */
	bool alpha, instances_count_up;
	uint8_t offset;
};

/* Bytes of a whole record, from its header. */
size_t sdr_length(const uint8_t header[SDR_HEADER_LEN]);

/* 0, or -EBADMSG when it is too short for its type. Other types than the four give 0, too. */
int sdr_parse(const uint8_t *p, size_t len, struct sdr_record *ret);

/* The sensor number i (from 0, below count) of those that share a record. */
void sdr_shared(const struct sdr_record *r, unsigned i, struct sdr_sensor *ret);

#endif
