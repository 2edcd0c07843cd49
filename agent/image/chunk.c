/* Pool and queues of the pipeline; see chunk.h. Their ceilings are the pipeline's memory. */
#include "agent/image/chunk.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "lib/base/mem.h"

void pool_init(struct pool *p, unsigned max)
{
	*p = (struct pool){.max = max};
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
}

void pool_done(struct pool *p)
{
	while (p->all) {
		struct chunk *c = p->all;

		p->all = c->all_next;
		munmap(c->data, CHUNK_SIZE);
		free(c);
	}
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
}

static struct chunk *chunk_new(struct pool *p)
{
	void *data =
		mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct chunk *c;

	if (data == MAP_FAILED)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->data = data;
	c->pool = p;
	c->all_next = p->all;
	p->all = c;
	p->n++;
	return c;
}

struct chunk *pool_get(struct pool *p)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->stopped && !p->free && p->n == p->max)
		pthread_cond_wait(&p->wake, &p->lock);
	if (!p->stopped) {
		c = p->free;
		if (c)
			p->free = c->next;
		else
			c = chunk_new(p);
	}
	pthread_mutex_unlock(&p->lock);
	if (c) {
		c->len = 0;
		c->offset = c->zeroes = 0;
	}
	return c;
}

void chunk_put(struct chunk *c)
{
	struct pool *p = c ? c->pool : NULL;

	if (!c)
		return;
	pthread_mutex_lock(&p->lock);
	c->next = p->free;
	p->free = c;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

void pool_stop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopped = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

void queue_init(struct queue *q)
{
	*q = (struct queue){0};
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	pthread_cond_init(&q->drained, NULL);
}

void queue_done(struct queue *q)
{
	pthread_cond_destroy(&q->filled);
	pthread_cond_destroy(&q->drained);
	pthread_mutex_destroy(&q->lock);
}

bool queue_push(struct queue *q, struct chunk *c)
{
	bool taken;

	pthread_mutex_lock(&q->lock);
	while (!q->stopped && q->n == QUEUE_MAX)
		pthread_cond_wait(&q->drained, &q->lock);
	taken = !q->stopped;
	if (taken) {
		q->items[(q->first + q->n++) % QUEUE_MAX] = c;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	if (!taken)
		chunk_put(c);
	return taken;
}

struct chunk *queue_pop(struct queue *q)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&q->lock);
	while (!q->stopped && !q->n && !q->closed)
		pthread_cond_wait(&q->filled, &q->lock);
	if (!q->stopped && q->n) {
		c = q->items[q->first];
		q->first = (q->first + 1) % QUEUE_MAX;
		if (q->n-- == QUEUE_MAX)
			pthread_cond_signal(&q->drained);
	}
	pthread_mutex_unlock(&q->lock);
	return c;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_cond_broadcast(&q->drained);
	pthread_mutex_unlock(&q->lock);
}

void queue_stop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stopped = true;
	pthread_cond_broadcast(&q->filled);
	pthread_cond_broadcast(&q->drained);
	pthread_mutex_unlock(&q->lock);
}
