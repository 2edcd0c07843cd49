/* Secrets never leave, and survive a client that writes back what it read (contract 2.7, 2.8). */
#include "conductor/api/mask.h"
#include "tests/unit/tap.h"

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
	json_t *in = load("{\"a\": {\"password\": \"x\", \"b\": 1}, \"l\": [{\"token\": 5}]}");
	json_t *want = load(
		"{\"a\": {\"password\": \"******\", \"b\": 1}, \"l\": [{\"token\": \"******\"}]}");
	json_t *out = mask_object("driver_info", in);

	ok(json_equal(out, want), "secrets are hidden at any depth");
	is_str(json_string_value(json_object_get(json_object_get(in, "a"), "password")), "x",
		"the stored object is not touched");
	json_decref(in);
	json_decref(out);
	json_decref(want);
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
	test_keep();
	return done_testing();
}
