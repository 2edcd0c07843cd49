/* IPv6 sockets and addresses; see netif6.h. */
#include "agent/init/net/netif6.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define IF_INET6_MAX (256 * 1024)
#define SCOPE_GLOBAL 0x00

int netif6_ra_open(struct err *e)
{
	_cleanup_close_ int fd =
		socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	struct icmp6_filter filter;
	int one = 1;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
	if (fd < 0 || setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one)) < 0)
		return err_errno(e, errno, "listen for router advertisements");
	return TAKE_FD(fd);
}

/* Interface and hop limit that came with a message; 0 and -1 without. */
static void ancillary(struct msghdr *m, int *ret_ifindex, int *ret_hops)
{
	*ret_ifindex = 0;
	*ret_hops = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct in6_pktinfo info;

		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_HOPLIMIT) {
			memcpy(ret_hops, CMSG_DATA(c), sizeof(*ret_hops));
		} else if (c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ret_ifindex = (int)info.ipi6_ifindex;
		}
	}
}

int netif6_ra_read(int fd, int *ret_ifindex, struct ra *ret)
{
	uint8_t data[2048], control[256];
	struct sockaddr_in6 from = {0};
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr m = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, 0);
	int hops;

	if (n < 0)
		return -errno;
	ancillary(&m, ret_ifindex, &hops);
	if (hops != 255 || !IN6_IS_ADDR_LINKLOCAL(&from.sin6_addr))
		return -EINVAL;
	return ra_parse(data, (size_t)n, ret);
}

int netif6_dhcp_open(const char *name, struct err *e)
{
	struct sockaddr_in6 us = {.sin6_family = AF_INET6, .sin6_port = htons(546)};
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)&us, sizeof(us)) < 0)
		return err_errno(e, errno, "open a socket for DHCPv6 on %s", name);
	return TAKE_FD(fd);
}

int netif6_dhcp_send(int fd, int ifindex, const uint8_t *message, size_t len)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
		.sin6_port = htons(547),
		.sin6_scope_id = (uint32_t)ifindex};

	inet_pton(AF_INET6, "ff02::1:2", &to.sin6_addr);
	return sendto(fd, message, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

/* "fd770000000000000000000000000001 02 40 00 80 eth0": address, index, prefix, scope, flags, name.
 */
bool netif6_line(const char *line, const char *name, struct ip *ret)
{
	unsigned index, bits, scope, flags;
	char hex[33], device[IFNAMSIZ];
	struct ip ip = {.family = IP_V6};

	if (sscanf(line, "%32s %x %x %x %x %15s", hex, &index, &bits, &scope, &flags, device) !=
			6 ||
		!str_eq(device, name) || scope != SCOPE_GLOBAL ||
		(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)) ||
		hex_decode(hex, ip.bytes, sizeof(ip.bytes)) != 16)
		return false;
	*ret = ip;
	return true;
}

bool netif6_address(const struct sysroot *sr, const char *name, struct ip *ret)
{
	_cleanup_free_ char *path = sysroot_path(sr, "/proc/net/if_inet6"), *text = NULL;
	char *save = NULL;

	if (fs_read(path, IF_INET6_MAX, &text, NULL, NULL) < 0)
		return false;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (netif6_line(l, name, ret))
			return true;
	return false;
}
