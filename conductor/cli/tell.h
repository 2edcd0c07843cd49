/* Verbs that change one thing below nodes. */
#ifndef CONDUCTOR_CLI_TELL_H
#define CONDUCTOR_CLI_TELL_H

#include "conductor/cli/cmd.h"

VERB(verb_tell); /* which one the line's verb says */

#endif
