/* Takes away what makes a disk look used: partition tables, file systems, RAID and LVM labels. */
#ifndef AGENT_ERASE_METADATA_H
#define AGENT_ERASE_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define ERASE_REGIONS_MAX 1024

struct erase_region {
	uint64_t offset, length; /* bytes */
};

struct erase_result {
	unsigned regions;
	uint64_t bytes; /* zeroed and read back */
};

/*
 * Zeroes the first and last MiB of the disk and of every partition that its GPT or MBR names, and
 * the places of superblocks in between, then reads all of it back. `size_bytes` has to be the size
 * of the disk: another one is another disk (-ENXIO). -EBUSY: mounted or held (LVM, RAID); -EROFS:
 * read-only; -EIO: what was read back is not zero.
 */
int erase_metadata(const char *path, uint64_t size_bytes, unsigned sector_bytes,
	struct erase_result *ret, struct err *e);

/*
 * What erase_metadata() would zero, given the table sectors at the disk's two ends: head is its
 * first `head_len` bytes, tail its last `tail_len`. Regions may overlap. Gives their number, at
 * most `max`. Pure; the tables are hostile input.
 */
size_t erase_plan(const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len,
	uint64_t size_bytes, unsigned sector_bytes, struct erase_region *ret, size_t max);

#endif
