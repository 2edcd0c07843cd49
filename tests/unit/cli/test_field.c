/* Options to records, patches and filters: what the Ironic API expects of the same options of
 * baremetal. */
#include "conductor/cli/resource.h"
#include "conductor/cli/verbs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <string.h>

static int parse(const char *text, struct cli_line *line, struct err *e)
{
	static char copy[1024];
	static char *argv[64];
	int argc = 0;

	snprintf(copy, sizeof(copy), "ingot %s", text);
	for (char *s = strtok(copy, " "); s && argc < 63; s = strtok(NULL, " "))
		argv[argc++] = s;
	argv[argc] = NULL;
	return cli_parse(ingot_program(), argc, argv, line, e);
}

/* What the options of a line come to, as JSON text; an error's text where there is one. Allocated.
 */
static char *made_of(const char *text)
{
	struct cli_line line;
	struct err e = {0};
	_cleanup_json_ json_t *object = json_object(), *patch = json_array();
	char *query = NULL, *result;
	int r = parse(text, &line, &e);

	if (r < 0)
		return xstrdup(e.text);
	if (str_eq(line.verb->verb, "create"))
		r = fields_object(NULL, &line, resource_of(&line), object, &e);
	else if (str_eq(line.verb->verb, "list"))
		r = fields_query(&line, resource_of(&line), &query, &e);
	else
		r = fields_patch(NULL, &line, resource_of(&line),
			str_eq(line.verb->verb, "set") ? IN_SET : IN_UNSET, patch, &e);
	if (r < 0)
		result = xstrdup(e.text);
	else
		result = query ? query : json_text(json_array_size(patch) ? patch : object);
	cli_line_done(&line);
	return result;
}

static void makes(const char *line, const char *want)
{
	_cleanup_free_ char *got = made_of(line);

	is_str(got, want, "%s", line);
}

static void complains(const char *line, const char *says)
{
	_cleanup_free_ char *got = made_of(line);

	ok(strstr(got, says), "%s: %s", line, got);
}

static void test_create(void)
{
	makes("node create --driver ipmi --name n1 --property cpus=4 --property cpu_arch=x86_64 "
	      "--extra "
	      "a={\"b\":1} --no-automated-clean",
		"{\"name\":\"n1\",\"driver\":\"ipmi\",\"properties\":{\"cpus\":4,\"cpu_arch\":"
		"\"x86_64\"},"
		"\"extra\":{\"a\":{\"b\":1}},\"automated_clean\":false}");
	makes("node create --driver-info ipmi_port=623 --driver-info ipmi_address=10.0.0.1",
		"{\"driver_info\":{\"ipmi_port\":\"623\",\"ipmi_address\":\"10.0.0.1\"}}");
	makes("port create 52:54:00:00:00:01 --node 1be26c0b-03f2-4d2e-ae87-c02d7f33c123 "
	      "--pxe-enabled "
	      "false -l port_id=Eth1 --local-link-connection switch_info=sw1",
		"{\"node_uuid\":\"1be26c0b-03f2-4d2e-ae87-c02d7f33c123\",\"local_link_connection\":"
		"{\"switch_info\":\"sw1\",\"port_id\":\"Eth1\"},\"pxe_enabled\":false}");
	makes("port create 52:54:00:00:00:01 --node 1be26c0b-03f2-4d2e-ae87-c02d7f33c123 "
	      "--pxe-enabled "
	      "--is-smartnic",
		"{\"node_uuid\":\"1be26c0b-03f2-4d2e-ae87-c02d7f33c123\",\"pxe_enabled\":true,"
		"\"is_smartnic\":true}");
	makes("volume target create --node 1be26c0b-03f2-4d2e-ae87-c02d7f33c123 --type iscsi "
	      "--boot-index 0 --volume-id v1",
		"{\"node_uuid\":\"1be26c0b-03f2-4d2e-ae87-c02d7f33c123\",\"volume_type\":\"iscsi\","
		"\"boot_index\":0,\"volume_id\":\"v1\"}");
	makes("allocation create --resource-class large --trait CUSTOM_A --trait CUSTOM_B",
		"{\"resource_class\":\"large\",\"traits\":[\"CUSTOM_A\",\"CUSTOM_B\"]}");
	makes("deploy template create CUSTOM_A --steps [{\"interface\":\"bios\",\"step\":\"x\"}]",
		"{\"steps\":[{\"interface\":\"bios\",\"step\":\"x\"}]}");
}

static void test_change(void)
{
	makes("node set n1 --name n2 --property a=1 --instance-info x=y --protected",
		"[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"n2\"},{\"op\":\"add\",\"path\":"
		"\"/properties/a\",\"value\":1},{\"op\":\"add\",\"path\":\"/instance_info/"
		"x\",\"value\":"
		"\"y\"},{\"op\":\"add\",\"path\":\"/protected\",\"value\":true}]");
	makes("node set n1 --driver ipmi --reset-boot-interface",
		"[{\"op\":\"add\",\"path\":\"/driver\",\"value\":\"ipmi\"},"
		"{\"op\":\"remove\",\"path\":\"/boot_interface\"}]");
	makes("node unset n1 --instance-uuid --property a --property b --retired --power-interface",
		"[{\"op\":\"remove\",\"path\":\"/properties/a\"},{\"op\":\"remove\",\"path\":"
		"\"/properties/b\"},{\"op\":\"remove\",\"path\":\"/instance_uuid\"},"
		"{\"op\":\"remove\",\"path\":\"/retired\"},{\"op\":\"remove\",\"path\":\"/"
		"power_interface\"}]");
	makes("port unset p --physical-network --extra k --port-group",
		"[{\"op\":\"remove\",\"path\":\"/portgroup_uuid\"},{\"op\":\"remove\",\"path\":"
		"\"/physical_network\"},{\"op\":\"remove\",\"path\":\"/extra/k\"}]");
	makes("port set p --pxe-disabled",
		"[{\"op\":\"add\",\"path\":\"/pxe_enabled\",\"value\":false}]");
	makes("chassis set c --description d",
		"[{\"op\":\"add\",\"path\":\"/description\",\"value\":\"d\"}]");
}

static void test_filters(void)
{
	makes("node list --driver ipmi --maintenance --unassociated --provision-state available",
		"&provision_state=available&driver=ipmi&maintenance=True&associated=False");
	makes("node list --maintenance false", "&maintenance=False");
	makes("node list --no-maintenance --retired --chassis c1",
		"&maintenance=False&retired=True&chassis_uuid=c1");
	makes("node list --shards a --shards b --description-contains x&y",
		"&description_contains=x%26y&shard=a%2Cb");
	makes("port list --node n1 --address 52:54:00:00:00:01",
		"&node=n1&address=52:54:00:00:00:01");
	makes("allocation list --state error --owner me", "&state=error&owner=me");
}

static void test_mistakes(void)
{
	complains("port create 52:54:00:00:00:01", "--node NODE is needed");
	complains("volume target create --node 1be26c0b-03f2-4d2e-ae87-c02d7f33c123 --type t "
		  "--boot-index x --volume-id v",
		"--boot-index x: expected a number");
	complains("node create --property a", "expected KEY=VALUE");
	complains("node create --driver-info ipmi_password=secret", "command line");
	complains("port set p --pxe-enabled=perhaps", "expected true or false");
	complains("deploy template create T --steps [", "--steps");
	complains("deploy template create T --steps /nowhere", "--steps");
}

int main(void)
{
	test_create();
	test_change();
	test_filters();
	test_mistakes();
	return done_testing();
}
