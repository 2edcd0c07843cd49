/* Framing: RMCP, ASF, and the IPMI 1.5 and 2.0 session wrappers, both ways. */
#ifndef TESTS_BMC_RMCP_H
#define TESTS_BMC_RMCP_H

#include "tests/bmc/session.h"

enum payload_type { /* IPMI 2.0 table 13-16 */
	PAYLOAD_IPMI = 0x00,
	PAYLOAD_SOL = 0x01,
	PAYLOAD_OPEN_REQUEST = 0x10,
	PAYLOAD_OPEN_RESPONSE = 0x11,
	PAYLOAD_RAKP_1 = 0x12,
	PAYLOAD_RAKP_2 = 0x13,
	PAYLOAD_RAKP_3 = 0x14,
	PAYLOAD_RAKP_4 = 0x15,
};

/* Where a payload came from, and so how its answer is wrapped. */
struct origin {
	const struct sockaddr *peer;
	bool v15;		 /* in the IPMI 1.5 session wrapper */
	struct session *session; /* NULL: outside of any */
};

/* One whole datagram; anything malformed or not authentic is counted and dropped. */
void rmcp_receive(
	struct bmcemu *bmc, const struct sockaddr *peer, const uint8_t *packet, size_t len);

/* Wraps a payload of at most 256 bytes as its origin asks, and sends it. */
void rmcp_send(struct bmcemu *bmc, const struct origin *to, enum payload_type type,
	const uint8_t *payload, size_t len);

#endif
