/*
 * DHCPv6 client (RFC 8415, DNS options of RFC 3646): messages and the state machine for one address
 * (IA_NA), or for name servers alone, without sockets or clocks of its own.
 */
#ifndef AGENT_INIT_NET_DHCP6_H
#define AGENT_INIT_NET_DHCP6_H

#include "agent/init/net/ip.h"

#define DHCP6_MESSAGE_MAX 1452
#define DHCP6_DUID_MAX	  130
#define DHCP6_DNS_MAX	  3

enum dhcp6_type {
	DHCP6_SOLICIT = 1,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_RECONFIGURE,
	DHCP6_INFORMATION_REQUEST,
};

struct dhcp6_lease {
	struct ip address; /* IP_NONE: none */
	uint32_t t1_s, t2_s, preferred_s, valid_s;
	struct ip dns[DHCP6_DNS_MAX];
	size_t n_dns;
	char domain[IP_DOMAIN_MAX];
	uint32_t refresh_s; /* of a stateless answer; RFC 8415 21.23 */
};

struct dhcp6_duid {
	size_t len;
	uint8_t bytes[DHCP6_DUID_MAX];
};

/* Status codes, RFC 8415 21.13. */
enum dhcp6_status {
	DHCP6_SUCCESS,
	DHCP6_UNSPEC_FAIL,
	DHCP6_NO_ADDRS_AVAIL,
	DHCP6_NO_BINDING,
	DHCP6_NOT_ON_LINK,
	DHCP6_USE_MULTICAST,
};

struct dhcp6_reply {
	enum dhcp6_type type;
	uint8_t xid[3];
	struct dhcp6_duid client, server;
	uint8_t preference;
	bool rapid_commit;
	unsigned status; /* the first that is not success: of the message, the IA or its address */
	char message[128]; /* printable */
	struct dhcp6_lease lease;
};

/* Reads what a server sends (the UDP payload); only the IA with this number counts. 0 or -EINVAL.
 */
int dhcp6_parse(const uint8_t *data, size_t len, uint32_t iaid, struct dhcp6_reply *ret);

enum dhcp6_state {
	DHCP6_STATE_SOLICITING,
	DHCP6_STATE_REQUESTING,
	DHCP6_STATE_BOUND,
	DHCP6_STATE_RENEWING,
	DHCP6_STATE_REBINDING,
	DHCP6_STATE_INFORMING, /* stateless: asking */
	DHCP6_STATE_INFORMED,
	DHCP6_STATE_COUNT
};

struct dhcp6_client {
	enum dhcp6_state state;
	uint8_t mac[6], xid[3];
	uint32_t iaid;
	struct dhcp6_duid server; /* while soliciting: of the best offer so far */
	int preference;		  /* of that offer; -1: none */
	struct dhcp6_lease lease;
	unsigned refusal;  /* the last status that was not success, 0: none */
	char message[128]; /* what the server said to it */
	int64_t exchange_ms, rt_ms;
	int64_t bound_ms; /* -1: no lease */
	int64_t due_ms;	  /* when dhcp6_client_tick() wants to be called */
	unsigned sent;	  /* in this exchange */
};

enum dhcp6_event {
	DHCP6_NOTHING,
	DHCP6_BOUND,   /* a lease or, stateless, name servers: configure them */
	DHCP6_RENEWED, /* the same address goes on */
	DHCP6_LOST,    /* lease.address is over: take it away; asking again */
	DHCP6_EVENT_COUNT
};

/* Starts over; the first tick is due at once. The client's DUID is made of the MAC (DUID-LL). */
void dhcp6_client_init(
	struct dhcp6_client *c, const uint8_t mac[static 6], bool stateful, int64_t now_ms);

/* A message came (UDP payload). What is not for this client or not expected is ignored. */
enum dhcp6_event dhcp6_client_input(
	struct dhcp6_client *c, const uint8_t *data, size_t len, int64_t now_ms);

/* Call when due_ms has come. Writes the message to multicast (ff02::1:2, port 547), *ret_len 0 when
 * there is none. */
enum dhcp6_event dhcp6_client_tick(struct dhcp6_client *c, int64_t now_ms,
	uint8_t ret[static DHCP6_MESSAGE_MAX], size_t *ret_len);

/* Gives the address back: writes the message to send once, 0 when there is nothing to give back. */
size_t dhcp6_client_release(
	struct dhcp6_client *c, int64_t now_ms, uint8_t ret[static DHCP6_MESSAGE_MAX]);

/* For a person: "NoAddrsAvail". */
const char *dhcp6_status_name(unsigned status);

#endif
