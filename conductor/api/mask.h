/* Secrets in API answers: hidden on the way out, kept when a client sends back what it saw. */
#ifndef CONDUCTOR_API_MASK_H
#define CONDUCTOR_API_MASK_H

#include <stdbool.h>

#include "lib/json/json.h"

#define MASK_TEXT "******"

/* May the value of this key of this node field ("driver_info", ...) be shown? */
bool mask_is_secret(const char *field, const char *key);

/* A copy of a field's object with every secret replaced by MASK_TEXT, at any depth. */
json_t *mask_object(const char *field, const json_t *object);

/*
 * Where `now` says MASK_TEXT at a secret key that `before` had a value for, the value is put back,
 * so that a client that writes what it read destroys nothing.
 */
void mask_keep(const char *field, json_t *now, const json_t *before);

#endif
