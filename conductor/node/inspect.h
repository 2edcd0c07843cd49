/* What inspection rules do to a node at the end of its inspection. Internal to node/. */
#ifndef CONDUCTOR_NODE_INSPECT_H
#define CONDUCTOR_NODE_INSPECT_H

#include "conductor/node/records.h"

/*
 * Runs all rules, kept and built-in ones, over what the run of the node found: its working copy,
 * plugin data and ports change, and the history will say so. Of a failure nothing stays.
 */
int inspect_run_rules(struct enode *e, struct err *err);

/* Stages the ports that rules changed, and tells the history what rules did. */
void inspect_add_changes(struct commit *c, const struct flow_found *f);

#endif
