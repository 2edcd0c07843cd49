/* The BMC's own addresses, asked over /dev/ipmi0 (IPMI v2.0 section 23.2, Get LAN Configuration).
 */
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

#define NETFN_TRANSPORT	   0x0c
#define CMD_GET_LAN_CONFIG 0x02
#define PARAM_IP	   3
#define PARAM_MAC	   5
#define CHANNEL_MAX	   11
#define ANSWER_MS	   1000
#define TOTAL_MS	   3000

static int ipmi_send(int fd, long msgid, uint8_t channel, uint8_t param)
{
	uint8_t data[] = {channel, param, 0, 0};
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
		.channel = IPMI_BMC_CHANNEL,
	};
	struct ipmi_req req = {
		.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = msgid,
		.msg = {.netfn = NETFN_TRANSPORT,
			.cmd = CMD_GET_LAN_CONFIG,
			.data_len = sizeof(data),
			.data = data},
	};

	return ioctl(fd, IPMICTL_SEND_COMMAND, &req) < 0 ? -errno : 0;
}

/* The parameter's bytes, after completion code and revision. Gives their number, or -errno. */
static int lan_param(int fd, uint8_t channel, uint8_t param, uint8_t *ret, size_t size)
{
	static _Thread_local long msgid;
	uint8_t data[IPMI_MAX_MSG_LENGTH];
	struct ipmi_addr addr;
	struct ipmi_recv recv = {
		.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = data, .data_len = sizeof(data)},
	};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r = ipmi_send(fd, ++msgid, channel, param);

	if (r < 0)
		return r;
	do {
		recv.msg.data_len = sizeof(data);
		if (poll(&p, 1, ANSWER_MS) != 1)
			return -ETIMEDOUT;
		if (ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0)
			return -errno;
	} while (recv.msgid != msgid);
	if (recv.msg.data_len < 3 || data[0] != 0 || recv.msg.data_len - 2u > size)
		return -EPROTO;
	memcpy(ret, data + 2, recv.msg.data_len - 2u);
	return recv.msg.data_len - 2;
}

static bool put_channel(int fd, uint8_t channel, json_t *inventory)
{
	uint8_t ip[32], mac[32];
	char text[INET6_ADDRSTRLEN];

	if (lan_param(fd, channel, PARAM_IP, ip, sizeof(ip)) != 4 || !memcmp(ip, "\0\0\0\0", 4))
		return false;
	json_put_str(inventory, "bmc_address", inet_ntop(AF_INET, ip, text, sizeof(text)));
	if (lan_param(fd, channel, PARAM_MAC, mac, sizeof(mac)) == 6) {
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
		json_put_str(inventory, "bmc_mac", text);
	}
	return true;
}

void inventory_put_bmc(const struct sysroot *sr, json_t *inventory)
{
	_cleanup_close_ int fd = -1;
	int64_t give_up_ms = time_mono_ms() + TOTAL_MS;

	json_put_str(inventory, "bmc_address", NULL);
	json_put_str(inventory, "bmc_v6address", NULL);
	json_put_str(inventory, "bmc_mac", NULL);
	if (!sysroot_live(sr))
		return;
	fd = open("/dev/ipmi0", O_RDWR | O_CLOEXEC);
	for (uint8_t c = 1; fd >= 0 && c <= CHANNEL_MAX && time_mono_ms() < give_up_ms; c++)
		if (put_channel(fd, c, inventory))
			return;
}
