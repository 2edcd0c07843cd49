/* The collectors of an inspection: those of the machine (inspect/collect.h), and the logs. */
#ifndef AGENT_COLLECTORS_H
#define AGENT_COLLECTORS_H

#include "agent/agent.h"

/*
 * Puts into `data` what ipa-inspection-collectors names (without it: everything there is), and the
 * names of those that ran into the array `names`. Names that nobody knows are told in the journal.
 */
void collectors_run(struct agent *a, json_t *data, json_t *names);

#endif
