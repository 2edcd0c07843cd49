/*
 * Disk image formats whose data does not lie in the file as it lies on the disk (qcow2). A format
 * gets the file's bytes in order, as they were hashed, and puts pieces of the disk where they
 * belong, in any order. To add one: its struct format_ops, a row in format.c's table.
 *
 * All runs in the pipeline's decoding thread; what is placed is written by the writers, several at
 * a time, while the first and the last MiB are withheld as ever (target.h). Nothing is on the disk
 * before format_begin(), so whatever is refused until then has left the disk as it was.
 */
#ifndef AGENT_IMAGE_FORMAT_FORMAT_H
#define AGENT_IMAGE_FORMAT_FORMAT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/image/image.h"

struct format;
struct pipeline;

struct format_ops {
	const char *name; /* as in disk_format: "qcow2" */
	bool (*detect)(const uint8_t *start, size_t len);
	/*
	 * start: the first bytes of the file, up to a chunk's worth, which come again by step().
	 * Reads what else it needs by range.h with f->job and f->stop, refuses what it cannot write
	 * (-ENOTSUP, -EINVAL, -EBADMSG, -ENOMEM, with the reason), and calls format_begin().
	 */
	int (*open)(struct format *f, const uint8_t *start, size_t len, struct err *e);
	/* The file's next bytes, all of them, in order. */
	int (*step)(struct format *f, const uint8_t *bytes, size_t len, struct err *e);
	/* After the last byte: -EBADMSG when something is missing. */
	int (*end)(struct format *f, struct err *e);
	void (*close)(struct format *f); /* also after a failed open() */
};

struct format {
	const struct format_ops *ops;
	const struct image_job *job;
	const atomic_bool *stop;
	uint32_t sector; /* of the disk: pieces begin and end at its multiples */
	void *state;	 /* the format's own */
	struct pipeline *pipeline;
};

/* Whether images of that disk_format are written. */
bool format_known(const char *name);

/*
 * The format of a file that begins so, NULL: none, the bytes are the disk's. -EINVAL when the file
 * is another format than the job says, or one that it does not permit; -ENOTSUP for one that is
 * known by name only.
 */
int format_detect(const struct image_job *job, const uint8_t *start, size_t len,
	const struct format_ops **ret, struct err *e);

/*
 * The disk will have size bytes, of which the first are head (as many as are known, 4096 + 512 tell
 * a table made for other sectors; NULL: unknown). -EFBIG when they do not fit. Wipes the old
 * tables.
 */
int format_begin(struct format *f, const uint8_t *head, size_t len, uint64_t size, struct err *e);

/*
 * Places data, any length, at an offset of the disk. Neighbours are joined to large writes, so
 * rising offsets are fastest. Whole zero pieces are found here and need not be told.
 * -ECANCELED when the pipeline stops.
 */
int format_data(struct format *f, uint64_t offset, const uint8_t *data, size_t len, struct err *e);

/* Room for the next len bytes (at most CHUNK_SIZE) at offset, to be filled before the next call. */
int format_room(struct format *f, uint64_t offset, size_t len, uint8_t **ret, struct err *e);

/* So many zero bytes at offset. What is placed neither by this nor as data keeps what it held. */
int format_zero(struct format *f, uint64_t offset, uint64_t len, struct err *e);

#endif
