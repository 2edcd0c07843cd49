/* What the files of the SQLite backend share. Nothing outside of this folder includes it. */
#ifndef CONDUCTOR_STORE_SQLITE_H
#define CONDUCTOR_STORE_SQLITE_H

#include <pthread.h>

#include <sqlite3.h>

#include "conductor/model/node.h"
#include "conductor/store/store_backend.h"
#include "conductor/store/txn.h"
#include "conductor/store/writer.h"
#include "lib/base/buf.h"
#include "lib/base/map.h"

#define SQL_MAX 65536 /* bytes of one statement */

/* A connection with the statements it has prepared. One thread at a time. */
struct sqlite_conn {
	sqlite3 *db;
	struct map statements; /* text -> sqlite3_stmt, those not in use */
	struct list link;      /* in the pool */
};

/* Reader connections, made when none is idle, so that reads may nest. */
struct sqlite_pool {
	pthread_mutex_t lock;
	struct list idle;
	int n_idle;
};

struct sqlite_store {
	struct store store;
	char *file;  /* what sqlite3_open_v2() gets: a path, or a URI for memory */
	char *shown; /* for messages */
	int lock_fd;
	struct sqlite_conn *writing; /* the writer thread's own */
	struct sqlite_pool pool;
	struct writer *writer;
};

/* Reads: NULL when no connection can be had. */
struct sqlite_conn *sqlite_conn_take(struct sqlite_store *s, struct err *e);
void sqlite_conn_give(struct sqlite_store *s, struct sqlite_conn *c);

/* A prepared statement, to be handed back with sqlite_release(); NULL and e on failure. */
sqlite3_stmt *sqlite_prepare(struct sqlite_conn *c, const char *sql, struct err *e);
void sqlite_release(struct sqlite_conn *c, sqlite3_stmt *stmt);
int sqlite_exec(struct sqlite_conn *c, const char *sql, struct err *e);
void sqlite_bind(sqlite3_stmt *stmt, int at, const struct store_value *v);

/* Translates what the connection's last call returned: -ENOSPC, -EBUSY, -EUCLEAN (damaged), -EIO.
 */
int sqlite_err(sqlite3 *db, int rc, struct err *e, const char *what);

/* migrate.c: refuses another program's and a newer program's file; changes nothing. */
int sqlite_check_owner(struct sqlite_conn *c, struct err *e);

/* migrate.c: brings the schema to this program's, in one transaction. */
int sqlite_migrate(struct sqlite_conn *c, struct err *e);

/* sqlite_write.c: data is the struct sqlite_store. */
extern const struct writer_steps sqlite_writer_steps;

/* query.c */
int sqlite_list(struct store *s, const struct record_type *type, const struct store_query *q,
	store_each_text_fn each, void *data, struct err *e);
int sqlite_count(struct store *s, const struct record_type *type, const struct store_query *q,
	int64_t *ret, struct err *e);
int sqlite_count_by(struct store *s, const struct record_type *type, const char *column,
	store_each_count_fn each, void *data, struct err *e);

#endif
