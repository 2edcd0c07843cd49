/*
 * fake-hardware: a machine that exists only here, for trying the API and testing the engine. What
 * it keeps is in its node's record, so it costs nothing while nobody looks and a restart changes
 * nothing. It takes as long, and fails, as driver_info says; see fake_properties.
 */
#include "conductor/driver/driver.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define DELAY_MAX_S 86400

/* An answer that is given later. */
struct later {
	uv_timer_t timer;
	struct op *op;
	json_t *value;
	struct err err;
	struct list link; /* driver_env.fake_answers */
};

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

static double chance(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0)
		r = 0;
	return (double)r / UINT32_MAX;
}

/* "1" is 1 s; "1,5" is between 1 and 5 s, of triangular distribution with its peak at 1. */
static double parse_delay(const char *text)
{
	char *end;
	double from = strtod(text, &end), to = *end == ',' ? strtod(end + 1, NULL) : from;
	double a = chance(), b = chance();

	return from + (to - from) * (a < b ? a : b);
}

/* What the configuration says for the interface of that name. */
static const char *usual_delay(const struct driver_env *env, const char *what)
{
	for (enum interface i = 0; env->fake_delays && i < IF_COUNT; i++)
		if (str_eq(interface_names[i], what))
			return env->fake_delays[i];
	return NULL;
}

/* Seconds; 0 when nothing is asked for, or nonsense. */
static double delay_of(const struct driver_env *env, const struct node *n, const char *what)
{
	const char *text = usual_delay(env, what);
	const json_t *v;
	char key[64];
	double s;

	snprintf(key, sizeof(key), "fake_%s_delay", what);
	v = json_object_get(n->driver_info, key);
	if (json_is_number(v))
		s = json_number_value(v);
	else
		s = v || text ? parse_delay(json_is_string(v) ? json_string_value(v)
					    : text	      ? text
							      : "")
			      : 0;
	return s > 0 && s <= DELAY_MAX_S ? s : 0;
}

static const char *failure_of(const struct node *n, const char *what)
{
	char key[64];

	snprintf(key, sizeof(key), "fake_%s_failure", what);
	return json_str(n->driver_info, key);
}

static struct later *answer_in(struct driver_env *env, struct op *op, double s)
{
	struct later *a = xcalloc(1, sizeof(*a));

	a->op = op;
	a->timer.data = a;
	list_append(&env->fake_answers, &a->link);
	uv_timer_init(env->loop, &a->timer);
	uv_timer_start(&a->timer, give_answer, (uint64_t)(s * 1000), 0);
	return a;
}

/* As a slow BMC: who asked has given up by then. */
static bool too_slow(const struct op *op, double *s)
{
	double left = (double)(op->deadline_ms - time_mono_ms()) / 1000;

	if (!op->deadline_ms || *s <= left)
		return false;
	*s = left > 0 ? left : 0;
	return true;
}

static void answer_after(struct driver_env *env, const struct node *n, const char *what, double s,
	struct op *op, json_t *value)
{
	bool late = too_slow(op, &s);
	struct later *a = answer_in(env, op, s);
	const char *failure = failure_of(n, what);

	a->value = value;
	if (late)
		err_set(&a->err, ETIME, "%s on fake machine: no answer within its time limit",
			what);
	else if (failure)
		err_set(&a->err, EIO, "%s on fake machine: %s", what, failure);
}

void fake_answer(struct driver_env *env, const struct node *n, const char *what, struct op *op,
	json_t *value)
{
	answer_after(env, n, what, delay_of(env, n, what), op, value);
}

void answer_soon(struct driver_env *env, struct op *op, json_t *value)
{
	answer_in(env, op, 0)->value = value;
}

void fake_refuse(struct driver_env *env, struct op *op, const struct err *e)
{
	answer_in(env, op, 0)->err = *e;
}

/* The record is all there is: a machine is on when it was switched on. */
static void power_get(
	struct driver_env *env, const struct node *n, enum driver_priority p, struct op *op)
{
	fake_answer(env, n, "power", op,
		json_string(n->power_state == POWER_ON ? "power on" : "power off"));
}

static void power_set(
	struct driver_env *env, const struct node *n, enum power_action a, struct op *op)
{
	fake_answer(env, n, "power", op, NULL);
}

/* As Ironic's it starts by network, whatever it is told. */
static void boot_device_set(struct driver_env *env, const struct node *n, const char *device,
	bool persistent, struct op *op)
{
	fake_answer(env, n, "management", op, NULL);
}

static void boot_device_get(struct driver_env *env, const struct node *n, struct op *op)
{
	fake_answer(env, n, "management", op,
		json_pack("{s:s, s:b}", "boot_device", "pxe", "persistent", 0));
}

/* It has no sensors, and no BMC for the rest. */
static void get_sensors(struct driver_env *env, const struct node *n, const json_t *args,
	enum driver_priority p, struct op *op)
{
	fake_answer(env, n, "management", op, json_pack("{s:[], s:n}", "sensors", "missing"));
}

static bmc_fn *const bmc_calls[BMC_CALL_COUNT] = {[BMC_SENSORS] = get_sensors};
static const struct power_ops fake_power = {.get = power_get, .set = power_set};
static const char *const devices[] = {"pxe", NULL};
static const struct management_ops fake_management = {.boot_devices = devices,
	.boot_device_set = boot_device_set,
	.boot_device_get = boot_device_get,
	.bmc = bmc_calls};

#define PROPERTIES(what, does)                                                                     \
	((const struct property[]){                                                                \
		{"fake_" what "_delay",                                                            \
			"Seconds that the fake machine takes to " does                             \
			"; two numbers with a comma between them for a random time between them",  \
			false, false},                                                             \
		{"fake_" what "_failure",                                                          \
			"Text that the fake machine fails with when it is to " does, false,        \
			false},                                                                    \
		{NULL, NULL, false, false}})

static const struct property deploy_properties[] = {
	{"fake_deploy_delay", "Seconds that the fake machine takes to deploy", false, false},
	{"fake_deploy_failure", "Text that deploying the fake machine fails with", false, false},
	{"fake_clean_delay", "Seconds that the fake machine takes to clean", false, false},
	{"fake_clean_failure", "Text that cleaning the fake machine fails with", false, false},
	{"fake_service_delay", "Seconds that the fake machine takes to be serviced", false, false},
	{"fake_service_failure", "Text that servicing the fake machine fails with", false, false},
	{NULL, NULL, false, false},
};

#define FAKE(i, ...) [i] = {.name = "fake", .interface = (i), .method = METHOD_FAKE, ##__VA_ARGS__}
const struct implementation fake_interfaces[IF_COUNT] = {
	FAKE(IF_BIOS, .properties = PROPERTIES("bios", "change its BIOS settings")),
	FAKE(IF_BOOT, .properties = PROPERTIES("boot", "boot for a deployment")),
	FAKE(IF_CONSOLE),
	FAKE(IF_DEPLOY, .properties = deploy_properties),
	FAKE(IF_FIRMWARE, .properties = PROPERTIES("firmware", "update its firmware")),
	FAKE(IF_INSPECT, .properties = PROPERTIES("inspect", "be inspected")),
	FAKE(IF_MANAGEMENT, .management = &fake_management, .asks = fake_asks,
		.properties = PROPERTIES("management", "answer about or change its management")),
	FAKE(IF_POWER, .power = &fake_power,
		.properties = PROPERTIES("power", "tell or change its power")),
	FAKE(IF_RAID, .validate = validate_raid,
		.properties = PROPERTIES("raid", "change its RAID configuration")),
	FAKE(IF_RESCUE, .properties = PROPERTIES("rescue", "be rescued or unrescued")),
	FAKE(IF_STORAGE,
		.properties = PROPERTIES("storage", "attach its volumes for a deployment")),
	FAKE(IF_VENDOR, .vendor = fake_vendor_methods,
		.properties = PROPERTIES("vendor", "answer a vendor method")),
};

/* A deployment boots the machine and attaches its volumes. */
void fake_work(struct driver_env *env, const struct node *n, const char *what, struct op *op)
{
	static const char *const before[] = {"boot", "storage"};
	double s = delay_of(env, n, what);
	const char *failing = what;

	for (size_t i = 0; str_eq(what, "deploy") && i < ARRAY_SIZE(before); i++) {
		s += delay_of(env, n, before[i]);
		if (failure_of(n, before[i]))
			failing = before[i];
	}
	answer_after(env, n, failing, s, op, NULL);
}
