/* The ramdisk's network: finds the interface that booted, gets it an address, keeps the lease. */
#ifndef AGENT_INIT_NET_H
#define AGENT_INIT_NET_H

#include "agent/init/cmdline.h"
#include "agent/inspect/sysroot.h"
#include "agent/report/journal.h"

struct net;

/*
 * Starts the thread. Interfaces may appear later: it waits for the kernel's news. With a BOOTIF
 * only the interface with that MAC is asked for a lease, and, when it has not come within a minute,
 * all of them; without, all that have a carrier, and the first lease wins. Arguments are borrowed.
 */
int net_start(const struct params *params, const struct sysroot *sr, struct journal *j,
	struct net **ret, struct err *e);

/* Waits until there is an address; false when there is none after timeout_ms. Any thread. */
bool net_wait(struct net *n, int timeout_ms);

/* True once the interface named by BOOTIF exists, or any when there is no BOOTIF. Any thread. */
bool net_nic_present(const struct params *params, const struct sysroot *sr);

/* Stops the thread and takes all interfaces down. */
void net_stop(struct net *n);

#endif
