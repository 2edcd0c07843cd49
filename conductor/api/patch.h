/*
 * JSON patch as Ironic takes it (RFC 6902 with add, replace and remove; paths are RFC 6901),
 * applied one operation after the other; nothing of a failed patch is kept.
 */
#ifndef CONDUCTOR_API_PATCH_H
#define CONDUCTOR_API_PATCH_H

#include "lib/json/json.h"

#define PATCH_OPS_MAX 1000

/*
 * Checks the form of a patch: an array of {op, path[, value]}. Keys are letters, digits, '_' and
 * '-' below version 1.98, and anything since. 0 or -EINVAL.
 */
int patch_check(const json_t *patch, int version, struct err *e);

/* The first name of an operation's path, unescaped, allocated. The patch has passed the check. */
char *patch_root(const json_t *operation);

/*
 * Applies a checked patch to an object. On failure *doc is as before, -EINVAL, and the text names
 * the operation. On success *doc may be another reference.
 */
int patch_apply(json_t **doc, const json_t *patch, struct err *e);

#endif
