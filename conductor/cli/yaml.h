/* YAML as JSON: what operators write steps and clouds in. */
#ifndef CONDUCTOR_CLI_YAML_H
#define CONDUCTOR_CLI_YAML_H

#include <stddef.h>

#include "lib/json/json.h"

/*
 * The first document of a text, by YAML 1.1's rules for plain scalars: null, booleans (also yes,
 * no, on, off), integers and decimal fractions; all else is text. Keys have to be scalars. -EINVAL
 * names the line: no YAML, a key twice, nesting deeper than JSON_DEPTH_MAX, or aliases that would
 * make more than 100,000 values of it.
 */
int yaml_parse(const char *text, size_t len, json_t **ret, struct err *e);

#endif
