/*
 * Router advertisements (RFC 4861, DNS options of RFC 8106). The kernel makes addresses and routes
 * of them; what it leaves to others is read here: whether to ask DHCPv6, and name servers. No I/O.
 */
#ifndef AGENT_INIT_NET_RA_H
#define AGENT_INIT_NET_RA_H

#include "agent/init/net/ip.h"

#define RA_DNS_MAX 3

struct ra {
	bool managed; /* addresses by DHCPv6 */
	bool other;   /* other configuration by DHCPv6 */
	unsigned router_s;
	struct ip dns[RA_DNS_MAX];
	size_t n_dns;
	char domain[IP_DOMAIN_MAX];
};

/* An ICMPv6 message, from its type on. 0 or -EINVAL. */
int ra_parse(const uint8_t *data, size_t len, struct ra *ret);

#endif
