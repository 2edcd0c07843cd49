/* What inspection found in nodes. */
#ifndef CONDUCTOR_CLI_INVENTORY_H
#define CONDUCTOR_CLI_INVENTORY_H

#include "conductor/cli/cmd.h"

VERB(verb_inventory_save); /* as JSON, to a file or standard output */
VERB(verb_inventory_show); /* for people */

#endif
