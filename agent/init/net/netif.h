/* Network interfaces by ioctl: up and down, address, routes, MTU; and /etc/resolv.conf. */
#ifndef AGENT_INIT_NET_NETIF_H
#define AGENT_INIT_NET_NETIF_H

#include "agent/init/net/dhcp.h"
#include "lib/base/err.h"

int netif_set_up(const char *name, bool up, struct err *e);

/* Gives the interface what the lease says, in place of what it had. Routes that fail are skipped.
 */
int netif_configure(const char *name, const struct dhcp_lease *lease, struct err *e);

/* Takes the address, and with it the routes, away. */
void netif_clear(const char *name);

/*
 * A packet socket that gets only IPv4 UDP to port 68 of this interface; non-blocking. Negative
 * errno on failure.
 */
int netif_dhcp_open(int ifindex, struct err *e);

/* Broadcasts a DHCP message from 0.0.0.0. */
int netif_dhcp_broadcast(int fd, int ifindex, const uint8_t *message, size_t len);

/* Sends a DHCP message from the lease's address to its server; keeps *fd open, -1 at first. */
int netif_dhcp_unicast(int *fd, const struct dhcp_lease *lease, const uint8_t *message, size_t len);

/* A socket that tells when interfaces or addresses of IPv6 come, go or change; non-blocking. */
int netif_news_open(struct err *e);

#endif
