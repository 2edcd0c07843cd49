/* The deploy step inject_files: files put into the system that was written. */
#ifndef AGENT_INJECTFILES_H
#define AGENT_INJECTFILES_H

#include "agent/agent.h"

/*
 * Those of the node's properties/inject_files and of the argument "files", in this order; all are
 * looked at before the first is written. "verify_ca" false: contents come from any server.
 */
int inject_files(struct agent *a, const json_t *args, json_t **ret_result, struct err *e);

#endif
