/* What options hold: pairs, JSON and YAML, secrets. */
#ifndef CONDUCTOR_CLI_VALUE_H
#define CONDUCTOR_CLI_VALUE_H

#include "lib/cli/verb.h"
#include "lib/json/json.h"

/*
 * Adds every "key=value" of a repeated option to object. "key=@FILE" takes the first line of a
 * file, "key=?" asks on the terminal; a literal password is refused. json: values that are JSON
 * are taken as such. -EINVAL.
 */
int value_pairs(
	const struct cli_line *line, const char *option, bool json, json_t *object, struct err *e);

/*
 * JSON or YAML: itself where it begins with [ or {, what standard input holds where it is "-", else
 * the file of that name (with or without @). At most 16 MiB; the error names the option.
 */
int value_json(const char *option, const char *value, json_t **ret, struct err *e);

/*
 * A secret: "@FILE" is the first line of a file, NULL and "?" ask on the terminal; a literal one is
 * taken with a warning. Allocated.
 */
int value_secret(const char *option, const char *value, char **ret, struct err *e);

#endif
