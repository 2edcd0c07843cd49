/* The engine's questions, passed to whom they concern; see outside.h. */
#include "conductor/flow/outside.h"
#include "conductor/agentlink/agentlink.h"
#include "conductor/driver/console.h"
#include "conductor/driver/driver.h"
#include "conductor/driver/raid.h"

#include <errno.h>
#include <string.h>

static struct driver_policy policy_of(const struct flow_env *env)
{
	return (struct driver_policy){.enabled = env->enabled_drivers,
		.enabled_interfaces = env->enabled_interfaces,
		.default_interfaces = env->default_interfaces};
}

int flow_node_complete(struct node *n, const struct flow_env *env, struct err *e)
{
	const struct driver_policy policy = policy_of(env);

	return driver_complete(n, &policy, e);
}

int flow_interface_check(const struct node *n, enum interface i, struct err *e)
{
	return driver_validate(n, i, e);
}

bool flow_boots_by_network(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_BOOT);

	return impl && impl->method == METHOD_AGENT;
}

json_t *flow_drivers(const struct flow_env *env)
{
	const struct driver_policy policy = policy_of(env);
	json_t *list = json_array();

	for (int i = 0; hardware_types[i]; i++)
		if (driver_enabled(hardware_types[i], &policy))
			json_array_append_new(list, driver_describe(hardware_types[i], &policy));
	return list;
}

void flow_node_gone(struct flow_env *env, const char *node_uuid)
{
	driver_forget(env->driver, node_uuid);
}

static const struct power_ops *power_of(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_POWER);

	return impl ? impl->power : NULL;
}

bool flow_power_known(const struct node *n)
{
	return power_of(n) != NULL;
}

void flow_power_get(struct flow_env *env, const struct node *n, bool sweep, struct op *op)
{
	power_of(n)->get(env->driver, n, sweep ? DRIVER_SWEEP : DRIVER_COMMAND, op);
}

bool flow_power_get_again(struct flow_env *env, const char *node_uuid, struct op *op)
{
	return driver_power_get_again(env->driver, node_uuid, DRIVER_SWEEP, op);
}

bool flow_bmc_rests(struct flow_env *env, const char *node_uuid)
{
	return driver_bmc_rests(env->driver, node_uuid);
}

json_t *flow_bmc(struct flow_env *env, const char *node_uuid)
{
	return driver_bmc(env->driver, node_uuid);
}

void flow_power_set(
	struct flow_env *env, const struct node *n, enum power_action action, struct op *op)
{
	power_of(n)->set(env->driver, n, action, op);
}

static const struct management_ops *management_of(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_MANAGEMENT);

	return impl ? impl->management : NULL;
}

const char *const *flow_boot_devices(const struct node *n)
{
	const struct management_ops *ops = management_of(n);

	return ops ? ops->boot_devices : NULL;
}

void flow_boot_device_set(struct flow_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	management_of(n)->boot_device_set(env->driver, n, device, persistent, op);
}

void flow_boot_device_get(struct flow_env *env, const struct node *n, struct op *op)
{
	management_of(n)->boot_device_get(env->driver, n, op);
}

bool flow_bmc_can(const struct node *n, enum bmc_call call)
{
	const struct management_ops *ops = management_of(n);

	return ops && ops->bmc && ops->bmc[call];
}

void flow_bmc_ask(struct flow_env *env, const struct node *n, enum bmc_call call,
	const json_t *args, bool sweep, struct op *op)
{
	management_of(n)->bmc[call](
		env->driver, n, args, sweep ? DRIVER_SWEEP : DRIVER_COMMAND, op);
}

enum interface flow_ask_interface(enum node_ask a)
{
	return ask_interfaces[a];
}

int flow_ask_check(const struct node *n, enum node_ask a, const json_t *args, struct err *e)
{
	return driver_ask_check(n, a, args, e);
}

bool flow_ask_starts(const struct node *n, enum node_ask a)
{
	return driver_ask_starts(n, a);
}

json_t *flow_ask_answer(const struct node *n, enum node_ask a, const json_t *args)
{
	return driver_ask_answer(n, a, args);
}

void flow_ask_start(struct flow_env *env, const struct node *n, enum node_ask a, const json_t *args,
	struct op *op)
{
	driver_ask(env->driver, n, a, args, op);
}

void flow_ask_done(struct node *n, enum node_ask a, const json_t *args)
{
	driver_ask_done(n, a, args);
}

int flow_raid_check(const struct node *n, const json_t *config, struct err *e)
{
	int r = driver_validate(n, IF_RAID, e);

	if (r == -ENOTSUP)
		return -(e->code = ENOENT);
	return r < 0 ? r : raid_check(config, e);
}

json_t *flow_raid_properties(void)
{
	return raid_properties();
}

json_t *flow_vendor_methods(const struct node *n)
{
	return vendor_methods(n);
}

int flow_vendor_check(const struct node *n, const char *method, const json_t *args, struct err *e)
{
	const struct vendor_method *m = vendor_method_find(n, method);
	int r;

	if (!m)
		return err_set(e, EINVAL,
			"No handler for method %.64s: vendor_interface %s of driver %s has none of "
			"that name",
			method, n->interfaces[IF_VENDOR] ? n->interfaces[IF_VENDOR] : "(none)",
			n->driver);
	r = driver_validate(n, IF_VENDOR, e);
	/* what reaches the BMC is checked with the interface that reaches it */
	if (r == 0 && driver_implementation(n, IF_MANAGEMENT))
		r = driver_validate(n, IF_MANAGEMENT, e);
	return r == 0 && m->check ? m->check(args, e) : r;
}

bool flow_vendor_waits(const struct node *n, const char *method)
{
	const struct vendor_method *m = vendor_method_find(n, method);

	return m && m->waits;
}

bool flow_vendor_shares(const struct node *n, const char *method)
{
	const struct vendor_method *m = vendor_method_find(n, method);

	return m && m->shared;
}

void flow_vendor_call(struct flow_env *env, const struct node *n, const char *method,
	const json_t *args, struct op *op)
{
	vendor_method_find(n, method)->call(env->driver, n, args, op);
}

bool flow_console_real(const struct node *n)
{
	const struct implementation *impl = driver_implementation(n, IF_CONSOLE);

	return impl && impl->console;
}

void flow_console_want(struct flow_env *env, const struct node *n, unsigned wants)
{
	console_want(env->driver, n, wants);
}

json_t *flow_console_show(struct flow_env *env, const char *node_uuid, int max_lines)
{
	return console_show(env->driver, node_uuid, max_lines);
}

int flow_console_watch(
	struct flow_env *env, const char *node_uuid, struct console_watch *w, struct err *e)
{
	return console_watch(env->driver, node_uuid, w, e);
}

void flow_console_unwatch(struct flow_env *env, const char *node_uuid, const char *id)
{
	console_unwatch(env->driver, node_uuid, id);
}

int flow_console_type(struct flow_env *env, const char *node_uuid, const char *id, const char *text,
	bool take, struct err *e)
{
	return console_type(env->driver, node_uuid, id, text, strlen(text), take, e);
}

#define HEARTBEAT_TIMEOUT_S  300
#define PROGRESS_INTERVAL_MS 1000

json_t *flow_agent_lookup(struct node *n, const struct flow_env *env)
{
	char url[512];
	struct agent_policy policy = {.heartbeat_timeout_s = HEARTBEAT_TIMEOUT_S,
		.bios_bootloader = env->bios_bootloader,
		.progress_url = env->api_url ? url : NULL,
		.progress_interval_ms = PROGRESS_INTERVAL_MS};

	if (env->api_url)
		snprintf(url, sizeof(url), "%s/ingot/v1/nodes/%s/progress", env->api_url, n->uuid);
	return agentlink_lookup_reply(n, &policy);
}

int flow_agent_check(const struct node *n, const json_t *heartbeat, struct err *e)
{
	return agentlink_heartbeat_check(n, heartbeat, e);
}

bool flow_agent_note(struct node *n, const json_t *heartbeat)
{
	return agentlink_heartbeat_apply(n, heartbeat);
}

bool flow_agent_token_ok(const struct node *n, const char *token)
{
	return agentlink_token_ok(n, token);
}

bool flow_agent_has_token(const struct node *n)
{
	return agentlink_has_token(n);
}

bool flow_agent_expected(const struct node *n)
{
	return agentlink_expected(n);
}

bool flow_agent_known(const struct node *n)
{
	return agentlink_known(n);
}

void flow_agent_forget(struct node *n)
{
	agentlink_forget(n);
}

void flow_agent_ask(struct flow_env *env, const struct node *n, const char *command, struct op *op)
{
	agentlink_command_status(env->agents, n, command, op);
}

void flow_agent_logs(struct flow_env *env, const struct node *n, const char *what, struct op *op)
{
	agentlink_collect_logs(env->agents, n, what, op);
}

void flow_keep_logs(struct flow_env *env, const struct node *n, const char *what,
	const char *base64, struct op *op)
{
	agentlink_keep_logs(env->agents, n->uuid, what, base64, op);
}

int flow_agent_outcome(const json_t *command, struct err *e)
{
	return agentlink_command_outcome(command, e);
}
