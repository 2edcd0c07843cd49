/*
 * What comes from an IPv6 network. First byte: 0 a router advertisement; 1 DHCPv6 messages to a
 * client that wants an address, 2 to one that wants name servers. Messages follow each other, each
 * after one byte: how many times the client's time moves on before it. Transaction and client are
 * made right, so that the client takes them.
 */
#include "agent/init/net/dhcp6.h"
#include "agent/init/net/ra.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static void tick(struct dhcp6_client *c, int64_t *now)
{
	uint8_t out[DHCP6_MESSAGE_MAX];
	size_t n;

	if (c->due_ms > *now)
		*now = c->due_ms;
	(void)dhcp6_client_tick(c, *now, out, &n);
	if (n > sizeof(out) || c->due_ms <= *now)
		abort();
}

/* A message is: steps, length (2 bytes), bytes. */
static void talk(const uint8_t *data, size_t size, bool stateful)
{
	static const uint8_t client[] = {0, 1, 0, 10, 0, 3, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56};
	uint8_t out[DHCP6_MESSAGE_MAX];
	struct dhcp6_client c;
	int64_t now = 0;

	dhcp6_client_init(&c, mac, stateful, 0);
	while (size >= 4) {
		size_t len = ((size_t)data[1] << 8 | data[2]) % 1024;
		uint8_t *copy;

		for (unsigned i = 0; i < 1u + data[0] % 24; i++)
			tick(&c, &now);
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		copy = malloc(4 + sizeof(client) + len);
		copy[0] = len && data[0] % 2 ? DHCP6_ADVERTISE : DHCP6_REPLY;
		memcpy(copy + 1, c.xid, 3);
		memcpy(copy + 4, client, sizeof(client));
		if (len > 1)
			memcpy(copy + 4 + sizeof(client), data + 1, len - 1);
		(void)dhcp6_client_input(&c, copy, 4 + sizeof(client) + (len ? len - 1 : 0), now);
		(void)dhcp6_status_name(c.refusal);
		if (c.lease.n_dns > DHCP6_DNS_MAX)
			abort();
		free(copy);
		data += len;
		size -= len;
	}
	(void)dhcp6_client_release(&c, now, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[IP_TEXT_MAX];
	struct dhcp6_reply reply;
	struct ra ra;

	if (!size)
		return 0;
	if (data[0] == 1 || data[0] == 2)
		talk(data + 1, size - 1, data[0] == 1);
	else if (ra_parse(data + 1, size - 1, &ra) == 0 && ra.n_dns)
		(void)ip_text(&ra.dns[0], text);
	(void)dhcp6_parse(data, size, 0x123456, &reply);
	return 0;
}
