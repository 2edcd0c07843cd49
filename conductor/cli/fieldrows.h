/* How rows of fields are written in the tables of resources.c and noderesource.c. */
#ifndef CONDUCTOR_CLI_FIELDROWS_H
#define CONDUCTOR_CLI_FIELDROWS_H

#include "conductor/cli/resource.h"

#define ROW(t, o, m, a, h, u)                                                                      \
	{                                                                                          \
		.option = (o), .member = (m), .arg = (a), .help = (h), .type = (t), .use = (u)     \
	}
#define REF(o, m, r, a, h, u)                                                                      \
	{                                                                                          \
		.option = (o), .member = (m), .arg = (a), .help = (h), .type = FIELD_REF,          \
		.use = (u), .ref = (r)                                                             \
	}
#define TEXT(o, m, a, h, u) ROW(FIELD_TEXT, o, m, a, h, u)
#define BOOL(o, m, h, u)    ROW(FIELD_BOOL, o, m, "[BOOL]", h, u)
#define YES(o, m, h, u)	    ROW(FIELD_TRUE, o, m, NULL, h, u)
#define NO(o, m, h, u)	    ROW(FIELD_FALSE, o, m, NULL, h, u)
#define PAIRS(o, m, h, u)   ROW(FIELD_PAIRS, o, m, "KEY=VALUE", h, u)
#define JSON(o, m, h, u)    ROW(FIELD_JSON, o, m, "FILE|JSON", h, u)
#define LIST(o, m, a, h, u) ROW(FIELD_LIST, o, m, a, h, u)
#define EXTRA		    PAIRS("extra", "extra", "anything; may be given more than once", IN_ALL)
#define UUID		    TEXT("uuid", "uuid", "UUID", "its UUID, else one is made", IN_CREATE)
#define NODE_REF(help)                                                                             \
	REF("node", "node_uuid", "/v1/nodes/", "NODE", help, IN_CREATE | IN_SET | REQUIRED)
#define NODE_FILTER TEXT("node", "node", "NODE", "only of this node", IN_LIST)

/* The two tables of a resource. */
#define FIELDS(f, c)                                                                               \
	.fields = (f), .n_fields = ARRAY_SIZE(f), .columns = (c), .n_columns = ARRAY_SIZE(c)

#endif
