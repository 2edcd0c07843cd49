/* Interface configuration; see netif.h. */
#include "agent/init/net/netif.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One ioctl on a socket of its own; ifr->ifr_name is set here. */
static int if_ioctl(const char *name, unsigned long what, struct ifreq *ifr)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	str_copy(ifr->ifr_name, sizeof(ifr->ifr_name), name);
	return ioctl(fd, what, ifr) < 0 ? -errno : 0;
}

static void put_address(struct sockaddr *sa, uint32_t address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = address};

	memcpy(sa, &in, sizeof(in));
}

int netif_set_up(const char *name, bool up, struct err *e)
{
	struct ifreq ifr = {0};
	int r = if_ioctl(name, SIOCGIFFLAGS, &ifr);

	if (r == 0) {
		ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
		r = if_ioctl(name, SIOCSIFFLAGS, &ifr);
	}
	return r < 0 ? err_errno(e, -r, "turn %s %s", name, up ? "up" : "down") : 0;
}

static int set_address(const char *name, unsigned long what, uint32_t address)
{
	struct ifreq ifr = {0};

	put_address(&ifr.ifr_addr, address);
	return if_ioctl(name, what, &ifr);
}

static int add_route(const char *name, uint32_t destination, uint32_t netmask, uint32_t gateway)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_free_ char *dev = xstrdup(name);
	struct rtentry rt = {.rt_flags = RTF_UP, .rt_dev = dev};

	if (fd < 0)
		return -errno;
	put_address(&rt.rt_dst, destination);
	put_address(&rt.rt_genmask, netmask);
	put_address(&rt.rt_gateway, gateway);
	if (gateway)
		rt.rt_flags |= RTF_GATEWAY;
	if (netmask == 0xffffffff)
		rt.rt_flags |= RTF_HOST;
	return ioctl(fd, SIOCADDRT, &rt) < 0 && errno != EEXIST ? -errno : 0;
}

/* A router outside the subnet is reached directly, as many cloud networks want it. */
static void add_lease_route(const char *name, const struct dhcp_route *r)
{
	if (add_route(name, r->destination, r->netmask, r->gateway) != -ENETUNREACH)
		return;
	if (add_route(name, r->gateway, 0xffffffff, 0) == 0)
		add_route(name, r->destination, r->netmask, r->gateway);
}

/* The class of an address decides where no mask is given (RFC 791). */
static uint32_t netmask_for(const struct dhcp_lease *l)
{
	uint8_t first = (uint8_t)(ntohl(l->address) >> 24);

	if (l->netmask)
		return l->netmask;
	return htonl(first < 128 ? 0xff000000 : first < 192 ? 0xffff0000 : 0xffffff00);
}

int netif_configure(const char *name, const struct dhcp_lease *lease, struct err *e)
{
	uint32_t netmask = netmask_for(lease);
	struct ifreq ifr = {.ifr_mtu = lease->mtu};
	int r = 0;

	if (lease->mtu)
		(void)if_ioctl(name, SIOCSIFMTU, &ifr); /* a NIC that cannot keeps its own */
	r = set_address(name, SIOCSIFADDR, lease->address);
	if (r == 0)
		r = set_address(name, SIOCSIFNETMASK, netmask);
	if (r == 0)
		r = set_address(name, SIOCSIFBRDADDR,
			lease->broadcast ? lease->broadcast : lease->address | ~netmask);
	if (r < 0)
		return err_errno(e, -r, "give %s its address", name);
	for (size_t i = 0; i < lease->n_routes; i++)
		add_lease_route(name, &lease->routes[i]);
	return 0;
}

void netif_clear(const char *name)
{
	(void)set_address(name, SIOCSIFADDR, 0);
}

/* IPv4, not a fragment, UDP, to port 68; the packet begins with its IP header. */
static int attach_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 68, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	static const struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int netif_dhcp_open(int ifindex, struct err *e)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = ifindex};
	/* protocol 0: nothing is received before the filter is in place */
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || attach_filter(fd) < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		return err_errno(e, errno, "open a packet socket for DHCP");
	return TAKE_FD(fd);
}

int netif_dhcp_broadcast(int fd, int ifindex, const uint8_t *message, size_t len)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = ifindex,
		.sll_halen = 6,
		.sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	uint8_t frame[DHCP_FRAME_MAX];
	size_t n = dhcp_frame_build(message, len, frame);

	return sendto(fd, frame, n, 0, (struct sockaddr *)&ll, sizeof(ll)) < 0 ? -errno : 0;
}

int netif_dhcp_unicast(int *fd, const struct dhcp_lease *lease, const uint8_t *message, size_t len)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET, .sin_port = htons(68), .sin_addr.s_addr = lease->address};
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = lease->server};
	int one = 1;

	if (*fd < 0) {
		_cleanup_close_ int s =
			socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
			bind(s, (struct sockaddr *)&from, sizeof(from)) < 0)
			return -errno;
		*fd = TAKE_FD(s);
	}
	return sendto(*fd, message, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

int netif_news_open(struct err *e)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV6_IFADDR};
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_errno(e, errno, "listen to news of network interfaces");
	return TAKE_FD(fd);
}
