/* What `ingot node deploy` makes of its options. */
#ifndef CONDUCTOR_CLI_DEPLOY_H
#define CONDUCTOR_CLI_DEPLOY_H

#include "lib/base/err.h"
#include "lib/json/json.h"

/* Hex digits by their number, or the URL of a checksum file, into instance_info. -EINVAL. */
int deploy_checksum(const char *text, json_t *info, struct err *e);

/* "serial=ABC,size=>= 100" or JSON to an object of root device hints. -EINVAL. */
int deploy_hints(const char *text, json_t **ret, struct err *e);

/* The bytes of a config drive file (NUL-terminated) to what goes into the request. -EINVAL. */
int deploy_drive(const char *data, size_t len, json_t **ret, struct err *e);

#endif
