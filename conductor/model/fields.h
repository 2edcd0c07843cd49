/* Short words for tables of fields; only for the files of model/ that hold such tables. */
#ifndef CONDUCTOR_MODEL_FIELDS_H
#define CONDUCTOR_MODEL_FIELDS_H

#include "conductor/model/record.h"

#define C FIELD_COLUMN
#define U (FIELD_COLUMN | FIELD_UNIQUE)
#define F(s, member, type_, flags_)                                                                \
	{                                                                                          \
		.name = #member, .type = (type_), .flags = (flags_),                               \
		.offset = offsetof(struct s, member)                                               \
	}
#define F_AS(s, api, member, type_, flags_)                                                        \
	{                                                                                          \
		.name = (api), .type = (type_), .flags = (flags_),                                 \
		.offset = offsetof(struct s, member)                                               \
	}
#define F_ENUM(s, member, table, n)                                                                \
	{                                                                                          \
		.name = #member, .type = FIELD_ENUM, .flags = C,                                   \
		.offset = offsetof(struct s, member), .names = (table), .n_names = (n)             \
	}
#define TYPE(s, plural_)                                                                           \
	const struct record_type s##_type = {.name = #s,                                           \
		.plural = (plural_),                                                               \
		.size = sizeof(struct s),                                                          \
		.fields = s##_fields,                                                              \
		.n_fields = ARRAY_SIZE(s##_fields)}

#endif
