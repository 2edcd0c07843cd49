/* The program's table of verbs. */
#ifndef CONDUCTOR_CLI_VERBS_H
#define CONDUCTOR_CLI_VERBS_H

#include "conductor/cli/cmd.h"

/* Made at the first call, out of the tables of resources and verbs. Not thread-safe. */
const struct cli_program *ingot_program(void);

extern const struct cli_verb node_verbs[];
extern const size_t n_node_verbs;

#endif
