/* network_data.json; see netdata.h. */
#include "agent/init/net/netdata.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"
#include "lib/json/json.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 8
#define MTU_MIN	  576
#define MTU_MAX	  65535

struct reader {
	struct netdata *d;
	struct err *e;
};

static size_t find_link(const struct netdata *d, const char *id)
{
	size_t i = 0;

	while (i < d->n_links && !str_eq(d->links[i].id, id))
		i++;
	return i;
}

/* "1500" and 1500 are both seen. */
static int number(const json_t *object, const char *key, int dflt)
{
	const char *text = json_str(object, key);
	int64_t v = json_int(object, key, dflt);
	int n = dflt;

	if (text)
		return str_to_int(text, 0, INT32_MAX, &n) == 0 ? n : -1;
	return v >= 0 && v <= INT32_MAX ? (int)v : -1;
}

static int read_mac(struct reader *rd, const json_t *j, const char *key, struct netdata_link *l)
{
	const char *text = json_str(j, key);
	uint8_t mac[MAC_LEN];

	if (!text && l->kind != NETDATA_PHYSICAL)
		return 0;
	if (!text || mac_parse(text, mac) < 0 || !mac_is_station(mac))
		return err_set(rd->e, EINVAL, "link %s: %s is %s, and no address of a NIC", l->id,
			key, text ? text : "missing");
	mac_format(mac, l->mac);
	return 0;
}

static int add_parent(struct reader *rd, struct netdata_link *l, const char *id)
{
	size_t i = find_link(rd->d, id);

	if (i == rd->d->n_links || &rd->d->links[i] == l)
		return err_set(rd->e, EINVAL, "link %s: there is no link %.64s", l->id,
			id ? id : "(without a name)");
	if (l->n_parents == NETDATA_MEMBERS_MAX)
		return err_set(
			rd->e, E2BIG, "link %s: more than %d members", l->id, NETDATA_MEMBERS_MAX);
	if (l->kind == NETDATA_BOND && rd->d->links[i].kind != NETDATA_PHYSICAL)
		return err_set(rd->e, EINVAL, "bond %s: its member %s is no physical link", l->id,
			rd->d->links[i].id);
	if (l->kind == NETDATA_VLAN && rd->d->links[i].kind == NETDATA_VLAN)
		return err_set(rd->e, ENOTSUP, "VLAN %s: it is on another VLAN", l->id);
	l->parents[l->n_parents++] = i;
	return 0;
}

static int read_bond(struct reader *rd, const json_t *j, struct netdata_link *l)
{
	const json_t *members = json_object_get(j, "bond_links");
	const char *mode = json_str(j, "bond_mode");
	json_t *member;
	size_t i;
	int r = 0;

	if (!str_eq(mode, "active-backup") && !str_eq(mode, "1"))
		return err_set(rd->e, ENOTSUP,
			"bond %s: mode %.32s is not possible here, only active-backup; give the "
			"agent another way to the network, or let the switch accept one port alone",
			l->id, mode ? mode : "(none given)");
	json_array_foreach (members, i, member)
		if (r == 0)
			r = add_parent(rd, l, json_string_value(member));
	if (r == 0 && !l->n_parents)
		r = err_set(rd->e, EINVAL, "bond %s: it has no members", l->id);
	return r;
}

static int read_vlan(struct reader *rd, const json_t *j, struct netdata_link *l)
{
	l->vid = number(j, "vlan_id", -1);
	if (l->vid < 1 || l->vid > 4094)
		return err_set(
			rd->e, EINVAL, "VLAN %s: vlan_id is no number from 1 to 4094", l->id);
	return add_parent(rd, l, json_str(j, "vlan_link"));
}

/* Every link is named before any is read whole, because one may name another that comes later. */
static int name_link(struct reader *rd, const json_t *j)
{
	struct netdata_link *l = &rd->d->links[rd->d->n_links];
	const char *id = json_str(j, "id"), *type = json_str(j, "type");

	if (rd->d->n_links == NETDATA_LINKS_MAX)
		return err_set(rd->e, E2BIG, "more than %d links", NETDATA_LINKS_MAX);
	if (str_empty(id) || strlen(id) >= sizeof(l->id) || find_link(rd->d, id) < rd->d->n_links)
		return err_set(rd->e, EINVAL, "link %zu: its id is missing, too long or not unique",
			rd->d->n_links);
	str_copy(l->id, sizeof(l->id), id);
	for (char *p = l->id; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = '?';
	l->kind = str_eq(type, "vlan")	 ? NETDATA_VLAN
		  : str_eq(type, "bond") ? NETDATA_BOND
					 : NETDATA_PHYSICAL; /* phy, vif, tap, ovs, ... */
	rd->d->n_links++;
	return 0;
}

static int read_link(struct reader *rd, const json_t *j, struct netdata_link *l)
{
	int r;

	l->mtu = number(j, "mtu", 0);
	if (l->mtu && (l->mtu < MTU_MIN || l->mtu > MTU_MAX))
		return err_set(rd->e, EINVAL, "link %s: mtu is no number from %d to %d", l->id,
			MTU_MIN, MTU_MAX);
	r = read_mac(
		rd, j, l->kind == NETDATA_VLAN ? "vlan_mac_address" : "ethernet_mac_address", l);
	if (r == 0 && l->kind == NETDATA_BOND)
		r = read_bond(rd, j, l);
	if (r == 0 && l->kind == NETDATA_VLAN)
		r = read_vlan(rd, j, l);
	return r;
}

/* "services" of a network or of the whole, and "dns_nameservers". */
static void read_dns(struct netdata *d, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *type = json_str(item, "type");
		const char *text = json_is_string(item)	  ? json_string_value(item)
				   : str_ieq(type, "dns") ? json_str(item, "address")
							  : NULL;
		struct ip ip;

		if (!text || d->n_dns == NETDATA_DNS_MAX || ip_parse(text, &ip) < 0)
			continue;
		for (size_t k = 0; k < d->n_dns; k++)
			if (ip_eq(&ip, &d->dns[k]))
				ip.family = IP_NONE;
		if (ip.family)
			d->dns[d->n_dns++] = ip;
	}
}

static int prefix_of(const json_t *j, const char *address_key, enum ip_family family,
	struct ip *ret, unsigned *ret_bits)
{
	const char *address = json_str(j, address_key), *netmask = json_str(j, "netmask");
	struct ip ip;
	int bits;

	if (!address || ip_parse_prefix(address, &ip, &bits) < 0 || ip.family != family)
		return -EINVAL;
	if (netmask)
		bits = ip_netmask_bits(netmask, family);
	else if (json_is_integer(json_object_get(j, "prefix")))
		bits = (int)json_int(j, "prefix", -1);
	if (bits < 0 || bits > (family == IP_V4 ? 32 : 128))
		return -EINVAL;
	*ret = ip;
	*ret_bits = (unsigned)bits;
	return 0;
}

static int add_route(struct reader *rd, struct netdata_net *n, const struct netdata_route *r)
{
	if (n->n_routes == NETDATA_ROUTES_MAX)
		return err_set(
			rd->e, E2BIG, "a network has more than %d routes", NETDATA_ROUTES_MAX);
	n->routes[n->n_routes++] = *r;
	return 0;
}

static int read_route(struct reader *rd, const json_t *j, struct netdata_net *n)
{
	const char *gateway = json_str(j, "gateway");
	struct netdata_route r = {0};

	if (!gateway || ip_parse(gateway, &r.gateway) < 0 ||
		prefix_of(j, "network", r.gateway.family, &r.destination, &r.bits) < 0)
		return err_set(rd->e, EINVAL,
			"route to %.64s by %.64s: not addresses with a netmask",
			json_str(j, "network") ? json_str(j, "network") : "(none)",
			gateway ? gateway : "(none)");
	return add_route(rd, n, &r);
}

static int read_static(
	struct reader *rd, const json_t *j, enum ip_family family, struct netdata_net *n)
{
	const char *address = json_str(j, "ip_address"), *gateway = json_str(j, "gateway");
	struct netdata_route dflt = {.destination.family = family};
	const json_t *route;
	size_t i;
	int r = 0;

	if (prefix_of(j, "ip_address", family, &n->address, &n->bits) < 0 ||
		!ip_is_station(&n->address))
		return err_set(rd->e, EINVAL,
			"network of link %s: %.64s is no address with a netmask",
			rd->d->links[n->link].id, address ? address : "(none)");
	if (gateway && (ip_parse(gateway, &dflt.gateway) < 0 || dflt.gateway.family != family))
		return err_set(rd->e, EINVAL, "network of link %s: gateway %.64s is no address",
			rd->d->links[n->link].id, gateway);
	if (gateway)
		r = add_route(rd, n, &dflt);
	json_array_foreach (json_object_get(j, "routes"), i, route)
		if (r == 0)
			r = read_route(rd, route, n);
	return r;
}

static const struct {
	const char *type;
	enum netdata_method method;
	enum ip_family family;
} methods[] = {
	{"ipv4", NETDATA_STATIC, IP_V4},
	{"ipv4_dhcp", NETDATA_DHCP4, IP_V4},
	{"ipv6", NETDATA_STATIC, IP_V6},
	{"ipv6_slaac", NETDATA_SLAAC, IP_V6},
	{"ipv6_dhcp", NETDATA_DHCP6, IP_V6},
	{"ipv6_dhcpv6", NETDATA_DHCP6, IP_V6},
	{"ipv6_dhcpv6-stateful", NETDATA_DHCP6, IP_V6},
	{"ipv6_dhcpv6-stateless", NETDATA_SLAAC, IP_V6},
};

static int read_net(struct reader *rd, const json_t *j)
{
	struct netdata_net *n = &rd->d->nets[rd->d->n_nets];
	const char *type = json_str(j, "type"), *link = json_str(j, "link");
	size_t m = 0;

	if (rd->d->n_nets == NETDATA_NETS_MAX)
		return err_set(rd->e, E2BIG, "more than %d networks", NETDATA_NETS_MAX);
	n->link = find_link(rd->d, link ? link : "");
	if (n->link == rd->d->n_links)
		return err_set(rd->e, EINVAL, "network %zu: there is no link %.64s", rd->d->n_nets,
			link ? link : "(none)");
	while (m < ARRAY_SIZE(methods) && !str_eq(methods[m].type, type))
		m++;
	if (m == ARRAY_SIZE(methods))
		return err_set(rd->e, ENOTSUP, "network of link %s: its type %.32s is unknown",
			rd->d->links[n->link].id, type ? type : "(none)");
	n->method = methods[m].method;
	read_dns(rd->d, json_object_get(j, "dns_nameservers"));
	read_dns(rd->d, json_object_get(j, "services"));
	rd->d->n_nets++;
	return n->method == NETDATA_STATIC ? read_static(rd, j, methods[m].family, n) : 0;
}

static int read_all(struct reader *rd, const json_t *top)
{
	const json_t *links = json_object_get(top, "links"), *item;
	size_t i;
	int r = 0;

	if (!json_is_array(links) || !json_is_array(json_object_get(top, "networks")))
		return err_set(rd->e, EINVAL, "it has no lists \"links\" and \"networks\"");
	json_array_foreach (links, i, item)
		if (r == 0)
			r = name_link(rd, item);
	json_array_foreach (links, i, item)
		if (r == 0)
			r = read_link(rd, item, &rd->d->links[i]);
	json_array_foreach (json_object_get(top, "networks"), i, item)
		if (r == 0)
			r = read_net(rd, item);
	read_dns(rd->d, json_object_get(top, "services"));
	return r;
}

int netdata_parse(const char *text, size_t len, struct netdata *ret, struct err *e)
{
	_cleanup_free_ struct netdata *d = xcalloc(1, sizeof(*d));
	_cleanup_json_ json_t *top = NULL;
	struct reader rd = {.d = d, .e = e};
	int r = len > NETDATA_BYTES_MAX ? err_set(e, E2BIG, "more than %d bytes", NETDATA_BYTES_MAX)
					: json_parse(text, len, DEPTH_MAX, &top, e);

	if (r == 0)
		r = read_all(&rd, top);
	if (r < 0) {
		err_prefix(e, "network_data.json");
		return r;
	}
	*ret = *d;
	return 0;
}
