/* ingot allocation create --wait. */
#ifndef CONDUCTOR_CLI_ALLOCATION_H
#define CONDUCTOR_CLI_ALLOCATION_H

#include "conductor/cli/conn.h"

/* With --wait asks until the allocation has a node, or why it has none. -ETIMEDOUT. */
int allocation_created(struct conn *c, const struct cli_line *line, json_t **made, struct err *e);

#endif
