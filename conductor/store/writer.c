/* Group commit: see writer.h. */
#include "conductor/store/writer.h"
#include "conductor/store/txn.h"
#include "lib/base/deadline.h"
#include "lib/base/time.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define GROUP_MAX 512 /* transactions in one commit: bounds how long the first of them waits */
#define HANG_MS	  2000

struct writer {
	const struct writer_steps *steps;
	void *data;
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t work, ended;
	struct list queue;
	bool stopping, abandon, gone;
	struct store_stats stats;
};

static int take_group(struct writer *w, struct store_txn **group)
{
	int n = 0;

	while (n < GROUP_MAX && !list_empty(&w->queue)) {
		group[n] = list_first(&w->queue, struct store_txn, link);
		list_remove(&group[n]->link);
		n++;
	}
	w->stats.queued -= (uint64_t)n;
	return n;
}

static void fail(struct store_txn *t, int code, const char *why)
{
	if (!t->result)
		t->result = err_set(&t->err, code, "%s", why);
}

/* Negative only when the whole group is lost. */
static int apply_all(
	struct writer *w, struct store_txn **group, int n, bool *ret_any, struct err *e)
{
	for (int i = 0; i < n; i++) {
		struct store_txn *t = group[i];
		struct err te = {0};
		bool lost = false;
		int r;

		if (t->result < 0)
			continue;
		r = w->steps->apply(w->data, t, &lost, &te);
		if (r < 0 && lost) {
			*e = te;
			return r;
		}
		if (r < 0) {
			t->result = r;
			t->err = te;
		} else {
			*ret_any = true;
		}
	}
	return 0;
}

/*
 * One attempt at a group. 0: the commit is on disk, and each transaction's result says whether it
 * is part of it. Negative: nothing of it is kept.
 */
static int try_group(
	struct writer *w, struct store_txn **group, int n, bool *ret_any, struct err *e)
{
	int r = w->steps->begin(w->data, e);

	if (r < 0)
		return r;
	*ret_any = false;
	r = apply_all(w, group, n, ret_any, e);
	if (r >= 0 && *ret_any)
		r = w->steps->commit(w->data, e);
	if (r < 0 || !*ret_any)
		w->steps->rollback(w->data);
	return r;
}

/*
 * A group that fails as a whole is tried again one by one, so that only the culprit fails. Returns
 * the number of commits.
 */
static unsigned run_group(struct writer *w, struct store_txn **group, int n)
{
	struct err e = {0};
	unsigned commits = 0;
	bool any = false;
	int r = try_group(w, group, n, &any, &e);

	if (r >= 0)
		return any;
	if (n == 1) {
		group[0]->result = r;
		group[0]->err = e;
		return 0;
	}
	for (int i = 0; i < n; i++)
		commits += run_group(w, &group[i], 1);
	return commits;
}

static void finish_group(struct writer *w, struct store_txn **group, int n, unsigned commits)
{
	uint64_t failed = 0;

	for (int i = 0; i < n; i++)
		failed += group[i]->result < 0;
	pthread_mutex_lock(&w->lock);
	w->stats.commits += commits;
	w->stats.transactions += (uint64_t)n;
	w->stats.failed += failed;
	w->stats.failing = store_out_of_order(group[n - 1]->result);
	pthread_mutex_unlock(&w->lock);
	for (int i = 0; i < n; i++)
		store_txn_finish(group[i]);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct store_txn *group[GROUP_MAX];
	bool abandon;
	int n;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (list_empty(&w->queue) && !w->stopping)
			pthread_cond_wait(&w->work, &w->lock);
		n = take_group(w, group);
		abandon = w->abandon;
		pthread_mutex_unlock(&w->lock);
		if (!n)
			break;
		for (int i = 0; abandon && i < n; i++)
			fail(group[i], ECANCELED, "the store is closing and ran out of time");
		finish_group(w, group, n, abandon ? 0 : run_group(w, group, n));
	}
	pthread_mutex_lock(&w->lock);
	w->gone = true;
	pthread_cond_broadcast(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int writer_start(const struct writer_steps *steps, void *data, struct writer **ret, struct err *e)
{
	struct writer *w = xcalloc(1, sizeof(*w));
	int r;

	w->steps = steps;
	w->data = data;
	list_init(&w->queue);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_cond_init(&w->ended, NULL);
	r = pthread_create(&w->thread, NULL, writer_main, w);
	if (r) {
		free(w);
		return err_errno(e, r, "start the store's writer thread");
	}
	*ret = w;
	return 0;
}

void writer_submit(struct writer *w, struct store_txn *t)
{
	bool refused;

	pthread_mutex_lock(&w->lock);
	refused = w->stopping;
	if (!refused) {
		list_append(&w->queue, &t->link);
		w->stats.queued++;
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	if (refused) {
		fail(t, ESHUTDOWN, "the store is closed");
		store_txn_finish(t);
	}
}

/* With the lock held. */
static bool wait_gone(struct writer *w, int timeout_ms)
{
	int64_t until_ms = time_mono_ms() + timeout_ms;

	while (!w->gone && deadline_wait(&w->ended, &w->lock, until_ms))
		;
	return w->gone;
}

int writer_stop(struct writer *w, int timeout_ms)
{
	bool gone;

	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	gone = wait_gone(w, timeout_ms);
	if (!gone) {
		w->abandon = true;
		w->steps->interrupt(w->data);
		gone = wait_gone(w, HANG_MS);
	}
	pthread_mutex_unlock(&w->lock);
	if (!gone) {
		pthread_detach(w->thread);
		return -ETIMEDOUT;
	}
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return 0;
}

void writer_get_stats(struct writer *w, struct store_stats *ret)
{
	pthread_mutex_lock(&w->lock);
	*ret = w->stats;
	pthread_mutex_unlock(&w->lock);
}
