/* The stages' threads; see pipeline.h. */
#include "agent/image/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/image/format/decode.h"
#include "agent/image/format/format.h"
#include "agent/image/format/mapped.h"
#include "agent/image/fetch/source.h"
#include "agent/image/format/zparallel.h"
#include "lib/base/deadline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define IN_CHUNKS  12
#define OUT_CHUNKS 12

void pipeline_fail(struct pipeline *p, const struct err *e)
{
	pthread_mutex_lock(&p->lock);
	if (!p->failed) {
		p->failed = true;
		p->err = *e;
	}
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->stop, true);
	pool_stop(&p->in);
	pool_stop(&p->out);
	pool_stop(&p->frames);
	queue_stop(&p->fetched);
	queue_stop(&p->hashed);
	queue_stop(&p->ready);
}

/* A stage that ended early without saying why: stopped by another one, or short of memory. */
static void stage_failed(struct pipeline *p, struct err *e)
{
	if (!e->code || e->code == ECANCELED) {
		if (atomic_load(&p->stop))
			return;
		err_set(e, ENOMEM, "no memory for the pipeline's buffers");
	}
	pipeline_fail(p, e);
}

int pipeline_gather(struct pipeline *p, const uint8_t *bytes, size_t len, size_t range,
	uint64_t *at, uint64_t end)
{
	while (len) {
		struct chunk *c = p->filling ? p->filling : pool_get(&p->in);
		size_t n;

		if (!c)
			return -ECANCELED;
		if (!p->filling) {
			c->offset = *at;
			c->range = range;
		}
		p->filling = c;
		n = len < CHUNK_SIZE - c->len ? len : CHUNK_SIZE - c->len;
		memcpy(c->data + c->len, bytes, n);
		c->len += n;
		bytes += n;
		len -= n;
		*at += n;
		if (c->len < CHUNK_SIZE && *at < end)
			break;
		p->filling = NULL;
		if (!queue_push(&p->fetched, c))
			return -ECANCELED;
	}
	return 0;
}

/* Source: bytes as they come; where they belong is known when they are decoded. */
static int take_bytes(void *arg, const uint8_t *bytes, size_t len)
{
	uint64_t at = 0;

	return pipeline_gather(arg, bytes, len, 0, &at, UINT64_MAX);
}

static void run_source(struct pipeline *p)
{
	struct source s = {.job = p->job,
		.sink = take_bytes,
		.data = p,
		.stop = &p->stop,
		.read = &p->read,
		.total = &p->total,
		.resumed = &p->resumed};
	struct err e = {0};

	if ((p->map ? mapped_fetch(p, &e) : source_run(&s, &e)) < 0)
		stage_failed(p, &e);
	else if (p->filling)
		queue_push(&p->fetched, p->filling);
	queue_close(&p->fetched);
}

static void run_hash(struct pipeline *p)
{
	struct err e = {0};
	struct chunk *c;

	if (p->map && mapped_check(p, &e) < 0)
		stage_failed(p, &e);
	while (!p->map && (c = queue_pop(&p->fetched))) {
		checksum_update(p->checksum, c->data, c->len);
		queue_push(&p->hashed, c);
	}
	queue_close(&p->hashed);
}

/* Raw data: the chunks that were read are those that are written. */
static int pass_raw(struct pipeline *p, struct chunk *c, struct err *e)
{
	uint64_t total = atomic_load(&p->total);
	int r = 0;

	if (total > p->target->size) {
		chunk_put(c);
		return pipeline_too_large(p, "", total, e);
	}
	for (; c && r == 0; c = queue_pop(&p->hashed))
		r = pipeline_append(p, c, e);
	chunk_put(c);
	return r;
}

struct decoding {
	struct decoder decoder;
	struct chunk *out;
};

/* Runs the decoder until it wants more input. */
static int decode_input(struct pipeline *p, struct decoding *d, struct decode_io *io, struct err *e)
{
	int r = 0;

	for (;;) {
		size_t in_before = io->in_len, room;

		if (!d->out && !(d->out = pool_get(&p->out)))
			return -ECANCELED;
		room = CHUNK_SIZE - d->out->len;
		io->out = d->out->data + d->out->len;
		io->out_len = room;
		r = decode_step(&d->decoder, io, e);
		d->out->len += room - io->out_len;
		if (r == 0 && io->out_len && io->in_len && in_before == io->in_len)
			return err_set(e, EBADMSG, "the image's %s data leads nowhere",
				d->decoder.ops->name);
		if (r < 0 || (io->out_len && in_before == io->in_len))
			return r; /* all is read and given out */
		if (d->out->len < CHUNK_SIZE)
			continue;
		r = pipeline_append(p, d->out, e);
		d->out = NULL;
		if (r < 0)
			return r;
	}
}

static int decode_all(struct pipeline *p, struct decoding *d, struct chunk *c, struct err *e)
{
	int r = 0;

	while (c && r == 0) {
		struct decode_io io = {.in = c->data, .in_len = c->len};

		r = decode_input(p, d, &io, e);
		chunk_put(c);
		c = r == 0 ? queue_pop(&p->hashed) : NULL;
	}
	if (r == 0 && !atomic_load(&p->stop)) {
		struct decode_io io = {0};

		d->decoder.eof = true;
		r = decode_input(p, d, &io, e);
		if (r == 0)
			r = decode_end(&d->decoder, e);
	}
	if (r == 0 && d->out && d->out->len)
		r = pipeline_append(p, TAKE_PTR(d->out), e);
	return r;
}

/* One decoder from a frame on that is too large to be one of several at a time. */
static int decode_rest(struct pipeline *p, const struct decoder_ops *ops, const uint8_t *frame,
	size_t frame_len, struct chunk *c, size_t at, struct err *e)
{
	struct decode_io parts[] = {
		{.in = frame, .in_len = frame_len}, {.in = c->data + at, .in_len = c->len - at}};
	struct decoding d = {0};
	int r = decode_open(&d.decoder, ops, 0, e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		if (parts[i].in_len)
			r = decode_input(p, &d, &parts[i], e);
	chunk_put(c);
	if (r == 0)
		r = decode_all(p, &d, queue_pop(&p->hashed), e);
	decode_close(&d.decoder);
	chunk_put(d.out);
	return r;
}

static int decode_stream(
	struct pipeline *p, const struct decoder_ops *ops, struct chunk *c, struct err *e)
{
	uint64_t declared = ops->declared ? ops->declared(c->data, c->len) : 0;
	struct decoding d = {0};
	int r = 0;

	if (declared > p->target->size)
		r = pipeline_too_large(p, "decompressed ", declared, e);
	else if (str_eq(ops->name, "zstd") && zparallel_fits(c->data, c->len, decode_memory()))
		return zparallel_run(p, ops, c, decode_rest, e);
	if (r == 0)
		r = decode_open(&d.decoder, ops, 0, e);
	if (r < 0) {
		chunk_put(c);
		return r;
	}
	r = decode_all(p, &d, c, e);
	decode_close(&d.decoder);
	chunk_put(d.out);
	return r;
}

/* The format's code, from its first byte to its last. */
static int run_format(
	struct pipeline *p, const struct format_ops *ops, struct chunk *c, struct err *e)
{
	struct format f = {.ops = ops,
		.job = p->job,
		.stop = &p->stop,
		.sector = p->target->sector,
		.pipeline = p};
	int r = ops->open(&f, c->data, c->len, e);

	while (r == 0 && c) {
		r = ops->step(&f, c->data, c->len, e);
		chunk_put(c);
		c = r == 0 ? queue_pop(&p->hashed) : NULL;
	}
	chunk_put(c);
	if (r == 0 && !atomic_load(&p->stop))
		r = ops->end(&f, e);
	ops->close(&f);
	return r;
}

/* Looks what it is that comes, and takes it apart. */
static int decode_whole(struct pipeline *p, struct chunk *c, struct err *e)
{
	const struct decoder_ops *ops = decode_detect(c->data, c->len);
	const struct format_ops *format = NULL;
	int r;

	if (ops)
		return decode_stream(p, ops, c, e);
	r = format_detect(p->job, c->data, c->len, &format, e);
	if (r == 0)
		return format ? run_format(p, format, c, e) : pass_raw(p, c, e);
	chunk_put(c);
	return r;
}

static void run_decode(struct pipeline *p)
{
	struct chunk *c = p->map ? NULL : queue_pop(&p->hashed);
	struct err e = {0};
	int r = 0;

	if (p->map)
		r = mapped_place(p, &e);
	else if (c)
		r = decode_whole(p, c, &e);

	if (r == 0)
		r = pipeline_flush(p, &e);
	if (r < 0)
		stage_failed(p, &e);
	queue_close(&p->ready);
}

static void run_writer(struct pipeline *p)
{
	struct chunk *c;

	while ((c = queue_pop(&p->ready))) {
		uint64_t len = c->zeroes ? c->zeroes : c->len, skipped = 0;
		struct err e = {0};
		int r;

		if (c->zeroes) {
			r = target_zero(p->target, c->offset, len, &e);
			skipped = len;
		} else {
			r = target_write(p->target, c->data, c->len, c->offset, &skipped, &e);
		}
		chunk_put(c);
		if (r < 0)
			pipeline_fail(p, &e);
		atomic_fetch_add(&p->skipped, skipped);
		atomic_fetch_add(&p->written, len - skipped);
	}
}

/* Threads */

struct stage {
	void (*run)(struct pipeline *p);
};

static const struct stage stages[] = {{run_source}, {run_hash}, {run_decode}, {run_writer}};

struct start {
	struct pipeline *p;
	const struct stage *stage;
};

static void *stage_run(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	s.stage->run(s.p);
	pthread_mutex_lock(&s.p->lock);
	s.p->running--;
	pthread_cond_broadcast(&s.p->wake);
	pthread_mutex_unlock(&s.p->lock);
	return NULL;
}

static void start_stage(struct pipeline *p, const struct stage *stage)
{
	struct start *s = xmalloc(sizeof(*s));
	struct err e;

	*s = (struct start){p, stage};
	pthread_mutex_lock(&p->lock);
	p->running++;
	pthread_mutex_unlock(&p->lock);
	if (pthread_create(&p->threads[p->n_threads], NULL, stage_run, s) == 0) {
		p->n_threads++;
		return;
	}
	free(s);
	pthread_mutex_lock(&p->lock);
	p->running--;
	pthread_mutex_unlock(&p->lock);
	err_set(&e, EAGAIN, "cannot start a thread");
	pipeline_fail(p, &e);
}

void pipeline_init(
	struct pipeline *p, const struct image_job *job, struct target *t, struct checksum *c)
{
	*p = (struct pipeline){.job = job, .target = t, .checksum = c};
	pool_init(&p->in, IN_CHUNKS);
	pool_init(&p->out, OUT_CHUNKS);
	pool_init(&p->frames, 0); /* zparallel.c says how many */
	queue_init(&p->fetched);
	queue_init(&p->hashed);
	queue_init(&p->ready);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
}

void pipeline_done(struct pipeline *p)
{
	pool_done(&p->in);
	pool_done(&p->out);
	pool_done(&p->frames);
	queue_done(&p->fetched);
	queue_done(&p->hashed);
	queue_done(&p->ready);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
}

void pipeline_start(struct pipeline *p)
{
	unsigned writers = p->job->writers ? p->job->writers : 4;

	if (writers > PIPELINE_WRITERS_MAX)
		writers = PIPELINE_WRITERS_MAX;
	for (unsigned i = 0; i < 3 + writers; i++)
		start_stage(p, &stages[i < 3 ? i : 3]);
}

bool pipeline_wait(struct pipeline *p, unsigned ms)
{
	int64_t until_ms = time_mono_ms() + ms;
	bool done;

	pthread_mutex_lock(&p->lock);
	while (p->running && deadline_wait(&p->wake, &p->lock, until_ms))
		;
	done = !p->running;
	pthread_mutex_unlock(&p->lock);
	return done;
}

int pipeline_finish(struct pipeline *p, struct err *e)
{
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	if (!p->failed)
		return 0;
	if (e)
		*e = p->err;
	return -p->err.code;
}
