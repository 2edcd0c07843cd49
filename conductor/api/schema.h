/*
 * What a request body may hold: one table per resource, one function that checks a body against
 * it. Names the field and what is expected in every refusal.
 */
#ifndef CONDUCTOR_API_SCHEMA_H
#define CONDUCTOR_API_SCHEMA_H

#include "lib/json/json.h"

enum schema_type {
	T_STR = 1,
	T_NULL = 2,
	T_BOOL = 4, /* also "true", "0", ... as clients send them; made a boolean in place */
	T_INT = 8,
	T_OBJ = 16,
	T_ARR = 32,
};

enum schema_flags {
	S_REQUIRED = 1,
	S_NO_CREATE = 2, /* may only be patched */
	S_NO_PATCH = 4,	 /* may only be set at creation */
	S_TRUE = 8,	 /* true when it is not given, and when it is removed */
	S_KEEP = 16,	 /* may be absent at creation, but not removed */
};

/* A further check of one value; 0 or -EINVAL with what is expected. May replace the value. */
typedef int (*schema_check)(const char *name, json_t *value, struct err *e);

struct schema_field {
	const char *name;
	unsigned types;
	unsigned flags;
	size_t max; /* length of a string, elements of an array; 0: 255 */
	schema_check check;
};

struct schema {
	const char *name; /* of the resource, for messages and for version_since() */
	const struct schema_field *fields;
	int n_fields;
	bool lenient; /* null or "" in a newer field is as if it was not there; Ironic's nodes */
};

#define SCHEMA(var, name_, fields_)                                                                \
	const struct schema var = {                                                                \
		.name = (name_), .fields = (fields_), .n_fields = ARRAY_SIZE(fields_)}

/*
 * Checks a body that creates something, or is a request by itself. -EINVAL, or -EPROTONOSUPPORT for
 * a field newer than the version asked for.
 */
int schema_body(const struct schema *s, int version, json_t *body, struct err *e);

/* Checks one value of a named field; *value may be replaced (booleans). */
int schema_value(const struct schema_field *f, json_t **value, struct err *e);

const struct schema_field *schema_field(const struct schema *s, const char *name); /* or NULL */

/* Checks for tables, and for path parameters. */
int check_uuid(const char *name, json_t *value, struct err *e);
int check_mac(const char *name, json_t *value, struct err *e); /* normalises in place */
int check_node_name(const char *name, json_t *value, struct err *e);
int check_word(const char *name, json_t *value, struct err *e); /* [A-Za-z0-9_.-]* */
int check_trait(const char *name, json_t *value, struct err *e);
int check_traits(const char *name, json_t *value, struct err *e);
int check_steps(const char *name, json_t *value, struct err *e); /* clean and service steps */
int check_deploy_steps(const char *name, json_t *value, struct err *e);
int check_network_data(const char *name, json_t *value, struct err *e); /* netdata.c */
int check_node_properties(const char *name, json_t *value, struct err *e);
bool node_name_valid(const char *text);
bool logical_name(const char *text); /* what anything may be called */

/* As above, and as narrow as names were when this version was new (host names below 1.10). */
bool node_name_known(int version, const char *text);

#endif
