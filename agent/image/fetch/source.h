/* Where the image comes from: HTTP with resume, or a local file. */
#ifndef AGENT_IMAGE_FETCH_SOURCE_H
#define AGENT_IMAGE_FETCH_SOURCE_H

#include <stdatomic.h>

#include "agent/image/image.h"

struct source {
	const struct image_job *job;
	/* Takes bytes in order; negative ends the transfer with that error. */
	int (*sink)(void *data, const uint8_t *bytes, size_t len);
	void *data;
	const atomic_bool *stop;
	atomic_uint_least64_t *read;  /* bytes received */
	atomic_uint_least64_t *total; /* of the file, 0 unknown */
	atomic_uint *resumed;
};

/*
 * Gets the whole file, trying again where it was cut, then the next URL. -ENOENT when every server
 * refused (4xx); -ECANCELED when stopped or refused by the sink, whose own error counts then.
 */
int source_run(struct source *s, struct err *e);

/* How many connections may be open for one file, 1 to PARALLEL_MAX. */
unsigned source_connections(const struct image_job *job);

/* The path of a local file's URL or of a plain path; NULL: it is on a server. Lives in url. */
const char *source_path(const char *url);

#endif
