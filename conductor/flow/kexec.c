/*
 * Into the deployed system by kexec (instance_info/ingot_kexec): the agent loads the system's
 * kernel and starts it, and the minutes that a server's firmware takes are saved. Whatever goes
 * wrong, the machine is restarted as ever.
 */
#include "conductor/flow/calls.h"
#include "lib/base/str.h"

#include <string.h>

#define WANTED "ingot_kexec"	   /* in instance_info */
#define STATE  "ingot_kexec_state" /* in driver_internal_info: "loaded", then "started" */

static bool state_is(const struct flow_run *run, const char *state)
{
	return str_eq(json_str(run->node->driver_internal_info, STATE), state);
}

bool no_kexec_wanted(const struct flow_run *run)
{
	const json_t *v = json_object_get(run->node->instance_info, WANTED);
	bool wanted = json_is_true(v);

	if (json_is_string(v))
		(void)str_to_bool(json_string_value(v), &wanted);
	return !wanted;
}

void start_load_kernel(struct flow_run *run, struct op *op)
{
	json_object_del(run->node->driver_internal_info, STATE);
	agentlink_command(run->env->agents, run->node, "standby.load_kernel", json_object(), op);
}

int finish_load_kernel(struct flow_run *run, json_t *value, struct err *e)
{
	json_put_str(run->node->driver_internal_info, STATE, "loaded");
	return 0;
}

bool no_kernel_loaded(const struct flow_run *run)
{
	return no_kexec_wanted(run) || !state_is(run, "loaded");
}

bool kernel_started(const struct flow_run *run)
{
	return !no_kexec_wanted(run) && state_is(run, "started");
}

void start_run_image(struct flow_run *run, struct op *op)
{
	agentlink_command(run->env->agents, run->node, "standby.run_image", json_object(), op);
}

int finish_run_image(struct flow_run *run, json_t *value, struct err *e)
{
	json_put_str(run->node->driver_internal_info, STATE, "started");
	return finish_power_into_system(run, value, e);
}
