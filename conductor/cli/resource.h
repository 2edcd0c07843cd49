/*
 * Resources of the API as tables: where they are, their fields as options, their lists' columns.
 * The verbs list, show, create, set, unset and delete of all of them follow from these, with help,
 * examples and completion (crud.h).
 */
#ifndef CONDUCTOR_CLI_RESOURCE_H
#define CONDUCTOR_CLI_RESOURCE_H

#include "conductor/cli/cmd.h"

enum field_type {
	FIELD_TEXT,
	FIELD_INT,
	FIELD_BOOL,  /* --x and --x true are true, --x false is false */
	FIELD_TRUE,  /* a flag */
	FIELD_FALSE, /* the flag of its opposite */
	FIELD_PAIRS, /* KEY=VALUE of an object, values are JSON where they can be */
	FIELD_TEXTS, /* the same, values are text unless they begin with { or [ */
	FIELD_JSON,  /* JSON, or a file of JSON or YAML */
	FIELD_LIST,  /* given more than once: an array of texts */
	FIELD_REF,   /* another resource by name or UUID, sent as its UUID */
	FIELD_RESET, /* a flag: back to its default */
};

/* In which verbs an option is; in list it is a filter. */
enum {
	IN_CREATE = 1,
	IN_SET = 2,
	IN_UNSET = 4,
	IN_LIST = 8,
	REQUIRED = 16, /* by create */
	IN_ALL = IN_CREATE | IN_SET | IN_UNSET,
};

struct field {
	const char *option; /* "resource-class" */
	const char *member; /* "resource_class", of the record or, in list, of the query */
	const char *arg, *help;
	enum field_type type;
	unsigned use;
	const char *ref; /* of FIELD_REF: "/v1/nodes/" */
};

enum resource_verb {
	RESOURCE_LIST,
	RESOURCE_SHOW,
	RESOURCE_CREATE,
	RESOURCE_SET,
	RESOURCE_UNSET,
	RESOURCE_DELETE,
	RESOURCE_VERBS,
};
#define VERBS_READ ((1u << RESOURCE_LIST) | (1u << RESOURCE_SHOW))
#define VERBS_ALL  ((1u << RESOURCE_VERBS) - 1)

struct resource {
	const char *noun, *many; /* "port group", "port groups" */
	const char *path;	 /* "/v1/portgroups" */
	const char *plural;	 /* the member of the list's answer */
	const char *kind;	/* of a word that names one, for help and completion: "PORTGROUP" */
	const char *positional; /* the member that create's argument is; NULL: none */
	const char *positional_kind;
	bool positional_optional;
	const char *idents; /* the members by which words may mean one, the surest first */
	bool by_address;    /* a MAC address names one, too */
	bool no_fields;	    /* its list cannot be narrowed */
	bool no_pages;	    /* it does not come in pages */
	unsigned verbs;	    /* 1 << enum resource_verb */
	const struct field *fields;
	size_t n_fields;
	const struct table_column *columns;
	size_t n_columns;
	struct cli_options extra[RESOURCE_VERBS]; /* options that are no fields */
	const char *help[RESOURCE_VERBS];	  /* NULL: made of the noun */
	const char *examples[RESOURCE_VERBS];	  /* what follows "ingot NOUN VERB"; one a line */
	cli_run run[RESOURCE_VERBS];		  /* NULL: crud's own */
	/* After it was created; NULL: nothing. May replace *made; an error undoes nothing. */
	int (*created)(struct conn *c, const struct cli_line *line, json_t **made, struct err *e);
};

extern const struct resource *const resources[];
extern const size_t n_resources;
extern const struct resource node_resource;

/* Of a verb's noun; never NULL for a verb that crud made. */
const struct resource *resource_of(const struct cli_line *line);

/* Whether a word is a field of any resource, as far as the tables know; "properties.rack" is. */
bool field_known(const char *word);

/* --- options to JSON: field.c ------------------------------------------------------------------
 */

/* The members of a new record. -EINVAL: wrong usage, also a required option that is missing. */
int fields_object(struct conn *c, const struct cli_line *line, const struct resource *r,
	json_t *body, struct err *e);

/* The JSON patch of set (IN_SET) or unset (IN_UNSET). */
int fields_patch(struct conn *c, const struct cli_line *line, const struct resource *r,
	unsigned use, json_t *patch, struct err *e);

/* The filters of a list, "&driver=ipmi&maintenance=True". Allocated. */
int fields_query(const struct cli_line *line, const struct resource *r, char **ret, struct err *e);

void patch_add(json_t *patch, const char *path, json_t *value); /* takes value */
void patch_remove(json_t *patch, const char *path);

#endif
