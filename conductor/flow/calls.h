/* The calls flows are made of, named by what they do. Internal to flow/. */
#ifndef CONDUCTOR_FLOW_CALLS_H
#define CONDUCTOR_FLOW_CALLS_H

#include "conductor/agentlink/agentlink.h"
#include "conductor/driver/driver.h"
#include "conductor/flow/flow.h"

bool agent_alive(const struct flow_run *run); /* fast track: an agent of the node is there */
bool agent_here(const struct flow_run *run);  /* or starting: no need to boot one */
bool stays_on(const struct flow_run *run);    /* fast track: the machine is left running */
bool needs_no_boot_entry(const struct flow_run *run);
bool works_by_agent(const struct flow_run *run); /* an agent does the work of this flow */
bool works_without_agent(const struct flow_run *run);
bool no_reboot_requested(const struct flow_run *run); /* by the step at hand */

void start_power_get(struct flow_run *run, struct op *op);
int finish_power_get(struct flow_run *run, json_t *value, struct err *e);
void start_boot_network(struct flow_run *run, struct op *op);
int finish_boot_network(struct flow_run *run, json_t *value, struct err *e);
void start_boot_disk(struct flow_run *run, struct op *op);
int finish_boot_disk(struct flow_run *run, json_t *value, struct err *e);
void start_firmware(struct flow_run *run, struct op *op); /* power on, or reset */
int finish_power_into_agent(struct flow_run *run, json_t *value, struct err *e);
int finish_power_into_system(struct flow_run *run, json_t *value, struct err *e);
void start_power_off(struct flow_run *run, struct op *op);
int finish_power_off(struct flow_run *run, json_t *value, struct err *e);
void start_power_on(struct flow_run *run, struct op *op);
int finish_power_on(struct flow_run *run, json_t *value, struct err *e);
void start_power_off_step(struct flow_run *run, struct op *op); /* refuses disable_power_off */
void start_tear_down(struct flow_run *run, struct op *op);
int finish_tear_down(struct flow_run *run, json_t *value, struct err *e);

void start_agent_steps(struct flow_run *run, struct op *op); /* those of the flow's kind */
int finish_agent_steps(struct flow_run *run, json_t *value, struct err *e);
/* Of one that was restarted: the list stays as it was. */
int finish_agent_version(struct flow_run *run, json_t *value, struct err *e);
void start_agent_step(struct flow_run *run, struct op *op); /* the step at hand */
void start_write_image(struct flow_run *run, struct op *op);
bool not_a_partition_image(const struct flow_run *run);
void start_partition_uuids(struct flow_run *run, struct op *op);
int finish_partition_uuids(struct flow_run *run, json_t *value, struct err *e);
void start_install_bootloader(struct flow_run *run, struct op *op);
bool logs_not_wanted(const struct flow_run *run);
void start_collect_logs(struct flow_run *run, struct op *op);
int finish_collect_logs(struct flow_run *run, json_t *value, struct err *e);
void start_agent_sync(struct flow_run *run, struct op *op);

/* Without the firmware into the deployed system, when the instance asks for it: kexec.c. */
bool no_kexec_wanted(const struct flow_run *run);
void start_load_kernel(struct flow_run *run, struct op *op);
int finish_load_kernel(struct flow_run *run, json_t *value, struct err *e);
bool no_kernel_loaded(const struct flow_run *run);
bool kernel_started(const struct flow_run *run);
void start_run_image(struct flow_run *run, struct op *op);
int finish_run_image(struct flow_run *run, json_t *value, struct err *e);

void start_finalize_rescue(struct flow_run *run, struct op *op);
int finish_unrescue(struct flow_run *run, json_t *value, struct err *e);

void start_fake_inspect(struct flow_run *run, struct op *op);
int finish_fake_inspect(struct flow_run *run, json_t *value, struct err *e);
void start_fake_clean(struct flow_run *run, struct op *op);
void start_fake_deploy(struct flow_run *run, struct op *op);
int finish_fake_deploy(struct flow_run *run, json_t *value, struct err *e);
void start_fake_rescue(struct flow_run *run, struct op *op);
void start_fake_service(struct flow_run *run, struct op *op);
void start_fake_step(struct flow_run *run, struct op *op); /* the step at hand */
int finish_fake_step(struct flow_run *run, json_t *value, struct err *e);

/* Starts the machine from the network; each call of it is left out when skips() says so. */
#define BOOT_NETWORK(into, skips)                                                                  \
	{.what = "read the power state",                                                           \
		.slot = SLOT_BOOT,                                                                 \
		.boots = BOOTS_PREPARE,                                                            \
		.skip = (skips),                                                                   \
		.start = start_power_get,                                                          \
		.finish = finish_power_get},                                                       \
		{.what = "set boot device to network",                                             \
			.slot = SLOT_BOOT,                                                         \
			.patient = true,                                                           \
			.boots = BOOTS_PREPARE,                                                    \
			.skip = (skips),                                                           \
			.start = start_boot_network,                                               \
			.finish = finish_boot_network},                                            \
	{                                                                                          \
		.what = (into), .slot = SLOT_BOOT, .patient = true, .boots = BOOTS_POWER,          \
		.kept = "power", .skip = (skips), .start = start_firmware,                         \
		.finish = finish_power_into_agent                                                  \
	}

/*
 * Brings the machine into the agent. Fast track: every call is left out when its agent is there;
 * for one that is starting there is only the wait.
 */
#define BOOT_AGENT                                                                                 \
	BOOT_NETWORK("power on into the agent", agent_here),                                       \
	{                                                                                          \
		.what = "the agent to report", .kind = CALL_HEARTBEAT, .slot = SLOT_BOOT,          \
		.skip = agent_alive                                                                \
	}

#define COLLECT_LOGS                                                                               \
	{                                                                                          \
		.what = "collect the agent's logs", .limit_s = 20, .optional = true,               \
		.skip = logs_not_wanted, .start = start_collect_logs,                              \
		.finish = finish_collect_logs                                                      \
	}

#endif
