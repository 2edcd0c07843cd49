/*
 * What a switch says, out of inspection data. The TLVs are those of an Arista and a Cisco switch as
 * lldpd(8) shows them; values by IEEE 802.1AB-2016 section 8.5 and 802.1Q-2014 annex D.
 */
#include "lib/hwid/lldp.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

static json_t *read_link(const char *tlvs, json_t **ret_link)
{
	_cleanup_json_ json_t *list = json_loads(tlvs, 0, NULL);
	json_t *words;

	lldp_read(list, &words, ret_link);
	return words;
}

static json_t *parsed(const char *tlvs)
{
	_cleanup_json_ json_t *link = NULL;

	return read_link(tlvs, &link);
}

static void is_json(const json_t *value, const char *want, const char *what)
{
	_cleanup_free_ char *text =
		value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

	is_str(text ? text : "nothing", want, "%s", what);
}

static const char leaf[] = "[[1, \"04001c7300aabb\"], [2, \"0545746865726e657437\"], [3, \"0078\"],"
			   "[4, \"72313275303720706f72742031\"], [5, \"6c6561662d612e6c6162\"],"
			   "[7, \"00140004\"], [8, \"0501c0a80a050200000001 00\"],"
			   "[8, \"0501c0a80a05020000000100\"],"
			   "[127, \"0080c2010064\"], [127, \"0080c20300640473746f72\"],"
			   "[127, \"00120f042400\"], [127, \"00120f030100000000\"], [0, \"\"]]";

static void a_switch(void)
{
	_cleanup_json_ json_t *link = NULL, *p = read_link(leaf, &link);

	is_json(json_object_get(p, "switch_chassis_id"), "\"00:1c:73:00:aa:bb\"",
		"chassis by its MAC");
	is_json(json_object_get(p, "switch_port_id"), "\"Ethernet7\"", "port by its name");
	is_json(json_object_get(p, "switch_system_name"), "\"leaf-a.lab\"", "the switch's name");
	is_json(json_object_get(p, "switch_port_description"), "\"r12u07 port 1\"",
		"the port's words");
	is_json(json_object_get(p, "switch_capabilities_support"), "[\"Bridge\",\"Router\"]",
		"what it can");
	is_json(json_object_get(p, "switch_capabilities_enabled"), "[\"Bridge\"]", "what it does");
	is_json(json_object_get(p, "switch_mgmt_addresses"), "[\"192.168.10.5\"]",
		"where it is managed, and hex with a space is not read");
	is_json(json_object_get(p, "switch_port_untagged_vlan_id"), "100", "its VLAN");
	is_json(json_object_get(p, "switch_port_vlans"), "[{\"id\":100,\"name\":\"stor\"}]",
		"its VLANs by name");
	is_json(json_object_get(p, "switch_port_mtu"), "9216", "its MTU");
	is_json(json_object_get(p, "switch_port_link_aggregation_support"), "true",
		"it can aggregate");
	is_json(json_object_get(p, "switch_port_link_aggregation_enabled"), "false",
		"and does not");
	is_json(link,
		"{\"port_id\":\"Ethernet7\",\"switch_id\":\"00:1c:73:00:aa:bb\",\"switch_info\":"
		"\"leaf-a.lab\"}",
		"what the port's record says");
}

static void other_names(void)
{
	_cleanup_json_ json_t *p = parsed("[[1, \"0501c0000201\"], [2, \"03525400770001\"], [8, "
					  "\"110220010db8000000000000000000000001020000000100\"]]");
	_cleanup_json_ json_t *link = NULL,
			      *local = read_link("[[1, \"076c656166\"], [2, \"0737\"]]", &link);

	is_json(json_object_get(p, "switch_chassis_id"), "\"192.0.2.1\"", "chassis by address");
	is_json(json_object_get(p, "switch_port_id"), "\"52:54:00:77:00:01\"", "port by MAC");
	is_json(json_object_get(p, "switch_mgmt_addresses"), "[\"2001:db8::1\"]", "IPv6");
	is_json(link, "{\"port_id\":\"7\"}", "a chassis with a local name is no switch_id");
	is_json(local, "{\"switch_chassis_id\":\"leaf\",\"switch_port_id\":\"7\"}",
		"but it is told");
}

static void bad(void)
{
	static const char *const lists[] = {"{}", "null", "[1, \"04\"]", "[[1]]",
		"[[\"1\", \"04\"]]", "[[1, 4]]", "[[1, \"0\"]]", "[[1, \"zz\"]]", "[[1, \"\"]]",
		"[[1, \"04\"]]", "[[1, \"040011\"]]", "[[2, \"0901\"]]", "[[7, \"00\"]]",
		"[[8, \"ff\"]]", "[[8, \"0501c0\"]]", "[[127, \"0080c2\"]]",
		"[[127, \"0080c203006420aa\"]]", "[[5, \"ff\"]]"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_json_ json_t *p = parsed(lists[i]);

		is_json(p, "{}", lists[i]);
	}
	{
		_cleanup_json_ json_t *p = parsed("[[5, \"61\"], [5, \"62\"]]");

		is_json(p, "{\"switch_system_name\":\"a\"}", "the first one counts");
	}
	{
		_cleanup_json_ json_t *link = NULL,
				      *p = read_link(
					      "[[1, \"040011\"], [1, \"076c656166\"]]", &link);

		is_json(link, "{}", "a local name after half an address is no switch_id");
		is_json(p, "{\"switch_chassis_id\":\"leaf\"}", "but the chassis");
	}
}

int main(void)
{
	a_switch();
	other_names();
	bad();
	return done_testing();
}
