/* What the interface has: its IPv4 address and an IPv6 prefix to advertise. */
#include "boot/settings.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

/* linux/ipv6.h clashes with netinet/in.h; this is its struct for SIOCSIFADDR. */
struct ipv6_request {
	struct in6_addr addr;
	uint32_t prefix_len;
	int ifindex;
};

static struct in_addr in4(const struct sockaddr *sa)
{
	return ((const struct sockaddr_in *)(const void *)sa)->sin_addr;
}

static void take_address(const struct ifaddrs *a, const char *wanted, struct boot_network *net)
{
	char text[INET_ADDRSTRLEN] = "";
	const struct in6_addr *six;

	if (a->ifa_addr->sa_family == AF_INET && !net->address.s_addr && a->ifa_netmask) {
		struct in_addr addr = in4(a->ifa_addr);

		inet_ntop(AF_INET, &addr, text, sizeof(text));
		if (str_empty(wanted) || str_eq(wanted, text)) {
			net->address = addr;
			net->netmask = in4(a->ifa_netmask);
		}
	}
	if (a->ifa_addr->sa_family == AF_INET6 && !net->has_ula) {
		six = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
		if (IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_LOOPBACK(six))
			return;
		net->has_ula = true;
		net->prefix = *six;
		memset(&net->prefix.s6_addr[8], 0, 8);
	}
}

int network_find(
	const char *interface, const char *address, struct boot_network *ret, struct err *e)
{
	struct boot_network net = {0};
	struct ifaddrs *all;
	bool seen = false;

	if (getifaddrs(&all) < 0)
		return err_errno(e, errno, "read the interfaces' addresses");
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!str_eq(a->ifa_name, interface))
			continue;
		seen = true;
		if (a->ifa_addr)
			take_address(a, address, &net);
	}
	freeifaddrs(all);
	if (!seen)
		return err_set(e, ENODEV, "interface %s does not exist; see `ip link`", interface);
	if (!net.address.s_addr && str_empty(address))
		return err_set(e, EADDRNOTAVAIL,
			"interface %s has no IPv4 address; give it one, e.g. `ip address add "
			"10.0.0.1/24 dev %s`",
			interface, interface);
	if (!net.address.s_addr)
		return err_set(e, EADDRNOTAVAIL, "interface %s does not have address %s", interface,
			address);
	*ret = net;
	return 0;
}

static int change_ipv6(
	const char *interface, const struct in6_addr *address, unsigned long request, struct err *e)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ipv6_request rq = {.addr = *address, .prefix_len = 64};

	rq.ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || ioctl(fd, request, &rq) < 0)
		return err_errno(e, errno, "change the IPv6 addresses of %s", interface);
	return 0;
}

int network_add_ula(const char *interface, struct in6_addr *ret_address, struct err *e)
{
	struct in6_addr addr = {0};
	int r;

	if (getrandom(&addr.s6_addr[1], 5, 0) != 5)
		return err_set(e, EIO, "no random bytes for an IPv6 address");
	addr.s6_addr[0] = 0xfd; /* RFC 4193 section 3.1: locally assigned, 40 random bits */
	addr.s6_addr[15] = 1;
	r = change_ipv6(interface, &addr, SIOCSIFADDR, e);
	if (r == 0)
		*ret_address = addr;
	return r;
}

int network_put_ula(const char *interface, const struct in6_addr *address, struct err *e)
{
	return change_ipv6(interface, address, SIOCSIFADDR, e);
}

int network_remove_ula(const char *interface, const struct in6_addr *address, struct err *e)
{
	return change_ipv6(interface, address, SIOCDIFADDR, e);
}
