/*
 * The writer: one thread that takes whatever transactions are waiting and makes them durable by one
 * commit. It knows no database; the backend gives it the five steps of a group.
 */
#ifndef CONDUCTOR_STORE_WRITER_H
#define CONDUCTOR_STORE_WRITER_H

#include "conductor/store/store.h"

struct writer;

/* All are called on the writer's thread. */
struct writer_steps {
	int (*begin)(void *data, struct err *e);

	/*
	 * Applies one transaction inside the group, all or nothing of it. A failure that ended the
	 * whole group (disk full, connection lost) sets *ret_group_lost.
	 */
	int (*apply)(void *data, const struct store_txn *t, bool *ret_group_lost, struct err *e);

	int (*commit)(void *data, struct err *e); /* 0: on disk */
	void (*rollback)(void *data);		  /* also when the group is lost already */
	void (*interrupt)(void *data);		  /* from another thread: hurry */
};

int writer_start(const struct writer_steps *steps, void *data, struct writer **ret, struct err *e);

/* Takes the transaction; after writer_stop() it ends with -ESHUTDOWN. Any thread. */
void writer_submit(struct writer *w, struct store_txn *t);

/*
 * Ends the thread once the queue is empty. After timeout_ms what still waits ends with -ECANCELED.
 * Returns -ETIMEDOUT when the thread hangs in a step: then the writer and what the steps use have
 * to be left alone. Otherwise the writer is freed.
 */
int writer_stop(struct writer *w, int timeout_ms);

void writer_get_stats(struct writer *w, struct store_stats *ret);

#endif
