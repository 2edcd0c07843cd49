/* Microversion headers, and samples of contract section 2.5 on both sides of their version. */
#include "conductor/api/version.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void test_headers(void)
{
	static const struct {
		const char *ironic, *openstack;
		int want; /* negative errno or minor */
	} cases[] = {
		{NULL, NULL, 1},
		{"1.1", NULL, 1},
		{"1.58", NULL, 58},
		{"1.110", NULL, 110},
		{"latest", NULL, 110},
		{"Latest", NULL, 110},
		{" 1.9 ", NULL, 9},
		{"1.111", NULL, -EPROTONOSUPPORT},
		{"1.0", NULL, -EPROTONOSUPPORT},
		{"2.1", NULL, -EPROTONOSUPPORT},
		{"1", NULL, -EPROTONOSUPPORT},
		{"1.x", NULL, -EPROTONOSUPPORT},
		{"", NULL, -EPROTONOSUPPORT},
		{"1.99999999999999999999", NULL, -EPROTONOSUPPORT},
		{NULL, "baremetal 1.72", 72},
		{"1.72", "baremetal 1.72", 72},
		{NULL, "compute 2.90", 1},
		{NULL, "compute 2.90, baremetal 1.31", 31},
		{NULL, "baremetal latest", 110},
		{NULL, "baremetal 9.9", -EPROTONOSUPPORT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int minor = 0, r = version_parse(cases[i].ironic, cases[i].openstack, &minor, NULL);

		is_int(r < 0 ? r : minor, cases[i].want, "%s / %s",
			cases[i].ironic ? cases[i].ironic : "-",
			cases[i].openstack ? cases[i].openstack : "-");
	}
}

static void test_since(void)
{
	static const struct {
		const char *kind, *name;
		int since;
	} cases[] = {
		{"node", "uuid", 1},
		{"node", "driver_info", 1},
		{"node", "name", 5},
		{"node", "traits", 37},
		{"node", "fault", 42},
		{"node", "owner", 50},
		{"node", "retired", 61},
		{"node", "parent_node", 83},
		{"node", "firmware_interface", 86},
		{"node", "disable_power_off", 95},
		{"node", "health", 109},
		{"port", "address", 1},
		{"port", "internal_info", 18},
		{"port", "pxe_enabled", 19},
		{"port", "name", 88},
		{"port", "description", 97},
		{"node?", "detail", 43},
		{"node?", "maintenance", 1},
		{"provision", "abort", 13},
		{"provision", "adopt", 17},
		{"provision", "service", 87},
		{"provision", "active", 1},
		{"provision", "undeploy", 73},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_int(version_since(cases[i].kind, cases[i].name), cases[i].since, "%s %s",
			cases[i].kind, cases[i].name);
	is_int(version_check(49, "node", "owner", NULL), -EPROTONOSUPPORT, "too new: 406");
	is_int(version_check(50, "node", "owner", NULL), 0, "not any more");
	is_int(version_check(42, "node?", "detail", NULL), -EINVAL, "unknown before: 400");
	is_int(version_check(1, "node", "uuid", NULL), 0, "always there");
	is_int(version_check(25, "portgroup", "mode", NULL), -EPROTONOSUPPORT, "not to be set");
	is_int(version_shown("portgroup", "mode"), 1, "but shown to all versions");
	is_int(version_shown("node", "owner"), 50, "as others are not");
	is_int(version_need(36, 37, "traits", NULL), -EPROTONOSUPPORT, "one too old");
	is_int(version_need(37, 37, "traits", NULL), 0, "just new enough");
}

static void test_states(void)
{
	is_str(version_state_name(1, "available"), NULL, "available is null below 1.2");
	is_str(version_state_name(2, "available"), "available", "and has its name from there");
	is_str(version_state_name(38, "inspect wait"), "inspecting", "inspect wait below 1.39");
	is_str(version_state_name(39, "inspect wait"), "inspect wait", "and from there");
	is_str(version_state_name(1, "active"), "active", "others are as they are");
}

int main(void)
{
	test_headers();
	test_since();
	test_states();
	return done_testing();
}
