/* network_data.json as OpenStack's documents and cloud-init's tests show it, and wrong ones. */
#include "tests/unit/tap.h"

#include "agent/init/net/netdata.h"

#include <errno.h>
#include <string.h>

static struct netdata d;
static struct err e;

static int read(const char *text)
{
	return netdata_parse(text, strlen(text), &d, &e);
}

#define NIC0                                                                                       \
	"{\"id\":\"if0\",\"type\":\"phy\",\"ethernet_mac_address\":\"52:54:00:00:00:01\",\"mtu\":" \
	"9000}"
#define NIC1                                                                                       \
	"{\"id\":\"if1\",\"type\":\"vif\",\"ethernet_mac_address\":\"52-54-00-00-00-02\",\"mtu\":" \
	"\"1500\"}"
#define LINKS(l) "{\"links\":[" l "],\"networks\":["

static void test_static(void)
{
	char text[IP_TEXT_MAX];

	is_int(read(LINKS(NIC0
		       "," NIC1) "{\"id\":\"n0\",\"link\":\"if1\",\"type\":\"ipv4\",\"ip_address\":"
				 "\"192.0.2.5\","
				 "\"netmask\":\"255.255.255.0\",\"gateway\":\"192.0.2.1\","
				 "\"routes\":[{\"network\":"
				 "\"10.0.0.0\",\"netmask\":\"255.0.0.0\",\"gateway\":\"192.0.2."
				 "254\"}],"
				 "\"services\":[{\"type\":\"dns\",\"address\":\"192.0.2.53\"}]},"
				 "{\"id\":\"n1\",\"link\":\"if0\",\"type\":\"ipv6\",\"ip_address\":"
				 "\"2001:db8::5/64\","
				 "\"routes\":[{\"network\":\"::\",\"netmask\":\"::\",\"gateway\":"
				 "\"fe80::1\"}],"
				 "\"dns_nameservers\":[\"2001:db8::53\",\"192.0.2.53\"]}"
				 "],\"services\":[{\"type\":\"ntp\",\"address\":\"192.0.2.9\"},{"
				 "\"type\":\"dns\","
				 "\"address\":\"192.0.2.54\"}]}"),
		0, "addresses of both families");
	is_int(d.n_links, 2, "two links");
	is_str(d.links[1].mac, "52:54:00:00:00:02", "with their addresses in the common form");
	ok(d.links[0].mtu == 9000 && d.links[1].mtu == 1500, "MTU as number and as text");
	is_int(d.nets[0].link, 1, "a network names its link");
	is_str(ip_text(&d.nets[0].address, text), "192.0.2.5", "address");
	is_int(d.nets[0].bits, 24, "netmask");
	is_int(d.nets[0].n_routes, 2, "gateway and route");
	ok(d.nets[0].routes[0].bits == 0 && d.nets[0].routes[1].bits == 8,
		"the gateway is a route to all");
	is_int(d.nets[1].bits, 64, "bits with the address");
	ok(d.nets[1].routes[0].bits == 0 && ip_is_link_local(&d.nets[1].routes[0].gateway),
		"a router by its link-local address");
	is_int(d.n_dns, 3, "each name server once");
}

static void test_methods(void)
{
	is_int(read(LINKS(
		       NIC0) "{\"link\":\"if0\",\"type\":\"ipv4_dhcp\"},{\"link\":\"if0\",\"type\":"
			     "\"ipv6_slaac\"},{\"link\":\"if0\",\"type\":\"ipv6_dhcpv6-stateful\"},"
			     "{\"link\":\"if0\",\"type\":\"ipv6_dhcpv6-stateless\"}]}"),
		0, "addresses that others give");
	ok(d.nets[0].method == NETDATA_DHCP4 && d.nets[1].method == NETDATA_SLAAC &&
			d.nets[2].method == NETDATA_DHCP6 && d.nets[3].method == NETDATA_SLAAC,
		"each in its way");
}

static void test_stacked(void)
{
	is_int(read(LINKS("{\"id\":\"v\",\"type\":\"vlan\",\"vlan_link\":\"b\",\"vlan_id\":101},"
			  "{\"id\":\"b\",\"type\":\"bond\",\"bond_links\":[\"if0\",\"if1\"],\"bond_"
			  "mode\":"
			  "\"active-backup\"}," NIC0
			  "," NIC1) "{\"link\":\"v\",\"type\":\"ipv4_dhcp\"}]}"),
		0, "a VLAN on a bond that is named later");
	ok(d.links[0].kind == NETDATA_VLAN && d.links[0].vid == 101 && d.links[0].parents[0] == 1,
		"the VLAN's parent");
	ok(d.links[1].n_parents == 2 && d.links[1].parents[1] == 3, "the bond's members");
	is_int(read(LINKS("{\"id\":\"b\",\"type\":\"bond\",\"bond_links\":[\"if0\"],\"bond_mode\":"
			  "\"802.3ad\"}," NIC0) "]}"),
		-ENOTSUP, "a bond that the switch takes part in");
	ok(strstr(e.text, "active-backup"), "the reason, and what is possible");
}

static void test_wrong(void)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{"", "network_data.json"},
		{"[]", "links"},
		{"{\"links\":[],\"networks\":{}}", "networks"},
		{LINKS("{\"type\":\"phy\"}") "]}", "id"},
		{LINKS(NIC0 "," NIC0) "]}", "unique"},
		{LINKS("{\"id\":\"a\",\"type\":\"phy\"}") "]}", "ethernet_mac_address"},
		{LINKS("{\"id\":\"a\",\"ethernet_mac_address\":\"01:00:5e:00:00:01\"}") "]"
											"}",
			"no address"},
		{LINKS(NIC0) "{\"link\":\"if7\",\"type\":\"ipv4\"}]}", "if7"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipx\"}]}", "ipx"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv4\",\"ip_address\":\"192.0.2."
			     "1\"}]}",
			"netmask"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv4\",\"ip_address\":\"192.0.2."
			     "1\",\"netmask\":"
			     "\"255.0.255.0\"}]}",
			"netmask"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv6\",\"ip_address\":\"192.0.2."
			     "1/24\"}]}",
			"no address"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv4\",\"ip_address\":\"224.0.0."
			     "1/24\"}]}",
			"no address"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv4\",\"ip_address\":\"192.0.2."
			     "1/24\","
			     "\"gateway\":\"::1\"}]}",
			"gateway"},
		{LINKS(NIC0) "{\"link\":\"if0\",\"type\":\"ipv4\",\"ip_address\":\"192.0.2."
			     "1/24\",\"routes\":"
			     "[{\"network\":\"10.0.0.0\",\"gateway\":\"192.0.2.2\"}]}]}",
			"route"},
		{LINKS("{\"id\":\"v\",\"type\":\"vlan\",\"vlan_id\":0,\"vlan_link\":"
		       "\"if0\"}," NIC0) "]}",
			"vlan_id"},
		{LINKS("{\"id\":\"v\",\"type\":\"vlan\",\"vlan_id\":5,\"vlan_link\":"
		       "\"v\"}") "]}",
			"there is no link v"},
		{LINKS("{\"id\":\"b\",\"type\":\"bond\",\"bond_mode\":\"1\"}") "]}", "no members"},
		{LINKS("{\"id\":\"a\",\"mtu\":-5,\"ethernet_mac_address\":\"52:54:00:00:00:"
		       "01\"}") "]}",
			"mtu"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ok(read(wrong[i].text) < 0, "refused");
		ok(strstr(e.text, wrong[i].says), "with the reason: %s", e.text);
	}
}

int main(void)
{
	test_static();
	test_methods();
	test_stacked();
	test_wrong();
	return done_testing();
}
