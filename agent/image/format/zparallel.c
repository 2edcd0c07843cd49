/* Frames in parallel; see zparallel.h. */
#include "agent/image/format/zparallel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "agent/image/format/zframe.h"
#include "lib/base/mem.h"

#define WORKERS_MAX  8
#define JOBS_MAX     (WORKERS_MAX + 1)
#define QUOTA	     8		  /* chunks of a frame whose turn it is not */
#define FRAME_MAX    (16UL << 20) /* compressed */
#define WINDOW_MAX   (16UL << 20)
#define WORKER_BYTES (48UL << 20) /* at most, for its frame, its window and its chunks */

/* One frame. */
struct zjob {
	uint8_t *in;
	size_t len, cap;
	struct chunk *first, *last; /* what came of it, and was not given out yet */
	unsigned held;
	bool done;
	struct err err;
};

struct zparallel {
	struct pipeline *p;
	unsigned workers, n_jobs;
	pthread_t threads[WORKERS_MAX];

	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	struct zjob jobs[JOBS_MAX]; /* frame i is job i % n_jobs */
	uint64_t submitted, started, given;
	bool stop;
};

static unsigned workers_for(uint64_t memory_max)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n = memory_max / WORKER_BYTES;

	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	return cpus > 0 && (uint64_t)cpus < n ? (unsigned)cpus : (unsigned)n;
}

bool zparallel_fits(const uint8_t *start, size_t len, uint64_t memory_max)
{
	struct zframe z;
	bool end;

	zframe_init(&z);
	if (zframe_scan(&z, start, len, &end) < 0 || !z.headed || workers_for(memory_max) < 2)
		return false;
	if (z.skippable) /* pzstd's: the length of the frame behind it */
		return z.skippable_len == 4;
	return z.content <= FRAME_MAX;
}

/* A worker's side */

/* A chunk for frame i, when it may have another one. NULL: stopped. */
static struct chunk *room(struct zparallel *z, struct zjob *job, uint64_t i)
{
	struct chunk *c;
	bool stop;

	pthread_mutex_lock(&z->lock);
	while (!z->stop && job->held >= QUOTA && z->given != i)
		pthread_cond_wait(&z->wake, &z->lock);
	job->held++;
	stop = z->stop;
	pthread_mutex_unlock(&z->lock);
	c = stop ? NULL : pool_get(&z->p->frames);
	if (c)
		c->next = NULL;
	return c;
}

static void add(struct zparallel *z, struct zjob *job, struct chunk *c)
{
	bool zero = c->len && pipeline_all_zero(c);

	pthread_mutex_lock(&z->lock);
	if (zero && job->last && job->last->zeroes) {
		job->last->zeroes += c->len;
		job->held--;
		pthread_mutex_unlock(&z->lock);
		chunk_put(c);
		return;
	}
	c->zeroes = zero ? c->len : 0;
	if (job->last)
		job->last->next = c;
	else
		job->first = c;
	job->last = c;
	pthread_cond_broadcast(&z->wake);
	pthread_mutex_unlock(&z->lock);
}

static int decompress(struct zparallel *z, struct zjob *job, uint64_t i, ZSTD_DCtx *d)
{
	ZSTD_inBuffer in = {job->in, job->len, 0};
	size_t r = 1;

	ZSTD_DCtx_reset(d, ZSTD_reset_session_only);
	while (r) {
		struct chunk *c = room(z, job, i);
		ZSTD_outBuffer out;

		if (!c)
			return err_set(&job->err, ECANCELED, "stopped");
		out = (ZSTD_outBuffer){c->data, CHUNK_SIZE, 0};
		do {
			size_t before = in.pos + out.pos;

			r = ZSTD_decompressStream(d, &out, &in);
			if (!ZSTD_isError(r) && r && in.pos + out.pos == before)
				r = (size_t)-1; /* it ends before its frame does */
		} while (r && !ZSTD_isError(r) && out.pos < out.size);
		c->len = out.pos;
		add(z, job, c);
		if (ZSTD_isError(r))
			return err_set(&job->err, EBADMSG, "the image's zstd data is damaged: %s",
				ZSTD_getErrorName(r));
	}
	return 0;
}

static void *run_worker(void *arg)
{
	struct zparallel *z = arg;
	ZSTD_DCtx *d = ZSTD_createDCtx();

	pthread_mutex_lock(&z->lock);
	while (!z->stop) {
		uint64_t i = z->started;
		struct zjob *job = &z->jobs[i % z->n_jobs];

		if (i == z->submitted) {
			pthread_cond_wait(&z->wake, &z->lock);
			continue;
		}
		z->started++;
		pthread_mutex_unlock(&z->lock);
		if (d)
			decompress(z, job, i, d);
		else
			err_set(&job->err, ENOMEM, "no memory for zstd");
		pthread_mutex_lock(&z->lock);
		job->done = true;
		pthread_cond_broadcast(&z->wake);
	}
	pthread_mutex_unlock(&z->lock);
	ZSTD_freeDCtx(d);
	return NULL;
}

/* The decoding thread's side */

static int give_chunk(struct zparallel *z, struct chunk *c, struct err *e)
{
	uint64_t zeroes = c->zeroes;

	if (!zeroes)
		return pipeline_append(z->p, c, e);
	chunk_put(c);
	return pipeline_append_zeroes(z->p, zeroes, e);
}

/*
 * Gives out what is next, in order, until no more than `left` frames are on their way; waits for
 * what is not ready.
 */
static int give(struct zparallel *z, uint64_t left, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&z->lock);
	while (r == 0 && z->submitted - z->given > left) {
		struct zjob *job = &z->jobs[z->given % z->n_jobs];
		struct chunk *c = job->first;

		if (c) {
			job->first = c->next;
			job->last = job->first ? job->last : NULL;
			job->held--;
		} else if (job->done && job->err.code) {
			if (e)
				*e = job->err;
			r = -job->err.code;
		} else if (job->done) {
			job->done = false;
			job->len = 0;
			z->given++;
		} else {
			pthread_cond_wait(&z->wake, &z->lock);
			continue;
		}
		pthread_cond_broadcast(&z->wake);
		if (!c)
			continue;
		pthread_mutex_unlock(&z->lock);
		r = give_chunk(z, c, e);
		pthread_mutex_lock(&z->lock);
	}
	pthread_mutex_unlock(&z->lock);
	return r;
}

/* Frames that are empty or not ours go no further. */
static int submit(struct zparallel *z, const struct zframe *frame, struct err *e)
{
	if (frame->skippable) {
		z->jobs[z->submitted % z->n_jobs].len = 0;
		return 0;
	}
	pthread_mutex_lock(&z->lock);
	z->submitted++;
	pthread_cond_broadcast(&z->wake);
	pthread_mutex_unlock(&z->lock);
	return give(z, z->n_jobs - 1, e); /* then the next job is free */
}

/* false: the frame is larger than what is meant for here. */
static bool gather(struct zjob *job, const struct zframe *frame, const uint8_t *bytes, size_t n)
{
	if (frame->headed && !frame->skippable && frame->window > WINDOW_MAX)
		return false;
	if (frame->skippable) /* however long */
		return true;
	if (n > FRAME_MAX - job->len)
		return false;
	if (job->len + n > job->cap) {
		job->cap = job->len + n < FRAME_MAX / 2 ? 2 * (job->len + n) : FRAME_MAX;
		job->in = xrealloc(job->in, job->cap);
	}
	memcpy(job->in + job->len, bytes, n);
	job->len += n;
	return true;
}

static int damaged(const char *what, struct err *e)
{
	return err_set(e, EBADMSG, "the image's zstd data is damaged: %s", what);
}

static int only_zeroes(const uint8_t *p, size_t len, struct err *e)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return damaged("something follows its end", e);
	return 0;
}

struct scan {
	struct zframe frame;
	bool begun;    /* within a frame */
	bool padding;  /* only zeroes may follow */
	size_t at;     /* of the chunk */
	bool overflow; /* the present frame is too large */
};

/* Takes one chunk apart, as far as it goes. */
static int take_chunk(struct zparallel *z, struct scan *s, const struct chunk *c, struct err *e)
{
	int r = 0;

	for (s->at = 0; r == 0 && s->at < c->len && !s->overflow;) {
		const uint8_t *bytes = c->data + s->at;
		bool end = false;
		ssize_t n;

		if (!s->begun && (s->padding || !*bytes)) {
			s->padding = true;
			return only_zeroes(bytes, c->len - s->at, e);
		}
		if (!s->begun)
			zframe_init(&s->frame);
		s->begun = true;
		n = zframe_scan(&s->frame, bytes, c->len - s->at, &end);
		if (n < 0)
			return damaged("a frame is not one of zstd's", e);
		s->overflow =
			!gather(&z->jobs[z->submitted % z->n_jobs], &s->frame, bytes, (size_t)n);
		if (s->overflow)
			break;
		s->at += (size_t)n;
		if (end) {
			s->begun = false;
			r = submit(z, &s->frame, e);
		}
	}
	return r;
}

static void zparallel_start(struct zparallel *z, unsigned workers)
{
	z->n_jobs = workers + 1;
	z->p->frames.max = z->n_jobs * QUOTA + 8;
	pthread_mutex_init(&z->lock, NULL);
	pthread_cond_init(&z->wake, NULL);
	while (z->workers < workers &&
		pthread_create(&z->threads[z->workers], NULL, run_worker, z) == 0)
		z->workers++;
}

static void zparallel_stop(struct zparallel *z, bool failed)
{
	if (failed)
		pool_stop(&z->p->frames);
	pthread_mutex_lock(&z->lock);
	z->stop = true;
	pthread_cond_broadcast(&z->wake);
	pthread_mutex_unlock(&z->lock);
	while (z->workers)
		pthread_join(z->threads[--z->workers], NULL);
	for (unsigned i = 0; i < z->n_jobs; i++)
		free(z->jobs[i].in);
	pthread_cond_destroy(&z->wake);
	pthread_mutex_destroy(&z->lock);
}

int zparallel_run(struct pipeline *p, const struct decoder_ops *ops, struct chunk *c,
	zparallel_rest_fn rest, struct err *e)
{
	struct zparallel z = {.p = p};
	struct scan s = {0};
	int r = 0;

	zparallel_start(&z, workers_for(decode_memory()));
	if (!z.workers)
		r = err_set(e, EAGAIN, "cannot start a thread");
	while (r == 0 && c) {
		r = take_chunk(&z, &s, c, e);
		if (s.overflow)
			break;
		chunk_put(c);
		c = r == 0 ? queue_pop(&p->hashed) : NULL;
	}
	if (r == 0)
		r = give(&z, 0, e);
	if (r == 0 && s.overflow) {
		struct zjob *job = &z.jobs[z.submitted % z.n_jobs];

		r = rest(p, ops, job->in, job->len, TAKE_PTR(c), s.at, e);
	} else if (r == 0 && s.begun && !atomic_load(&p->stop)) {
		r = damaged("it ends in the middle", e);
	}
	chunk_put(c);
	zparallel_stop(&z, r < 0);
	return r;
}
