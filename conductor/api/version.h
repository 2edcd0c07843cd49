/*
 * Microversions: which one a request asks for, and since when each field, filter, verb and state
 * name exists. The tables are contract section 2.5.
 */
#ifndef CONDUCTOR_API_VERSION_H
#define CONDUCTOR_API_VERSION_H

#include <stdbool.h>

#include "lib/base/err.h"

/*
 * Reads the two request headers (either may be NULL): X-OpenStack-Ironic-API-Version "1.N" or
 * "latest", OpenStack-API-Version "baremetal 1.N". Gives the minor number, API_MINOR_MIN when
 * neither speaks of us. -EPROTONOSUPPORT (answered 406) when malformed or out of range.
 */
int version_parse(const char *ironic, const char *openstack, int *ret, struct err *e);

/*
 * The minor version that brought a name of a kind: "node" and "port" fields, "node?" and "port?"
 * query parameters, "provision" targets and body fields. 1 when it has always been there.
 */
int version_since(const char *kind, const char *name);

/* 0, or -EPROTONOSUPPORT saying which version is needed. */
int version_need(int version, int since, const char *what, struct err *e);

/* The name of a provision state as this version knows it; NULL is JSON null. */
const char *version_state_name(int version, const char *state);

#endif
