/* Buffers that travel through the pipeline, the pool they come from and the queues between stages.
 */
#ifndef AGENT_IMAGE_CHUNK_H
#define AGENT_IMAGE_CHUNK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_SIZE  (1024 * 1024)
#define CHUNK_ALIGN 4096

struct pool;

struct chunk {
	struct chunk *next; /* in the pool's lists */
	struct chunk *all_next;
	struct pool *pool;
	uint8_t *data; /* CHUNK_SIZE bytes, aligned for direct I/O */
	size_t len;
	uint64_t offset; /* of the disk image, once decoded */
	size_t range;	 /* of a map of holes, that it belongs to */
	uint64_t zeroes; /* instead of data: so many zero bytes at offset */
};

/* At most max chunks exist; they are made when first needed and kept. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct chunk *free, *all;
	unsigned n, max;
	bool stopped;
};

void pool_init(struct pool *p, unsigned max);
void pool_done(struct pool *p); /* frees all chunks, wherever they are */
/* Waits for a chunk; NULL when stopped or out of memory. */
struct chunk *pool_get(struct pool *p);
void chunk_put(struct chunk *c); /* back to its pool; NULL allowed */
void pool_stop(struct pool *p);

#define QUEUE_MAX 32

/* A bounded queue; a closed one gives what it holds and then NULL, a stopped one gives NULL. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, drained;
	struct chunk *items[QUEUE_MAX];
	unsigned first, n;
	bool closed, stopped;
};

void queue_init(struct queue *q);
void queue_done(struct queue *q);
bool queue_push(struct queue *q, struct chunk *c); /* false: stopped, c is put back */
struct chunk *queue_pop(struct queue *q);
void queue_close(struct queue *q);
void queue_stop(struct queue *q);

#endif
