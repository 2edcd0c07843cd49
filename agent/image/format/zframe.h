/*
 * Where frames of a zstd stream end (RFC 8878, section 3.1), found by their headers and those of
 * their blocks alone, as the data comes. Nothing is decompressed here.
 */
#ifndef AGENT_IMAGE_FORMAT_ZFRAME_H
#define AGENT_IMAGE_FORMAT_ZFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct zframe {
	/* known when `headed` */
	bool headed;
	bool skippable;		  /* of pzstd, for one: holds no data of ours */
	uint64_t window, content; /* bytes; content UINT64_MAX: it does not say */
	uint64_t skippable_len;

	int state;
	uint8_t head[18];
	unsigned have, need;
	uint64_t skip;
	bool checksum;
};

void zframe_init(struct zframe *z);

/* Takes bytes up to the end of the frame and says how many; *ret_end: it has ended. -EBADMSG. */
ssize_t zframe_scan(struct zframe *z, const uint8_t *bytes, size_t len, bool *ret_end);

#endif
