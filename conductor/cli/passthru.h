/* Methods of a driver's own. */
#ifndef CONDUCTOR_CLI_PASSTHRU_H
#define CONDUCTOR_CLI_PASSTHRU_H

#include "conductor/cli/cmd.h"

VERB(verb_passthru_call); /* of a node or of a driver, as the line's noun says */

#endif
