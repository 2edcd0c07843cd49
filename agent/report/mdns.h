/*
 * Finding the conductor by multicast DNS (RFC 6762) and its service (RFC 6763): SRV, TXT and
 * addresses of "baremetal._openstack._tcp.local", as Ironic publishes them. Nobody proves who
 * answers, so an agent asks only when it is told to.
 */
#ifndef AGENT_REPORT_MDNS_H
#define AGENT_REPORT_MDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define MDNS_PACKET_MAX	   9000 /* RFC 6762, section 17 */
#define MDNS_NAME_MAX	   256
#define MDNS_ADDRESSES_MAX 8

/* What answers told so far; zeroed at first. */
struct mdns {
	char host[MDNS_NAME_MAX]; /* of the SRV record, without a dot at its end; "": none yet */
	uint16_t port;
	bool has_txt;
	char protocol[16], path[256];	   /* of the TXT record, "" when it has none */
	char inspection_callback_url[512]; /* ipa_inspection_callback_url */
	struct mdns_address {
		char host[MDNS_NAME_MAX];
		uint8_t bytes[16];
		uint8_t len; /* 4 or 16 */
	} addresses[MDNS_ADDRESSES_MAX];
	size_t n_addresses;
};

/* The question, in a buffer of at least 128 bytes; its length. */
size_t mdns_question(uint8_t *ret, uint16_t id);

/*
 * Takes what a packet tells of the service. -EBADMSG: it is no such answer, or broken; what was
 * read of it before stays.
 */
int mdns_take(struct mdns *m, const uint8_t *packet, size_t len);

/*
 * "http://10.0.0.1:6385" once enough is known, allocated; NULL before. The TXT record's protocol,
 * or HTTPS but on port 80; the host's address where its name ends in .local, else the name.
 */
char *mdns_url(const struct mdns *m);

/*
 * Asks on all interfaces and waits for answers, at most timeout_ms. 0 with *ret_url (allocated) and
 * *m, or -ENOENT.
 */
int mdns_find(int timeout_ms, struct mdns *m, char **ret_url, struct err *e);

#endif
