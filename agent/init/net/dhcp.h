/*
 * DHCPv4 client (RFC 2131, options of RFC 2132 and 3442): messages and the state machine, without
 * sockets or clocks of its own. dhcp_socket.h carries its bytes.
 */
#ifndef AGENT_INIT_NET_DHCP_H
#define AGENT_INIT_NET_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DHCP_MESSAGE_MAX 1472
#define DHCP_FRAME_MAX	 1500
#define DHCP_ROUTES_MAX	 16
#define DHCP_DNS_MAX	 3

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
};

/* Addresses are in network byte order throughout. */
struct dhcp_route {
	uint32_t destination, netmask, gateway;
};

struct dhcp_lease {
	uint32_t address, netmask, broadcast, server;
	struct dhcp_route routes[DHCP_ROUTES_MAX];
	size_t n_routes;
	uint32_t dns[DHCP_DNS_MAX];
	size_t n_dns;
	uint16_t mtu; /* 0: not given */
	uint32_t lease_s, t1_s, t2_s;
	char hostname[256];
	char domain[256];
};

struct dhcp_reply {
	enum dhcp_type type;
	uint32_t xid;
	uint8_t chaddr[6];
	struct dhcp_lease lease;
	char message[256]; /* option 56 */
};

/* Reads a BOOTP reply (the UDP payload). 0 or -EINVAL; texts have only printable characters. */
int dhcp_parse(const uint8_t *data, size_t len, struct dhcp_reply *ret);

/*
 * Finds the UDP payload of an IPv4 packet to port 68. The UDP checksum is not looked at: between
 * virtual machines it is often not filled in yet; the header's checksum is. 0 or -EINVAL.
 */
int dhcp_frame_parse(
	const uint8_t *packet, size_t len, const uint8_t **ret_payload, size_t *ret_len);

/* Puts IPv4 and UDP headers (0.0.0.0:68 to 255.255.255.255:67) before a message. Gives the length.
 */
size_t dhcp_frame_build(const uint8_t *message, size_t len, uint8_t ret[static DHCP_FRAME_MAX]);

enum dhcp_state {
	DHCP_STATE_SELECTING,
	DHCP_STATE_REQUESTING,
	DHCP_STATE_BOUND,
	DHCP_STATE_RENEWING,
	DHCP_STATE_REBINDING,
	DHCP_STATE_COUNT
};

struct dhcp_client {
	enum dhcp_state state;
	uint8_t mac[6];
	uint32_t xid;
	struct dhcp_lease lease; /* offered while requesting, ours when bound */
	int64_t started_ms, bound_ms;
	int64_t due_ms; /* when dhcp_client_tick() wants to be called */
	unsigned attempt;
};

enum dhcp_event {
	DHCP_NOTHING,
	DHCP_BOUND,   /* lease is new: configure it */
	DHCP_RENEWED, /* the same lease goes on */
	DHCP_LOST,    /* the lease is over: take the address away */
	DHCP_EVENT_COUNT
};

enum dhcp_send { DHCP_SEND_NONE, DHCP_SEND_BROADCAST, DHCP_SEND_UNICAST };

/* Starts over; the first tick is due at once. */
void dhcp_client_init(struct dhcp_client *c, const uint8_t mac[static 6], int64_t now_ms);

/* A message came (UDP payload). What is not for this client or not expected is ignored. */
enum dhcp_event dhcp_client_input(
	struct dhcp_client *c, const uint8_t *data, size_t len, int64_t now_ms);

/*
 * Call when due_ms has come. Writes the message to send, if any: broadcast in a frame, or unicast
 * to lease.server.
 */
enum dhcp_event dhcp_client_tick(struct dhcp_client *c, int64_t now_ms,
	uint8_t ret[static DHCP_MESSAGE_MAX], size_t *ret_len, enum dhcp_send *ret_send);

#endif
