/* A config drive for disks whose sectors are larger than ISO 9660's blocks. */
#ifndef AGENT_IMAGE_DRIVE_FATDRIVE_H
#define AGENT_IMAGE_DRIVE_FATDRIVE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/*
 * ISO 9660 has blocks of 2048 bytes, and no system mounts it from a disk that reads 4096 at once.
 * Makes a FAT volume of the same files and label (cloud-init looks for both kinds), in sectors of
 * that size, at most `max` bytes. *ret is the caller's to free. Names longer than FAT can say them
 * do not occur: they end at 127 characters. 0, -EBADMSG (the ISO is damaged), -EFBIG.
 */
int fatdrive_from_iso(const uint8_t *iso, size_t len, uint32_t sector, size_t max, uint8_t **ret,
	size_t *ret_len, struct err *e);

#endif
