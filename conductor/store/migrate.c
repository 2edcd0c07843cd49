/*
 * The schema: tables made from the model's tables of fields, and numbered migrations for what
 * cannot be derived from them. Everything happens in one transaction when the store is opened.
 *
 * A record is its JSON text in the column `doc`. Columns beside it repeat fields for filters and
 * sorting, so they can always be made again from the text. What shape a table was made for is kept
 * in the table store_shapes; when the model says otherwise, columns and indexes are made again.
 *
 * To add a record type, a field, or FIELD_COLUMN or FIELD_UNIQUE to a field: change the model;
 * nothing is to be done here. Records written before read as if the new field were absent. An index
 * for a filter that is asked often is a row in indexes[].
 *
 * To rename or remove a field, or change what its values mean: add a row at the end of migrations[]
 * with the next number and the SQL that rewrites `doc`, for example
 *	UPDATE nodes SET doc = json_remove(doc, '$.old')
 * and never change a row that was released. Such an SQL sees tables as the version before left
 * them. A file with a number that this program does not know is refused, as is a record with a
 * field it does not know.
 */
#include "conductor/store/sqlite.h"
#include "lib/base/str.h"

#include <errno.h>

#define APPLICATION_ID 0x496e676f /* "Ingo" */
#define INDEX_STYLE    3	  /* raise it when make_indexes() makes them otherwise */

static const struct migration {
	int number;
	const char *why;
	const char *sql;
} migrations[] = {
	{1, "what kept which shape",
		"CREATE TABLE store_shapes(name TEXT PRIMARY KEY, "
		"shape TEXT NOT NULL) WITHOUT ROWID"},
};
#define NEWEST migrations[ARRAY_SIZE(migrations) - 1].number

/* Beside those of unique fields. */
static const struct index {
	const char *table, *column;
} indexes[] = {
	{"nodes", "provision_state"},
	{"nodes", "chassis_uuid"},
	{"nodes", "parent_node"},
	{"nodes", "shard"},
	{"ports", "node_uuid"},
	{"ports", "portgroup_uuid"},
	{"portgroups", "node_uuid"},
	{"volume_connectors", "node_uuid"},
	{"volume_targets", "node_uuid"},
	{"allocations", "node_uuid"},
	{"node_events", "node_uuid"},
	{"deliveries", "url"},
	{"disk_records", "node_uuid"},
	{"past_inspections", "node_uuid"},
};

static int query_int(struct sqlite_conn *c, const char *sql, int64_t *ret, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_prepare(c, sql, e);
	int rc, r = 0;

	if (!stmt)
		return e ? -e->code : -EIO;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (rc != SQLITE_DONE)
		r = sqlite_err(c->db, rc, e, sql);
	sqlite_release(c, stmt);
	return r;
}

static int exec_buf(struct sqlite_conn *c, struct buf *sql, struct err *e)
{
	int r = sqlite_exec(c, buf_str(sql), e);

	buf_done(sql);
	return r;
}

int sqlite_check_owner(struct sqlite_conn *c, struct err *e)
{
	int64_t id = 0, tables = 0, version = 0;
	int r = query_int(c, "PRAGMA application_id", &id, e);

	if (r >= 0)
		r = query_int(c, "PRAGMA user_version", &version, e);
	if (r >= 0)
		r = query_int(c, "SELECT count(*) FROM sqlite_schema", &tables, e);
	if (r < 0)
		return r;
	if (tables && id != APPLICATION_ID)
		return err_set(e, EINVAL, "the file is a database of another program");
	if (version > NEWEST)
		return err_set(e, EINVAL,
			"the file has schema %lld and this program knows up to %d; use the newer "
			"ingotd that wrote it",
			(long long)version, NEWEST);
	return 0;
}

static int run_migrations(struct sqlite_conn *c, int64_t version, struct err *e)
{
	char sql[96];

	for (size_t i = 0; i < ARRAY_SIZE(migrations); i++) {
		const struct migration *m = &migrations[i];
		int r = m->number > version ? sqlite_exec(c, m->sql, e) : 0;

		if (r < 0)
			return err_prefix(e, "migration %d (%s)", m->number, m->why);
	}
	if (version == NEWEST)
		return 0;
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; PRAGMA application_id=%d", NEWEST,
		APPLICATION_ID);
	return sqlite_exec(c, sql, e);
}

/* Everything of a record type that its table, indexes and columns depend on. */
static void shape_of(const struct record_type *t, struct buf *b)
{
	buf_printf(b, "%d;", INDEX_STYLE);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		buf_printf(b, "%s:%d:%u;", f->name, (int)f->type, f->flags);
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++)
		if (str_eq(indexes[i].table, t->plural))
			buf_printf(b, "%s;", indexes[i].column);
}

/* *ret: NULL when the table is not there yet. */
static int read_shape(struct sqlite_conn *c, const struct record_type *t, char **ret, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_prepare(c, "SELECT shape FROM store_shapes WHERE name = ?", e);
	int rc, r = 0;

	if (!stmt)
		return e ? -e->code : -EIO;
	sqlite3_bind_text(stmt, 1, t->plural, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = xstrdup((const char *)sqlite3_column_text(stmt, 0));
	else if (rc != SQLITE_DONE)
		r = sqlite_err(c->db, rc, e, "read the shapes");
	sqlite_release(c, stmt);
	return r;
}

static int write_shape(
	struct sqlite_conn *c, const struct record_type *t, const char *shape, struct err *e)
{
	sqlite3_stmt *stmt = sqlite_prepare(c,
		"INSERT INTO store_shapes VALUES(?,?) ON CONFLICT(name) DO UPDATE SET "
		"shape=excluded.shape",
		e);
	int rc;

	if (!stmt)
		return e ? -e->code : -EIO;
	sqlite3_bind_text(stmt, 1, t->plural, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, shape, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	sqlite_release(c, stmt);
	return rc == SQLITE_DONE ? 0 : sqlite_err(c->db, rc, e, "write the shapes");
}

static const char *column_type(const struct field *f)
{
	return field_is_text(f) ? "TEXT" : "INTEGER";
}

static int make_table(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	struct buf sql = BUF_INIT(SQL_MAX);

	buf_printf(&sql, "CREATE TABLE \"%s\"(id INTEGER PRIMARY KEY AUTOINCREMENT", t->plural);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			buf_printf(&sql, ", \"%s\" %s", f->name, column_type(f));
	buf_puts(&sql, ", doc TEXT NOT NULL)");
	return exec_buf(c, &sql, e);
}

static int add_columns(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++) {
		struct buf sql = BUF_INIT(SQL_MAX);
		int64_t there = 0;
		int r;

		if (!field_is_column(f))
			continue;
		buf_printf(&sql, "SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'",
			t->plural, f->name);
		r = query_int(c, buf_str(&sql), &there, e);
		buf_truncate(&sql, 0);
		buf_printf(&sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", t->plural, f->name,
			column_type(f));
		if (r >= 0 && !there)
			r = sqlite_exec(c, buf_str(&sql), e);
		buf_done(&sql);
		if (r < 0)
			return r;
	}
	return 0;
}

/* All of them: which are needed may have changed. */
static int drop_indexes(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	sqlite3_stmt *stmt = sqlite_prepare(c,
		"SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND "
		"tbl_name = ?",
		e);

	if (!stmt)
		return e ? -e->code : -EIO;
	sqlite3_bind_text(stmt, 1, t->plural, -1, SQLITE_STATIC);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		buf_printf(&sql, "DROP INDEX \"%s\";", sqlite3_column_text(stmt, 0));
	sqlite_release(c, stmt);
	return exec_buf(c, &sql, e);
}

/*
 * Null is left out, as most of these columns are null most of the time and each index that a record
 * is in costs a page per commit. The one of uuid has to be whole, for upserts.
 */
static int make_indexes(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	struct buf sql = BUF_INIT(SQL_MAX);

	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++) {
		if (!field_is_column(f) || !(f->flags & FIELD_UNIQUE))
			continue;
		buf_printf(&sql, "CREATE UNIQUE INDEX \"%s_%s\" ON \"%s\"(\"%s\")", t->plural,
			f->name, t->plural, f->name);
		if (f != t->fields)
			buf_printf(&sql, " WHERE \"%s\" IS NOT NULL", f->name);
		buf_puts(&sql, ";");
	}
	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
		const struct index *x = &indexes[i];

		if (str_eq(x->table, t->plural))
			buf_printf(&sql,
				"CREATE INDEX \"%s_by_%s\" ON \"%s\"(\"%s\") WHERE \"%s\" IS "
				"NOT NULL;",
				x->table, x->column, x->table, x->column, x->column);
	}
	return exec_buf(c, &sql, e);
}

static void update_sql(struct buf *sql, const struct record_type *t)
{
	buf_printf(sql, "UPDATE \"%s\" SET ", t->plural);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (field_is_column(f))
			buf_printf(sql, "\"%s\"=?,", f->name);
	sql->data[--sql->len] = '\0';
	buf_puts(sql, " WHERE id=?");
}

static int refill_row(struct sqlite_conn *c, const struct record_type *t, sqlite3_stmt *row,
	sqlite3_stmt *update, struct err *e)
{
	const char *doc = (const char *)sqlite3_column_text(row, 1);
	_cleanup_free_ void *rec = xmalloc(t->size);
	_cleanup_json_ json_t *object = NULL;
	struct store_value *values;
	int rc, n, r;

	record_init(t, rec);
	r = json_parse(doc ? doc : "", (size_t)sqlite3_column_bytes(row, 1), 64, &object, e);
	if (r >= 0)
		r = record_from_json(t, rec, object, e);
	store_values_of(t, rec, &values, &n);
	record_done(t, rec);
	for (int i = 0; i < n; i++)
		sqlite_bind(update, i + 1, &values[i]);
	sqlite3_bind_int64(update, n + 1, sqlite3_column_int64(row, 0));
	if (r >= 0) {
		rc = sqlite3_step(update);
		r = rc == SQLITE_DONE ? 0 : sqlite_err(c->db, rc, e, "fill the columns");
	}
	sqlite3_reset(update);
	sqlite3_clear_bindings(update);
	store_values_free(values, n);
	return r;
}

/* Makes the columns again from the documents, and so finds what this program cannot read. */
static int refill(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	struct buf sql = BUF_INIT(SQL_MAX);
	sqlite3_stmt *update, *rows;
	int r = 0;

	update_sql(&sql, t);
	update = sqlite_prepare(c, buf_str(&sql), e);
	buf_truncate(&sql, 0);
	buf_printf(&sql, "SELECT id, doc FROM \"%s\" ORDER BY id", t->plural);
	rows = update ? sqlite_prepare(c, buf_str(&sql), e) : NULL;
	buf_done(&sql);
	if (!rows)
		r = e ? -e->code : -EIO;
	while (r >= 0 && sqlite3_step(rows) == SQLITE_ROW)
		r = refill_row(c, t, rows, update, e);
	if (r < 0) {
		err_prefix(e, "a stored %s", t->name);
		err_advise(e, "was it written by a newer ingotd?");
	}
	sqlite_release(c, rows);
	sqlite_release(c, update);
	return r;
}

static int shape_table(struct sqlite_conn *c, const struct record_type *t, struct err *e)
{
	_cleanup_free_ char *before = NULL;
	struct buf shape = BUF_INIT(SQL_MAX);
	int r = read_shape(c, t, &before, e);

	shape_of(t, &shape);
	if (r < 0 || str_eq(before, buf_str(&shape))) {
		buf_done(&shape);
		return r;
	}
	r = before ? add_columns(c, t, e) : make_table(c, t, e);
	if (r >= 0)
		r = drop_indexes(c, t, e);
	if (r >= 0 && before)
		r = refill(c, t, e);
	if (r >= 0)
		r = make_indexes(c, t, e);
	if (r >= 0)
		r = write_shape(c, t, buf_str(&shape), e);
	buf_done(&shape);
	return r;
}

static int migrate(struct sqlite_conn *c, struct err *e)
{
	int64_t version = 0;
	int r = query_int(c, "PRAGMA user_version", &version, e);

	if (r >= 0)
		r = run_migrations(c, version, e);
	for (int i = 0; r >= 0 && i < n_record_types; i++)
		r = shape_table(c, record_types[i], e);
	return r;
}

int sqlite_migrate(struct sqlite_conn *c, struct err *e)
{
	int r = sqlite_exec(c, "BEGIN IMMEDIATE", e);

	if (r < 0)
		return r;
	r = migrate(c, e);
	if (r >= 0)
		r = sqlite_exec(c, "COMMIT", e);
	if (r < 0 && !sqlite3_get_autocommit(c->db))
		sqlite_exec(c, "ROLLBACK", NULL);
	return r;
}
