/* Flows and the rescue command: what they take and refuse before anything is done. */
#include "tests/unit/tap.h"

#include "agent/flow.h"
#include "agent/rescue.h"

#include <errno.h>

static int check(int (*fn)(void *, const json_t *, struct err *), const char *params, struct err *e)
{
	json_t *json = json_loads(params, 0, NULL);
	struct agent a = {0};
	int r = fn(&a, json, e);

	json_decref(json);
	return r;
}

static void test_flow(void)
{
	struct err e = {0};
	json_t *result = NULL, *params;
	struct agent a = {0};

	is_int(check(flow_check, "{\"flow\":[{\"standby.sync\":{}},{\"standby.sync\":{}}]}", &e), 0,
		"two commands");
	is_int(check(flow_check, "{\"flow\":[[{\"standby.sync\":{}}]]}", &e), 0,
		"a list in the list");
	is_int(check(flow_check, "{}", &e), -EINVAL, "no flow");
	is_int(check(flow_check, "{\"flow\":[7]}", &e), -EINVAL, "not a list of objects");
	is_int(check(flow_check, "{\"flow\":[{\"standby.frob\":{}}]}", &e), -EINVAL,
		"no such command");
	ok(strstr(e.text, "standby.frob"), "named: %s", e.text);
	is_int(check(flow_check, "{\"flow\":[{\"standby.sync\":[]}]}", &e), -EINVAL,
		"no parameters");
	is_int(check(flow_check, "{\"flow\":[{\"flow.start_flow\":{\"flow\":[]}}]}", &e), -EINVAL,
		"no flow in a flow");
	is_int(check(flow_check,
		       "{\"flow\":[{\"standby.sync\":{}},{\"standby.prepare_image\":{}}]}", &e),
		-EINVAL, "what a command refuses, its flow does");
	ok(strstr(e.text, "image_info"), "for its reason: %s", e.text);
	params = json_loads("{\"flow\":[{\"standby.sync\":{}},{\"standby.sync\":{}}]}", 0, NULL);
	is_int(flow_start(&a, params, &result, &e), 0, "it runs");
	is_int(json_array_size(json_object_get(result, "flow")), 2, "and tells of both");
	json_decref(params);
	json_decref(result);
}

static void test_flow_long(void)
{
	json_t *params = json_object(), *flow = json_array();
	struct err e = {0};
	struct agent a = {0};

	for (int i = 0; i <= FLOW_COMMANDS_MAX; i++)
		json_array_append_new(flow, json_pack("{s:{}}", "standby.sync"));
	json_object_set_new(params, "flow", flow);
	is_int(flow_check(&a, params, &e), -EINVAL, "not more than %d commands", FLOW_COMMANDS_MAX);
	json_decref(params);
}

#define HASH "$5$rounds=5000$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

static void test_rescue(void)
{
	static const char *const wrong[] = {"{\"hashed\":true}",
		"{\"rescue_password\":\"\",\"hashed\":true}",
		"{\"rescue_password\":\"secret\",\"hashed\":false}",
		"{\"rescue_password\":\"secret\",\"hashed\":true}",
		"{\"rescue_password\":\"" HASH "\"}",
		"{\"rescue_password\":\"$5$a:b\",\"hashed\":true}",
		"{\"rescue_password\":\"$5$a\\nroot::0:0\",\"hashed\":true}"};
	struct err e = {0};

	is_int(check(rescue_check, "{\"rescue_password\":\"" HASH "\",\"hashed\":true}", &e), 0,
		"a hash");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		is_int(check(rescue_check, wrong[i], &e), -EINVAL, "refused: %s", e.text);
}

int main(void)
{
	test_flow();
	test_flow_long();
	test_rescue();
	return done_testing();
}
