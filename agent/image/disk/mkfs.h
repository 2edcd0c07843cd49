/*
 * Makes the small file systems of a partition image's disk: an empty FAT for the firmware's loaders
 * and the header of a swap area. Written by way of the disk's target, so that it needs neither
 * device files nor programs.
 */
#ifndef AGENT_IMAGE_DISK_MKFS_H
#define AGENT_IMAGE_DISK_MKFS_H

#include "agent/image/disk/target.h"

/*
 * An empty FAT32 (Microsoft, FAT32 File System Specification 1.03) with a label of at most 11
 * characters at `offset` of the disk. Gives its serial number as Linux shows it, "1A2B-3C4D".
 * -EINVAL when so few bytes make no FAT32 (at least 65525 clusters of 4096).
 */
int mkfs_fat(struct target *disk, uint64_t offset, uint64_t bytes, const char *label,
	char serial[static 10], struct err *e);

/* A Linux swap area, version 1, for pages of 4096 bytes; the label has at most 16 characters. */
int mkfs_swap(
	struct target *disk, uint64_t offset, uint64_t bytes, const char *label, struct err *e);

#endif
