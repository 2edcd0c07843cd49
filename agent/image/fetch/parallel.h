/*
 * One file over several connections: each fetches segments of it by byte range, ahead of what is
 * delivered by no more than a window, and they are delivered in order.
 */
#ifndef AGENT_IMAGE_FETCH_PARALLEL_H
#define AGENT_IMAGE_FETCH_PARALLEL_H

#include "agent/image/fetch/source.h"

#define PARALLEL_SEGMENT (2ULL << 20)
#define PARALLEL_MAX	 8	       /* connections */
#define PARALLEL_LEAST	 (64ULL << 20) /* bytes of a file that are worth it */

/*
 * Delivers the bytes from *at up to total to the source's sink and moves *at. total and validator
 * are those of the file that was begun; url is its place among the job's. Returns 0 when all is
 * delivered; -ECANCELED when stopped or when the sink refused; -EAGAIN when the server did not give
 * a segment as asked: then the rest is for a single stream, which also finds out why.
 */
int parallel_run(
	struct source *s, unsigned url, uint64_t total, const char *validator, uint64_t *at);

#endif
