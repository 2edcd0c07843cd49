/* The calls flows are made of, named by what they do. Internal to flow/. */
#ifndef CONDUCTOR_FLOW_CALLS_H
#define CONDUCTOR_FLOW_CALLS_H

#include "conductor/agentlink/agentlink.h"
#include "conductor/driver/driver.h"
#include "conductor/flow/flow.h"

bool agent_alive(const struct flow_run *run); /* fast track: an agent of the node is there */
bool agent_here(const struct flow_run *run);  /* or starting: no need to boot one */
bool stays_on(const struct flow_run *run);    /* fast track: the machine is left running */
bool is_bios(const struct flow_run *run);
bool no_clean_step_left(const struct flow_run *run);

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
int finish_tear_down(struct flow_run *run, json_t *value, struct err *e);

void start_clean_steps(struct flow_run *run, struct op *op);
int finish_clean_steps(struct flow_run *run, json_t *value, struct err *e);
void start_clean_step(struct flow_run *run, struct op *op);
int finish_clean_step(struct flow_run *run, json_t *value, struct err *e);
void start_deploy_steps(struct flow_run *run, struct op *op);
void start_write_image(struct flow_run *run, struct op *op);
void start_install_bootloader(struct flow_run *run, struct op *op);
bool logs_not_wanted(const struct flow_run *run);
void start_collect_logs(struct flow_run *run, struct op *op);
int finish_collect_logs(struct flow_run *run, json_t *value, struct err *e);
void start_agent_sync(struct flow_run *run, struct op *op);

void start_fake_inspect(struct flow_run *run, struct op *op);
int finish_fake_inspect(struct flow_run *run, json_t *value, struct err *e);
void start_fake_clean(struct flow_run *run, struct op *op);
void start_fake_deploy(struct flow_run *run, struct op *op);
int finish_fake_deploy(struct flow_run *run, json_t *value, struct err *e);
void start_fake_rescue(struct flow_run *run, struct op *op);
void start_fake_service(struct flow_run *run, struct op *op);
int finish_fake_step(struct flow_run *run, json_t *value, struct err *e);

#endif
