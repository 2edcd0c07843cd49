/*
 * Files of an ISO 9660 volume in memory (ECMA-119), with the names of Joliet or of Rock Ridge where
 * it has them. Everything read is hostile.
 */
#ifndef AGENT_IMAGE_DRIVE_ISO9660_H
#define AGENT_IMAGE_DRIVE_ISO9660_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define ISO_BLOCK	2048 /* bytes; what it is read in */
#define ISO_NAME_MAX	128
#define ISO_DEPTH_MAX	8
#define ISO_ENTRIES_MAX 4096 /* of a volume, each counted whenever it is met */

enum iso_names { ISO_PLAIN, ISO_JOLIET };

struct iso {
	const uint8_t *data;
	size_t len;
	enum iso_names names;
	uint32_t root_at, root_len; /* bytes */
	unsigned met;		    /* entries, by all lists together */
};

struct iso_entry {
	char name[ISO_NAME_MAX]; /* ASCII; anything else is '_' */
	bool folder;
	uint32_t at, len; /* bytes of the volume, within it */
};

/* Whether it is such a volume at all. */
bool iso_present(const uint8_t *data, size_t len);

/* 0 or -EBADMSG. data stays the caller's. */
int iso_open(const uint8_t *data, size_t len, struct iso *ret, struct err *e);

/* The whole volume as a folder. */
struct iso_entry iso_root(const struct iso *iso);

/*
 * The next entry of a folder; *at is 0 at first and moves on. "." and ".." are left out. 1 with an
 * entry, 0 behind the last, -EBADMSG.
 */
int iso_next(struct iso *iso, const struct iso_entry *folder, uint32_t *at, struct iso_entry *ret,
	struct err *e);

#endif
