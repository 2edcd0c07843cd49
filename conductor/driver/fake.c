/*
 * fake-hardware: a machine that exists only here, for trying the API and testing the engine. It
 * honours driver_info fake_<what>_delay (seconds, fractions allowed) and fake_<what>_failure (the
 * text it fails with), where <what> is power, management, inspect, deploy, clean, rescue or
 * service.
 */
#include "conductor/driver/driver.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

struct fake_machine {
	bool on;
	char boot_device[16];
	bool persistent;
};

/* An answer that is given later. */
struct later {
	uv_timer_t timer;
	struct op *op;
	json_t *value;
	struct err err;
	struct list link; /* driver_env.fake_answers */
};

static struct fake_machine *machine(struct driver_env *env, const struct node *n)
{
	struct fake_machine *m = map_get(&env->fakes, n->uuid);

	if (!m) {
		m = xcalloc(1, sizeof(*m));
		m->on = n->power_state == POWER_ON;
		map_put(&env->fakes, n->uuid, m);
	}
	return m;
}

void fake_forget(struct driver_env *env, const char *node_uuid)
{
	free(map_remove(&env->fakes, node_uuid));
}

static void free_answer(uv_handle_t *h)
{
	struct later *a = h->data;

	json_decref(a->value);
	free(a);
}

static void give_answer(uv_timer_t *t)
{
	struct later *a = t->data;

	list_remove(&a->link);
	if (a->err.code)
		op_fail(a->op, &a->err);
	else
		op_done(a->op, TAKE_PTR(a->value));
	uv_close((uv_handle_t *)t, free_answer);
}

void fake_cancel(struct driver_env *env)
{
	struct later *a;

	while ((a = list_first(&env->fake_answers, struct later, link))) {
		err_set(&a->err, ECANCELED, "the conductor stops");
		give_answer(&a->timer);
	}
}

/* Seconds, as number or text; 0 when absent or nonsense. */
static double delay_of(const struct node *n, const char *what)
{
	const json_t *v;
	char key[64];

	snprintf(key, sizeof(key), "fake_%s_delay", what);
	v = json_object_get(n->driver_info, key);
	return json_is_string(v) ? strtod(json_string_value(v), NULL) : json_number_value(v);
}

static const char *failure_of(const struct node *n, const char *what)
{
	char key[64];

	snprintf(key, sizeof(key), "fake_%s_failure", what);
	return json_str(n->driver_info, key);
}

/* Answers after the delay asked for. True when the answer is a failure. Takes value. */
bool fake_answer(struct driver_env *env, const struct node *n, const char *what, struct op *op,
	json_t *value)
{
	struct later *a = xcalloc(1, sizeof(*a));
	const char *failure = failure_of(n, what);
	double s = delay_of(n, what);

	a->op = op;
	a->value = value;
	if (failure)
		err_set(&a->err, EIO, "%s on fake machine: %s", what, failure);
	a->timer.data = a;
	list_append(&env->fake_answers, &a->link);
	uv_timer_init(env->loop, &a->timer);
	uv_timer_start(&a->timer, give_answer, s > 0 && s < 86400 ? (uint64_t)(s * 1000) : 0, 0);
	return failure != NULL;
}

static void power_get(
	struct driver_env *env, const struct node *n, enum driver_priority p, struct op *op)
{
	fake_answer(
		env, n, "power", op, json_string(machine(env, n)->on ? "power on" : "power off"));
}

static void power_set(
	struct driver_env *env, const struct node *n, enum power_action a, struct op *op)
{
	struct fake_machine *m = machine(env, n);

	if (!fake_answer(env, n, "power", op, NULL) && a != ACTION_NMI)
		m->on = a == ACTION_ON || a == ACTION_RESET;
}

static void boot_device_set(struct driver_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	struct fake_machine *m = machine(env, n);

	if (!fake_answer(env, n, "management", op, NULL)) {
		str_copy(m->boot_device, sizeof(m->boot_device), device);
		m->persistent = persistent;
	}
}

static void boot_device_get(struct driver_env *env, const struct node *n, struct op *op)
{
	struct fake_machine *m = machine(env, n);
	json_t *v = json_object();

	json_put_str(v, "boot_device", *m->boot_device ? m->boot_device : "pxe");
	json_put_bool(v, "persistent", m->persistent);
	fake_answer(env, n, "management", op, v);
}

/* It has no sensors, and no BMC for the rest. */
static void get_sensors(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	fake_answer(env, n, "management", op, json_pack("{s:[], s:n}", "sensors", "missing"));
}

static bmc_fn *const bmc_calls[BMC_CALL_COUNT] = {[BMC_SENSORS] = get_sensors};
static const struct power_ops fake_power = {.get = power_get, .set = power_set};
static const char *const devices[] = {"pxe", "disk", "cdrom", "bios", "safe", NULL};
static const struct management_ops fake_management = {.boot_devices = devices,
	.boot_device_set = boot_device_set,
	.boot_device_get = boot_device_get,
	.bmc = bmc_calls};

#define FAKE(i, ...) [i] = {.name = "fake", .interface = (i), .method = METHOD_FAKE, ##__VA_ARGS__}
const struct implementation fake_interfaces[IF_COUNT] = {
	FAKE(IF_BIOS),
	FAKE(IF_BOOT),
	FAKE(IF_CONSOLE),
	FAKE(IF_DEPLOY),
	FAKE(IF_FIRMWARE),
	FAKE(IF_INSPECT),
	FAKE(IF_MANAGEMENT, .management = &fake_management),
	FAKE(IF_POWER, .power = &fake_power),
	FAKE(IF_RAID),
	FAKE(IF_RESCUE),
	FAKE(IF_STORAGE),
	FAKE(IF_VENDOR, .vendor = fake_vendor_methods),
};

void fake_work(struct driver_env *env, const struct node *n, const char *what, struct op *op)
{
	fake_answer(env, n, what, op, NULL);
}
