/* The hardware types, and the questions about them that need no BMC; see driver.h. */
#include "conductor/driver/driver.h"
#include "conductor/driver/console.h"
#include "conductor/driver/tool.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define LIST(...)     ((const struct implementation *const[]){__VA_ARGS__, NULL})
#define FAKE_OR_NO(i) LIST(&fake_interfaces[i], &no_interfaces[i])

static const struct hardware_type ipmi_type = {
	.name = "ipmi",
	.interfaces = {[IF_BIOS] = LIST(&no_interfaces[IF_BIOS]),
		[IF_BOOT] = LIST(&ipxe_boot, &pxe_boot),
		[IF_CONSOLE] = LIST(&ipmitool_console_interface, &no_interfaces[IF_CONSOLE]),
		[IF_DEPLOY] = LIST(&agent_deploy, &custom_deploy),
		[IF_FIRMWARE] = LIST(&no_interfaces[IF_FIRMWARE]),
		[IF_INSPECT] = LIST(&agent_inspect, &no_interfaces[IF_INSPECT]),
		[IF_MANAGEMENT] = LIST(&ipmi_management_interface, &ipmitool_management_interface,
			&noop_management),
		[IF_NETWORK] = LIST(&noop_network),
		[IF_POWER] = LIST(&ipmi_power_interface, &ipmitool_power_interface),
		[IF_RAID] = LIST(&no_interfaces[IF_RAID], &agent_raid),
		[IF_RESCUE] = LIST(&no_interfaces[IF_RESCUE], &agent_rescue),
		[IF_STORAGE] = LIST(&no_interfaces[IF_STORAGE]),
		[IF_VENDOR] = LIST(&ipmi_vendor_interface, &no_interfaces[IF_VENDOR])},
};

static const struct hardware_type fake_type = {
	.name = "fake-hardware",
	.interfaces = {[IF_BIOS] = FAKE_OR_NO(IF_BIOS),
		[IF_BOOT] = LIST(&fake_interfaces[IF_BOOT], &ipxe_boot, &pxe_boot),
		[IF_CONSOLE] = FAKE_OR_NO(IF_CONSOLE),
		[IF_DEPLOY] = LIST(&fake_interfaces[IF_DEPLOY], &agent_deploy, &custom_deploy),
		[IF_FIRMWARE] = FAKE_OR_NO(IF_FIRMWARE),
		[IF_INSPECT] = LIST(
			&fake_interfaces[IF_INSPECT], &agent_inspect, &no_interfaces[IF_INSPECT]),
		[IF_MANAGEMENT] = LIST(&fake_interfaces[IF_MANAGEMENT]),
		[IF_NETWORK] = LIST(&noop_network),
		[IF_POWER] = LIST(&fake_interfaces[IF_POWER]),
		[IF_RAID] = LIST(&fake_interfaces[IF_RAID], &no_interfaces[IF_RAID], &agent_raid),
		[IF_RESCUE] =
			LIST(&fake_interfaces[IF_RESCUE], &agent_rescue, &no_interfaces[IF_RESCUE]),
		[IF_STORAGE] = LIST(&no_interfaces[IF_STORAGE], &fake_interfaces[IF_STORAGE]),
		[IF_VENDOR] = FAKE_OR_NO(IF_VENDOR)},
};

/*
 * A machine without a BMC: somebody presses its button when the conductor waits for it. Its power
 * is what was asked for last.
 */
static const struct hardware_type manual_type = {
	.name = "manual-management",
	.interfaces = {[IF_BIOS] = LIST(&no_interfaces[IF_BIOS]),
		[IF_BOOT] = LIST(&ipxe_boot, &pxe_boot),
		[IF_CONSOLE] = LIST(&no_interfaces[IF_CONSOLE]),
		[IF_DEPLOY] = LIST(&agent_deploy, &custom_deploy),
		[IF_FIRMWARE] = LIST(&no_interfaces[IF_FIRMWARE]),
		[IF_INSPECT] = LIST(&agent_inspect, &no_interfaces[IF_INSPECT]),
		[IF_MANAGEMENT] = LIST(&noop_management, &fake_interfaces[IF_MANAGEMENT]),
		[IF_NETWORK] = LIST(&noop_network),
		[IF_POWER] = LIST(&fake_interfaces[IF_POWER]),
		[IF_RAID] = LIST(&no_interfaces[IF_RAID], &agent_raid),
		[IF_RESCUE] = LIST(&no_interfaces[IF_RESCUE], &agent_rescue),
		[IF_STORAGE] = LIST(&no_interfaces[IF_STORAGE]),
		[IF_VENDOR] = LIST(&no_interfaces[IF_VENDOR])},
};

const struct hardware_type *const hardware_types[] = {&ipmi_type, &fake_type, &manual_type, NULL};

const struct hardware_type *hardware_type_find(const char *name)
{
	for (int i = 0; hardware_types[i]; i++)
		if (str_eq(hardware_types[i]->name, name))
			return hardware_types[i];
	return NULL;
}

static const struct implementation *find_in(
	const struct hardware_type *t, enum interface i, const char *name)
{
	for (const struct implementation *const *p = t->interfaces[i]; *p; p++)
		if (str_eq((*p)->name, name))
			return *p;
	return NULL;
}

/* A fake machine may have any type's, to try them out. */
static const struct implementation *find(
	const struct hardware_type *t, enum interface i, const char *name)
{
	const struct implementation *impl = find_in(t, i, name);

	for (int k = 0; !impl && t == &fake_type && hardware_types[k]; k++)
		impl = find_in(hardware_types[k], i, name);
	return impl;
}

/* What instance_info says of an interface; NULL: nothing. */
static const char *name_for_instance(const struct node *n, enum interface i)
{
	char key[32];

	if (!json_object_size(n->instance_info))
		return NULL;
	snprintf(key, sizeof(key), "%s_interface", interface_names[i]);
	return json_str(n->instance_info, key);
}

const struct implementation *driver_implementation(const struct node *n, enum interface i)
{
	const struct hardware_type *t = hardware_type_find(n->driver);
	const char *name = name_for_instance(n, i);

	return t ? find(t, i, name ? name : n->interfaces[i]) : NULL;
}

static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ", ");

		if (n == len && !strncmp(p, name, n))
			return true;
		p += n;
		p += strspn(p, ", ");
	}
	return str_empty(list);
}

bool driver_enabled(const struct hardware_type *t, const struct driver_policy *policy)
{
	return !policy || is_listed(policy->enabled, t->name);
}

static bool interface_enabled(
	const struct driver_policy *policy, enum interface i, const struct implementation *impl)
{
	return !policy || !policy->enabled_interfaces ||
	       is_listed(policy->enabled_interfaces[i], impl->name);
}

/* Some type's; IF_COUNT: the name of a type itself. */
static bool exists(enum interface i, const char *name)
{
	for (int k = 0; hardware_types[k]; k++)
		if (i == IF_COUNT ? str_eq(hardware_types[k]->name, name)
				  : find_in(hardware_types[k], i, name) != NULL)
			return true;
	return false;
}

static int check_names(enum interface i, const char *key, const char *list, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(list ? list : "");
	char *save = NULL;

	for (char *name = strtok_r(copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save))
		if (!exists(i, name))
			return err_set(e, EINVAL, "[drivers] %s: there is no %s", key, name);
	return 0;
}

int driver_policy_check(const struct driver_policy *policy, struct err *e)
{
	int r = check_names(IF_COUNT, "enabled", policy->enabled, e);
	char key[64];

	for (enum interface i = 0; r == 0 && i < IF_COUNT; i++) {
		snprintf(key, sizeof(key), "enabled_%s_interfaces", interface_names[i]);
		r = check_names(i, key,
			policy->enabled_interfaces ? policy->enabled_interfaces[i] : NULL, e);
		snprintf(key, sizeof(key), "default_%s_interface", interface_names[i]);
		if (r == 0)
			r = check_names(i, key,
				policy->default_interfaces ? policy->default_interfaces[i] : NULL,
				e);
	}
	return r;
}

static int unknown_driver(const char *name, const struct driver_policy *policy, struct err *e)
{
	struct buf names = BUF_INIT(512);
	int r;

	for (int i = 0; hardware_types[i]; i++)
		if (driver_enabled(hardware_types[i], policy))
			buf_printf(&names, "%s%s", names.len ? ", " : "", hardware_types[i]->name);
	r = err_set(e, EINVAL,
		"No valid host was found. Reason: No conductor service registered which supports "
		"driver %s; enabled are: %s",
		name, buf_str(&names));
	buf_done(&names);
	return r;
}

/* "a, b": what of the type's may be used. */
static void list_enabled(const struct hardware_type *t, enum interface i,
	const struct driver_policy *policy, struct buf *names)
{
	for (const struct implementation *const *p = t->interfaces[i]; *p; p++)
		if (interface_enabled(policy, i, *p))
			buf_printf(names, "%s%s", names->len ? ", " : "", (*p)->name);
}

static int unknown_implementation(const struct hardware_type *t, enum interface i, const char *name,
	const struct driver_policy *policy, struct err *e)
{
	struct buf names = BUF_INIT(512);
	int r;

	list_enabled(t, i, policy, &names);
	r = err_set(e, EINVAL, "Could not find %s_interface %s of hardware type %s; there is: %s",
		interface_names[i], name, t->name, buf_str(&names));
	buf_done(&names);
	return r;
}

/* The implementation that nodes get which name none; NULL: there is none. */
static const struct implementation *default_of(
	const struct hardware_type *t, enum interface i, const struct driver_policy *policy)
{
	const char *wanted =
		policy && policy->default_interfaces ? policy->default_interfaces[i] : NULL;

	if (!str_empty(wanted))
		return find(t, i, wanted);
	for (const struct implementation *const *p = t->interfaces[i]; *p; p++)
		if (interface_enabled(policy, i, *p))
			return *p;
	return NULL;
}

/* The name is of an implementation that the node may have. */
static int may_have(const struct hardware_type *t, enum interface i, const char *name,
	const struct driver_policy *policy, struct err *e)
{
	const struct implementation *impl = find(t, i, name);

	return impl && interface_enabled(policy, i, impl)
		       ? 0
		       : unknown_implementation(t, i, name, policy, e);
}

static int complete(struct node *n, const struct hardware_type *t, enum interface i,
	const struct driver_policy *policy, struct err *e)
{
	const char *name = name_for_instance(n, i);
	const struct implementation *dflt;
	int r = name ? may_have(t, i, name, policy, e) : 0;

	if (r < 0)
		return err_prefix(e, "instance_info");
	if (n->interfaces[i])
		return may_have(t, i, n->interfaces[i], policy, e);
	dflt = default_of(t, i, policy);
	if (!dflt)
		return err_set(e, EINVAL,
			"hardware type %s has no default for %s_interface that is enabled; name "
			"one",
			t->name, interface_names[i]);
	n->interfaces[i] = xstrdup(dflt->name);
	return may_have(t, i, dflt->name, policy, e);
}

int driver_complete(struct node *n, const struct driver_policy *policy, struct err *e)
{
	const struct hardware_type *t = hardware_type_find(n->driver);
	int r = 0;

	if (!t || !driver_enabled(t, policy))
		return unknown_driver(n->driver ? n->driver : "(none)", policy, e);
	for (enum interface i = 0; r == 0 && i < IF_COUNT; i++)
		r = complete(n, t, i, policy, e);
	return r;
}

static int validate_properties(
	const struct implementation *impl, const struct node *n, struct err *e)
{
	for (const struct property *p = impl->properties; p && p->name; p++) {
		const json_t *v = json_object_get(n->driver_info, p->name);

		if (p->required &&
			(!v || json_is_null(v) || (json_is_string(v) && !json_string_length(v))))
			return err_set(
				e, EINVAL, "driver_info lacks %s: %s", p->name, p->description);
		if (v && (json_is_object(v) || json_is_array(v)))
			return err_set(
				e, EINVAL, "driver_info %s: expected a plain value", p->name);
	}
	return 0;
}

int driver_validate(const struct node *n, enum interface i, struct err *e)
{
	const struct implementation *impl = driver_implementation(n, i);
	int r;

	if (!impl)
		return err_set(e, EINVAL, "%s_interface %s is not one of driver %s",
			interface_names[i], n->interfaces[i] ? n->interfaces[i] : "(none)",
			n->driver);
	if (str_starts(impl->name, "no-"))
		return err_set(e, ENOTSUP,
			"Node %s: driver %s does not support %s (%s_interface is %s)", n->uuid,
			n->driver, interface_names[i], interface_names[i], impl->name);
	r = validate_properties(impl, n, e);
	if (r == 0 && impl->validate)
		r = impl->validate(n, e);
	return r;
}

static void describe_properties(json_t *properties, const struct implementation *impl)
{
	for (const struct property *p = impl->properties; p && p->name; p++)
		json_object_set_new(properties, p->name,
			json_sprintf(
				"%s. %s.", p->description, p->required ? "Required" : "Optional"));
}

json_t *driver_describe(const struct hardware_type *t, const struct driver_policy *policy)
{
	json_t *d = json_object(), *properties = json_object();
	char key[64];

	json_put_str(d, "name", t->name);
	for (enum interface i = 0; i < IF_COUNT; i++) {
		const struct implementation *dflt = default_of(t, i, policy);
		json_t *names = json_array();

		for (const struct implementation *const *p = t->interfaces[i]; *p; p++) {
			if (!interface_enabled(policy, i, *p))
				continue;
			json_array_append_new(names, json_string((*p)->name));
			describe_properties(properties, *p);
		}
		snprintf(key, sizeof(key), "default_%s_interface", interface_names[i]);
		json_object_set_new(d, key, json_string_or_null(dflt ? dflt->name : NULL));
		snprintf(key, sizeof(key), "enabled_%s_interfaces", interface_names[i]);
		json_object_set_new(d, key, names);
	}
	json_object_set_new(d, "properties", properties);
	return d;
}

char *driver_capability(const struct node *n, const char *key)
{
	const char *p = json_str(n->properties, "capabilities");
	size_t len = strlen(key);

	while (p && *p) {
		size_t item = strcspn(p, ",");

		if (item > len && p[len] == ':' && !strncmp(p, key, len))
			return xstrndup(p + len + 1, item - len - 1);
		p += item;
		p += strspn(p, ", ");
	}
	return NULL;
}

bool driver_node_is_uefi(const struct node *n)
{
	_cleanup_free_ char *mode = driver_capability(n, "boot_mode");

	return str_eq(mode ? mode : n->boot_mode, "uefi");
}

bool driver_power_get_again(
	struct driver_env *env, const char *node_uuid, enum driver_priority p, struct op *op)
{
	for (int i = 0; hardware_types[i]; i++) {
		const struct power_ops *ops = hardware_types[i]->interfaces[IF_POWER][0]->power;

		if (ops && ops->get_again && ops->get_again(env, node_uuid, p, op))
			return true;
	}
	return false;
}

bool driver_bmc_rests(struct driver_env *env, const char *node_uuid)
{
	return ipmi_rests(env, node_uuid);
}

json_t *driver_bmc(struct driver_env *env, const char *node_uuid)
{
	return ipmi_state(env, node_uuid);
}

void driver_forget(struct driver_env *env, const char *node_uuid)
{
	tools_forget(env, node_uuid);
	console_forget(env, node_uuid);
	ipmi_forget(env, node_uuid);
}

void driver_env_init(struct driver_env *env, uv_loop_t *loop)
{
	*env = (struct driver_env){.loop = loop};
	list_init(&env->fake_answers);
}

void driver_env_done(struct driver_env *env)
{
	const char *uuid;

	consoles_stop(env);
	tools_stop(env);
	if (env->loop)
		fake_cancel(env);
	for (size_t pos = 0; map_next(&env->bmcs, &pos, &uuid, NULL); pos = 0)
		ipmi_forget(env, uuid);
	map_done(&env->bmcs);
}
