/* One interface of the ramdisk's network and how it gets its addresses. For net.c and netplan.c. */
#ifndef AGENT_INIT_NET_NIC_H
#define AGENT_INIT_NET_NIC_H

#include <net/if.h>

#include "agent/init/net/dhcp.h"
#include "agent/init/net/dhcp6.h"
#include "agent/init/net/ra.h"
#include "agent/report/journal.h"

#define NIC_DNS_MAX 4

/* Where addresses come from, as bits. The kernel makes addresses of advertisements in any case. */
enum nic_way {
	NIC_DHCP4 = 1,
	NIC_RA = 2,    /* and DHCPv6 when the router says so */
	NIC_DHCP6 = 4, /* whatever the router says */
};

struct nic {
	char name[IFNAMSIZ];
	char mac[18];
	int ifindex;
	struct journal *journal;
	unsigned ways;	   /* wanted */
	bool planned;	   /* network data speaks of it */
	bool stacked;	   /* a VLAN that we made */
	bool static4;	   /* has an address by network data */
	char problem[160]; /* why it has no address yet; "" */

	int fd;	 /* packet socket, -1: no DHCPv4 here (yet) */
	int udp; /* for renewals, -1: none */
	struct dhcp_client dhcp;
	bool bound4;

	bool has_ra;
	struct ra ra;
	int fd6; /* -1: no DHCPv6 here (yet) */
	struct dhcp6_client dhcp6;
	struct ip leased6; /* what DHCPv6 gave and the kernel has */
	struct ip told6;   /* the last address that was said to be there */
};

/* -1 for all sockets. */
void nic_init(struct nic *nic, const char *name, const char *mac, int ifindex, struct journal *j);
void nic_stop(struct nic *nic); /* sockets closed, a DHCPv6 lease given back */

/* Each of these is true when addresses or name servers have changed. */
void nic4_start(struct nic *nic);
bool nic4_read(struct nic *nic);
bool nic4_tick(struct nic *nic);
void nic4_stop(struct nic *nic);
void nic6_start(struct nic *nic, bool stateful);
bool nic6_read(struct nic *nic);
bool nic6_tick(struct nic *nic);
bool nic6_advertised(struct nic *nic, const struct ra *ra);
void nic6_stop(struct nic *nic);

/* When the next tick of either is due; `dflt` when none is. */
int64_t nic_due(const struct nic *nic, int64_t dflt);

/* Its name servers, link-local ones too, at most NIC_DNS_MAX; its domain, "" when it has none. */
size_t nic_dns(const struct nic *nic, struct ip ret[static NIC_DNS_MAX]);
const char *nic_domain(const struct nic *nic);

#endif
