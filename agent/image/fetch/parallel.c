/* Several connections for one file; see parallel.h. */
#include "agent/image/fetch/parallel.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "agent/image/fetch/range.h"
#include "lib/base/deadline.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#define SLOTS_MAX (PARALLEL_MAX + 2)
#define LOOK_MS	  200 /* how often a wait looks whether it shall stop */

struct slot {
	uint8_t *data;
	bool full;
};

struct parallel {
	struct source *s;
	unsigned url;
	uint64_t first, total; /* bytes of the file */
	const char *validator;
	unsigned n_slots;
	atomic_bool stop;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	struct slot slots[SLOTS_MAX]; /* segment i is in slot i % n_slots */
	uint64_t claimed, delivered;  /* segments */
	bool failed;
};

static uint64_t segments(const struct parallel *p)
{
	return (p->total - p->first + PARALLEL_SEGMENT - 1) / PARALLEL_SEGMENT;
}

static uint64_t offset_of(const struct parallel *p, uint64_t segment)
{
	return p->first + segment * PARALLEL_SEGMENT;
}

static size_t len_of(const struct parallel *p, uint64_t segment)
{
	uint64_t left = p->total - offset_of(p, segment);

	return left < PARALLEL_SEGMENT ? (size_t)left : PARALLEL_SEGMENT;
}

/* The next segment within the window; false: none is left, or it is over. */
static bool claim(struct parallel *p, uint64_t *ret)
{
	bool found;

	pthread_mutex_lock(&p->lock);
	while (!p->failed && !atomic_load(&p->stop) && p->claimed < segments(p) &&
		p->claimed >= p->delivered + p->n_slots)
		pthread_cond_wait(&p->wake, &p->lock);
	found = !p->failed && !atomic_load(&p->stop) && p->claimed < segments(p);
	if (found)
		*ret = p->claimed++;
	pthread_mutex_unlock(&p->lock);
	return found;
}

/* slot NULL: it did not come. */
static void report(struct parallel *p, struct slot *slot)
{
	pthread_mutex_lock(&p->lock);
	if (slot)
		slot->full = true;
	else
		p->failed = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

static void *run_connection(void *arg)
{
	struct parallel *p = arg;
	_cleanup_(range_freep) struct range *r = NULL;
	uint64_t i;

	if (range_resume(p->s->job, p->url, p->total, p->validator, &p->stop, &r, NULL) < 0)
		report(p, NULL);
	while (r && claim(p, &i)) {
		struct slot *slot = &p->slots[i % p->n_slots];
		int ret = range_read(r, offset_of(p, i), slot->data, len_of(p, i), NULL);

		report(p, ret == 0 ? slot : NULL);
	}
	return NULL;
}

/* Waits for the segment that is next. false: it does not come. */
static bool await(struct parallel *p)
{
	struct slot *slot = &p->slots[p->delivered % p->n_slots];
	bool full;

	pthread_mutex_lock(&p->lock);
	while (!slot->full && !p->failed && !atomic_load(p->s->stop))
		deadline_wait(&p->wake, &p->lock, time_mono_ms() + LOOK_MS);
	full = slot->full && !atomic_load(p->s->stop);
	pthread_mutex_unlock(&p->lock);
	return full;
}

static int deliver(struct parallel *p, uint64_t *at)
{
	while (p->delivered < segments(p)) {
		struct slot *slot = &p->slots[p->delivered % p->n_slots];
		size_t len = len_of(p, p->delivered);

		if (!await(p))
			return atomic_load(p->s->stop) ? -ECANCELED : -EAGAIN;
		if (p->s->sink(p->s->data, slot->data, len) < 0)
			return -ECANCELED;
		*at += len;
		atomic_store(p->s->read, *at);
		pthread_mutex_lock(&p->lock);
		slot->full = false;
		p->delivered++;
		pthread_cond_broadcast(&p->wake);
		pthread_mutex_unlock(&p->lock);
	}
	return 0;
}

static void parallel_init(struct parallel *p)
{
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
}

static bool make_slots(struct parallel *p, unsigned n)
{
	for (; p->n_slots < n; p->n_slots++) {
		void *data = mmap(NULL, PARALLEL_SEGMENT, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (data == MAP_FAILED)
			return false;
		p->slots[p->n_slots].data = data;
	}
	return true;
}

static void parallel_done(struct parallel *p)
{
	while (p->n_slots)
		munmap(p->slots[--p->n_slots].data, PARALLEL_SEGMENT);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
}

/* Wakes whoever waits for room; transfers see the flag themselves. */
static void stop_all(struct parallel *p)
{
	atomic_store(&p->stop, true);
	pthread_mutex_lock(&p->lock);
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

int parallel_run(
	struct source *s, unsigned url, uint64_t total, const char *validator, uint64_t *at)
{
	struct parallel p = {
		.s = s, .url = url, .first = *at, .total = total, .validator = validator};
	unsigned want = source_connections(s->job), n = 0;
	pthread_t threads[PARALLEL_MAX];
	int r = -EAGAIN;

	parallel_init(&p);
	if (make_slots(&p, want + 2))
		while (n < want && pthread_create(&threads[n], NULL, run_connection, &p) == 0)
			n++;
	if (n)
		r = deliver(&p, at);
	stop_all(&p);
	while (n)
		pthread_join(threads[--n], NULL);
	parallel_done(&p);
	return r;
}
