/*
 * network_data.json of a config drive (OpenStack's format): which links there are and what their
 * addresses are. The text is hostile: everything is bounded. No I/O.
 */
#ifndef AGENT_INIT_NET_NETDATA_H
#define AGENT_INIT_NET_NETDATA_H

#include "agent/init/net/ip.h"
#include "lib/base/err.h"

#define NETDATA_BYTES_MAX   (256 * 1024)
#define NETDATA_LINKS_MAX   64
#define NETDATA_NETS_MAX    64
#define NETDATA_ROUTES_MAX  16
#define NETDATA_DNS_MAX	    6
#define NETDATA_MEMBERS_MAX 8

enum netdata_kind { NETDATA_PHYSICAL, NETDATA_VLAN, NETDATA_BOND };

struct netdata_link {
	char id[64];
	enum netdata_kind kind;
	char mac[18]; /* "52:54:00:12:34:56"; "" when a VLAN or bond has none of its own */
	int mtu;      /* 0: as it is */
	int vid;      /* of a VLAN */
	size_t parents[NETDATA_MEMBERS_MAX]; /* the VLAN's link, or the bond's; indexes */
	size_t n_parents;
};

enum netdata_method {
	NETDATA_STATIC,
	NETDATA_DHCP4,
	NETDATA_SLAAC, /* router advertisements, and DHCPv6 as they say */
	NETDATA_DHCP6, /* stateful, whatever the router says */
	NETDATA_METHOD_COUNT
};

struct netdata_route {
	struct ip destination; /* the family of gateway */
	unsigned bits;
	struct ip gateway;
};

struct netdata_net {
	size_t link; /* index */
	enum netdata_method method;
	struct ip address; /* of NETDATA_STATIC */
	unsigned bits;
	struct netdata_route routes[NETDATA_ROUTES_MAX];
	size_t n_routes;
};

struct netdata {
	struct netdata_link links[NETDATA_LINKS_MAX];
	size_t n_links;
	struct netdata_net nets[NETDATA_NETS_MAX];
	size_t n_nets;
	struct ip dns[NETDATA_DNS_MAX];
	size_t n_dns;
};

/*
 * Bonds other than active-backup are refused (-ENOTSUP): the switch expects of them what one port
 * alone does not do. -EINVAL names what is wrong and where; -E2BIG what there is too much of.
 */
int netdata_parse(const char *text, size_t len, struct netdata *ret, struct err *e);

#endif
