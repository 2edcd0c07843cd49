/*
 * The five steps of a group on SQLite: a transaction per group, a savepoint per member. Every
 * change is one statement made of the record type's table of fields.
 */
#include "conductor/store/sqlite.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static void put_sql(struct buf *b, const struct record_type *t, bool upsert)
{
	buf_printf(b, "INSERT INTO \"%s\"(", t->plural);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			buf_printf(b, "\"%s\",", f->name);
	buf_puts(b, "doc) VALUES(");
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			buf_puts(b, "?,");
	buf_puts(b, "?)");
	if (!upsert)
		return;
	buf_printf(b, " ON CONFLICT(\"%s\") DO UPDATE SET ", t->fields[0].name);
	for (const struct field *f = t->fields + 1; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			buf_printf(b, "\"%s\"=excluded.\"%s\",", f->name, f->name);
	buf_puts(b, "doc=excluded.doc");
}

static void delete_where_sql(struct buf *b, const struct txn_op *op)
{
	const char *table = op->type->plural, *column = op->column->name;
	const char *is = op->match.kind == VALUE_NULL ? "IS" : "="; /* indexes leave null out */

	buf_printf(b, "DELETE FROM \"%s\" WHERE \"%s\" %s ?1", table, column, is);
	if (op->keep)
		buf_printf(b,
			" AND id NOT IN (SELECT id FROM \"%s\" WHERE \"%s\" %s ?1"
			" ORDER BY id DESC LIMIT %d)",
			table, column, is, op->keep);
}

static void op_sql(struct buf *b, const struct txn_op *op)
{
	switch (op->kind) {
	case TXN_PUT:
	case TXN_INSERT:
		put_sql(b, op->type, op->kind == TXN_PUT);
		return;
	case TXN_DELETE:
		buf_printf(b, "DELETE FROM \"%s\" WHERE uuid = ?1", op->type->plural);
		return;
	case TXN_DELETE_WHERE:
		delete_where_sql(b, op);
		return;
	}
}

static void op_bind(sqlite3_stmt *stmt, const struct txn_op *op)
{
	switch (op->kind) {
	case TXN_PUT:
	case TXN_INSERT:
		for (int i = 0; i < op->n_values; i++)
			sqlite_bind(stmt, i + 1, &op->values[i]);
		sqlite3_bind_text(stmt, op->n_values + 1, op->doc, -1, SQLITE_STATIC);
		return;
	case TXN_DELETE:
		sqlite3_bind_text(stmt, 1, op->uuid, -1, SQLITE_STATIC);
		return;
	case TXN_DELETE_WHERE:
		sqlite_bind(stmt, 1, &op->match);
		return;
	}
}

/* SQLite says "UNIQUE constraint failed: nodes.name". */
static int conflict_err(sqlite3 *db, const struct txn_op *op, struct err *e)
{
	const char *dot = strrchr(sqlite3_errmsg(db), '.');
	const char *column = dot ? dot + 1 : "uuid", *value = NULL;
	int at = 0;

	for (const struct field *f = op->type->fields; f < op->type->fields + op->type->n_fields;
		f++) {
		if (!field_is_column(f))
			continue;
		if (str_eq(f->name, column) && at < op->n_values)
			value = op->values[at].text;
		at++;
	}
	return err_set(e, EEXIST, "a %s with %s %.255s exists already", op->type->name, column,
		value ? value : "(the same)");
}

static int apply_op(struct sqlite_conn *c, const struct txn_op *op, struct err *e)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	sqlite3_stmt *stmt;
	int rc, r = 0;

	op_sql(&sql, op);
	stmt = sql.overflow ? NULL : sqlite_prepare(c, buf_str(&sql), e);
	buf_done(&sql);
	if (!stmt)
		return -EIO;
	op_bind(stmt, op);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_CONSTRAINT_UNIQUE)
		r = conflict_err(c->db, op, e);
	else if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		r = sqlite_err(c->db, rc, e, op->type->plural);
	sqlite_release(c, stmt);
	return r;
}

static int run(struct sqlite_conn *c, const char *sql, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_prepare(c, sql, e);
	int rc, r;

	if (!stmt)
		return e ? -e->code : -EIO;
	rc = sqlite3_step(stmt);
	r = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : sqlite_err(c->db, rc, e, sql);
	sqlite_release(c, stmt);
	return r;
}

static struct sqlite_conn *conn_of(void *data)
{
	return ((struct sqlite_store *)data)->writing;
}

static int step_begin(void *data, struct err *e)
{
	return run(conn_of(data), "BEGIN IMMEDIATE", e);
}

/* After SQLITE_FULL and the like SQLite may have rolled everything back by itself. */
static int step_apply(void *data, const struct store_txn *t, bool *ret_group_lost, struct err *e)
{
	struct sqlite_conn *c = conn_of(data);
	int r = run(c, "SAVEPOINT member", e);

	for (int i = 0; r >= 0 && i < t->n; i++)
		r = apply_op(c, &t->ops[i], e);
	if (r < 0 && !sqlite3_get_autocommit(c->db) && run(c, "ROLLBACK TO member", NULL) < 0)
		*ret_group_lost = true;
	if (!sqlite3_get_autocommit(c->db) && run(c, "RELEASE member", r < 0 ? NULL : e) < 0) {
		*ret_group_lost = true;
		r = r < 0 ? r : -EIO;
	}
	if (sqlite3_get_autocommit(c->db))
		*ret_group_lost = true;
	return r;
}

static int step_commit(void *data, struct err *e)
{
	return run(conn_of(data), "COMMIT", e);
}

static void step_rollback(void *data)
{
	struct sqlite_conn *c = conn_of(data);

	if (!sqlite3_get_autocommit(c->db))
		run(c, "ROLLBACK", NULL);
}

static void step_interrupt(void *data)
{
	sqlite3_interrupt(conn_of(data)->db);
}

const struct writer_steps sqlite_writer_steps = {
	.begin = step_begin,
	.apply = step_apply,
	.commit = step_commit,
	.rollback = step_rollback,
	.interrupt = step_interrupt,
};
