/*
 * What a FRU's inventory area says (Platform Management FRU Information Storage Definition 1.3):
 * the chassis, board and product areas. Pure: bytes in, fields out; every byte is hostile.
 */
#ifndef CONDUCTOR_BMC_IPMI_FRU_H
#define CONDUCTOR_BMC_IPMI_FRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRU_SIZE_MAX   4096 /* the three areas end before: offsets and lengths are bytes, times 8 */
#define FRU_FIELDS_MAX 24   /* of one area, custom ones included */
#define FRU_TEXT_MAX   192

enum fru_area_kind { FRU_CHASSIS, FRU_BOARD, FRU_PRODUCT, FRU_AREAS };
extern const char *const fru_area_names[FRU_AREAS]; /* "chassis", "board", "product" */

struct fru_field {
	const char *name; /* "serial_number"; "custom_1" is name "custom" with its number */
	unsigned number;  /* of a custom field, from 1; 0: a field the standard names */
	char text[FRU_TEXT_MAX];
};

struct fru_area {
	bool present;
	bool bad_checksum; /* its sum is not zero: shown all the same, as many boards ship so */
	bool cut;	   /* it says that it is longer than what could be read */
	const char *chassis_type; /* FRU_CHASSIS: "Rack Mount Chassis"; NULL: not known */
	int64_t made_s;		  /* FRU_BOARD: wall clock of manufacture; 0: not said */
	unsigned n_fields;
	struct fru_field fields[FRU_FIELDS_MAX];
};

struct ipmi_fru {
	struct fru_area areas[FRU_AREAS];
};

/*
 * How many bytes from the beginning have to be read to know the three areas, as far as the len
 * bytes at hand tell: read on until it is not more than what is there. At most FRU_SIZE_MAX.
 */
size_t fru_needed(const uint8_t *data, size_t len);

/* 0, or -EBADMSG when there is no valid common header: an empty or a foreign memory. */
int fru_parse(const uint8_t *data, size_t len, struct ipmi_fru *ret);

#endif
