/*
 * An open disk, or a file in its stead, read and written in whole pieces. What the bytes mean is
 * for signature.h, parts.h and plan.h, which see it as a struct disk_reader.
 */
#ifndef AGENT_ERASE_DISK_H
#define AGENT_ERASE_DISK_H

#include <stdbool.h>

#include "agent/erase/parts.h"

/* Bytes of the disk or file. Negative errno. */
int disk_size(int fd, uint64_t *ret);

/* Moves len bytes at offset, all of them. Negative errno; -EIO at the end of the disk. */
int disk_transfer(int fd, bool write, uint8_t *data, size_t len, uint64_t offset);

/* Reads from *fd, which has to outlive it. sector_bytes 0: 512. */
struct disk_reader disk_reader_of(const int *fd, uint64_t size_bytes, unsigned sector_bytes);

#endif
