/* Secrets never leave, and survive a client that writes back what it read (contract 2.7, 2.8). */
#include "conductor/api/mask.h"
#include "tests/unit/tap.h"

#include <errno.h>

static json_t *load(const char *text)
{
	return json_loads(text, 0, NULL);
}

static void test_hidden(void)
{
	static const char *const secrets[][2] = {
		{"driver_info", "ipmi_password"},
		{"driver_info", "redfish_password"},
		{"driver_info", "snmp_auth_key"},
		{"driver_info", "snmp_priv_key"},
		{"driver_info", "IPMI_PASSWORD"},
		{"driver_info", "ipmi_hex_kg_key"},
		{"driver_internal_info", "agent_secret_token"},
		{"instance_info", "configdrive"},
		{"instance_info", "image_url"},
		{"instance_info", "image_pull_secret"},
	};
	static const char *const open[][2] = {
		{"driver_info", "ipmi_address"},
		{"driver_info", "ipmi_username"},
		{"driver_info", "deploy_kernel"},
		{"driver_info", "image_url"},
		{"instance_info", "image_source"},
		{"instance_info", "image_checksum"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		ok(mask_is_secret(secrets[i][0], secrets[i][1]), "%s/%s is secret", secrets[i][0],
			secrets[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		ok(!mask_is_secret(open[i][0], open[i][1]), "%s/%s is shown", open[i][0],
			open[i][1]);
}

static void test_depth(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"{\"a\":{\"password\":\"x\",\"b\":1},\"l\":[{\"token\":5},[]]}",
			"{\"a\":{\"password\":\"******\",\"b\":1},\"l\":[{\"token\":\"******\"},[]]"
			"}"},
		{"{\"secret\":{\"deep\":[1,2]},\"z\":null}", "{\"secret\":\"******\",\"z\":null}"},
		{"{ \"pass\\u0077ord\" : \"x\" , \"a\\\"\": \"\\\\\" }",
			"{\"pass\\u0077ord\":\"******\",\"a\\\"\":\"\\\\\"}"},
		{"{}", "{}"},
		{"null", "null"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct json_span in = {cases[i].in, strlen(cases[i].in)};

		is_int(mask_text("driver_info", in, &out), 0, "%s", cases[i].in);
		is_str(buf_str(&out), cases[i].out, "secrets are hidden at any depth");
		buf_done(&out);
	}
}

static void test_damaged(void)
{
	static const char *const cases[] = {"{", "{\"a\"", "{\"a\":", "{\"a\":[}", "{\"a\" 1}",
		"{a:1}", "[1", "{\"a\":\"\\\"}"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct json_span in = {cases[i], strlen(cases[i])};

		is_int(mask_text("driver_info", in, &out), -EINVAL, "%s is no JSON", cases[i]);
		buf_done(&out);
	}
}

static void test_keep(void)
{
	json_t *before = load("{\"ipmi_password\": \"old\", \"ipmi_username\": \"u\"}");
	json_t *now = load("{\"ipmi_password\": \"******\", \"ipmi_username\": \"******\"}");
	json_t *other = load("{\"ipmi_password\": \"new\"}");
	json_t *fresh = load("{\"redfish_password\": \"******\"}");

	mask_keep("driver_info", now, before);
	is_str(json_str(now, "ipmi_password"), "old", "the mask keeps the stored password");
	is_str(json_str(now, "ipmi_username"), "******",
		"a key that is no secret is as it was sent");
	mask_keep("driver_info", other, before);
	is_str(json_str(other, "ipmi_password"), "new", "a new password is a new password");
	mask_keep("driver_info", fresh, before);
	is_str(json_str(fresh, "redfish_password"), "******", "there is nothing to keep");
	json_decref(before);
	json_decref(now);
	json_decref(other);
	json_decref(fresh);
}

int main(void)
{
	test_hidden();
	test_depth();
	test_damaged();
	test_keep();
	return done_testing();
}
