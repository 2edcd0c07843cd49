/* CSV as spreadsheets write it (RFC 4180), with a header row. */
#ifndef LIB_CLI_CSV_H
#define LIB_CLI_CSV_H

#include <stddef.h>

#include "lib/base/err.h"

#define CSV_COLUMNS_MAX 256
#define CSV_ROWS_MAX	100000

struct csv_row {
	unsigned line; /* where it begins in the file, from 1 */
	char **fields; /* as many as there are columns; trimmed, never NULL */
};

struct csv {
	char **columns; /* as written; looked up in any case */
	size_t n_columns;
	struct csv_row *rows;
	size_t n_rows;
};

/*
 * Reads a whole file. Commas part fields; a field in double quotes may hold commas, line breaks and
 * doubled quotes; lines that are empty or begin with '#' are left out; a byte order mark is too.
 * -EINVAL names the line: a row with another number of fields than the header, an empty or doubled
 * column name, a quote that does not end, a NUL.
 */
int csv_parse(const char *text, size_t len, struct csv *ret, struct err *e);
void csv_done(struct csv *c);

/* The field of a row by column name, or NULL when there is no such column. */
const char *csv_field(const struct csv *c, const struct csv_row *row, const char *column);

#endif
