/* Reading and writing JSON from wires with bounds, on top of jansson. */
#ifndef LIB_JSON_JSON_H
#define LIB_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define JSON_DEPTH_MAX 25 /* as Ironic: a deeper request body is refused */

#define _cleanup_json_ _cleanup_(json_decrefp)

/*
 * Parses one JSON value of len bytes; names the line and column of a mistake. Duplicate keys,
 * NUL characters and nesting beyond max_depth are refused. *ret is a new reference.
 */
int json_parse(const char *text, size_t len, unsigned max_depth, json_t **ret, struct err *e);

/* Compact text, allocated. json may be NULL (gives "null"). */
char *json_text(const json_t *json);

/* Read one member; absent, null or of another type gives the default. The string is borrowed. */
const char *json_str(const json_t *object, const char *key); /* default NULL */
int64_t json_int(const json_t *object, const char *key, int64_t dflt);
bool json_flag(const json_t *object, const char *key, bool dflt);

/* Is there an equal value in the array? False when it is NULL or no array. */
bool json_array_has(const json_t *array, const json_t *value);

/* A new string; null for NULL. Bytes that are no UTF-8, as wires send them, become '?'. */
json_t *json_string_or_null(const char *text);

/* Sets one member to that. */
void json_put_str(json_t *object, const char *key, const char *value);
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_bool(json_t *object, const char *key, bool value);

#endif
