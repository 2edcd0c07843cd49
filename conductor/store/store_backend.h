/*
 * What a database has to offer to be a store: one struct of operations per URL scheme. Everything
 * that is the same for all of them (records from and to text, checks of names) is in store.c,
 * txn.c and writer.c.
 */
#ifndef CONDUCTOR_STORE_STORE_BACKEND_H
#define CONDUCTOR_STORE_STORE_BACKEND_H

#include "conductor/store/store.h"

/* The backend embeds this as the first member of its own struct. */
struct store {
	const struct store_backend *backend;
};

struct store_backend {
	/* address: the URL behind "scheme:". As store_open(). */
	int (*open)(const char *address, struct store **ret, struct err *e);
	void (*close)(struct store *s, int timeout_ms);

	/* Takes the transaction, which carries its done function; see txn.h. Any thread. */
	void (*submit)(struct store *s, struct store_txn *t);

	/*
	 * Reads, on the caller's thread; they see every transaction whose done() was called, may be
	 * nested in each(), and never see half a transaction. The query's columns were checked.
	 */
	int (*list)(struct store *s, const struct record_type *type, const struct store_query *q,
		store_each_text_fn each, void *data, struct err *e);
	int (*count)(struct store *s, const struct record_type *type, const struct store_query *q,
		int64_t *ret, struct err *e);
	int (*count_by)(struct store *s, const struct record_type *type, const char *column,
		store_each_count_fn each, void *data, struct err *e);

	void (*get_stats)(struct store *s, struct store_stats *ret);
};

extern const struct store_backend sqlite_backend;

#endif
