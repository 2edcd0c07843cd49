/* Takes away what makes a disk look used: partition tables, file systems, RAID and LVM labels. */
#ifndef AGENT_ERASE_METADATA_H
#define AGENT_ERASE_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "agent/erase/plan.h"
#include "agent/erase/signature.h"

struct erase_result {
	unsigned regions;
	uint64_t bytes;		 /* zeroed and read back */
	struct signatures found; /* what was there before; also when it failed later */
};

/*
 * Zeroes the regions of plan.h, then reads all of them back. With spare_shared a disk with a file
 * system of many machines (signatures_shared()) is left as it is: -EPERM.
 * `size_bytes` has to be the size of the disk: another one is another disk (-ENXIO). -EBUSY:
 * mounted or held (LVM, RAID); -EROFS: read-only; -EIO: what was read back is not zero. *ret is
 * filled as far as it came also on failure.
 */
int erase_metadata(const char *path, uint64_t size_bytes, unsigned sector_bytes, bool spare_shared,
	struct erase_result *ret, struct err *e);

#endif
