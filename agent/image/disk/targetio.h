/* Aligned reads and writes of a target's medium; for target.c and targetio.c only. */
#ifndef AGENT_IMAGE_DISK_TARGETIO_H
#define AGENT_IMAGE_DISK_TARGETIO_H

#include "agent/image/disk/target.h"

/*
 * data is aligned to 4096 and its buffer reaches to the next 4096 after len; offset is a multiple
 * of the sector. A length that is none is rounded up where the medium allows it.
 */
int targetio_write(
	struct target *t, const uint8_t *data, uint64_t len, uint64_t offset, struct err *e);
int targetio_read(struct target *t, uint8_t *data, uint64_t len, uint64_t offset, struct err *e);

#endif
