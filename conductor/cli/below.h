/* Verbs that look at what is below a node, a driver or a runbook. */
#ifndef CONDUCTOR_CLI_BELOW_H
#define CONDUCTOR_CLI_BELOW_H

#include "conductor/cli/cmd.h"

VERB(verb_below); /* which one the line's noun and verb say */

#endif
