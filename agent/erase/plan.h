/*
 * Which bytes of a disk are zeroed to make it look new. Computed from what the disk itself says,
 * which is hostile; nothing is written here.
 */
#ifndef AGENT_ERASE_PLAN_H
#define AGENT_ERASE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "agent/erase/parts.h"

#define ERASE_REGIONS_MAX 4096
#define ERASE_EDGE	  (1024ull * 1024) /* a region is never longer */

struct erase_region {
	uint64_t offset, length; /* bytes */
};

/*
 * The first and last MiB of the disk and of every partition that its GPT (also the backup one) or
 * MBR names, and the places of superblocks in between. Regions may overlap. Gives their number in
 * *ret_n, at most `max` (-ENOSPC beyond); negative when the disk cannot be read.
 */
int erase_plan(const struct disk_reader *r, struct erase_region *ret, size_t max, size_t *ret_n);

#endif
