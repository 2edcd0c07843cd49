/* From method and path to a row of the route table (routes.c). */
#ifndef CONDUCTOR_API_ROUTER_H
#define CONDUCTOR_API_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "conductor/api/schema.h"

#define ROUTE_PARAMS_MAX 3
#define ROUTE_PATH_MAX	 1024

struct call;
struct resource;

/* 0: replied or handed on; negative: e says why, and the caller answers. */
typedef int (*route_handler)(struct call *c, struct err *e);

enum route_body {
	BODY_NONE,     /* ignored */
	BODY_REQUIRED, /* JSON, checked against `schema` when there is one */
	BODY_OPTIONAL, /* as above, or nothing */
	BODY_PATCH,    /* a JSON patch */
};

enum route_flags {
	ROUTE_PUBLIC = 1,	/* without authentication */
	ROUTE_RAMDISK = 2,	/* may be switched off */
	ROUTE_UNVERSIONED = 4,	/* no microversion is asked for or answered */
	ROUTE_TOO_OLD_406 = 8,	/* below `since`: 406 instead of 404 */
	ROUTE_TOO_OLD_405 = 64, /* 405 */
	ROUTE_IN_1_1 = 128,	/* also in version 1.1, whatever `since` says */
	ROUTE_PROVISION = 16,	/* body limit of states/provision */
	ROUTE_INSPECTION = 32,	/* body limit of continue_inspection */
};

struct route {
	const char *method;
	const char *path; /* "/v1/nodes/{node}/states"; {x} takes one segment */
	int since;	  /* minor version; 0: always */
	route_handler handler;
	unsigned flags;
	enum route_body body;
	const struct schema *schema;
	const char *arg;		 /* the handler's */
	const struct resource *resource; /* what the answer holds, if it is one */
	const struct resource *below;	 /* the path's parameter names one of these, ... */
	const char *column;		 /* ... whose UUID is in this field of the resource's */
	bool list;			 /* a collection of it: takes its query arguments */
	const char *args; /* the query arguments otherwise, "a b"; others are refused */
};

extern const struct route routes[];
extern const size_t n_routes;

struct route_match {
	const struct route *route;	      /* NULL: none */
	const char *params[ROUTE_PARAMS_MAX]; /* into text */
	bool path_known;		      /* with other methods */
	int since;			      /* the first version that has the path */
	char allowed[64];		      /* "GET, PUT", when path_known */
	char text[ROUTE_PATH_MAX + 8];
};

/*
 * Finds the row. One slash at the end is ignored, a path outside /v1, /ingot and /metrics is taken
 * as one of /v1, HEAD is GET. Rows without {} win over rows with one.
 */
void router_match(const char *method, const char *path, struct route_match *ret);

#endif
