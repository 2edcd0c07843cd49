/*
 * The store: records in and out of a database. It knows tables of fields
 * (conductor/model/record.h), no states and no rules. Writes go through one writer thread that
 * groups whatever is waiting into one commit (synchronous=FULL); reads run on the caller's thread.
 */
#ifndef CONDUCTOR_STORE_STORE_H
#define CONDUCTOR_STORE_STORE_H

#include "conductor/model/record.h"

struct store;
struct store_txn;

/*
 * Opens "sqlite:PATH" (made with mode 0600 when absent; "sqlite::memory:" for tests), checks it and
 * applies the migrations that are missing. Another scheme, a newer schema than this program knows,
 * or a damaged file is an error that says what to do. The file is locked: a second opener fails.
 */
int store_open(const char *url, struct store **ret, struct err *e);

/* Ends the writer after what was submitted is committed; waits at most timeout_ms. */
void store_close(struct store *s, int timeout_ms);

/*
 * A transaction is built by its owner and given away with store_submit(). Records are serialised
 * by the call, so they may change or go afterwards.
 */
struct store_txn *store_txn_new(void);
void store_txn_free(struct store_txn *t); /* only if it was not submitted */
void store_txn_put(struct store_txn *t, const struct record_type *type, const void *rec);
void store_txn_insert(struct store_txn *t, const struct record_type *type,
	const void *rec); /* -EEXIST if its uuid exists */
void store_txn_delete(struct store_txn *t, const struct record_type *type, const char *uuid);
/*
 * Deletes every record whose column has this value, but the `keep` that were inserted last (the
 * clock may have been set back since).
 */
void store_txn_delete_where(struct store_txn *t, const struct record_type *type, const char *column,
	const char *value, int keep);

/*
 * Queues the transaction. done() is called once, on the writer thread, after the commit is on disk
 * (r = 0) or nothing of it was kept: r = -EEXIST when a unique column's value is taken (the text
 * names record type, column and value), -ENOSPC, -EIO ... The other transactions of the same group
 * are not harmed. Any thread. done may be NULL.
 */
bool store_out_of_order(int r); /* it is the store, not the transaction: another would fail, too */
typedef void (*store_done_fn)(void *data, int r, const struct err *e);
void store_submit(struct store *s, struct store_txn *t, store_done_fn done, void *data);

/* Submits and waits; for tools, tests and start-up, never on the engine thread. */
int store_commit(struct store *s, struct store_txn *t, struct err *e);

enum store_op {
	STORE_EQ,	/* value NULL matches null */
	STORE_NE,	/* a null column differs from every value */
	STORE_IN,	/* value is a comma-separated list */
	STORE_CONTAINS, /* case-insensitive substring */
	STORE_NOT_NULL,
	STORE_LE, /* integers and times */
	STORE_OP_COUNT
};

/* A column's value is compared as text: "1"/"0" for bools, names for enums, decimal for times (us).
 */
struct store_filter {
	const char *column;
	enum store_op op;
	const char *value;
};

struct store_query {
	const struct store_filter *filters;
	int n_filters;
	const char *sort_key; /* a column or "id" (order of creation, the default when NULL) */
	bool descending;
	const char *marker_uuid; /* begin after this record in sort order; -ENOENT when unknown */
	int limit;		 /* 0: all */
};

/* Reads one record by a column (usually "uuid") into an initialised struct. 0, -ENOENT, -EIO. */
int store_get(struct store *s, const struct record_type *type, const char *column,
	const char *value, void *ret_rec, struct err *e);

/* Calls each() per record; a negative return of it ends the walk and is returned. */
typedef int (*store_each_fn)(void *data, const void *rec);
int store_list(struct store *s, const struct record_type *type, const struct store_query *q,
	store_each_fn each, void *data, struct err *e);

/* As above, but hands out the stored JSON text, unparsed: for answers that need no struct. */
typedef int (*store_each_text_fn)(void *data, const char *uuid, const char *json, size_t len);
int store_list_text(struct store *s, const struct record_type *type, const struct store_query *q,
	store_each_text_fn each, void *data, struct err *e);

/* How many records match (limit and marker ignored). */
int store_count(struct store *s, const struct record_type *type, const struct store_query *q,
	int64_t *ret, struct err *e);

/*
 * How many records there are of each value of a text column, in the order of the values; first of
 * null (NULL), if any has it.
 */
typedef int (*store_each_count_fn)(void *data, const char *value, int64_t n);
int store_count_by(struct store *s, const struct record_type *type, const char *column,
	store_each_count_fn each, void *data, struct err *e);

struct store_stats {
	uint64_t commits, transactions, failed;
	uint64_t queued; /* transactions waiting now */
	bool failing;	 /* the last one failed because the store is out of order */
};
void store_get_stats(struct store *s, struct store_stats *ret);

#endif
