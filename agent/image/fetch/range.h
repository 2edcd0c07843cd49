/*
 * Pieces of an image file, wherever it is: byte ranges of a server's file (RFC 9110, section 14) or
 * of a local one. For readers of tables and maps; the image itself comes through source.h.
 * Connections are kept between reads.
 */
#ifndef AGENT_IMAGE_FETCH_RANGE_H
#define AGENT_IMAGE_FETCH_RANGE_H

#include <stdatomic.h>

#include "agent/image/image.h"
#include "lib/base/mem.h"

struct range;

/*
 * Finds the first of the job's URLs that answers and its file's size. The job is borrowed until
 * range_free(), stop too (NULL: never stopped). One thread at a time per struct range; several may
 * be open. -ENOENT when every server refused, -ENOTSUP when it knows no byte ranges.
 */
int range_open(
	const struct image_job *job, const atomic_bool *stop, struct range **ret, struct err *e);

/* For a URL on a server whose file is known already: its size and validator (imghead.h). */
int range_resume(const struct image_job *job, unsigned url, uint64_t size, const char *validator,
	const atomic_bool *stop, struct range **ret, struct err *e);
void range_free(struct range *r);
DEFINE_CLEANUP(struct range, range_free)

uint64_t range_size(const struct range *r); /* of the file, as found at the start */
unsigned range_url(const struct range *r);  /* which of the job's URLs it is */

/*
 * Reads len bytes at offset; they have to lie within the file. Cut transfers are tried again as the
 * job says. -ERANGE outside the file, -ESTALE when the file was changed since range_open(), -EPROTO
 * when the server answers with something else than was asked for, -ECANCELED when stopped.
 */
int range_read(struct range *r, uint64_t offset, void *buf, size_t len, struct err *e);

/*
 * The same, given out as it comes: fn takes bytes in order, negative ends it with -ECANCELED.
 */
int range_stream(struct range *r, uint64_t offset, uint64_t len,
	int (*fn)(void *data, const uint8_t *bytes, size_t len), void *data, struct err *e);

#endif
