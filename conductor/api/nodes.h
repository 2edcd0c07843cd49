/* What bodies about nodes may hold, and how a patch becomes a changed record. */
#ifndef CONDUCTOR_API_NODES_H
#define CONDUCTOR_API_NODES_H

#include "conductor/api/schema.h"
#include "conductor/model/record.h"

extern const struct schema node_schema, port_schema;

/*
 * Checks a patch against a schema, without a record: the attributes have to exist and be open to
 * patches (-EINVAL), and known to the version asked for (-EPROTONOSUPPORT).
 */
int patch_check_roots(const struct schema *s, int version, const json_t *patch, struct err *e);

/*
 * Applies a checked patch to a record: every changed attribute passes its schema; secrets that come
 * back masked are kept. `masked` names the fields that hold secrets. -EINVAL.
 */
int patch_record(const struct schema *s, const struct record_type *t, void *rec,
	const json_t *patch, const char *const *masked, struct err *e);

/* Applies the patches in a call's `json` to a node: what a dry run's verb is to see. edit() of a
 * request. */
int node_patched(void *data, void *record, struct err *e);

#endif
