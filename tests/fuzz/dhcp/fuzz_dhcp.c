/*
 * DHCP answers at every state of the client. First byte: how the rest is read (1: an IPv4 packet,
 * otherwise a message); the transaction number and hardware address are made right, so that the
 * client takes it.
 */
#include "agent/init/net/dhcp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *message, size_t len)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0, 0, 1};
	uint8_t out[DHCP_MESSAGE_MAX], frame[DHCP_FRAME_MAX];
	uint8_t *copy = malloc(len ? len : 1);
	struct dhcp_client c;
	enum dhcp_send how;
	int64_t now = 0;
	size_t n;

	memcpy(copy, message, len);
	dhcp_client_init(&c, mac, 0);
	for (int i = 0; i < 12; i++) {
		(void)dhcp_client_tick(&c, now, out, &n, &how);
		if (how == DHCP_SEND_BROADCAST)
			(void)dhcp_frame_build(out, n, frame);
		if (len >= 34) {
			memcpy(copy + 4, &c.xid, 4);
			memcpy(copy + 28, mac, 6);
		}
		if (len > 242 && copy[240] == 53)
			copy[242] = (uint8_t)(i % 2 ? DHCP_ACK : DHCP_OFFER);
		(void)dhcp_client_input(&c, copy, len, now);
		if (c.lease.n_routes > DHCP_ROUTES_MAX || c.lease.n_dns > DHCP_DNS_MAX)
			abort();
		now = c.due_ms > now ? c.due_ms : now + 1;
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *payload;
	size_t len;

	if (!size)
		return 0;
	if (data[0] != 1)
		feed(data + 1, size - 1);
	else if (dhcp_frame_parse(data + 1, size - 1, &payload, &len) == 0)
		feed(payload, len);
	return 0;
}
