/*
 * Records: plain structs described by a table of fields, so that one piece of code turns any of
 * them into JSON and back, copies, compares and frees them. The store keeps a record as its JSON
 * text plus the columns its table marks; the API renders from the same table.
 */
#ifndef CONDUCTOR_MODEL_RECORD_H
#define CONDUCTOR_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json/json.h"

enum field_type {
	FIELD_STR,    /* char *, NULL is null */
	FIELD_BOOL,   /* bool */
	FIELD_TRI,    /* int: -1 null, 0 false, 1 true */
	FIELD_INT,    /* int64_t */
	FIELD_TIME,   /* int64_t, wall clock in us; 0 is null; RFC 3339 in JSON */
	FIELD_ENUM,   /* int (an enum); 0 is null; spelled by `names` */
	FIELD_OBJECT, /* json_t *, never NULL, {} by default */
	FIELD_ARRAY,  /* json_t *, never NULL, [] by default */
	FIELD_TYPE_COUNT
};

enum field_flags {
	FIELD_COLUMN = 1, /* the store keeps a column of its own, for filters and sorting */
	FIELD_UNIQUE = 2, /* a column, and no two records may share a value that is not null */
};

struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	size_t offset;
	const char *const *names; /* FIELD_ENUM: spelling by value, [0] is NULL */
	int n_names;
};

/* Every record has a FIELD_STR "uuid" as its first field, "created_at" and "updated_at" times. */
struct record_type {
	const char *name;   /* singular, for messages: "node" */
	const char *plural; /* the store's table and the API's collection: "nodes" */
	size_t size;
	const struct field *fields;
	int n_fields;
};

void record_init(const struct record_type *t, void *rec); /* zeroes, {} and [] */
void record_done(const struct record_type *t, void *rec); /* frees the members */
void record_copy(
	const struct record_type *t, void *dst, const void *src); /* dst is uninitialised; deep */

/* All stored fields as a new object; secrets included: masking is the API's. */
json_t *record_to_json(const struct record_type *t, const void *rec);
/* Without what is as in a new record: read into a new one it gives the same. */
json_t *record_to_json_brief(const struct record_type *t, const void *rec);
json_t *record_field_to_json(const struct field *f, const void *rec);

/*
 * Fills an initialised record from a JSON object. Absent members stay as they are; a wrong type,
 * an unknown enum name or an unknown member is -EINVAL and names the field and what is expected.
 */
int record_from_json(const struct record_type *t, void *rec, const json_t *object, struct err *e);
int record_field_from_json(const struct field *f, void *rec, const json_t *value, struct err *e);

const struct field *record_field(const struct record_type *t, const char *name); /* or NULL */
const char *record_uuid(const struct record_type *t, const void *rec);

#define FIELD_AT(rec, f, type)	     (*(type *)((char *)(rec) + (f)->offset))
#define FIELD_AT_CONST(rec, f, type) (*(type const *)((const char *)(rec) + (f)->offset))

#endif
