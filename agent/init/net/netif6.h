/* Sockets of IPv6's autoconfiguration, and what addresses the kernel has made. */
#ifndef AGENT_INIT_NET_NETIF6_H
#define AGENT_INIT_NET_NETIF6_H

#include "agent/init/net/ip.h"
#include "agent/init/net/ra.h"
#include "agent/inspect/sysroot.h"
#include "lib/base/err.h"

/* Hears router advertisements on all interfaces; non-blocking. Negative errno on failure. */
int netif6_ra_open(struct err *e);

/*
 * Takes one. 0, -EAGAIN when there is none, -EINVAL when it is none to trust: not from a neighbour
 * (RFC 4861 6.1.2: hop limit 255, a link-local address) or malformed.
 */
int netif6_ra_read(int fd, int *ret_ifindex, struct ra *ret);

/* A socket for DHCPv6 on this interface alone: port 546; non-blocking. */
int netif6_dhcp_open(const char *name, struct err *e);

/* To all servers of the link (ff02::1:2, port 547). */
int netif6_dhcp_send(int fd, int ifindex, const uint8_t *message, size_t len);

/*
 * The first address of the interface that reaches further than the link and is ready for use
 * (its uniqueness was checked); false when there is none.
 */
bool netif6_address(const struct sysroot *sr, const char *name, struct ip *ret);

/* The same of one line of /proc/net/if_inet6; the address only when it counts. No I/O. */
bool netif6_line(const char *line, const char *name, struct ip *ret);

#endif
