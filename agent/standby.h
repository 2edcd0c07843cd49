/* Commands and steps that put the image on the disk and end the agent's work. */
#ifndef AGENT_STANDBY_H
#define AGENT_STANDBY_H

#include "agent/agent.h"

/* Looks at image_info as the conductor builds it (contract section 5). 0 or -EINVAL. */
int standby_check_image(void *agent, const json_t *params, struct err *e);

/*
 * Writes the image of {"image_info", "configdrive"} to the root device. *ret_result is the text of
 * the result. Runs for minutes; shows progress.
 */
int standby_write_image(struct agent *a, const json_t *params, json_t **ret_result, struct err *e);

int standby_prepare_image(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int standby_run_image(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int standby_power_off(void *agent, const json_t *params, json_t **ret_result, struct err *e);

/* Refused: a bootc image installs itself by running as a container, and there is no runtime. */
int standby_execute_bootc_install(
	void *agent, const json_t *params, json_t **ret_result, struct err *e);
int standby_sync(void *agent, const json_t *params, json_t **ret_result, struct err *e);
int standby_get_partition_uuids(
	void *agent, const json_t *params, json_t **ret_result, struct err *e);

#endif
