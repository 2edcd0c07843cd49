/*
 * Which file system begins at a place of the disk, and by which UUID its users know it. Only the
 * fields needed for that are read; the file system is an image's and hostile.
 */
#ifndef AGENT_IMAGE_DISK_FSID_H
#define AGENT_IMAGE_DISK_FSID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FSID_PROBE (68 * 1024) /* bytes from its start that are enough for all of them */

struct fsid {
	char type[8];  /* "ext4" (also for ext2 and ext3), "xfs", "btrfs", "vfat", "swap" */
	char uuid[40]; /* as blkid shows it: lower case, of vfat "1A2B-3C4D"; "" when it has none */
};

/* False when nothing known begins there; ret is empty then. */
bool fsid_read(const uint8_t *start, size_t len, struct fsid *ret);

#endif
