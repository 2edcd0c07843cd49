/* The table of steps and their calls; see offers.h. Names and priorities are Ironic's. */
#include "conductor/flow/offers.h"
#include "conductor/flow/calls.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>

#define NOT (-1) /* no step of that kind */

struct step_arg {
	const char *name, *description;
	bool required;
};

struct step_def {
	enum interface interface;
	const char *name;
	enum method method;	      /* of the interface's implementation */
	short clean, deploy, service; /* its priority there, or NOT */
	bool no_ramdisk;	      /* it can be done without one */
	bool abortable;
	const struct step_arg *args; /* ends with name NULL; NULL: none */
	struct flow_part part;
	bool image; /* not of implementations that write none */
};

#define PART(c)                                                                                    \
	{                                                                                          \
		(c), ARRAY_SIZE(c)                                                                 \
	}

/*
 * The machine restarts into its agent, which reports again. Left out where the flow has no agent.
 */
#define BACK_TO_AGENT(unless)                                                                      \
	{.what = "set boot device to network",                                                     \
		.patient = true,                                                                   \
		.boots = BOOTS_PREPARE,                                                            \
		.skip = (unless),                                                                  \
		.start = start_boot_network,                                                       \
		.finish = finish_boot_network},                                                    \
		{.what = "restart into the agent",                                                 \
			.patient = true,                                                           \
			.boots = BOOTS_POWER,                                                      \
			.kept = "power",                                                           \
			.skip = (unless),                                                          \
			.start = start_firmware,                                                   \
			.finish = finish_power_into_agent},                                        \
		{.what = "the agent to report", .kind = CALL_HEARTBEAT, .skip = (unless)},         \
	{                                                                                          \
		.what = "ask the agent for its version", .agent = true, .skip = (unless),          \
		.start = start_agent_steps, .finish = finish_agent_version                         \
	}

#define AGENT_STEP(command_, slot_)                                                                \
	{                                                                                          \
		{.kind = CALL_AGENT,                                                               \
			.slot = (slot_),                                                           \
			.command = (command_),                                                     \
			.once = true,                                                              \
			.start = start_agent_step},                                                \
			BACK_TO_AGENT(no_reboot_requested),                                        \
	}

static const struct flow_call agent_clean_step[] =
	AGENT_STEP("clean.execute_clean_step", SLOT_CLEAN);
static const struct flow_call agent_deploy_step[] =
	AGENT_STEP("deploy.execute_deploy_step", SLOT_DEPLOY);
static const struct flow_call agent_service_step[] =
	AGENT_STEP("service.execute_service_step", SLOT_CLEAN);

/* The core step: bring the machine into its agent, and ask that for more steps. */
static const struct flow_call deploy_deploy[] = {
	BOOT_AGENT,
	{.what = "ask the agent for its deploy steps",
		.agent = true,
		.start = start_agent_steps,
		.finish = finish_agent_steps},
};

static const struct flow_call deploy_write_image[] = {
	{.what = "write the image",
		.kind = CALL_AGENT,
		.slot = SLOT_DEPLOY,
		.command = "standby.prepare_image",
		.once = true,
		.start = start_write_image},
};

static const struct flow_call deploy_prepare_boot[] = {
	{.what = "ask the agent for the partitions' UUIDs",
		.agent = true,
		.skip = not_a_partition_image,
		.start = start_partition_uuids,
		.finish = finish_partition_uuids},
	{.what = "install the boot loader entry",
		.kind = CALL_AGENT,
		.command = "image.install_bootloader",
		.skip = needs_no_boot_entry,
		.start = start_install_bootloader},
	{.what = "set boot device to disk",
		.patient = true,
		.start = start_boot_disk,
		.finish = finish_boot_disk},
};

static const struct flow_call deploy_tear_down_agent[] = {
	{.what = "load the deployed system's kernel",
		.agent = true,
		.optional = true,
		.skip = no_kexec_wanted,
		.start = start_load_kernel,
		.finish = finish_load_kernel},
	{.what = "flush the disks", .agent = true, .start = start_agent_sync},
	COLLECT_LOGS,
};

static const struct flow_call deploy_boot_instance[] = {
	{.what = "start the deployed system's kernel",
		.agent = true,
		.once = true,
		.optional = true,
		.kept = "power",
		.command = "standby.sync",
		.skip = no_kernel_loaded,
		.start = start_run_image,
		.finish = finish_run_image},
	{.what = "restart into the deployed system",
		.once = true,
		.kept = "power",
		.skip = kernel_started,
		.command = "standby.sync",
		.start = start_firmware,
		.finish = finish_power_into_system},
};

static const struct flow_call fake_deploy[] = {
	{.what = "deploy the fake machine",
		.slot = SLOT_DEPLOY,
		.start = start_fake_deploy,
		.finish = finish_fake_deploy},
};

static const struct flow_call of_fake[] = {
	{.start = start_fake_step, .finish = finish_fake_step},
};

static const struct flow_call fake_wait[] = {
	{.what = "a heartbeat of its agent, or an abort", .kind = CALL_PAUSE},
};

static const struct step_arg settings_arg[] = {
	{"settings", "List of settings, each with its name and value", true}, {NULL, NULL, false}};
static const struct step_arg raid_create_args[] = {
	{"create_root_volume", "Whether the root volume is created", false},
	{"create_nonroot_volumes", "Whether the other volumes are created", false},
	{"delete_existing", "Whether what is configured goes first", false}, {NULL, NULL, false}};
static const struct step_arg raid_apply_args[] = {
	{"raid_config", "The RAID configuration to apply", true},
	{"create_root_volume", "Whether the root volume is created", false},
	{"create_nonroot_volumes", "Whether the other volumes are created", false},
	{"delete_existing", "Whether what is configured goes first", false}, {NULL, NULL, false}};

static const struct step_def defs[] = {
	{IF_DEPLOY, "deploy", METHOD_AGENT, NOT, 100, NOT, .part = PART(deploy_deploy)},
	{IF_DEPLOY, "write_image", METHOD_AGENT, NOT, 80, NOT, .image = true,
		.part = PART(deploy_write_image)},
	{IF_DEPLOY, "prepare_instance_boot", METHOD_AGENT, NOT, 60, NOT,
		.part = PART(deploy_prepare_boot)},
	{IF_DEPLOY, "tear_down_agent", METHOD_AGENT, NOT, 40, NOT,
		.part = PART(deploy_tear_down_agent)},
	{IF_DEPLOY, "boot_instance", METHOD_AGENT, NOT, 20, NOT,
		.part = PART(deploy_boot_instance)},
	{IF_DEPLOY, "deploy", METHOD_FAKE, NOT, 100, NOT, .part = PART(fake_deploy)},
	{IF_BIOS, "apply_configuration", METHOD_FAKE, 0, 0, 0, .args = settings_arg,
		.part = PART(of_fake)},
	{IF_BIOS, "factory_reset", METHOD_FAKE, 0, 0, 0, .part = PART(of_fake)},
	{IF_BIOS, "cache_bios_settings", METHOD_FAKE, 0, NOT, NOT, .part = PART(of_fake)},
	{IF_FIRMWARE, "update", METHOD_FAKE, 0, 0, 0, .args = settings_arg, .part = PART(of_fake)},
	{IF_RAID, "create_configuration", METHOD_FAKE, 0, NOT, NOT, .args = raid_create_args,
		.part = PART(of_fake)},
	{IF_RAID, "delete_configuration", METHOD_FAKE, 0, NOT, NOT, .part = PART(of_fake)},
	{IF_RAID, "apply_configuration", METHOD_FAKE, NOT, 0, 0, .args = raid_apply_args,
		.part = PART(of_fake)},
	{IF_VENDOR, "log_passthrough", METHOD_FAKE, 1, NOT, 0, .no_ramdisk = true,
		.part = PART(of_fake)},
	{IF_VENDOR, "trigger_servicewait", METHOD_FAKE, NOT, NOT, 0, .part = PART(fake_wait)},
};

static const struct flow_call hold[] = {
	{.what = "an operator to unhold or abort", .kind = CALL_HOLD},
};
static const struct flow_call wait_a_while[] = {
	{.what = "a heartbeat of its agent, or an abort", .kind = CALL_PAUSE},
};
static const struct flow_call power_on[] = {
	{.what = "power on",
		.patient = true,
		.kept = "power",
		.start = start_power_on,
		.finish = finish_power_on},
};
static const struct flow_call power_off[] = {
	{.what = "power off",
		.patient = true,
		.kept = "power",
		.start = start_power_off_step,
		.finish = finish_power_off},
};
static const struct flow_call reboot[] = {
	{.what = "restart the machine",
		.patient = true,
		.kept = "power",
		.skip = works_by_agent,
		.start = start_firmware,
		.finish = finish_power_on},
	BACK_TO_AGENT(works_without_agent),
};
static const struct flow_call on_children[] = {
	{.what = "the same on its child nodes", .kind = CALL_CHILDREN},
};

static const struct flow_part of_children = PART(on_children);
static const struct {
	const char *name;
	struct flow_part part;
} built_in[] = {
	{"hold", PART(hold)},
	{"wait", PART(wait_a_while)},
	{"power_on", PART(power_on)},
	{"power_off", PART(power_off)},
	{"reboot", PART(reboot)},
};
static const struct flow_part of_agent[FLOW_KIND_COUNT] = {
	[FLOW_CLEAN] = PART(agent_clean_step),
	[FLOW_DEPLOY] = PART(agent_deploy_step),
	[FLOW_SERVICE] = PART(agent_service_step),
};

static short priority_in(const struct step_def *d, enum flow_kind kind)
{
	return kind == FLOW_CLEAN     ? d->clean
	       : kind == FLOW_DEPLOY  ? d->deploy
	       : kind == FLOW_SERVICE ? d->service
				      : NOT;
}

static bool offered_by(const struct node *n, enum flow_kind kind, const struct step_def *d)
{
	const struct implementation *impl = driver_implementation(n, d->interface);

	return impl && impl->method == d->method && priority_in(d, kind) != NOT &&
	       !(d->image && impl->no_image);
}

bool offers_by_agent(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_DEPLOY);

	return impl && impl->method == METHOD_AGENT;
}

static json_t *args_info(const struct step_arg *a)
{
	json_t *info = a ? json_object() : json_null();

	for (; a && a->name; a++)
		json_object_set_new(info, a->name,
			json_pack("{s:s, s:b}", "description", a->description, "required",
				(int)a->required));
	return info;
}

static json_t *describe(const struct step_def *d, enum flow_kind kind)
{
	json_t *step = json_pack("{s:s, s:s, s:i, s:o}", "interface", interface_names[d->interface],
		"step", d->name, "priority", (int)priority_in(d, kind), "argsinfo",
		args_info(d->args));

	if (kind == FLOW_DEPLOY)
		return step;
	json_put_bool(step, "abortable", d->abortable);
	json_put_bool(step, "requires_ramdisk", !(d->no_ramdisk && kind == FLOW_SERVICE));
	return step;
}

json_t *offers_list(const struct node *n, enum flow_kind kind)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (offered_by(n, kind, &defs[i]))
			json_array_append_new(list, describe(&defs[i], kind));
	return list;
}

static const struct step_def *find_def(
	const struct node *n, enum flow_kind kind, const json_t *step)
{
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (str_eq(defs[i].name, json_str(step, "step")) &&
			str_eq(interface_names[defs[i].interface], json_str(step, "interface")) &&
			offered_by(n, kind, &defs[i]))
			return &defs[i];
	return NULL;
}

int offers_calls(const struct node *n, enum flow_kind kind, const json_t *step,
	struct flow_part *ret, struct err *e)
{
	const struct step_def *d = find_def(n, kind, step);
	const struct flow_part *found = d ? &d->part : offers_by_agent(n) ? &of_agent[kind] : NULL;
	char name[128];

	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
		if (str_eq(built_in[i].name, json_str(step, "step")))
			found = &built_in[i].part;
	if (json_flag(step, "execute_on_child_nodes", false))
		found = &of_children;
	if (!found)
		return err_set(e, EINVAL, "step %s: node %s does not offer it",
			step_name(step, name, sizeof(name)), n->uuid);
	*ret = *found;
	return 0;
}
