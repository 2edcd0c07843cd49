/* Takes away what makes a disk look used: partition tables, file systems, RAID and LVM labels. */
#ifndef AGENT_ERASE_METADATA_H
#define AGENT_ERASE_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "agent/erase/signature.h"

#define ERASE_REGIONS_MAX 4096

struct erase_region {
	uint64_t offset, length; /* bytes */
};

struct erase_result {
	unsigned regions;
	uint64_t bytes;		 /* zeroed and read back */
	struct signatures found; /* what was there before; also when it failed later */
};

/*
 * Zeroes the first and last MiB of the disk and of every partition that its GPT (also the backup
 * one) or MBR names, and the places of superblocks in between, then reads all of it back.
 * `size_bytes` has to be the size of the disk: another one is another disk (-ENXIO). -EBUSY:
 * mounted or held (LVM, RAID); -EROFS: read-only; -EIO: what was read back is not zero. *ret is
 * filled as far as it came also on failure.
 */
int erase_metadata(const char *path, uint64_t size_bytes, unsigned sector_bytes,
	struct erase_result *ret, struct err *e);

/*
 * What erase_metadata() would zero. Regions may overlap. Gives their number in *ret_n, at most
 * `max` (-ENOSPC beyond); negative when the disk cannot be read.
 */
int erase_plan(const struct disk_reader *r, struct erase_region *ret, size_t max, size_t *ret_n);

#endif
