/* Reading CSV; see csv.h. */
#include "lib/cli/csv.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define FIELD_MAX ((size_t)1024 * 1024)

struct reader {
	const char *p, *end;
	unsigned line;
};

static void free_fields(char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(fields[i]);
	free(fields);
}

static int quoted(struct reader *r, struct buf *b, struct err *e)
{
	unsigned began = r->line;

	for (r->p++; r->p < r->end; r->p++) {
		if (*r->p == '"' && (r->p + 1 == r->end || r->p[1] != '"')) {
			r->p++;
			return 0;
		}
		if (*r->p == '"')
			r->p++;
		r->line += *r->p == '\n';
		buf_append(b, r->p, 1);
	}
	return err_set(e, EINVAL, "line %u: a quote that does not end", began);
}

/* One field, trimmed; leaves p on the comma, the line break or the end. */
static int field(struct reader *r, char **ret, struct err *e)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(FIELD_MAX);
	_cleanup_free_ char *text = NULL;
	bool in_quotes;
	int n;

	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
	in_quotes = r->p < r->end && *r->p == '"';
	if (in_quotes) {
		n = quoted(r, &b, e);
		if (n < 0)
			return n;
		while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r'))
			r->p++;
		if (r->p < r->end && *r->p != ',' && *r->p != '\n')
			return err_set(e, EINVAL, "line %u: text after a closing quote", r->line);
	}
	for (; r->p < r->end && *r->p != ',' && *r->p != '\n'; r->p++)
		buf_append(&b, r->p, 1);
	if (b.overflow)
		return err_set(e, EINVAL, "line %u: a field of over 1 MiB", r->line);
	text = xstrdup(buf_str(&b));
	*ret = xstrdup(in_quotes ? text : str_trim(text));
	return 0;
}

/* All fields of one row; p stands behind its line break. */
static int row(struct reader *r, char ***ret, size_t *ret_n, struct err *e)
{
	char **fields = NULL;
	size_t n = 0;
	int k;

	for (;;) {
		char *text = NULL;

		k = n < CSV_COLUMNS_MAX ? field(r, &text, e)
					: err_set(e, EINVAL, "line %u: more than %d fields",
						  r->line, CSV_COLUMNS_MAX);
		if (k < 0) {
			free_fields(fields, n);
			return k;
		}
		fields = xrealloc(fields, (n + 1) * sizeof(*fields));
		fields[n++] = text;
		if (r->p == r->end || *r->p == '\n')
			break;
		r->p++;
	}
	if (r->p < r->end) {
		r->p++;
		r->line++;
	}
	*ret = fields;
	*ret_n = n;
	return 0;
}

/* Steps over empty lines and comments. */
static void skip(struct reader *r)
{
	while (r->p < r->end) {
		const char *q = r->p;

		while (q < r->end && (*q == ' ' || *q == '\t' || *q == '\r'))
			q++;
		if (q < r->end && *q == '#')
			while (q < r->end && *q != '\n')
				q++;
		if (q < r->end && *q != '\n')
			return;
		r->line += q < r->end;
		r->p = q + (q < r->end);
	}
}

static int header(struct reader *r, struct csv *c, struct err *e)
{
	int n;

	skip(r);
	if (r->p == r->end)
		return err_set(e, EINVAL, "no header row; its first line names the columns");
	n = row(r, &c->columns, &c->n_columns, e);
	if (n < 0)
		return n;
	for (size_t i = 0; i < c->n_columns; i++) {
		if (!*c->columns[i])
			return err_set(e, EINVAL, "header: column %zu has no name", i + 1);
		for (size_t k = 0; k < i; k++)
			if (str_ieq(c->columns[i], c->columns[k]))
				return err_set(
					e, EINVAL, "header: column '%.64s' twice", c->columns[i]);
	}
	return 0;
}

static int add_row(struct reader *r, struct csv *c, struct err *e)
{
	struct csv_row new = {.line = r->line};
	size_t n;
	int k;

	if (c->n_rows == CSV_ROWS_MAX)
		return err_set(e, EINVAL, "more than %d rows", CSV_ROWS_MAX);
	k = row(r, &new.fields, &n, e);
	if (k < 0)
		return k;
	if (n != c->n_columns) {
		free_fields(new.fields, n);
		return err_set(e, EINVAL, "line %u: %zu fields, but the header names %zu columns",
			new.line, n, c->n_columns);
	}
	if (!(c->n_rows & (c->n_rows - 1)))
		c->rows = xrealloc(c->rows, (c->n_rows ? c->n_rows * 2 : 1) * sizeof(*c->rows));
	c->rows[c->n_rows++] = new;
	return 0;
}

int csv_parse(const char *text, size_t len, struct csv *ret, struct err *e)
{
	struct reader r = {text, text + len, 1};
	struct csv c = {0};
	int n;

	if (memchr(text, 0, len))
		return err_set(e, EINVAL, "a NUL byte; the file is not CSV text");
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		r.p += 3;
	n = header(&r, &c, e);
	for (skip(&r); n == 0 && r.p < r.end; skip(&r))
		n = add_row(&r, &c, e);
	if (n < 0)
		csv_done(&c);
	else
		*ret = c;
	return n;
}

void csv_done(struct csv *c)
{
	for (size_t i = 0; i < c->n_rows; i++)
		free_fields(c->rows[i].fields, c->n_columns);
	free(c->rows);
	free_fields(c->columns, c->n_columns);
	memset(c, 0, sizeof(*c));
}

const char *csv_field(const struct csv *c, const struct csv_row *r, const char *column)
{
	for (size_t i = 0; i < c->n_columns; i++)
		if (str_ieq(c->columns[i], column))
			return r->fields[i];
	return NULL;
}
