/* The `ipmi` hardware type's power and management over our own RMCP+ client (conductor/bmc/ipmi).
 */
#include "conductor/driver/ipmi.h"
#include "hwdb/hwdb.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <string.h>

/* The connection kept for a node, remade when its driver_info says something else. */
struct kept_bmc {
	struct ipmi_bmc *bmc;
	char *settings;	 /* the ipmi_* members as text */
	bool introduced; /* it was asked who it is */
};

struct settings {
	struct ipmi_config config;
	unsigned char kg[IPMI_KG_MAX];
	char username[IPMI_USERNAME_MAX + 1], password[IPMI_PASSWORD_MAX + 1];
};

static const struct property properties[] = {
	{"ipmi_address", "IP address or host name of the BMC", true, false},
	{"ipmi_port", "UDP port of the BMC, 623 by default", false, false},
	{"ipmi_username", "User name; the anonymous user by default", false, false},
	{"ipmi_password", "Password, at most 20 bytes", false, true},
	{"ipmi_hex_kg_key", "BMC key K_g as hexadecimal digits, 40 at most", false, true},
	{"ipmi_cipher_suite", "Cipher suite, 3 or 17; found out by default", false, false},
	{"ipmi_priv_level", "ADMINISTRATOR (default), OPERATOR, USER or CALLBACK", false, false},
	{"ipmi_protocol_version", "2.0 (the default); 1.5 has no encryption and is refused", false,
		false},
	{NULL, NULL, false, false},
};

static const struct {
	const char *name;
	uint8_t level;
} privileges[] = {
	{"CALLBACK", IPMI_PRIVILEGE_CALLBACK},
	{"USER", IPMI_PRIVILEGE_USER},
	{"OPERATOR", IPMI_PRIVILEGE_OPERATOR},
	{"ADMINISTRATOR", IPMI_PRIVILEGE_ADMIN},
};

/* Reads a member that may be given as number or as digits. */
static int number(
	const struct node *n, const char *key, int dflt, int min, int max, int *ret, struct err *e)
{
	const json_t *v = json_object_get(n->driver_info, key);
	int64_t value = dflt;
	int parsed;

	if (json_is_integer(v))
		value = json_integer_value(v);
	else if (json_is_string(v) && str_to_int(json_string_value(v), min, max, &parsed) == 0)
		value = parsed;
	else if (v && !json_is_null(v))
		value = (int64_t)min - 1;
	if (value < min || value > max)
		return err_set(e, EINVAL, "driver_info %s: expected a number from %d to %d", key,
			min, max);
	*ret = (int)value;
	return 0;
}

static int read_text(const struct node *n, const char *key, char *dst, size_t size, struct err *e)
{
	const char *text = json_str(n->driver_info, key);

	if (text && !str_copy(dst, size, text))
		return err_set(e, EINVAL, "driver_info %s: longer than the %zu bytes IPMI allows",
			key, size - 1);
	return 0;
}

static int read_privilege(const struct node *n, struct settings *s, struct err *e)
{
	const char *name = json_str(n->driver_info, "ipmi_priv_level");

	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(privileges); i++) {
		if (str_ieq(privileges[i].name, name)) {
			s->config.privilege = privileges[i].level;
			return 0;
		}
	}
	return err_set(e, EINVAL,
		"driver_info ipmi_priv_level %s: expected ADMINISTRATOR, OPERATOR, USER or "
		"CALLBACK",
		name);
}

static int read_kg(const struct node *n, struct settings *s, struct err *e)
{
	const char *hex = json_str(n->driver_info, "ipmi_hex_kg_key");
	int len = hex ? hex_decode(hex, s->kg, sizeof(s->kg)) : 0;

	if (len < 0)
		return err_set(e, EINVAL,
			"driver_info ipmi_hex_kg_key: expected at most 40 hexadecimal digits");
	s->config.kg = s->kg;
	s->config.kg_len = (size_t)len;
	return 0;
}

static int read_settings(const struct node *n, struct settings *s, struct err *e)
{
	const char *version = json_str(n->driver_info, "ipmi_protocol_version");
	int port, suite;

	memset(s, 0, sizeof(*s));
	s->config.address = json_str(n->driver_info, "ipmi_address");
	s->config.username = s->username;
	s->config.password = s->password;
	s->config.traits = (struct bmc_traits)BMC_TRAITS_DEFAULT;
	if (str_empty(s->config.address))
		return err_set(e, EINVAL, "driver_info lacks ipmi_address");
	if (version && !str_eq(version, "2.0"))
		return err_set(e, EINVAL,
			"driver_info ipmi_protocol_version %s: only 2.0 is spoken", version);
	if (number(n, "ipmi_port", IPMI_PORT, 1, 65535, &port, e) < 0 ||
		number(n, "ipmi_cipher_suite", 0, 0, 17, &suite, e) < 0 ||
		read_text(n, "ipmi_username", s->username, sizeof(s->username), e) < 0 ||
		read_text(n, "ipmi_password", s->password, sizeof(s->password), e) < 0 ||
		read_privilege(n, s, e) < 0 || read_kg(n, s, e) < 0)
		return -EINVAL;
	if (suite && suite != 3 && suite != 17)
		return err_set(
			e, EINVAL, "driver_info ipmi_cipher_suite %d: 3 and 17 are known", suite);
	s->config.port = (uint16_t)port;
	s->config.cipher_suites[0] = (uint8_t)suite;
	return 0;
}

static int validate(const struct node *n, struct err *e)
{
	struct settings s;
	int r = read_settings(n, &s, e);

	mem_wipe(&s, sizeof(s));
	return r;
}

void ipmi_forget(struct driver_env *env, const char *node_uuid)
{
	struct kept_bmc *k = map_remove(&env->bmcs, node_uuid);

	if (!k)
		return;
	ipmi_bmc_free(k->bmc);
	mem_wipe(k->settings, strlen(k->settings));
	free(k->settings);
	free(k);
}

/* The members that decide how to connect, in a form that can be compared. */
static char *settings_text(const struct node *n)
{
	_cleanup_json_ json_t *picked = json_object();
	const char *key;
	json_t *value;

	json_object_foreach (n->driver_info, key, value) {
		if (str_starts(key, "ipmi_"))
			json_object_set(picked, key, value);
	}
	return json_dumps(picked, JSON_COMPACT | JSON_SORT_KEYS);
}

/* What is asked of a connection once, beside its second request: who the BMC is. */
struct introduction {
	struct driver_env *env;
	char node[UUID_TEXT_MAX];
};

/* The BMC said who it is: from now on it is spoken to as hwdb says. */
static void introduced(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct introduction *in = data;
	struct kept_bmc *k = map_get(&in->env->bmcs, in->node);
	struct hwdb_match match = {0};
	struct bmc_traits traits;
	char firmware[16];

	if (!e && k) {
		snprintf(firmware, sizeof(firmware), "%u.%02u", result->device.firmware_major,
			result->device.firmware_minor);
		match.manufacturer_id = result->device.manufacturer_id;
		match.product_id = result->device.product_id;
		match.firmware = firmware;
		hwdb_lookup(in->env->hwdb, &match, &traits);
		ipmi_bmc_set_traits(k->bmc, &traits);
	}
	free(in);
}

/* Not with the first request: that one tells whether the BMC answers at all, and is not held up. */
static void introduce(struct driver_env *env, const char *node_uuid, struct kept_bmc *k)
{
	static const struct ipmi_opts can_wait = {
		.priority = IPMI_PRIORITY_SWEEP, .deadline_ms = 5000};
	struct introduction *in;

	if (k->introduced || !env->hwdb)
		return;
	k->introduced = true;
	in = xcalloc(1, sizeof(*in));
	in->env = env;
	str_copy(in->node, sizeof(in->node), node_uuid);
	ipmi_device_id(k->bmc, &can_wait, introduced, in);
}

static int connection(
	struct driver_env *env, const struct node *n, struct ipmi_bmc **ret, struct err *e)
{
	struct kept_bmc *k = map_get(&env->bmcs, n->uuid);
	_cleanup_free_ char *text = settings_text(n);
	struct settings s;
	int r;

	if (k && str_eq(k->settings, text)) {
		introduce(env, n->uuid, k);
		*ret = k->bmc;
		return 0;
	}
	ipmi_forget(env, n->uuid);
	r = read_settings(n, &s, e);
	if (r == 0)
		r = ipmi_bmc_new(env->ipmi, &s.config, ret, e);
	mem_wipe(&s, sizeof(s));
	if (r < 0)
		return r;
	k = xcalloc(1, sizeof(*k));
	k->bmc = *ret;
	k->settings = TAKE_PTR(text);
	map_put(&env->bmcs, n->uuid, k);
	return 0;
}

bool ipmi_rests(struct driver_env *env, const char *node_uuid)
{
	const struct kept_bmc *k = map_get(&env->bmcs, node_uuid);

	return k && ipmi_bmc_rests(k->bmc);
}

struct ipmi_bmc *ipmi_kept_bmc(struct driver_env *env, const char *node_uuid)
{
	struct kept_bmc *k = map_get(&env->bmcs, node_uuid);

	return k ? k->bmc : NULL;
}

struct ipmi_opts ipmi_opts_for(const struct op *op, enum driver_priority p)
{
	int64_t left = op->deadline_ms - time_mono_ms();

	return (struct ipmi_opts){.deadline_ms = left < 1 ? 1 : (unsigned)left,
		.priority = p == DRIVER_SWEEP ? IPMI_PRIORITY_SWEEP : IPMI_PRIORITY_COMMAND};
}

struct ipmi_bmc *ipmi_open_bmc(struct driver_env *env, const struct node *n, struct op *op)
{
	struct ipmi_bmc *bmc = NULL;
	struct err e = {0};

	if (connection(env, n, &bmc, &e) < 0) {
		op_fail(op, &e);
		return NULL;
	}
	return bmc;
}

/* What the same answer says of the machine's health. */
static unsigned chassis_faults(const struct ipmi_chassis_status *s)
{
	return CHASSIS_KNOWN | (s->power_fault ? CHASSIS_POWER_FAULT : 0) |
	       (s->power_overload ? CHASSIS_POWER_OVERLOAD : 0) |
	       (s->power_control_fault ? CHASSIS_POWER_CONTROL : 0) |
	       (s->interlock ? CHASSIS_INTERLOCK : 0) | (s->drive_fault ? CHASSIS_DRIVE : 0) |
	       (s->fan_fault ? CHASSIS_FAN : 0) | (s->intrusion ? CHASSIS_INTRUSION : 0);
}

static void answer_power(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct op *op = data;

	if (e) {
		op_fail(op, e);
		return;
	}
	op->chassis = chassis_faults(&result->chassis);
	op_done(op, json_string(result->chassis.power_on ? "power on" : "power off"));
}

static void power_get(
	struct driver_env *env, const struct node *n, enum driver_priority p, struct op *op)
{
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (bmc)
		ipmi_power_get(bmc, &opts, answer_power, op);
}

static bool power_get_again(
	struct driver_env *env, const char *node_uuid, enum driver_priority p, struct op *op)
{
	struct kept_bmc *k = map_get(&env->bmcs, node_uuid);
	struct ipmi_opts opts = ipmi_opts_for(op, p);

	if (!k)
		return false;
	ipmi_power_get(k->bmc, &opts, answer_power, op);
	introduce(env, node_uuid, k);
	return true;
}

/*
 * A power change: the command, then status until the machine is there. No BMC tells when it is, so
 * it is asked, soon at first (50 ms) and then less often (500 ms). The BMC is looked up again for
 * each question, by node, because the node may have been changed or deleted meanwhile.
 */
struct power_change {
	struct driver_env *env;
	struct op *op;
	uv_timer_t timer;
	bool want_on;
	unsigned pause_ms;
	char node[UUID_TEXT_MAX];
};

static void free_change(uv_handle_t *h)
{
	free(h->data);
}

static void end_change(struct power_change *c, const struct err *e)
{
	if (e)
		op_fail(c->op, e);
	else
		op_done(c->op, NULL);
	uv_close((uv_handle_t *)&c->timer, free_change);
}

static void ask_again(uv_timer_t *t);

static void seen_power(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct power_change *c = data;
	struct err late;

	if (!e && result->chassis.power_on == c->want_on) {
		end_change(c, NULL);
		return;
	}
	if (time_mono_ms() + c->pause_ms >= c->op->deadline_ms) {
		if (e)
			late = *e;
		else
			err_set(&late, ETIME,
				"the BMC accepted power %s but still says power %s; look at the "
				"machine, "
				"its BMC may report a stale state",
				c->want_on ? "on" : "off", c->want_on ? "off" : "on");
		end_change(c, &late);
		return;
	}
	uv_timer_start(&c->timer, ask_again, c->pause_ms, 0);
	c->pause_ms = c->pause_ms * 2 > 500 ? 500 : c->pause_ms * 2;
}

static void ask_again(uv_timer_t *t)
{
	struct power_change *c = t->data;
	struct kept_bmc *k = map_get(&c->env->bmcs, c->node);
	struct ipmi_opts opts = ipmi_opts_for(c->op, DRIVER_COMMAND);
	struct err gone;

	if (!k) {
		err_set(&gone, ECANCELED,
			"the node's BMC settings changed during the power change");
		end_change(c, &gone);
		return;
	}
	ipmi_power_get(k->bmc, &opts, seen_power, c);
}

static void power_accepted(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct power_change *c = data;

	if (e)
		end_change(c, e);
	else
		ask_again(&c->timer);
}

void ipmi_answer_plain(void *data, const struct ipmi_result *result, const struct err *e)
{
	struct op *op = data;

	if (e)
		op_fail(op, e);
	else
		op_done(op, NULL);
}

static void power_set(
	struct driver_env *env, const struct node *n, enum power_action a, struct op *op)
{
	static const enum ipmi_power_action actions[ACTION_COUNT] = {[ACTION_ON] = IPMI_POWER_ON,
		[ACTION_OFF] = IPMI_POWER_OFF,
		[ACTION_SOFT_OFF] = IPMI_POWER_SOFT,
		[ACTION_RESET] = IPMI_POWER_RESET,
		[ACTION_NMI] = IPMI_POWER_DIAG};
	struct ipmi_bmc *bmc = ipmi_open_bmc(env, n, op);
	struct ipmi_opts opts = ipmi_opts_for(op, DRIVER_COMMAND);
	struct power_change *c;

	if (!bmc)
		return;
	if (a == ACTION_RESET || a == ACTION_NMI) {
		ipmi_power(bmc, actions[a], &opts, ipmi_answer_plain, op);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->env = env;
	c->op = op;
	c->want_on = a == ACTION_ON;
	c->pause_ms = 50;
	str_copy(c->node, sizeof(c->node), n->uuid);
	c->timer.data = c;
	uv_timer_init(env->loop, &c->timer);
	ipmi_power(bmc, actions[a], &opts, power_accepted, c);
}

static const struct power_ops power = {
	.get = power_get, .get_again = power_get_again, .set = power_set};
const struct implementation ipmi_power_interface = {.name = "ipmi",
	.interface = IF_POWER,
	.validate = validate,
	.properties = properties,
	.power = &power};
const struct implementation ipmi_management_interface = {.name = "ipmi",
	.interface = IF_MANAGEMENT,
	.validate = validate,
	.properties = properties,
	.management = &ipmi_boot_ops,
	.asks = nmi_by_power};
