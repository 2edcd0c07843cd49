/* What a disk says of its own health: one form for NVMe, ATA and SCSI. */
#ifndef AGENT_INSPECT_HEALTH_H
#define AGENT_INSPECT_HEALTH_H

#include "lib/json/json.h"

enum health_status { HEALTH_UNKNOWN, HEALTH_PASSED, HEALTH_FAILING, HEALTH_STATUS_COUNT };

/* Numbers are -1 where the disk does not tell. */
struct health {
	enum health_status status;
	char reason[128];      /* why it is failing, "" otherwise */
	int64_t temperature_c; /* INT64_MIN where unknown: below zero is possible */
	int64_t power_on_hours;
	int64_t wear_percent;	  /* of the rated life; may be above 100 */
	int64_t spare_percent;	  /* spare blocks left */
	int64_t reallocated;	  /* sectors moved elsewhere */
	int64_t pending;	  /* sectors that could not be read */
	int64_t media_errors;	  /* unrecovered */
	int64_t unsafe_shutdowns; /* power lost without warning */
	int64_t read_bytes, written_bytes;
};

void health_init(struct health *h);

/* Makes it HEALTH_FAILING; the first few reasons are kept, joined by "; ". */
void health_fail(struct health *h, const char *reason);

/* {"status": "passed", "temperature_c": 31, ...} with what is known; NULL when nothing is. */
json_t *health_json(const struct health *h);

#endif
