/* Reader of ATA's pages (ACS-4): IDENTIFY DEVICE, SMART data, device statistics. No I/O. */
#ifndef AGENT_INSPECT_ATA_H
#define AGENT_INSPECT_ATA_H

#include <stdbool.h>

#include "agent/inspect/health.h"

#define ATA_PAGE_LEN 512

struct ata_identity { /* IDENTIFY DEVICE, 9.11 */
	char model[41], serial[21], firmware[9];
	uint64_t wwn;		/* words 108 to 111; 0: none */
	unsigned rotation_rate; /* word 217: 1 does not turn, else turns a minute; 0: not told */
	bool smart;		/* can and does watch itself, words 82 and 85 */
};

/* -EINVAL when it is no such page: too short, or without a model. */
int ata_identify(const uint8_t *page, size_t len, struct ata_identity *ret);

/*
 * SMART READ DATA: attributes by their common numbers into `h`. `limits` is SMART READ THRESHOLDS
 * or NULL: an attribute below its limit, one of those that foretell a failure, makes it failing.
 * -EINVAL when the page's sum is wrong; h is untouched then.
 */
int ata_smart(const uint8_t page[static ATA_PAGE_LEN], const uint8_t *limits, struct health *h);

/* Page 7 of the device statistics log (9.5.8): the wear of a solid state disk. */
void ata_statistics(const uint8_t page[static ATA_PAGE_LEN], struct health *h);

#endif
