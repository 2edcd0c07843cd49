/* Tables for people: columns as wide as they need to be, cut to the terminal. */
#ifndef LIB_CLI_TABLE_H
#define LIB_CLI_TABLE_H

#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/json/json.h"

struct table_column {
	const char *key;   /* member of the row; "a.b" goes into objects */
	const char *title; /* NULL: the key in capitals */
};

/* A member by dotted path; NULL: there is none. Borrowed. */
const json_t *table_member(const json_t *row, const char *key);

/* Prints an array of objects. Nothing but the heads when it is empty. */
void table_print(FILE *out, const struct table_column *columns, size_t n, const json_t *rows);

/* Prints one object as "key  value" lines; objects in it as compact JSON. */
void table_print_object(FILE *out, const json_t *object);

/* Makes control characters '?' (line breaks spaces), so that no wire commands the terminal. */
void text_clean(char *text);

void text_size(struct buf *b, int64_t bytes); /* appends "1.2 GB" */

/* The text a person reads of a value: "-" for null, yes and no; control characters shown as '?'.
 * Allocated. */
char *table_text(const json_t *value);

#endif
