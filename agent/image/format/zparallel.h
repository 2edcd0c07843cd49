/*
 * zstd images of many frames, as pzstd and the seekable format make them: several frames are
 * decompressed at once and given out in order. Memory is bounded: a frame that is ahead of its turn
 * holds a few chunks and then waits.
 */
#ifndef AGENT_IMAGE_FORMAT_ZPARALLEL_H
#define AGENT_IMAGE_FORMAT_ZPARALLEL_H

#include "agent/image/format/decode.h"
#include "agent/image/pipeline.h"

/*
 * Whether a file that begins so is worth it: its first frame says that it is one of many, there are
 * several processors, and so much memory for it.
 */
bool zparallel_fits(const uint8_t *start, size_t len, uint64_t memory_max);

/*
 * Does what is left with one decoder: first what was gathered of a frame, then chunk c from byte
 * `at`, then what comes. Takes c.
 */
typedef int (*zparallel_rest_fn)(struct pipeline *p, const struct decoder_ops *ops,
	const uint8_t *frame, size_t frame_len, struct chunk *c, size_t at, struct err *e);

/*
 * Decompresses all that comes, beginning with c, which is taken; from a frame on that is too large
 * for this it is rest's.
 */
int zparallel_run(struct pipeline *p, const struct decoder_ops *ops, struct chunk *c,
	zparallel_rest_fn rest, struct err *e);

#endif
