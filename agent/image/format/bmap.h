/*
 * Maps of holes as bmaptool makes them (its XML, versions 1.3, 1.4 and 2.0): which blocks of a raw
 * image hold data, and a digest of each range of them. With a map only those blocks are fetched.
 *
 * Why that is safe: the image's own checksum cannot be made from parts of it, so the map takes its
 * place. The map has to have a digest of its own that came with the job, as the image's would
 * (the one that stands in the map itself says nothing against who changed it); each range has to
 * have a digest and is checked by it; and all blocks that the map leaves out are made zero, so that
 * what the disk held before cannot show through. As with a checksum, the disk does not boot before
 * all of it matched.
 */
#ifndef AGENT_IMAGE_FORMAT_BMAP_H
#define AGENT_IMAGE_FORMAT_BMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define BMAP_FILE_MAX (8UL << 20)

struct bmap_range {
	uint64_t offset, len; /* bytes of the image */
	uint8_t sum[64];
};

struct bmap {
	int algo; /* gnutls_digest_algorithm_t of all sums */
	uint64_t image_size;
	uint32_t block_size;
	uint64_t mapped;	   /* bytes in all ranges */
	struct bmap_range *ranges; /* rising, apart from each other */
	size_t n;
};

/*
 * Reads the text of a map. -EINVAL: it is none, contradicts itself, or a range has no digest;
 * -EBADMSG: its own digest is wrong; -ENOTSUP: another version. *ret is to be released.
 */
int bmap_parse(const char *text, size_t len, struct bmap *ret, struct err *e);
void bmap_done(struct bmap *m); /* a zeroed one is fine */

#endif
