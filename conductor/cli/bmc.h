/* What the verbs of "ingot bmc" share. */
#ifndef CONDUCTOR_CLI_BMC_H
#define CONDUCTOR_CLI_BMC_H

#include "conductor/cli/cmd.h"

/* A patient connection, and the nodes that the arguments from `first` on stand for. */
int bmc_each(struct cli_line *line, int first, struct names *names, struct conn **c, struct err *e);
int bmc_clear(struct cli_line *line); /* sel --clear */

#endif
