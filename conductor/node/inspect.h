/* What an inspection found, and what inspection rules make of it. Internal to node/. */
#ifndef CONDUCTOR_NODE_INSPECT_H
#define CONDUCTOR_NODE_INSPECT_H

#include "conductor/node/records.h"

/*
 * Tells the ports of e (NULL: the node is new and has none) where they hang, then runs all rules,
 * kept and built-in ones, over what the run found: its node, plugin data and these ports change,
 * and the history will say so. Of a failure nothing stays.
 */
int inspect_run_rules(struct engine *en, struct enode *e, struct flow_run *run, struct err *err);

/* Stages what was found with the node: inventory, ports, what rules did. */
void inspect_add_found(struct commit *c, const struct flow_found *f);

#endif
