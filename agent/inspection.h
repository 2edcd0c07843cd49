/* Inspection, from collecting to the conductor's answer. */
#ifndef AGENT_INSPECTION_H
#define AGENT_INSPECTION_H

#include "agent/agent.h"
#include "agent/report/conductor.h"

#define AGENT_MANAGER_VERSION "1.4"

/*
 * The inventory of this machine with what the agent knows beside it: the NIC that booted, how far
 * the clock was off (system.clock_offset_s: positive when it was behind). The BMC is left out where
 * the last lookup said so. A new reference.
 */
json_t *agent_inventory(struct agent *a);

/* The body of the inspection (contract section 4.6); a new reference. */
json_t *inspection_collect(struct agent *a);

/*
 * Collects once and posts until it is taken, refused for good, or ipa-lookup-timeout is over.
 * ret_uuid is "" when the conductor did not name the node.
 */
int inspection_send(
	struct agent *a, struct conductor *c, char ret_uuid[static UUID_TEXT_MAX], struct err *e);

/* Waits ms, or less when the agent is told to stop: then false. */
bool agent_pause(struct agent *a, int64_t ms);

#endif
