/* How answers are printed: tables for people; JSON, CSV and bare values for scripts. */
#ifndef CONDUCTOR_CLI_PRINT_H
#define CONDUCTOR_CLI_PRINT_H

#include "lib/cli/table.h"
#include "lib/cli/verb.h"

/* --json, or --format json; -f takes a format as well as fields. */
bool print_as_json(const struct cli_line *line);

bool print_as_table(const struct cli_line *line);

/* The fields that --fields, -f and --column name, "uuid,name"; NULL: none. Allocated. */
char *print_fields(const struct cli_line *line);

/* The members of an object that print_fields() names, or all. A new reference. */
json_t *print_narrow(const struct cli_line *line, const json_t *object);

/* -EINVAL: a format that there is not. */
int print_check(const struct cli_line *line, struct err *e);

/* Rows by --format and --fields; without these as a table of these columns. rows is borrowed. */
int cmd_print(const struct cli_line *line, const struct table_column *columns, size_t n,
	const json_t *rows);
/* A table of --fields or these columns, to a file. */
void print_table(const struct cli_line *line, FILE *out, const struct table_column *columns,
	size_t n, const json_t *rows);
/* One object: lines of key and value; with --format as a row. */
int print_object(const struct cli_line *line, const json_t *object);
void cmd_print_json(const json_t *json);

#endif
