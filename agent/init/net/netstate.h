/* The network thread's state, for net.c, netplan.c, netup.c and netvlan.c. */
#ifndef AGENT_INIT_NET_NETSTATE_H
#define AGENT_INIT_NET_NETSTATE_H

#include <pthread.h>

#include "agent/init/net/net.h"
#include "agent/init/net/nic.h"
#include "lib/base/buf.h"

#define NET_NICS_MAX 64

/* An interface that could not be turned up. */
struct net_refusal {
	char name[IFNAMSIZ];
	char problem[200];
	int64_t again_ms; /* not tried again before */
};

struct net {
	struct net_config c;
	pthread_t thread;
	int wake; /* eventfd: stop, or a plan has come */
	int news; /* interfaces and addresses come and go */
	int ras;  /* router advertisements; -1: no IPv6 */
	int64_t started_ms;
	struct nic nics[NET_NICS_MAX];
	size_t n_nics;
	struct net_refusal refused[NET_NICS_MAX];
	size_t n_refused;
	bool all;		    /* every interface may be asked, not only the one that booted */
	bool no_vlans;		    /* the kernel's module is not there; said once */
	const struct netdata *plan; /* NULL: none */
	bool given[NETDATA_NETS_MAX]; /* networks of the plan that are done */
	char resolv[1024];	      /* as last written */
	char *text;		      /* of net_text() */

	pthread_mutex_t lock; /* everything below, and text */
	pthread_cond_t changed;
	bool held;		   /* no plan has come yet, and it is waited for */
	struct netdata *told_plan; /* NULL: none; never replaced */
	struct lldp *lldp;	   /* NULL: not heard */
	bool up, all_up, stop;
};

/* An interface by name, NULL when it is not there (yet). */
struct nic *net_nic(struct net *n, const char *name);

/* Takes an interface in and turns it up; NULL when that fails. */
struct nic *net_add(struct net *n, const char *name);

/* Turns an interface up; false when it refuses, or has just done so. What refuses is said once. */
bool netup_try(struct net *n, const char *name);

/* A line for each interface that refuses. */
void netup_describe(const struct net *n, struct buf *out);

bool net_carrier(const struct net *n, const struct nic *nic);

/* Does what has become possible of the plan. */
void netplan_apply(struct net *n);

/* Makes the VLANs of ipa-enable-vlan-interfaces whose parents are there. */
void netvlan_scan(struct net *n);

/* The VLAN's interface, made when it is not there; NULL when it cannot be (yet). */
struct nic *netvlan_get(struct net *n, struct nic *parent, int vid);

#endif
