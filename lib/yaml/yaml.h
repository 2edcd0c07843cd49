/* YAML as people write it in configuration files, read into JSON on top of libyaml. */
#ifndef LIB_YAML_YAML_H
#define LIB_YAML_YAML_H

#include "lib/json/json.h"

#define YAML_VALUES_MAX 100000 /* of a document; an alias counts whenever it is used */
#define YAML_DEPTH_MAX	25

/*
 * Parses one document; JSON is one, too. Plain scalars that look like null, a boolean or a number
 * become that, others and all in quotes texts. -EINVAL names the line; -E2BIG: more than the limits
 * above. *ret is a new reference.
 */
int yaml_to_json(const char *text, size_t len, json_t **ret, struct err *e);

#endif
