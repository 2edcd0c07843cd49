/* Calls to power, boot device and the fake machine; see calls.h. Those to the agent: agent_calls.c.
 */
#include "conductor/driver/partimage.h"
#include "conductor/flow/calls.h"
#include "conductor/flow/offers.h"
#include "conductor/flow/outside.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>

bool works_by_agent(const struct flow_run *run)
{
	return offers_by_agent(run->node) && !steps_no_ramdisk(run->node, run->flow->kind);
}

bool works_without_agent(const struct flow_run *run)
{
	return !works_by_agent(run);
}

/* A serviced node runs its own system: an agent that was heard of is not there any more. */
static bool fast_track(const struct flow_run *run)
{
	return run->env->fast_track && run->flow->kind != FLOW_SERVICE &&
	       run->node->power_state == POWER_ON;
}

bool agent_alive(const struct flow_run *run)
{
	return works_without_agent(run) || (fast_track(run) && run->agent_alive);
}

bool agent_here(const struct flow_run *run)
{
	return agent_alive(run) || (fast_track(run) && run->agent_starting);
}

bool no_reboot_requested(const struct flow_run *run)
{
	return !json_flag(steps_current(run->node, run->flow->kind), "reboot_requested", false);
}

bool stays_on(const struct flow_run *run)
{
	return run->env->fast_track || run->node->disable_power_off ||
	       steps_no_ramdisk(run->node, run->flow->kind);
}

/*
 * Under BIOS there is none, but a partition image gets its boot loader there. An image that a
 * client's own step wrote is that step's affair.
 */
bool needs_no_boot_entry(const struct flow_run *run)
{
	const struct implementation *impl = driver_implementation(run->node, IF_DEPLOY);

	if (!impl->no_image && partimage_is(run->node))
		return false;
	return !driver_node_is_uefi(run->node) || impl->no_image;
}

static const struct power_ops *power_of(const struct flow_run *run)
{
	return driver_implementation(run->node, IF_POWER)->power;
}

void start_power_get(struct flow_run *run, struct op *op)
{
	power_of(run)->get(run->env->driver, run->node, DRIVER_COMMAND, op);
}

int finish_power_get(struct flow_run *run, json_t *value, struct err *e)
{
	enum power_state s = power_state_parse(json_string_value(value));

	if (s != POWER_ON && s != POWER_OFF)
		return err_set(e, EPROTO, "the BMC answered neither power on nor power off");
	run->node->power_state = (int)s;
	return 0;
}

static bool persists(const struct flow_run *run, bool dflt)
{
	const char *force = json_str(run->node->driver_info, "force_persistent_boot_device");

	if (str_ieq(force, "Always"))
		return true;
	return str_ieq(force, "Never") ? false : dflt;
}

static void set_boot_device(
	struct flow_run *run, const char *device, bool persistent, struct op *op)
{
	driver_implementation(run->node, IF_MANAGEMENT)
		->management->boot_device_set(
			run->env->driver, run->node, device, persists(run, persistent), op);
}

/* Names are Ironic's. Only where a driver asks for them: a BMC that keeps its device needs none. */
void flow_boot_device_note(struct node *n, const char *device, bool persistent)
{
	if (!json_object_get(n->driver_info, "ipmi_force_boot_device"))
		return;
	if (persistent) {
		json_put_str(n->driver_internal_info, "persistent_boot_device", device);
		json_object_del(n->driver_internal_info, "is_next_boot_persistent");
	} else {
		json_put_bool(n->driver_internal_info, "is_next_boot_persistent", false);
	}
}

void flow_boot_device_used(struct node *n)
{
	json_object_del(n->driver_internal_info, "is_next_boot_persistent");
}

void start_boot_network(struct flow_run *run, struct op *op)
{
	set_boot_device(run, "pxe", false, op);
}

/*
 * The machine restarts next. The agent that was there, if any, is forgotten before that, durably:
 * the next one gets a token of its own.
 */
int finish_boot_network(struct flow_run *run, json_t *value, struct err *e)
{
	agentlink_forget(run->node);
	flow_boot_device_note(run->node, "pxe", persists(run, false));
	return 0;
}

void start_boot_disk(struct flow_run *run, struct op *op)
{
	set_boot_device(run, "disk", true, op);
}

int finish_boot_disk(struct flow_run *run, json_t *value, struct err *e)
{
	flow_boot_device_note(run->node, "disk", persists(run, true));
	return 0;
}

/* On when it is off, a reset when it is on: either way the firmware starts from the beginning. */
void start_firmware(struct flow_run *run, struct op *op)
{
	power_of(run)->set(run->env->driver, run->node,
		run->node->power_state == POWER_ON ? ACTION_RESET : ACTION_ON, op);
}

int finish_power_into_agent(struct flow_run *run, json_t *value, struct err *e)
{
	flow_boot_device_used(run->node);
	run->node->power_state = POWER_ON;
	return 0;
}

int finish_power_into_system(struct flow_run *run, json_t *value, struct err *e)
{
	flow_boot_device_used(run->node);
	agentlink_forget(run->node);
	run->node->power_state = POWER_ON;
	return 0;
}

void start_power_off(struct flow_run *run, struct op *op)
{
	power_of(run)->set(run->env->driver, run->node, ACTION_OFF, op);
}

int finish_power_off(struct flow_run *run, json_t *value, struct err *e)
{
	agentlink_forget(run->node);
	run->node->power_state = POWER_OFF;
	return 0;
}

void start_power_on(struct flow_run *run, struct op *op)
{
	power_of(run)->set(run->env->driver, run->node, ACTION_ON, op);
}

int finish_power_on(struct flow_run *run, json_t *value, struct err *e)
{
	flow_boot_device_used(run->node);
	run->node->power_state = POWER_ON;
	return 0;
}

void start_power_off_step(struct flow_run *run, struct op *op)
{
	struct err e;

	if (!run->node->disable_power_off) {
		start_power_off(run, op);
		return;
	}
	err_set(&e, EPERM, "disable_power_off is set: this machine is never powered off");
	op_fail(op, &e);
}

/* A machine that is never powered off is only asked: it is restarted when it is cleaned. */
void start_tear_down(struct flow_run *run, struct op *op)
{
	if (run->node->disable_power_off)
		start_power_get(run, op);
	else
		start_power_off(run, op);
}

int finish_tear_down(struct flow_run *run, json_t *value, struct err *e)
{
	struct node *n = run->node;

	json_object_clear(n->instance_info);
	str_replace(&n->instance_uuid, NULL);
	str_replace(&n->instance_name, NULL);
	json_object_del(n->driver_internal_info, "phone_home");
	steps_forget(n, false);
	if (!n->disable_power_off)
		return finish_power_off(run, value, e);
	agentlink_forget(n);
	return finish_power_get(run, value, e);
}

/* A fake machine has no LLDP and no DIMMs, but clients expect an inventory after inspection. */
int finish_fake_inspect(struct flow_run *run, json_t *value, struct err *e)
{
	run->found.inventory = json_pack("{s:{s:s, s:i, s:s}, s:{s:I, s:i}, s:[], s:[]}", "cpu",
		"architecture", "x86_64", "count", 1, "model_name", "fake", "memory", "total",
		(json_int_t)1 << 30, "physical_mb", 1024, "disks", "interfaces");
	run->found.plugin_data = json_object();
	return 0;
}

void start_fake_inspect(struct flow_run *run, struct op *op)
{
	fake_work(run->env->driver, run->node, "inspect", op);
}

void start_fake_clean(struct flow_run *run, struct op *op)
{
	fake_work(run->env->driver, run->node, "clean", op);
}

void start_fake_deploy(struct flow_run *run, struct op *op)
{
	fake_work(run->env->driver, run->node, "deploy", op);
}

int finish_fake_deploy(struct flow_run *run, json_t *value, struct err *e)
{
	run->node->power_state = POWER_ON;
	return 0;
}

void start_fake_rescue(struct flow_run *run, struct op *op)
{
	fake_work(run->env->driver, run->node, "rescue", op);
}

void start_fake_service(struct flow_run *run, struct op *op)
{
	fake_work(run->env->driver, run->node, "service", op);
}

void start_fake_step(struct flow_run *run, struct op *op)
{
	fake_step(run->env->driver, run->node, steps_current(run->node, run->flow->kind), op);
}

int finish_fake_step(struct flow_run *run, json_t *value, struct err *e)
{
	fake_step_done(run->node, steps_current(run->node, run->flow->kind));
	flow_note_settings(run, value);
	return 0;
}
