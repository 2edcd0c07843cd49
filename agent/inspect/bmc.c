/* The BMC asked over /dev/ipmi0: its addresses (IPMI v2.0 section 23.2, Get LAN Configuration), and
 * what it is (section 20.1, Get Device ID). */
#include "agent/inspect/bmcinfo.h"
#include "agent/inspect/inventory.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NETFN_APP	   0x06
#define NETFN_TRANSPORT	   0x0c
#define CMD_GET_DEVICE_ID  0x01
#define CMD_GET_LAN_CONFIG 0x02
#define PARAM_IP	   3
#define PARAM_MAC	   5
#define PARAM_IPV6_STATIC  56
#define PARAM_IPV6_DYNAMIC 59
#define IPV6_SETS	   4 /* of each kind; the specification allows 255 */
#define CHANNEL_MAX	   11
#define ANSWER_MS	   1000
#define TOTAL_MS	   3000

struct bmc {
	int fd;
	long msgid;
	int64_t give_up_ms;
};

static int ipmi_send(struct bmc *b, uint8_t netfn, uint8_t cmd, uint8_t *data, uint16_t len)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
		.channel = IPMI_BMC_CHANNEL,
	};
	struct ipmi_req req = {
		.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = ++b->msgid,
		.msg = {.netfn = netfn, .cmd = cmd, .data_len = len, .data = data},
	};

	return ioctl(b->fd, IPMICTL_SEND_COMMAND, &req) < 0 ? -errno : 0;
}

/* One command; what comes after the completion code. Gives its length, or -errno. */
static int ipmi_ask(struct bmc *b, uint8_t netfn, uint8_t cmd, uint8_t *data, uint16_t len,
	uint8_t *ret, size_t size)
{
	uint8_t answer[IPMI_MAX_MSG_LENGTH];
	struct ipmi_addr addr;
	struct ipmi_recv recv = {
		.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = answer, .data_len = sizeof(answer)},
	};
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	int r = time_mono_ms() < b->give_up_ms ? ipmi_send(b, netfn, cmd, data, len) : -ETIMEDOUT;

	if (r < 0)
		return r;
	do {
		recv.msg.data_len = sizeof(answer);
		if (poll(&p, 1, ANSWER_MS) != 1)
			return -ETIMEDOUT;
		if (ioctl(b->fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0)
			return -errno;
	} while (recv.msgid != b->msgid);
	if (recv.msg.data_len < 2 || answer[0] != 0 || recv.msg.data_len - 1u > size)
		return -EPROTO;
	memcpy(ret, answer + 1, recv.msg.data_len - 1u);
	return recv.msg.data_len - 1;
}

/* A parameter's bytes after its revision. */
static int lan_param(
	struct bmc *b, uint8_t channel, uint8_t param, uint8_t set, uint8_t *ret, size_t size)
{
	uint8_t data[] = {channel, param, set, 0}, answer[64];
	int n = ipmi_ask(
		b, NETFN_TRANSPORT, CMD_GET_LAN_CONFIG, data, sizeof(data), answer, sizeof(answer));

	if (n < 1)
		return n < 0 ? n : -EPROTO;
	if ((size_t)n - 1 > size)
		return -EPROTO;
	memcpy(ret, answer + 1, (size_t)n - 1);
	return n - 1;
}

static bool put_channel(struct bmc *b, uint8_t channel, json_t *inventory)
{
	uint8_t ip[32], mac[32];
	char text[INET6_ADDRSTRLEN];

	if (lan_param(b, channel, PARAM_IP, 0, ip, sizeof(ip)) != 4 || !memcmp(ip, "\0\0\0\0", 4))
		return false;
	json_put_str(inventory, "bmc_address", inet_ntop(AF_INET, ip, text, sizeof(text)));
	if (lan_param(b, channel, PARAM_MAC, 0, mac, sizeof(mac)) == 6) {
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
		json_put_str(inventory, "bmc_mac", text);
	}
	return true;
}

static bool put_ipv6(struct bmc *b, uint8_t channel, json_t *inventory)
{
	static const uint8_t kinds[] = {PARAM_IPV6_DYNAMIC, PARAM_IPV6_STATIC};
	char text[INET6_ADDRSTRLEN];
	uint8_t data[64];

	for (size_t k = 0; k < sizeof(kinds); k++)
		for (uint8_t set = 0; set < IPV6_SETS; set++) {
			int n = lan_param(b, channel, kinds[k], set, data, sizeof(data));

			if (n < 0)
				break;
			if (!bmcinfo_ipv6(data, (size_t)n, text))
				continue;
			json_put_str(inventory, "bmc_v6address", text);
			return true;
		}
	return false;
}

static void put_device_id(struct bmc *b, json_t *inventory)
{
	uint8_t data[32];
	int n = ipmi_ask(b, NETFN_APP, CMD_GET_DEVICE_ID, NULL, 0, data, sizeof(data));
	json_t *info = n < 0 ? NULL : bmcinfo_device_id(data, (size_t)n);

	if (info)
		json_object_set_new(inventory, "bmc", info);
}

void inventory_put_bmc(json_t *inventory, bool ask)
{
	struct bmc b = {.give_up_ms = time_mono_ms() + TOTAL_MS};
	uint8_t channel = 0;

	json_put_str(inventory, "bmc_address", NULL);
	json_put_str(inventory, "bmc_v6address", NULL);
	json_put_str(inventory, "bmc_mac", NULL);
	json_object_set_new(inventory, "bmc", json_null());
	if (!ask)
		return;
	b.fd = open("/dev/ipmi0", O_RDWR | O_CLOEXEC);
	if (b.fd < 0)
		return;
	put_device_id(&b, inventory);
	for (uint8_t c = 1; c <= CHANNEL_MAX && !channel; c++)
		if (put_channel(&b, c, inventory))
			channel = c;
	for (uint8_t c = channel ? channel : 1; c <= (channel ? channel : CHANNEL_MAX); c++)
		if (put_ipv6(&b, c, inventory))
			break;
	close(b.fd);
}
