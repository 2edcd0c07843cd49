/* The agent's logs as the conductor collects them. */
#ifndef AGENT_LOGS_H
#define AGENT_LOGS_H

#include "agent/agent.h"

/* A tar.gz of the agent's journal, the kernel's messages and the inventory, in base64; allocated.
 */
int logs_collect(struct agent *a, char **ret, struct err *e);

#endif
