/*
 * Reads on SQLite: a query becomes one statement. Columns were checked against the model before, so
 * their names may stand in the text; values are always bound.
 */
#include "conductor/store/sqlite.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define SORT_MAX   96
#define PARAMS_MAX 2048

struct sql {
	struct buf text;
	struct store_value *params;
	int n;
};

static void sql_done(struct sql *q)
{
	buf_done(&q->text);
	store_values_free(q->params, q->n);
}

static void add_param(struct sql *q, struct store_value v)
{
	if (!(q->n & (q->n - 1)))
		q->params = xrealloc(q->params, (size_t)(q->n ? q->n * 2 : 1) * sizeof(v));
	q->params[q->n++] = v;
}

static int add_parsed(struct sql *q, const struct field *f, const char *text, struct err *e)
{
	struct store_value v;
	int r = store_value_parse(f, text, &v, e);

	if (r >= 0)
		add_param(q, v);
	return r;
}

static int add_in(struct sql *q, const struct field *f, const char *list, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(list ? list : "");
	char *at = copy, *item;
	int r = 0, n = 0;

	buf_printf(&q->text, "\"%s\" IN (", f->name);
	while (r >= 0 && (item = strsep(&at, ","))) {
		if (!*item)
			continue;
		if (++n > PARAMS_MAX)
			return err_set(e, E2BIG, "%s: more than %d values", f->name, PARAMS_MAX);
		buf_puts(&q->text, n > 1 ? ",?" : "?");
		r = add_parsed(q, f, item, e);
	}
	buf_puts(&q->text, ")");
	return r;
}

static int add_filter(struct sql *q, const struct record_type *t, const struct store_filter *filter,
	struct err *e)
{
	const struct field *f = record_field(t, filter->column);

	switch (filter->op) {
	case STORE_EQ:
		/* not "IS ?": the indexes leave null out */
		buf_printf(&q->text, filter->value ? "\"%s\" = ?" : "\"%s\" IS ?", f->name);
		break;
	case STORE_NE:
		buf_printf(&q->text, "\"%s\" IS NOT ?", f->name);
		break;
	case STORE_LE:
		buf_printf(&q->text, "\"%s\" <= ?", f->name);
		break;
	case STORE_CONTAINS:
		buf_printf(&q->text, "instr(lower(\"%s\"), lower(?))", f->name);
		add_param(q, (struct store_value){.kind = VALUE_TEXT,
				     .text = xstrdup(filter->value ? filter->value : "")});
		return 0;
	case STORE_NOT_NULL:
		buf_printf(&q->text, "\"%s\" IS NOT NULL", f->name);
		return 0;
	case STORE_IN:
		return add_in(q, f, filter->value, e);
	case STORE_OP_COUNT:
		break;
	}
	return add_parsed(q, f, filter->value, e);
}

static int add_filters(
	struct sql *q, const struct record_type *t, const struct store_query *query, struct err *e)
{
	int r = 0;

	buf_puts(&q->text, " WHERE 1");
	for (int i = 0; r >= 0 && i < query->n_filters; i++) {
		buf_puts(&q->text, " AND ");
		r = add_filter(q, t, &query->filters[i], e);
	}
	return r;
}

static int run_params(struct sqlite_conn *c, struct sql *q, sqlite3_stmt **ret, struct err *e)
{
	sqlite3_stmt *stmt;

	if (q->text.overflow)
		return err_set(e, E2BIG, "too large a query");
	stmt = sqlite_prepare(c, buf_str(&q->text), e);
	if (!stmt)
		return e ? -e->code : -EIO;
	for (int i = 0; i < q->n; i++)
		sqlite_bind(stmt, i + 1, &q->params[i]);
	*ret = stmt;
	return 0;
}

/* What to sort by, as SQL: a column, or what has none in the record's text. */
static const char *sort_by(
	const struct record_type *t, const struct store_query *query, char text[static SORT_MAX])
{
	const struct field *f = query->sort_key ? record_field(t, query->sort_key) : NULL;

	if (!f)
		return "id";
	snprintf(text, SORT_MAX, field_is_column(f) ? "\"%s\"" : "json_extract(doc, '$.%s')",
		f->name);
	return text;
}

static struct store_value column_value(sqlite3_stmt *stmt, int at)
{
	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER:
		return (struct store_value){
			.kind = VALUE_INT, .number = sqlite3_column_int64(stmt, at)};
	case SQLITE_TEXT:
		return (struct store_value){.kind = VALUE_TEXT,
			.text = xstrdup((const char *)sqlite3_column_text(stmt, at))};
	default:
		return (struct store_value){.kind = VALUE_NULL};
	}
}

/* Where the marker stands in sort order: its value in the sort column and its id. */
static int find_marker(struct sqlite_conn *c, const struct record_type *t,
	const struct store_query *query, struct store_value *ret_value, struct store_value *ret_id,
	struct err *e)
{
	char column[SORT_MAX];
	_cleanup_free_ char *text = xasprintf(
		"SELECT %s, id FROM \"%s\" WHERE uuid = ?", sort_by(t, query, column), t->plural);
	sqlite3_stmt *stmt = sqlite_prepare(c, text, e);
	int rc, r = 0;

	if (!stmt)
		return e ? -e->code : -EIO;
	sqlite3_bind_text(stmt, 1, query->marker_uuid, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret_value = column_value(stmt, 0);
		*ret_id = column_value(stmt, 1);
	} else if (rc == SQLITE_DONE) {
		r = err_set(e, ENOENT, "no %s with uuid %.64s to begin after", t->name,
			query->marker_uuid);
	} else {
		r = sqlite_err(c->db, rc, e, t->plural);
	}
	sqlite_release(c, stmt);
	return r;
}

/* "Behind the marker" for a sort column that may hold null, which sorts as the smallest. */
static void behind_marker(struct sql *q, const char *column, const struct store_query *query,
	struct store_value value, struct store_value id)
{
	const char *than = query->descending ? "<" : ">";
	bool null = value.kind == VALUE_NULL;

	if (str_eq(column, "id")) {
		buf_printf(&q->text, " AND id %s ?", than);
		add_param(q, id);
		return;
	}
	buf_puts(&q->text, " AND (");
	if (null && !query->descending)
		buf_printf(&q->text, "%s IS NOT NULL OR ", column);
	else if (!null && query->descending)
		buf_printf(&q->text, "%s IS NULL OR ", column);
	if (!null) {
		buf_printf(&q->text, "%s %s ? OR ", column, than);
		add_param(q, value);
		value.text = xstrdup(value.text);
	}
	buf_printf(&q->text, "(%s IS ? AND id %s ?))", column, than);
	add_param(q, value);
	add_param(q, id);
}

static int build_list(struct sqlite_conn *c, struct sql *q, const struct record_type *t,
	const struct store_query *query, struct err *e)
{
	char text[SORT_MAX];
	const char *direction = query->descending ? "DESC" : "ASC",
		   *column = sort_by(t, query, text);
	struct store_value value = {0}, id = {0};
	int r;

	buf_printf(&q->text, "SELECT uuid, doc FROM \"%s\"", t->plural);
	r = add_filters(q, t, query, e);
	if (r < 0)
		return r;
	if (query->marker_uuid) {
		r = find_marker(c, t, query, &value, &id, e);
		if (r < 0)
			return r;
		behind_marker(q, column, query, value, id);
	}
	buf_printf(&q->text, " ORDER BY %s %s", column, direction);
	if (!str_eq(column, "id"))
		buf_printf(&q->text, ", id %s", direction);
	if (query->limit > 0)
		buf_printf(&q->text, " LIMIT %d", query->limit);
	return 0;
}

static int walk(struct sqlite_conn *c, sqlite3_stmt *stmt, store_each_text_fn each, void *data,
	struct err *e)
{
	int rc, r;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *uuid = (const char *)sqlite3_column_text(stmt, 0);
		const char *doc = (const char *)sqlite3_column_text(stmt, 1);

		if (!uuid || !doc)
			return err_set(e, EUCLEAN, "a record without text; the store is damaged");
		r = each(data, uuid, doc, (size_t)sqlite3_column_bytes(stmt, 1));
		if (r < 0)
			return r;
	}
	return rc == SQLITE_DONE ? 0 : sqlite_err(c->db, rc, e, "read");
}

/* Marker and walk read the same snapshot. */
static int list_on(struct sqlite_conn *c, const struct record_type *type,
	const struct store_query *query, store_each_text_fn each, void *data, struct err *e)
{
	struct sql q = {.text = BUF_INIT(SQL_MAX)};
	sqlite3_stmt *stmt = NULL;
	int r = query->marker_uuid ? sqlite_exec(c, "BEGIN", e) : 0;

	if (r < 0)
		return r;
	r = build_list(c, &q, type, query, e);
	if (r >= 0)
		r = run_params(c, &q, &stmt, e);
	if (r >= 0)
		r = walk(c, stmt, each, data, e);
	sqlite_release(c, stmt);
	sql_done(&q);
	if (query->marker_uuid)
		sqlite_exec(c, "ROLLBACK", NULL);
	return r;
}

int sqlite_list(struct store *store, const struct record_type *type,
	const struct store_query *query, store_each_text_fn each, void *data, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct sqlite_conn *c = sqlite_conn_take(s, e);
	int r;

	if (!c)
		return e ? -e->code : -EIO;
	r = list_on(c, type, query, each, data, e);
	sqlite_conn_give(s, c);
	return r;
}

static int count_on(struct sqlite_conn *c, const struct record_type *type,
	const struct store_query *query, int64_t *ret, struct err *e)
{
	struct sql q = {.text = BUF_INIT(SQL_MAX)};
	sqlite3_stmt *stmt = NULL;
	int rc, r;

	buf_printf(&q.text, "SELECT count(*) FROM \"%s\"", type->plural);
	r = add_filters(&q, type, query, e);
	if (r >= 0)
		r = run_params(c, &q, &stmt, e);
	if (r >= 0) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW)
			*ret = sqlite3_column_int64(stmt, 0);
		else
			r = sqlite_err(c->db, rc, e, "count");
	}
	sqlite_release(c, stmt);
	sql_done(&q);
	return r;
}

int sqlite_count(struct store *store, const struct record_type *type,
	const struct store_query *query, int64_t *ret, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct sqlite_conn *c = sqlite_conn_take(s, e);
	int r;

	if (!c)
		return e ? -e->code : -EIO;
	r = count_on(c, type, query, ret, e);
	sqlite_conn_give(s, c);
	return r;
}

static int count_by_on(struct sqlite_conn *c, const struct record_type *type, const char *column,
	store_each_count_fn each, void *data, struct err *e)
{
	_cleanup_free_ char *text = xasprintf("SELECT \"%s\", count(*) FROM \"%s\" "
					      "GROUP BY 1 ORDER BY 1",
		column, type->plural);
	sqlite3_stmt *stmt = sqlite_prepare(c, text, e);
	int rc = SQLITE_DONE, r = 0;

	if (!stmt)
		return e ? -e->code : -EIO;
	while (r >= 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		r = each(data, (const char *)sqlite3_column_text(stmt, 0),
			sqlite3_column_int64(stmt, 1));
	if (r >= 0 && rc != SQLITE_DONE)
		r = sqlite_err(c->db, rc, e, "count");
	sqlite_release(c, stmt);
	return r;
}

int sqlite_count_by(struct store *store, const struct record_type *type, const char *column,
	store_each_count_fn each, void *data, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct sqlite_conn *c = sqlite_conn_take(s, e);
	int r;

	if (!c)
		return e ? -e->code : -EIO;
	r = count_by_on(c, type, column, each, data, e);
	sqlite_conn_give(s, c);
	return r;
}
