/* The deployed system's kernel, started in place of a restart through the firmware. */
#ifndef AGENT_KERNEL_H
#define AGENT_KERNEL_H

#include "agent/agent.h"

/*
 * The command standby.load_kernel, and the deploy step load_kernel: finds the kernel, the initial
 * ramdisk and the command line that the system on the root disk would start, and loads them.
 * standby.run_image then starts that kernel, and saves the minutes of the firmware. Fails with the
 * reason where that is not sure to be right: the machine is then restarted as ever.
 */
int kernel_load(void *agent, const json_t *params, json_t **ret_result, struct err *e);

/* The same as a step: that there is nothing to load is told, and no failure of the deployment. */
int kernel_load_step(struct agent *a, const json_t *args, json_t **ret_result, struct err *e);

#endif
