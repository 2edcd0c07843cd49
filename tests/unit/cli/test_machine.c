/* The page of a machine that the client and the agent show. Its TLVs: IEEE 802.1AB-2016, 8.5. */
#include "lib/cli/machine.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#define TLVS	  "[1,\"04525400aa0001\"],[2,\"0545746865726e657437\"],[3,\"0078\"]"
#define NIC(rest) "{\"inventory\":{\"interfaces\":[{\"name\":\"eth0\"" rest "}"

static const struct {
	const char *answer, *line, *what;
} cases[] = {
	{"{}", "system     -\n", "nothing is known"},
	{NIC("}]}"), "\nNIC\neth0\n", "a column that says nothing is left out"},
	{NIC(",\"lldp\":[" TLVS "]}]}"), "\neth0  52:54:00:aa:00:01 Ethernet7\n",
		"the switch as the agent heard it, by its MAC address"},
	{NIC(",\"lldp\":[" TLVS ",[5,\"6c6561662d61\"]]}]}"), "\neth0  leaf-a Ethernet7\n",
		"or by its name"},
	{NIC(",\"lldp\":[" TLVS "]}]},\"plugin_data\":{\"parsed_lldp\":{\"eth0\":"
	     "{\"switch_system_name\":\"spine\",\"switch_port_id\":\"e9\"}}}"),
		"\neth0  spine e9\n", "the conductor's words win"},
	{NIC(",\"driver\":\"a\\u001bb\"}]}"), "\neth0  a?b\n", "and none commands the terminal"},
	{"{\"inventory\":{\"memory\":{\"physical_mb\":4096,\"dimms\":[{\"slot\":\"A1\",\"size_mb\":"
	 "4096},{\"slot\":\"A2\",\"size_mb\":0}]}}}",
		"memory     4096 MiB, 1 of 2 slots filled\n", "memory by its slots"},
	{"{\"inventory\":{\"disks\":[{\"name\":\"/dev/sda\",\"size\":1200000000,\"health\":"
	 "{\"status\":\"failing\",\"reason\":\"12 moved\",\"wear_percent\":3}}]}}",
		"\n/dev/sda  1.2 GB    flash  failing: 12 moved, 3 % worn\n", "a disk's health"},
	{"{\"inventory\":{\"disks\":[{\"name\":\"/dev/sda\",\"size\":1200000000,\"health\":"
	 "{\"status\":\"passed\",\"reallocated_sectors\":0,\"power_on_hours\":12345,"
	 "\"temperature_c\":34}}]}}",
		"flash  passed, 12345 h, 34 C\n", "its age and temperature"},
	{"{\"inventory\":{},\"plugin_data\":{\"numa_topology\":{\"ram\":[{\"numa_node\":0,"
	 "\"size_kb\":2000000}]}}}",
		"\n0          2.0 GB\n", "NUMA nodes"},
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *answer = json_loads(cases[i].answer, 0, NULL);
		_cleanup_free_ char *text = machine_text(answer);

		ok(answer && strstr(text, cases[i].line), "%s", cases[i].what);
	}
	return done_testing();
}
