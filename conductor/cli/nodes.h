/* What nodes do beyond the verbs of every resource; see resource.h. */
#ifndef CONDUCTOR_CLI_NODES_H
#define CONDUCTOR_CLI_NODES_H

#include "conductor/cli/cmd.h"

VERB(verb_node_create); /* with --mac: ports, too; with a range: many */
VERB(verb_node_set);
VERB(verb_node_unset);
VERB(verb_node_delete);

#endif
