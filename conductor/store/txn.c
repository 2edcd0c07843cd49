/*
 * Building a transaction: every record becomes its JSON text and the values of its columns at the
 * call, so the caller's struct is not needed afterwards.
 */
#include "conductor/store/txn.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>

struct store_txn *store_txn_new(void)
{
	struct store_txn *t = xcalloc(1, sizeof(*t));

	list_init(&t->link);
	return t;
}

static void op_done(struct txn_op *op)
{
	free(op->doc);
	free(op->uuid);
	free(op->match.text);
	store_values_free(op->values, op->n_values);
}

void store_txn_free(struct store_txn *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->n; i++)
		op_done(&t->ops[i]);
	free(t->ops);
	free(t);
}

void store_txn_finish(struct store_txn *t)
{
	if (t->done)
		t->done(t->data, t->result, &t->err);
	store_txn_free(t);
}

static struct txn_op *op_add(
	struct store_txn *t, enum txn_op_kind kind, const struct record_type *type)
{
	struct txn_op *op;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4;
		t->ops = xrealloc(t->ops, (size_t)t->cap * sizeof(*t->ops));
	}
	op = &t->ops[t->n++];
	*op = (struct txn_op){.kind = kind, .type = type};
	return op;
}

static void add_record(
	struct store_txn *t, enum txn_op_kind kind, const struct record_type *type, const void *rec)
{
	_cleanup_json_ json_t *object = record_to_json(type, rec);
	struct txn_op *op = op_add(t, kind, type);

	op->doc = json_text(object);
	store_values_of(type, rec, &op->values, &op->n_values);
	if (str_empty(record_uuid(type, rec)) && !t->result)
		t->result = err_set(&t->err, EINVAL, "%s without uuid", type->name);
}

void store_txn_put(struct store_txn *t, const struct record_type *type, const void *rec)
{
	add_record(t, TXN_PUT, type, rec);
}

void store_txn_insert(struct store_txn *t, const struct record_type *type, const void *rec)
{
	add_record(t, TXN_INSERT, type, rec);
}

void store_txn_delete(struct store_txn *t, const struct record_type *type, const char *uuid)
{
	op_add(t, TXN_DELETE, type)->uuid = xstrdup(uuid);
}

void store_txn_delete_where(struct store_txn *t, const struct record_type *type, const char *column,
	const char *value, int keep)
{
	const struct field *f = record_field(type, column);
	struct txn_op *op = op_add(t, TXN_DELETE_WHERE, type);
	int r;

	op->column = f;
	op->keep = keep > 0 ? keep : 0;
	if (!f || !field_is_column(f))
		r = err_set(&t->err, EINVAL, "%s has no column %s", type->name, column);
	else
		r = store_value_parse(f, value, &op->match, &t->err);
	if (r < 0)
		t->result = r;
}

static struct store_value number(int64_t n)
{
	return (struct store_value){.kind = VALUE_INT, .number = n};
}

static struct store_value text(const char *s)
{
	return (struct store_value){.kind = s ? VALUE_TEXT : VALUE_NULL, .text = xstrdup(s)};
}

static struct store_value value_of(const struct field *f, const void *rec)
{
	json_t *j;
	struct store_value v = {.kind = VALUE_NULL};
	int64_t n;

	switch (f->type) {
	case FIELD_STR:
	case FIELD_ENUM: /* by way of JSON, so that column and document agree */
		j = record_field_to_json(f, rec);
		v = text(json_string_value(j));
		json_decref(j);
		return v;
	case FIELD_BOOL:
		return number(FIELD_AT_CONST(rec, f, bool));
	case FIELD_TRI:
		n = FIELD_AT_CONST(rec, f, int);
		return n < 0 ? v : number(n);
	case FIELD_INT:
		return number(FIELD_AT_CONST(rec, f, int64_t));
	case FIELD_TIME:
		n = FIELD_AT_CONST(rec, f, int64_t);
		return n ? number(n) : v;
	default:
		return v;
	}
}

void store_values_of(
	const struct record_type *t, const void *rec, struct store_value **ret, int *ret_n)
{
	struct store_value *values = xcalloc((size_t)t->n_fields, sizeof(*values));
	int n = 0;

	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			values[n++] = value_of(f, rec);
	*ret = values;
	*ret_n = n;
}

void store_values_free(struct store_value *v, int n)
{
	for (int i = 0; i < n; i++)
		free(v[i].text);
	free(v);
}

int store_value_parse(
	const struct field *f, const char *value, struct store_value *ret, struct err *e)
{
	long long n;
	int used = 0;

	if (!value || field_is_text(f)) {
		*ret = text(value);
		return 0;
	}
	errno = 0;
	if (sscanf(value, "%lld%n", &n, &used) != 1 || value[used] || errno)
		return err_set(e, EINVAL, "%s: expected an integer, got \"%.64s\"", f->name, value);
	*ret = number(n);
	return 0;
}
