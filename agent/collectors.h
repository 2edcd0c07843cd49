/* What an inspection sends beside the inventory: the Ironic agent's collectors, by their names. */
#ifndef AGENT_COLLECTORS_H
#define AGENT_COLLECTORS_H

#include "agent/agent.h"

/*
 * Puts into `data` what ipa-inspection-collectors names (without it: everything there is), and the
 * names of those that ran into the array `names`. Names that nobody knows are told in the journal.
 */
void collectors_run(struct agent *a, json_t *data, json_t *names);

/* Is the collector asked for? Without a list every one is. */
bool collector_wanted(const char *list, const char *name);

#endif
