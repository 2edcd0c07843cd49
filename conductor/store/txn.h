/* A transaction as the backends see it: a list of changes whose records are text already. */
#ifndef CONDUCTOR_STORE_TXN_H
#define CONDUCTOR_STORE_TXN_H

#include "conductor/store/store.h"
#include "lib/base/list.h"

/* What a column holds. FIELD_STR and FIELD_ENUM are text, all others integers. */
struct store_value {
	enum { VALUE_NULL, VALUE_INT, VALUE_TEXT } kind;
	int64_t number;
	char *text; /* owned */
};

enum txn_op_kind { TXN_PUT, TXN_INSERT, TXN_DELETE, TXN_DELETE_WHERE };

struct txn_op {
	enum txn_op_kind kind;
	const struct record_type *type;
	char *doc;		    /* PUT, INSERT: the record as JSON */
	struct store_value *values; /* PUT, INSERT: one per stored column, in order of fields */
	int n_values;
	char *uuid;		    /* DELETE */
	const struct field *column; /* DELETE_WHERE */
	struct store_value match;   /* DELETE_WHERE */
	int keep;		    /* DELETE_WHERE */
};

struct store_txn {
	struct txn_op *ops;
	int n, cap;
	store_done_fn done;
	void *data;
	int result; /* < 0 from the start when a change could not be expressed */
	struct err err;
	struct list link; /* the writer's */
};

static inline bool field_is_column(const struct field *f)
{
	return f->flags & FIELD_COLUMN;
}

static inline bool field_is_text(const struct field *f)
{
	return f->type == FIELD_STR || f->type == FIELD_ENUM;
}

/* The values of all columns of a record, in order of fields; *ret is for store_values_free(). */
void store_values_of(
	const struct record_type *t, const void *rec, struct store_value **ret, int *ret_n);
void store_values_free(struct store_value *v, int n);

/* A value out of a filter's text; NULL is null. -EINVAL when an integer is needed and it is none.
 */
int store_value_parse(
	const struct field *f, const char *text, struct store_value *ret, struct err *e);

/* Calls done() and frees the transaction. */
void store_txn_finish(struct store_txn *t);

#endif
