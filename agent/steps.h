/* Clean, deploy and service steps: one table, and the commands that list and run them. */
#ifndef AGENT_STEPS_H
#define AGENT_STEPS_H

#include "agent/agent.h"

int steps_get_clean(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int steps_get_deploy(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int steps_get_service(void *agent, const json_t *params, json_t **ret_result, struct err *e);

/* params: step, node, ports and <phase>_version, which has to be the one that was listed. */
int steps_execute_clean(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int steps_execute_deploy(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int steps_execute_service(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int steps_check_execute(void *agent, const json_t *params, struct err *e);

#endif
