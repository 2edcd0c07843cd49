/* rescue.finalize_rescue: hands the machine to a person. */
#ifndef AGENT_RESCUE_H
#define AGENT_RESCUE_H

#include "agent/agent.h"

/* params: rescue_password, a crypt(5) hash, and hashed, which has to be true. */
int rescue_check(void *agent, const json_t *params, struct err *e);

/*
 * Lets the rescue system's user in by that password; the agent falls silent once this is answered:
 * the machine may stand in a network of strangers from then on.
 */
int rescue_finalize(void *agent, const json_t *params, json_t **ret_result, struct err *e);

#endif
