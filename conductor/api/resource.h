/*
 * Resources as the API shows them: stored records become answers by one table each, hidden by
 * microversion, masked, with links; collections take filters, fields, sorting and pages.
 */
#ifndef CONDUCTOR_API_RESOURCE_H
#define CONDUCTOR_API_RESOURCE_H

#include "conductor/api/call.h"
#include "lib/base/buf.h"
#include "lib/base/uuid.h"
#include "lib/json/scan.h"

#define RESOURCE_KIND_MAX 40

enum arg_kind {
	ARG_TEXT,     /* column equals */
	ARG_BOOL,     /* column is true or false */
	ARG_PRESENT,  /* true: column is not null; false: null */
	ARG_LIST,     /* column is one of a comma-separated list */
	ARG_CONTAINS, /* column contains, any case */
	ARG_UUID,
	ARG_MAC,
	ARG_STATE,     /* a provision state */
	ARG_FAULT,     /* one of the faults there are */
	ARG_NODE,      /* a node's UUID or name; column holds the UUID */
	ARG_NODE_UUID, /* its UUID alone */
	ARG_PORTGROUP, /* as ARG_NODE, of a port group */
	ARG_CHASSIS,   /* a chassis' UUID */
	ARG_PROJECT,   /* owner or lessee */
	ARG_CONDUCTOR, /* ours: no filter; another: nothing */
	ARG_NODE_SET,  /* the record's node has `column`, one of a comma-separated list */
	ARG_IGNORED,   /* known, and without effect here */
};

struct query_arg {
	const char *name;
	enum arg_kind kind;
	const char *column; /* NULL: as name */
};

/* Appends the JSON value of a field for the record with this uuid. */
typedef void (*live_fn)(const struct call *c, struct json_span uuid, struct buf *out);

/* A field whose value no record holds, or not as it is shown. */
struct live_field {
	const char *name;
	live_fn put;
};

/* All lists of names end with NULL; NULL for none. */
struct resource {
	const char *name;   /* for messages and version_since() */
	const char *plural; /* the collection's key */
	const char *path;   /* of its links; NULL: as plural */
	const struct record_type *type;
	const char *const *summary;  /* fields of a list without details */
	const char *const *sublinks; /* fields that are links to collections below */
	const char *const *masked;   /* fields with secrets in them */
	const char *const *hidden;   /* record fields that are not of the API */
	const struct live_field *live;
	const char *veil; /* a flag: where it is true, these are null */
	const char *const *veiled;
	const struct query_arg *args;
	int n_args;
	const char *const *alone; /* query arguments of which only one may be given */
	bool no_links;
	const char *not_found; /* how messages call one: "Node" */

	/* for crud.c */
	const struct schema *schema;
	bool named; /* it is found by its name, too */
	/*
	 * What the schema cannot say, of a record that a client creates or has changed; may
	 * complete it. After a patch on the engine's thread. old: before the patch; NULL: it is
	 * created.
	 */
	int (*check)(struct call *c, void *rec, const void *old, struct err *e);
};

extern const struct resource node_resource, port_resource, history_resource, chassis_resource,
	portgroup_resource, volume_connector_resource, volume_target_resource,
	deploy_template_resource, runbook_resource;

/*
 * The answer for one stored record (JSON of all fields). fields: which, NULL-terminated; NULL: all
 * that this version knows. A new reference. For who adds to it; all else is shown as text, by the
 * functions below.
 */
json_t *resource_render(const struct call *c, const struct resource *res, const json_t *stored,
	const char *const *fields);

/* "node?": how version.h calls the query arguments of a resource. */
const char *resource_kind(const struct resource *res, char kind[static RESOURCE_KIND_MAX]);

/* Answers with all of a record that the engine gave. */
int resource_reply(struct call *c, int status, const struct resource *res, const json_t *stored);

/* Splits "a,b" into *ret (free with strv_free) and checks every name. -EINVAL, -EPROTONOSUPPORT. */
int resource_fields(const struct call *c, const struct resource *res, const char *text, char ***ret,
	struct err *e);
void strv_free(char **v);

/* Reads the record whose column has this value; -ENOENT in the resource's words. */
int resource_read(const struct call *c, const struct resource *res, const char *column,
	const char *value, json_t **ret, struct err *e);

/*
 * Those records whose column is the UUID of the node in the path: an array that each() is given as
 * its data, to append to. A new reference.
 */
int records_of_node(struct call *c, const struct record_type *type, const char *column,
	store_each_text_fn each, json_t **ret, struct err *e);

/*
 * A node by UUID or name, whichever it is: the column that has to have this value. It borrows the
 * ident.
 */
struct node_key {
	const char *column, *value;
	char uuid[UUID_TEXT_MAX];
};
int node_key(const struct call *c, const char *ident, struct node_key *ret, struct err *e);
int node_read(const struct call *c, const char *ident, json_t **ret, struct err *e);
int node_uuid(const struct call *c, const char *ident, char **ret, struct err *e);

/* The column that an identifier of this resource is a value of: uuid or name; -EINVAL: neither. */
int resource_key(const struct call *c, const struct resource *res, const char *ident,
	const char **ret_column, struct err *e);
/* The UUID of the one with this identifier, allocated. */
int resource_uuid(const struct call *c, const struct resource *res, const char *ident, char **ret,
	struct err *e);

/* A fixed filter in front of those the query asks for. */
struct list_scope {
	const char *column, *value; /* value NULL: is null */
};

/* Answers GET of a collection: reads arguments, store, renders, replies. */
int resource_list(struct call *c, const struct resource *res, bool detail,
	const struct list_scope *scope, struct err *e);

/*
 * Answers GET of the one record whose column has this value: these fields, NULL-terminated, or with
 * NULL those of ?fields= or all.
 */
int resource_show(struct call *c, const struct resource *res, const char *column, const char *value,
	const char *const *fields, struct err *e);

#endif
