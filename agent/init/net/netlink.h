/* Changes of addresses, routes and links by rtnetlink(7), for both families. */
#ifndef AGENT_INIT_NET_NETLINK_H
#define AGENT_INIT_NET_NETLINK_H

#include "agent/init/net/ip.h"

/* Each gives 0 or the kernel's negative errno; what is there already (-EEXIST) counts as done. */
int netlink_address(int ifindex, const struct ip *ip, unsigned bits, bool add);

/* Without a destination prefix (bits 0) it is the default route. */
int netlink_route(
	int ifindex, const struct ip *destination, unsigned bits, const struct ip *gateway);

/* Makes "<parent>.<vid>" on a parent; the kernel needs the module 8021q for it. */
int netlink_vlan(const char *name, int parent_ifindex, int vid);

/* mac (6 bytes, NULL: as it is) and mtu (0: as it is). */
int netlink_link_set(int ifindex, const uint8_t *mac, int mtu);

#endif
