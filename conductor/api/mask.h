/* Secrets in API answers: hidden on the way out, kept when a client sends back what it saw. */
#ifndef CONDUCTOR_API_MASK_H
#define CONDUCTOR_API_MASK_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/json/json.h"
#include "lib/json/scan.h"

#define MASK_TEXT "******"

/* May the value of this key of this node field ("driver_info", ...) be shown? */
bool mask_is_secret(const char *field, const char *key);

/*
 * Appends a field's value, as JSON text, with every secret replaced by MASK_TEXT, at any depth. 0,
 * or -EINVAL: it is no JSON, and what was appended is of no use.
 */
int mask_text(const char *field, struct json_span value, struct buf *out);

/*
 * Where `now` says MASK_TEXT at a secret key that `before` had a value for, the value is put back,
 * so that a client that writes what it read destroys nothing.
 */
void mask_keep(const char *field, json_t *now, const json_t *before);

#endif
