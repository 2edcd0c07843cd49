/*
 * Microversions: which one a request asks for, and since when each field, filter, verb and state
 * name exists.
 */
#ifndef CONDUCTOR_API_VERSION_H
#define CONDUCTOR_API_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/*
 * Reads the two request headers (either may be NULL): X-OpenStack-Ironic-API-Version "1.N" or
 * "latest", OpenStack-API-Version "baremetal 1.N". Gives the minor number, API_MINOR_MIN when
 * neither speaks of us. -EPROTONOSUPPORT (answered 406) when malformed or out of range.
 */
int version_parse(const char *ironic, const char *openstack, int *ret, struct err *e);

/* A row of the table (since.c). */
struct since {
	const char *kind; /* what it is part of, see version_since() */
	const char *name;
	int minor;
	int code;   /* errno that older requests get; 0: EPROTONOSUPPORT (406) */
	bool shown; /* not to be asked for or set before, but in the answers of all versions */
};

const struct since *since_find(const char *kind, const char *name); /* or NULL */

/*
 * The minor version that brought a name of a kind: "node" is fields of nodes, "node?" query
 * arguments of their collection and of one, and so on for every resource and body; "provision" is
 * targets and body fields. 1 when it has always been there. Fast: nothing is compared with all.
 */
int version_since(const char *kind, const char *name);

/* As above, of what answers show. */
int version_shown(const char *kind, const char *name);

/* 0, or the code that a request of this version gets for this name: -EPROTONOSUPPORT, -EINVAL. */
int version_check(int version, const char *kind, const char *name, struct err *e);

/* 0, or -EPROTONOSUPPORT saying which version is needed. */
int version_need(int version, int since, const char *what, struct err *e);

/* The name of a provision state as this version knows it; NULL is JSON null. */
const char *version_state_name(int version, const char *state);

#endif
