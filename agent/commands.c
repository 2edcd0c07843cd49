/* The table of commands (contract section 4.7), and the small ones that have no file of their own.
 */
#include "agent/bootloader.h"
#include "agent/agent.h"
#include "agent/flow.h"
#include "agent/inspection.h"
#include "agent/kernel.h"
#include "agent/logs.h"
#include "agent/rescue.h"
#include "agent/standby.h"
#include "agent/steps.h"

static int collect_system_logs(
	void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	int r = logs_collect(agent, &text, e);

	if (r < 0)
		return r;
	*ret_result = json_object();
	json_put_str(*ret_result, "system_logs", text);
	return 0;
}

static int get_hardware_info(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;

	*ret_result = agent_inventory(a);
	return 0;
}

static int set_node_info(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	agent_set_node(agent, json_object_get(params, "node_info"));
	return 0;
}

static int lockdown(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	struct agent *a = agent;

	say_warning(a->journal, "locked down by the conductor: no more commands and heartbeats");
	agent_lock_down(a); /* the network goes down once this is answered */
	return 0;
}

const struct command_spec agent_commands[] = {
	{"clean.get_clean_steps", false, false, "CleaningError", NULL, steps_get_clean},
	{"clean.execute_clean_step", true, false, "CleaningError", steps_check_execute,
		steps_execute_clean},
	{"deploy.get_deploy_steps", false, false, "DeploymentError", NULL, steps_get_deploy},
	{"deploy.execute_deploy_step", true, false, "DeploymentError", steps_check_execute,
		steps_execute_deploy},
	{"service.get_service_steps", false, false, "ServicingError", NULL, steps_get_service},
	{"service.execute_service_step", true, false, "ServicingError", steps_check_execute,
		steps_execute_service},
	{"standby.prepare_image", true, false, "ImageWriteError", standby_check_image,
		standby_prepare_image},
	{"standby.run_image", true, false, "SystemRebootError", NULL, standby_run_image},
	{"standby.power_off", true, false, "SystemRebootError", NULL, standby_power_off},
	{"standby.load_kernel", false, false, "SystemRebootError", NULL, kernel_load},
	{"standby.sync", false, false, NULL, NULL, standby_sync},
	{"standby.get_partition_uuids", false, false, NULL, NULL, standby_get_partition_uuids},
	{"standby.execute_bootc_install", true, false, "DeploymentError", NULL,
		standby_execute_bootc_install},
	{"image.install_bootloader", true, false, "CommandExecutionError", NULL,
		bootloader_install},
	{"flow.start_flow", true, false, NULL, flow_check, flow_start},
	{"rescue.finalize_rescue", false, false, NULL, rescue_check, rescue_finalize},
	{"log.collect_system_logs", false, true, NULL, NULL, collect_system_logs},
	{"poll.get_hardware_info", false, false, NULL, NULL, get_hardware_info},
	{"poll.set_node_info", false, false, NULL, NULL, set_node_info},
	{"system.lockdown", false, false, NULL, NULL, lockdown},
	{NULL, false, false, NULL, NULL, NULL},
};
