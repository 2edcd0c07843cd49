/*
 * Many requests about nodes in one call: POST /ingot/v1/batch. Each of them passes its own route's
 * checks and handler; the batch only carries them there and collects what they answer.
 */
#ifndef CONDUCTOR_API_BATCH_H
#define CONDUCTOR_API_BATCH_H

#include "conductor/api/schema.h"

#define BATCH_NODES_MAX	   10000
#define BATCH_REQUESTS_MAX 8  /* about one node */
#define BATCHES_MAX	   16 /* at a time; each has a thread */
#define DESTROY_AT_MOST	   50 /* nodes, when the caller says nothing */

struct api;

extern const struct schema batch_schema;

/* After `stopping` was set: until no batch hands requests to the engine any more. */
void batch_wait(struct api *a);

#endif
