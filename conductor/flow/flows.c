/* The flows, as tables of calls; see flow.h. The calls themselves are in calls.c. */
#include "conductor/flow/calls.h"
#include "lib/base/str.h"
#include "lib/hwid/hints.h"

#include <errno.h>

const char *const flow_kind_names[FLOW_KIND_COUNT] = {
	"verify", "clean", "inspect", "deploy", "delete", "adopt", "rescue", "unrescue", "service"};

const char *const flow_slot_names[SLOT_COUNT] = {"no", "boot", "deploy", "clean"};

#define POWER_OFF                                                                                  \
	{                                                                                          \
		.what = "power off", .patient = true, .skip = stays_on, .kept = "power",           \
		.start = start_power_off, .finish = finish_power_off                               \
	}

#define STEPS                                                                                      \
	{                                                                                          \
		.what = "choose the steps", .kind = CALL_STEPS                                     \
	}

static const struct flow_call verify[] = {
	{.what = "read the power state", .start = start_power_get, .finish = finish_power_get},
};

static const struct flow_call inspect_agent[] = {
	BOOT_NETWORK("power on into the agent", NULL),
	{.what = "the agent to report what it found",
		.kind = CALL_INSPECTION,
		.slot = SLOT_BOOT,
		.finish = inspection_apply},
	POWER_OFF,
};

static const struct flow_call inspect_fake[] = {
	{.what = "inspect the fake machine",
		.start = start_fake_inspect,
		.finish = finish_fake_inspect},
};

static const struct flow_call clean_agent[] = {
	BOOT_AGENT,
	{.what = "ask the agent for its clean steps",
		.agent = true,
		.skip = works_without_agent,
		.start = start_agent_steps,
		.finish = finish_agent_steps},
	STEPS,
	COLLECT_LOGS,
	POWER_OFF,
};

static const struct flow_call clean_fake[] = {
	{.what = "clean the fake machine", .slot = SLOT_CLEAN, .start = start_fake_clean},
	STEPS,
};

static const struct flow_call deploy_by_steps[] = {
	STEPS,
};

static const struct flow_call tear_down[] = {
	{.what = "power off",
		.kept = "power",
		.start = start_tear_down,
		.finish = finish_tear_down},
};

static const struct flow_call adopt[] = {
	{.what = "read the power state", .start = start_power_get, .finish = finish_power_get},
};

/* The machine runs its own system: an agent that was heard of before is not there any more. */
static const struct flow_call rescue_agent[] = {
	BOOT_NETWORK("power on into the rescue system", NULL),
	{.what = "the agent to report", .kind = CALL_HEARTBEAT, .slot = SLOT_BOOT},
	{.what = "set the password of the rescue system",
		.agent = true,
		.start = start_finalize_rescue},
};

static const struct flow_call unrescue_agent[] = {
	{.what = "read the power state", .start = start_power_get, .finish = finish_power_get},
	{.what = "set boot device to disk",
		.patient = true,
		.start = start_boot_disk,
		.finish = finish_boot_disk},
	{.what = "restart into the deployed system",
		.patient = true,
		.kept = "power",
		.start = start_firmware,
		.finish = finish_unrescue},
};

static const struct flow_call rescue_fake[] = {
	{.what = "rescue the fake machine", .start = start_fake_rescue},
};

static const struct flow_call service_agent[] = {
	BOOT_AGENT,
	{.what = "ask the agent for its service steps",
		.agent = true,
		.skip = works_without_agent,
		.start = start_agent_steps,
		.finish = finish_agent_steps},
	STEPS,
	COLLECT_LOGS,
	{.what = "set boot device to disk",
		.patient = true,
		.skip = works_without_agent,
		.start = start_boot_disk,
		.finish = finish_boot_disk},
	{.what = "restart into the deployed system",
		.once = true,
		.kept = "power",
		.skip = works_without_agent,
		.command = "service.get_service_steps",
		.start = start_firmware,
		.finish = finish_power_into_system},
};

static const struct flow_call service_fake[] = {
	{.what = "service the fake machine", .start = start_fake_service},
	STEPS,
};

#define FLOW(kind, name, calls)                                                                    \
	{                                                                                          \
		(kind), (name),                                                                    \
		{                                                                                  \
			(calls), ARRAY_SIZE(calls)                                                 \
		}                                                                                  \
	}

/* by whose method a flow of this kind goes; IF_COUNT: it is the same for all */
static const enum interface decides[FLOW_KIND_COUNT] = {
	[FLOW_VERIFY] = IF_COUNT,
	[FLOW_CLEAN] = IF_DEPLOY,
	[FLOW_INSPECT] = IF_INSPECT,
	[FLOW_DEPLOY] = IF_DEPLOY,
	[FLOW_DELETE] = IF_COUNT,
	[FLOW_ADOPT] = IF_COUNT,
	[FLOW_RESCUE] = IF_RESCUE,
	[FLOW_UNRESCUE] = IF_RESCUE,
	[FLOW_SERVICE] = IF_DEPLOY,
};

static const struct flow no_cleaning = {FLOW_CLEAN, "no cleaning", {NULL, 0}};
static const struct {
	enum method method;
	struct flow flow;
} flows[] = {
	{METHOD_NONE, FLOW(FLOW_VERIFY, "verify", verify)},
	{METHOD_AGENT, FLOW(FLOW_CLEAN, "clean by agent", clean_agent)},
	{METHOD_FAKE, FLOW(FLOW_CLEAN, "clean fake", clean_fake)},
	{METHOD_AGENT, FLOW(FLOW_INSPECT, "inspect by agent", inspect_agent)},
	{METHOD_FAKE, FLOW(FLOW_INSPECT, "inspect fake", inspect_fake)},
	{METHOD_AGENT, FLOW(FLOW_DEPLOY, "deploy by agent", deploy_by_steps)},
	{METHOD_FAKE, FLOW(FLOW_DEPLOY, "deploy fake", deploy_by_steps)},
	{METHOD_NONE, FLOW(FLOW_DELETE, "tear down", tear_down)},
	{METHOD_NONE, FLOW(FLOW_ADOPT, "adopt", adopt)},
	{METHOD_AGENT, FLOW(FLOW_RESCUE, "rescue by agent", rescue_agent)},
	{METHOD_AGENT, FLOW(FLOW_UNRESCUE, "unrescue by agent", unrescue_agent)},
	{METHOD_FAKE, FLOW(FLOW_RESCUE, "rescue fake", rescue_fake)},
	{METHOD_FAKE, FLOW(FLOW_UNRESCUE, "unrescue fake", rescue_fake)},
	{METHOD_AGENT, FLOW(FLOW_SERVICE, "service by agent", service_agent)},
	{METHOD_FAKE, FLOW(FLOW_SERVICE, "service fake", service_fake)},
};

const struct flow *flow_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
		if (str_eq(flows[i].flow.name, name))
			return &flows[i].flow;
	return str_eq(no_cleaning.name, name) ? &no_cleaning : NULL;
}

static bool cleans(const struct node *n, const struct flow_env *env)
{
	return n->automated_clean < 0 ? env->automated_clean : n->automated_clean;
}

int flow_choose(enum flow_kind kind, const struct node *n, bool manual, const struct flow_env *env,
	const struct flow **ret, struct err *e)
{
	const struct implementation *impl = NULL;
	enum method method = METHOD_NONE;

	if (kind == FLOW_CLEAN && !manual && !cleans(n, env)) {
		*ret = &no_cleaning;
		return 0;
	}
	if (decides[kind] != IF_COUNT) {
		impl = driver_implementation(n, decides[kind]);
		method = impl ? impl->method : METHOD_NONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
		if (flows[i].flow.kind == kind && flows[i].method == method) {
			*ret = &flows[i].flow;
			return 0;
		}
	}
	return err_set(e, EINVAL, "Node %s: %s_interface %s cannot %s", n->uuid,
		interface_names[decides[kind]], n->interfaces[decides[kind]],
		flow_kind_names[kind]);
}

static int validate_hints(const struct node *n, struct err *e)
{
	const json_t *hints = json_object_get(n->instance_info, "root_device");
	struct hints *parsed = NULL;
	int r;

	if (!hints)
		hints = json_object_get(n->properties, "root_device");
	if (!hints || json_is_null(hints))
		return 0;
	r = hints_parse(hints, &parsed, e);
	if (r < 0)
		return err_prefix(e, "root_device");
	hints_free(parsed);
	return 0;
}

/* interfaces that have to be in order before a flow of this kind starts */
static const bool needs[FLOW_KIND_COUNT][IF_COUNT] = {
	[FLOW_VERIFY] = {[IF_POWER] = true},
	[FLOW_CLEAN] = {[IF_POWER] = true, [IF_NETWORK] = true},
	[FLOW_INSPECT] = {[IF_POWER] = true, [IF_INSPECT] = true},
	[FLOW_DEPLOY] = {[IF_POWER] = true, [IF_DEPLOY] = true, [IF_BOOT] = true},
	[FLOW_ADOPT] = {[IF_POWER] = true},
	[FLOW_RESCUE] = {[IF_POWER] = true, [IF_RESCUE] = true},
	[FLOW_SERVICE] = {[IF_POWER] = true},
};

int flow_validate(
	enum flow_kind kind, const struct node *n, const struct flow_env *env, struct err *e)
{
	const struct flow *flow;
	int r;

	for (enum interface i = 0; i < IF_COUNT; i++) {
		if (!needs[kind][i])
			continue;
		r = driver_validate(n, i, e);
		if (r < 0)
			return r;
	}
	if (kind == FLOW_DEPLOY) {
		r = validate_hints(n, e);
		if (r < 0)
			return r;
	}
	return flow_choose(kind, n, false, env, &flow, e);
}
