/* Addresses as network data says: finds each network's interface and does what it asks for. */
#include "agent/init/net/netif.h"
#include "agent/init/net/netlink.h"
#include "agent/init/net/netstate.h"
#include "lib/base/str.h"
#include "lib/hwid/mac.h"

#include <stdio.h>
#include <string.h>

static struct nic *by_mac(struct net *n, const char *mac)
{
	for (size_t i = 0; i < n->n_nics; i++)
		if (!n->nics[i].stacked && str_ieq(n->nics[i].mac, mac))
			return &n->nics[i];
	return NULL;
}

/* Of a bond the first member with a carrier: what active-backup would choose. */
static struct nic *bond_member(struct net *n, const struct netdata_link *bond)
{
	for (size_t i = 0; i < bond->n_parents; i++) {
		struct nic *nic = by_mac(n, n->plan->links[bond->parents[i]].mac);

		if (nic && net_carrier(n, nic))
			return nic;
	}
	return NULL;
}

static struct nic *link_nic(struct net *n, const struct netdata_link *l)
{
	const struct netdata_link *below = l->n_parents ? &n->plan->links[l->parents[0]] : NULL;
	struct nic *nic, *parent;
	uint8_t mac[MAC_LEN];

	if (l->kind == NETDATA_PHYSICAL)
		return by_mac(n, l->mac);
	if (l->kind == NETDATA_BOND)
		return bond_member(n, l);
	parent = below->kind == NETDATA_BOND ? bond_member(n, below) : by_mac(n, below->mac);
	nic = parent ? netvlan_get(n, parent, l->vid) : NULL;
	if (nic && l->mac[0] && !str_ieq(nic->mac, l->mac) && mac_parse(l->mac, mac) == 0 &&
		netlink_link_set(nic->ifindex, mac, 0) == 0)
		str_copy(nic->mac, sizeof(nic->mac), l->mac);
	return nic;
}

static int add_routes(struct nic *nic, const struct netdata_net *net)
{
	char to[IP_TEXT_MAX], by[IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; i < net->n_routes; i++) {
		const struct netdata_route *route = &net->routes[i];
		int one = netlink_route(
			nic->ifindex, &route->destination, route->bits, &route->gateway);

		if (one < 0)
			say_error(nic->journal, "%s: route to %s/%u by %s: %s", nic->name,
				ip_text(&route->destination, to), route->bits,
				ip_text(&route->gateway, by), strerror(-one));
		r = one < 0 ? one : r;
	}
	return r;
}

static void give_static(struct nic *nic, const struct netdata_net *net)
{
	char text[IP_TEXT_MAX];
	int r = netlink_address(nic->ifindex, &net->address, net->bits, true);

	ip_text(&net->address, text);
	if (r < 0) {
		snprintf(nic->problem, sizeof(nic->problem), "give it %s/%u: %s", text, net->bits,
			strerror(-r));
		say_error(nic->journal, "%s: %s", nic->name, nic->problem);
		return;
	}
	say(nic->journal, "%s has address %s/%u by the config drive", nic->name, text, net->bits);
	nic->static4 |= net->address.family == IP_V4;
	(void)add_routes(nic, net);
}

static void give(struct nic *nic, const struct netdata_link *link, const struct netdata_net *net)
{
	static const unsigned ways[NETDATA_METHOD_COUNT] = {[NETDATA_DHCP4] = NIC_DHCP4,
		[NETDATA_SLAAC] = NIC_RA,
		[NETDATA_DHCP6] = NIC_RA | NIC_DHCP6};
	int r = link->mtu ? netlink_link_set(nic->ifindex, NULL, link->mtu) : 0;

	if (r < 0)
		say_warning(nic->journal, "%s: MTU %d: %s", nic->name, link->mtu, strerror(-r));
	nic->planned = true;
	nic->ways |= ways[net->method];
	if (net->method == NETDATA_STATIC)
		give_static(nic, net);
}

void netplan_apply(struct net *n)
{
	for (size_t i = 0; n->plan && i < n->plan->n_nets; i++) {
		const struct netdata_net *net = &n->plan->nets[i];
		const struct netdata_link *link = &n->plan->links[net->link];
		struct nic *nic = n->given[i] ? NULL : link_nic(n, link);

		if (!nic)
			continue;
		n->given[i] = true;
		give(nic, link, net);
	}
}
