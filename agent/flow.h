/* flow.start_flow: several commands as one, in order, until one fails. */
#ifndef AGENT_FLOW_H
#define AGENT_FLOW_H

#include "agent/agent.h"

#define FLOW_COMMANDS_MAX 64

/*
 * params: {"flow": [{"ext.command": {params}}, ...]}; lists in the list are taken as their members.
 * -EINVAL: not of this form, a command that is not there, one that is a flow itself, or parameters
 * that the command refuses; then nothing has been done.
 */
int flow_check(void *agent, const json_t *params, struct err *e);

/* *ret_result: {"flow": [{"command", "result"}, ...]}, as far as it got. */
int flow_start(void *agent, const json_t *params, json_t **ret_result, struct err *e);

#endif
