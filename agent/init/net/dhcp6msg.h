/* The bytes of DHCPv6 messages; the states are in dhcp6.c. For that file only. */
#ifndef AGENT_INIT_NET_DHCP6MSG_H
#define AGENT_INIT_NET_DHCP6MSG_H

#include "agent/init/net/dhcp6.h"

/* The client's identifier: hardware type and address (DUID-LL, RFC 8415 11.4). */
struct dhcp6_duid dhcp6_duid_of(const uint8_t mac[static 6]);

/* Writes a message of this type in the client's name; gives its length. */
size_t dhcp6_build(const struct dhcp6_client *c, enum dhcp6_type type, int64_t now_ms,
	uint8_t ret[static DHCP6_MESSAGE_MAX]);

#endif
