/* Which interfaces nodes get, what fake machines do, and what a RAID configuration may say. */
#include "conductor/driver/driver.h"
#include "conductor/driver/raid.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "tests/unit/tap.h"

#include <errno.h>

static struct driver_env env;
static uv_loop_t loop;
static struct op op;
static bool answered;

static void on_answer(struct op *o)
{
	answered = true;
}

static int64_t asked_ms;

static struct op *asked(void)
{
	uv_update_time(&loop); /* timers count from the loop's time */
	asked_ms = time_mono_ms();
	json_decref(op.value);
	op = (struct op){.post = on_answer};
	answered = false;
	return &op;
}

/* Until the op has its answer; how long it took, in ms. */
static int64_t wait_answer(void)
{
	while (!answered)
		uv_run(&loop, UV_RUN_ONCE);
	return time_mono_ms() - asked_ms;
}

static void node_of(struct node *n, const char *driver)
{
	node_init(n);
	n->uuid = xstrdup("11111111-2222-3333-4444-555555555555");
	n->driver = xstrdup(driver);
}

static void test_defaults(void)
{
	char *enabled[IF_COUNT] = {
		[IF_BIOS] = (char *)"no-bios", [IF_POWER] = (char *)"ipmitool, ipmi"};
	char *dflt[IF_COUNT] = {[IF_CONSOLE] = (char *)"no-console", [IF_DEPLOY] = (char *)""};
	struct driver_policy policy = {.enabled = "fake-hardware, ipmi",
		.enabled_interfaces = enabled,
		.default_interfaces = dflt};
	struct node n;
	struct err e;

	is_int(driver_policy_check(&policy, &e), 0, "the policy names what there is");
	node_of(&n, "fake-hardware");
	is_int(driver_complete(&n, NULL, &e), 0, "without a policy");
	is_str(n.interfaces[IF_BIOS], "fake", "the first is the default");
	node_done(&n);
	node_of(&n, "ipmi");
	is_int(driver_complete(&n, &policy, &e), 0, "with one");
	is_str(n.interfaces[IF_POWER], "ipmi", "the type's order counts, not the list's");
	is_str(n.interfaces[IF_CONSOLE], "no-console", "the operator's default");
	str_replace(&n.interfaces[IF_POWER], "fake");
	is_int(driver_complete(&n, &policy, &e), -EINVAL, "ipmi has no fake power");
	ok(strstr(e.text, "ipmi, ipmitool") != NULL, "it says what there is: %s", e.text);
	node_done(&n);
	node_of(&n, "fake-hardware");
	is_int(driver_complete(&n, &policy, &e), -EINVAL,
		"no power interface of its own is enabled");
	n.interfaces[IF_POWER] = xstrdup("ipmitool");
	is_int(driver_complete(&n, &policy, &e), 0, "a fake machine may have another type's");
	ok(driver_implementation(&n, IF_POWER) == &ipmitool_power_interface, "and acts by it");
	node_done(&n);
	node_of(&n, "manual-management");
	is_int(driver_complete(&n, &policy, &e), -EINVAL, "a type that is not enabled");
	ok(strstr(e.text, "ipmi, fake-hardware") != NULL, "it says which are: %s", e.text);
	node_done(&n);
	enabled[IF_RAID] = (char *)"agent, hw";
	ok(driver_policy_check(&policy, &e) == -EINVAL &&
			strstr(e.text, "enabled_raid_interfaces: there is no hw"),
		"a name that is nobody's: %s", e.text);
	policy.enabled = "ipmi, ilo";
	ok(driver_policy_check(&policy, &e) == -EINVAL && strstr(e.text, "ilo"), "nor a type's");
}

static int raid(const char *text)
{
	_cleanup_json_ json_t *config = NULL;
	struct err e;
	int r;

	json_parse(text, strlen(text), 64, &config, NULL);
	r = raid_check(config, &e);
	ok(r == 0 || *e.text, "%s: %s", text, r ? e.text : "taken");
	return r;
}

#define DISK(more) "{\"logical_disks\": [{\"raid_level\": \"1\", \"size_gb\": 10" more "}]}"

static void test_raid(void)
{
	static const char *const good[] = {DISK(""), DISK(", \"disk_type\": \"ssd\""),
		DISK(", \"physical_disks\": [], \"controller\": \"c\""),
		DISK(", \"physical_disks\": [{}, {}], \"controller\": \"c\""),
		"{\"logical_disks\": [{\"raid_level\": \"1+0\", \"size_gb\": \"MAX\"}]}"};
	static const char *const bad[] = {"{}", "[]", "{\"logical_disks\": []}",
		"{\"logical_disks\": [1]}", "{\"logical_disks\": [{\"size_gb\": 1}]}",
		DISK("}, {\"raid_level\": \"1\""), DISK(", \"x\": 1"),
		DISK(", \"disk_type\": \"s\""), DISK(", \"disk_type\": \"hdd, ssd\""),
		DISK(", \"disk_type\": \"\""), DISK(", \"physical_disks\": [\"a\"]"),
		DISK(", \"physical_disks\": [{}], \"controller\": \"c\""),
		DISK(", \"physical_disks\": [{}, \"a\"], \"controller\": \"c\""),
		DISK(", \"number_of_physical_disks\": 0"), DISK(", \"volume_name\": 1"),
		DISK(", \"is_root_volume\": true}, {\"raid_level\": \"1\", \"size_gb\": 1, "
		     "\"is_root_volume\": true")};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_int(raid(good[i]), 0, "it is right");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_int(raid(bad[i]), -EINVAL, "it is refused");
}

static void test_delays(void)
{
	char *delays[IF_COUNT] = {
		[IF_MANAGEMENT] = (char *)"0.05", [IF_POWER] = (char *)"0.05,0.1"};
	struct node n;

	node_of(&n, "fake-hardware");
	fake_answer(&env, &n, "power", asked(), json_true());
	wait_answer();
	ok(op.result == 0 && json_is_true(op.value), "an answer without a delay");
	env.fake_delays = delays;
	fake_answer(&env, &n, "management", asked(), NULL);
	ok(wait_answer() >= 49, "the usual delay");
	fake_answer(&env, &n, "power", asked(), NULL);
	ok(wait_answer() >= 49, "one between two");
	json_put_str(n.driver_info, "fake_power_delay", "0");
	json_put_str(n.driver_info, "fake_power_failure", "no answer");
	fake_answer(&env, &n, "power", asked(), NULL);
	wait_answer();
	ok(op.result == -EIO && strstr(op.err.text, "no answer"), "a failure asked for");
	json_put_str(n.driver_info, "fake_power_delay", "x,-3");
	fake_answer(&env, &n, "power", asked(), NULL);
	wait_answer();
	ok(answered, "nonsense is no delay");
	env.fake_delays = NULL;
	json_put_str(n.driver_info, "fake_storage_delay", "0.05");
	fake_work(&env, &n, "deploy", asked());
	ok(wait_answer() >= 49 && op.result == 0, "a deployment attaches volumes");
	json_put_str(n.driver_info, "fake_boot_failure", "no network");
	fake_work(&env, &n, "deploy", asked());
	wait_answer();
	ok(op.result == -EIO && strstr(op.err.text, "no network"), "and boots");
	json_put_str(n.driver_info, "fake_raid_delay", "600");
	asked()->deadline_ms = time_mono_ms() + 20;
	fake_answer(&env, &n, "raid", &op, json_true());
	wait_answer();
	ok(op.result == -ETIME, "nobody is kept waiting beyond the deadline");
	node_done(&n);
}

/* Does a step; what the op said. */
static const json_t *step(struct node *n, const char *interface, const char *name, json_t *args)
{
	_cleanup_json_ json_t *s =
		json_pack("{s:s, s:s, s:o}", "interface", interface, "step", name, "args", args);

	fake_step(&env, n, s, asked());
	wait_answer();
	if (op.result == 0)
		fake_step_done(n, s);
	return op.value;
}

static void test_steps(void)
{
	const json_t *got;
	struct node n;

	node_of(&n, "fake-hardware");
	got = step(&n, "bios", "apply_configuration",
		json_pack("{s:[{s:s, s:i}]}", "settings", "name", "VT", "value", 1));
	is_str(json_str(json_array_get(json_object_get(got, "bios"), 0), "value"), "1",
		"a setting is a text");
	step(&n, "bios", "apply_configuration", json_pack("{s:[{s:s}]}", "settings", "name", "VT"));
	ok(op.result == -EINVAL && strstr(op.err.text, "settings[0]"), "one without a value fails");
	got = step(&n, "bios", "factory_reset", json_object());
	is_int(json_array_size(json_object_get(got, "bios")), 0, "reset: there are none");
	got = step(&n, "firmware", "update",
		json_pack("{s:[{s:s, s:s}]}", "settings", "component", "bmc", "url",
			"http://x/2.bin"));
	is_str(json_str(json_array_get(json_object_get(got, "firmware"), 0), "current_version"),
		"2.bin", "the version is the file's name");

	json_decref(n.target_raid_config);
	n.target_raid_config =
		json_pack("{s:[{s:s, s:i, s:b}, {s:s, s:i}]}", "logical_disks", "raid_level", "1",
			"size_gb", 1, "is_root_volume", 1, "raid_level", "0", "size_gb", 2);
	step(&n, "raid", "create_configuration", json_pack("{s:b}", "create_root_volume", 0));
	is_int(json_array_size(json_object_get(n.raid_config, "logical_disks")), 1,
		"only what was asked for is made");
	ok(json_str(n.raid_config, "last_updated") != NULL, "with its time");
	step(&n, "raid", "create_configuration", json_pack("{s:b}", "delete_existing", 0));
	is_int(json_array_size(json_object_get(n.raid_config, "logical_disks")), 3,
		"added to what there is");
	step(&n, "raid", "delete_configuration", json_object());
	is_int(json_object_size(n.raid_config), 0, "deleted");
	step(&n, "vendor", "log_passthrough", json_object());
	is_int(op.result, 0, "a step that changes nothing");
	node_done(&n);
}

static void test_asks(void)
{
	_cleanup_json_ json_t *lamp =
		json_pack("{s:s, s:s, s:s}", "name", "led", "component", "system", "state", "off");
	_cleanup_json_ json_t *iso =
		json_pack("{s:s, s:s}", "device_type", "cdrom", "image_url", "http://x/y");
	_cleanup_json_ json_t *none = json_object();
	struct node n;
	struct err e;

	node_of(&n, "fake-hardware");
	driver_complete(&n, NULL, &e);
	is_int(driver_ask_check(&n, ASK_INDICATOR_SET, lamp, &e), 0, "a lamp can be set");
	driver_ask_done(&n, ASK_INDICATOR_SET, lamp);
	driver_ask(&env, &n, ASK_INDICATOR, lamp, asked());
	wait_answer();
	is_str(json_string_value(op.value), "off", "and stays so");
	json_put_str(lamp, "state", "on");
	driver_ask_done(&n, ASK_INDICATOR_SET, lamp);
	is_int(json_object_size(n.driver_internal_info), 0, "as it was: nothing is kept");
	json_put_str(lamp, "component", "chassis");
	is_int(driver_ask_check(&n, ASK_INDICATOR, lamp, &e), -EINVAL, "no lamp of that name");
	driver_ask_done(&n, ASK_VMEDIA_ATTACH, iso);
	is_str(json_str(json_object_get(n.driver_internal_info, "fake_vmedia"), "cdrom"),
		"http://x/y", "media are kept");
	driver_ask_done(&n, ASK_VMEDIA_DETACH, none);
	is_int(json_object_size(n.driver_internal_info), 0, "and go");
	ok(!driver_ask_starts(&n, ASK_VIFS), "VIFs need nobody");
	node_done(&n);

	node_of(&n, "ipmi");
	driver_complete(&n, NULL, &e);
	is_int(driver_ask_check(&n, ASK_BOOT_MODE, none, &e), -ENOTSUP, "ipmi sets no boot mode");
	is_int(driver_ask_check(&n, ASK_NMI, none, &e), 0, "but injects NMIs");
	node_done(&n);
}

int main(void)
{
	uv_loop_init(&loop);
	driver_env_init(&env, &loop);
	test_defaults();
	test_raid();
	test_delays();
	test_steps();
	test_asks();
	json_decref(op.value);
	driver_env_done(&env);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return done_testing();
}
