/*
 * The stages between source and target, each a thread: fetch -> hash -> decode -> write (several).
 * Memory is the two pools; a stage that is slow makes those before it wait.
 */
#ifndef AGENT_IMAGE_PIPELINE_H
#define AGENT_IMAGE_PIPELINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/image/checksum.h"
#include "agent/image/chunk.h"
#include "agent/image/image.h"
#include "agent/image/disk/target.h"

#define PIPELINE_WRITERS_MAX 16

struct bmap;

struct pipeline {
	const struct image_job *job;
	struct target *target;
	struct checksum *checksum;
	const struct bmap *map; /* of holes, NULL: the whole file is fetched */
	/*
	 * Called when the image's first piece has come and fits: from here on the old content may
	 * go, and nothing on the disk may boot. NULL: target_wipe().
	 */
	int (*begin)(void *data, struct err *e);
	void *begin_data;

	struct pool in, out;
	struct pool frames; /* of zstd, that are decompressed side by side */
	struct queue fetched, hashed, ready;
	struct chunk *filling; /* the source's */
	struct chunk *placing; /* the decoder's: neighbours that are joined */
	struct chunk *zeroes;  /* and a run of whole zero chunks */
	bool begun;	       /* the old tables are gone */
	uint64_t size;	       /* of the disk image, as far as it is known */

	atomic_uint_least64_t read, total, decoded, written, skipped;
	atomic_uint resumed;
	atomic_bool stop;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	unsigned running;
	bool failed;
	struct err err; /* the first one */
	pthread_t threads[PIPELINE_WRITERS_MAX + 3];
	unsigned n_threads;
};

void pipeline_init(
	struct pipeline *p, const struct image_job *job, struct target *t, struct checksum *c);
void pipeline_done(struct pipeline *p);

/* Starts all stages. Failures, also of starting, show in pipeline_wait(). */
void pipeline_start(struct pipeline *p);

/* Waits so long, or until all stages have ended: true then. */
bool pipeline_wait(struct pipeline *p, unsigned ms);

/* Records the first failure and stops all stages. Any thread. */
void pipeline_fail(struct pipeline *p, const struct err *e);

/*
 * For the source: gathers what it gets into chunks. Each holds bytes of one range of a map, one
 * after another; *at, the place of the first byte in the image, moves on, and `end` is where the
 * range ends. -ECANCELED when stopped.
 */
int pipeline_gather(struct pipeline *p, const uint8_t *bytes, size_t len, size_t range,
	uint64_t *at, uint64_t end);

/*
 * For the decoding thread, in place.c. A format's side of them is format.h. The offset of what is
 * emitted is set; the chunk is the pipeline's then, also on failure.
 */
int pipeline_begin(
	struct pipeline *p, const uint8_t *head, size_t len, uint64_t size, struct err *e);
int pipeline_emit(struct pipeline *p, struct chunk *c, struct err *e);
int pipeline_room(struct pipeline *p, uint64_t offset, size_t len, uint8_t **ret, struct err *e);
int pipeline_zero(struct pipeline *p, uint64_t offset, uint64_t len, struct err *e);
/* What follows the bytes that there are, however long; neighbours are joined. */
int pipeline_append(struct pipeline *p, struct chunk *c, struct err *e);
int pipeline_append_zeroes(struct pipeline *p, uint64_t len, struct err *e);
bool pipeline_all_zero(const struct chunk *c);
int pipeline_flush(struct pipeline *p, struct err *e);
int pipeline_check_raw(const struct pipeline *p, const struct chunk *c, struct err *e);
int pipeline_too_large(const struct pipeline *p, const char *than, uint64_t bytes, struct err *e);

/* Joins; 0 or the first failure. */
int pipeline_finish(struct pipeline *p, struct err *e);

#endif
