/* Decompressors behind one face, fed as the data comes, with bounded memory. */
#ifndef AGENT_IMAGE_FORMAT_DECODE_H
#define AGENT_IMAGE_FORMAT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define DECODE_MAGIC_BYTES 8 /* of the start, needed to tell the format */

struct decoder;

/* Not yet used input and not yet filled output. */
struct decode_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

struct decoder_ops {
	const char *name; /* "gzip" */
	bool (*detect)(const uint8_t *start, size_t len);
	/* Bytes that the first stream says it holds; 0: it does not say. NULL: none of them does.
	 */
	uint64_t (*declared)(const uint8_t *start, size_t len);
	int (*open)(struct decoder *d, struct err *e);
	/*
	 * Moves data. 0; -EBADMSG for damaged data, -ENOMEM when more memory is needed than
	 * allowed. Sets d->boundary when what was read so far may be all. Without input it gives
	 * out what is still held back.
	 */
	int (*step)(struct decoder *d, struct decode_io *io, struct err *e);
	/* Behind a boundary: another stream begins; false: that fails. NULL: step() sees to it. */
	bool (*next)(struct decoder *d);
	void (*close)(struct decoder *d);
};

struct decoder {
	const struct decoder_ops *ops;
	uint64_t memory_max;
	bool begun, boundary;
	bool padding; /* after the end: only zeroes may follow */
	bool eof;     /* set by the caller: no input comes after that of the next step */
	void *state;
};

/* NULL: none of them. */
const struct decoder_ops *decode_detect(const uint8_t *start, size_t len);

/* Bytes that a decoder may take when nothing else is said: half of what the system has free. */
uint64_t decode_memory(void);

/* memory_max: bytes a decoder may take for its window; 0: half of what the system has free. */
int decode_open(
	struct decoder *d, const struct decoder_ops *ops, uint64_t memory_max, struct err *e);
int decode_step(struct decoder *d, struct decode_io *io, struct err *e);
int decode_end(struct decoder *d, struct err *e); /* -EBADMSG when it stops in the middle */
void decode_close(struct decoder *d);

#endif
