/* The ramdisk's network: finds the interface that booted, gets it an address, keeps the lease. */
#ifndef AGENT_INIT_NET_NET_H
#define AGENT_INIT_NET_NET_H

#include "agent/init/cmdline.h"
#include "agent/init/net/netdata.h"
#include "agent/inspect/lldp.h"
#include "agent/inspect/sysroot.h"
#include "agent/report/journal.h"

struct net;

struct net_config {
	const struct params *params;
	const struct sysroot *sr;
	struct journal *journal;
	const char *resolv_conf; /* written whenever name servers change */
	bool virtual_too;	 /* interfaces without a device behind them: tests */
	bool hold;		 /* ask nobody for an address before net_plan() */
	/* Loads a kernel module by name. May be NULL: all are there. */
	bool (*load)(void *data, const char *module);
	void *data; /* for load() */
};

/*
 * Starts the thread. Interfaces may appear later: it waits for the kernel's news. With a BOOTIF
 * only the interface with that MAC is asked for an address (DHCP, router advertisements, DHCPv6 as
 * they say), and, when it has none after ipa-inspection-dhcp-wait-timeout seconds, all of them;
 * without, or with ipa-inspection-dhcp-all-interfaces, all that have a carrier. The VLANs of
 * ipa-enable-vlan-interfaces are made and asked as well. What `c` points to is borrowed.
 */
int net_start(const struct net_config *c, struct net **ret, struct err *e);

/*
 * Addresses as a config drive says, in place of asking; NULL: there are none, go on. An interface
 * that it does not name is asked nothing, unless none that it names has an address after
 * ipa-inspection-dhcp-wait-timeout. Copies. Any thread.
 */
void net_plan(struct net *n, const struct netdata *plan);

/*
 * Waits until there is an address of the family that the API's URL asks for (any, when it has a
 * name); false when there is none after timeout_ms. Any thread.
 */
bool net_wait(struct net *n, int timeout_ms);

/* Waits until every interface with a carrier has an address; at most timeout_ms. Any thread. */
bool net_wait_all(struct net *n, int timeout_ms);

/* Does anybody hear what servers on the network say: LLDP, for VLANs by it. Borrowed. Any thread.
 */
void net_set_lldp(struct net *n, struct lldp *lldp);

/* For a person, one line an interface: its addresses, or why it has none; allocated. Any thread. */
char *net_text(struct net *n);

/* True once the interface named by BOOTIF exists, or any when there is no BOOTIF. Any thread. */
bool net_nic_present(const struct params *params, const struct sysroot *sr);

/* Stops the thread and takes all interfaces down. */
void net_stop(struct net *n);

#endif
