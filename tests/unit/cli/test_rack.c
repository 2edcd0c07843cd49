/* Rows of a rack file against nodes as the API shows them. */
#include "conductor/cli/rack.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>

#define HEAD                                                                                       \
	"name,bmc_address,bmc_port,bmc_username,bmc_password,mac,boot_mode,driver,properties."     \
	"rack\n"

static void test_patch(const char *row, const char *node_text, bool passwords,
	const char *want_text, const char *what)
{
	_cleanup_free_ char *text = xasprintf(HEAD "%s\n", row);
	_cleanup_(buf_done) struct buf wrong = BUF_INIT(4096), diff = BUF_INIT(4096);
	_cleanup_json_ json_t *node = json_loads(node_text, 0, NULL), *patch = NULL;
	_cleanup_json_ json_t *want = json_loads(want_text, 0, NULL);
	struct rack_node *rows = NULL;
	struct csv csv = {0};
	size_t n = 0;

	is_int(csv_parse(text, strlen(text), &csv, NULL), 0, "%s: CSV", what);
	is_int(rack_read(&csv, &rows, &n, &wrong), 0, "%s: rows %s", what, buf_str(&wrong));
	if (n == 1) {
		_cleanup_free_ char *got = NULL;

		patch = rack_patch(&rows[0], node, passwords, &diff);
		got = json_text(patch);
		ok(json_equal(patch, want), "%s: %s", what, got);
		ok(!strstr(buf_str(&diff), "secret"), "%s: no password in the diff", what);
		ok(!diff.len == !json_array_size(patch), "%s: a diff when there is one", what);
	}
	rack_nodes_free(rows, n);
	csv_done(&csv);
}

#define NODE                                                                                       \
	"{\"driver\": \"ipmi\", \"driver_info\": {\"ipmi_address\": \"h\", \"ipmi_port\": "        \
	"\"623\","                                                                                 \
	" \"ipmi_username\": \"u\", \"ipmi_password\": \"******\"},"                               \
	" \"properties\": {\"capabilities\": \"x:1,boot_mode:bios,y:2\", \"rack\": \"r1\"}}"

static void test_patches(void)
{
	test_patch("n,h,623,u,secret,,bios,,r1", NODE, false, "[]",
		"nothing changes; a port is the same as number and as text");
	test_patch("n,h,623,u,secret,,bios,,r1", NODE, true,
		"[{\"op\": \"add\", \"path\": \"/driver_info/ipmi_password\", \"value\": "
		"\"secret\"}]",
		"the password when asked for");
	test_patch("n,i,,u,,,,,", NODE, false,
		"[{\"op\": \"add\", \"path\": \"/driver_info/ipmi_address\", \"value\": \"i\"}]",
		"an empty cell changes nothing");
	test_patch("n,h,623,u,secret,,uefi,,r1", NODE, false,
		"[{\"op\": \"add\", \"path\": \"/properties/capabilities\","
		" \"value\": \"x:1,boot_mode:uefi,y:2\"}]",
		"one capability among others");
	test_patch("n,h,623,u,secret,,uefi,,",
		"{\"driver\": \"ipmi\", \"driver_info\": {\"ipmi_address\": \"h\", \"ipmi_port\": "
		"623,"
		" \"ipmi_username\": \"u\"}, \"properties\": {}}",
		false,
		"[{\"op\": \"add\", \"path\": \"/driver_info/ipmi_password\", \"value\": "
		"\"secret\"},"
		" {\"op\": \"add\", \"path\": \"/properties/capabilities\","
		" \"value\": \"boot_mode:uefi\"}]",
		"what is missing is added, the password too");
}

static void test_wrong(void)
{
	static const char text[] = HEAD "a b,h,,,,,,,\n"
					"c,h2,70000,,,zz;ff:ff:ff:ff:ff:ff,efi,,\n"
					"d,,,,,,,,\n"
					"d,h2,,,,,,redfish,\n";
	static const char *const says[] = {"line 2: name", "line 3: bmc_port", "'zz'",
		"'ff:ff:ff:ff:ff:ff'", "line 3: boot_mode", "line 4: bmc_address",
		"line 5: name: 'd' stands in line 4"};
	_cleanup_(buf_done) struct buf wrong = BUF_INIT(4096);
	struct rack_node *rows = NULL;
	struct csv csv = {0};
	size_t n = 0;

	is_int(csv_parse(text, sizeof(text) - 1, &csv, NULL), 0, "CSV");
	is_int(rack_read(&csv, &rows, &n, &wrong), -EINVAL, "rows with mistakes");
	for (size_t i = 0; i < ARRAY_SIZE(says); i++)
		ok(strstr(buf_str(&wrong), says[i]), "all are told: %s", says[i]);
	csv_done(&csv);
}

int main(void)
{
	test_patches();
	test_wrong();
	return done_testing();
}
