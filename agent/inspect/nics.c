/* Network interfaces of the inventory: every Ethernet device with hardware behind it. */
#include "agent/inspect/inventory.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The nearest PCI function above a device ("0000:00:03.0"); allocated, NULL when there is none. */
static char *pci_of(const struct sysroot *sr, const char *name)
{
	_cleanup_free_ char *path = sysroot_real(sr, "/sys/class/net/%s/device", name);
	char *slash;
	unsigned n;
	char c;

	while (path && (slash = strrchr(path, '/'))) {
		if (sscanf(slash + 1, "%x:%x:%x.%x%c", &n, &n, &n, &n, &c) == 4)
			return xstrdup(slash + 1);
		*slash = '\0';
	}
	return NULL;
}

/* First usable address of a family; link-local ones only for want of another. */
static void put_addresses(json_t *nic, const char *name, const struct ifaddrs *all)
{
	char text[INET6_ADDRSTRLEN];

	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || strcmp(a->ifa_name, name))
			continue;
		if (a->ifa_addr->sa_family == AF_INET && !json_str(nic, "ipv4_address")) {
			const struct sockaddr_in *in = (const void *)a->ifa_addr;

			json_put_str(nic, "ipv4_address",
				inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)));
		} else if (a->ifa_addr->sa_family == AF_INET6) {
			const struct sockaddr_in6 *in6 = (const void *)a->ifa_addr;
			const char *have = json_str(nic, "ipv6_address");

			if (!have || str_starts(have, "fe80:"))
				json_put_str(nic, "ipv6_address",
					inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text)));
		}
	}
}

/* What the driver says of its device's firmware; "" where it says nothing. */
static void firmware_of(const char *name, char ret[static ETHTOOL_FWVERS_LEN + 1])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_data = (char *)&info};

	ret[0] = '\0';
	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &ifr) < 0 || str_eq(info.fw_version, "N/A"))
		return;
	memcpy(ret, info.fw_version, ETHTOOL_FWVERS_LEN);
	ret[ETHTOOL_FWVERS_LEN] = '\0';
}

/* The name of the slot that a PCI device is in ("3"): its folder's address lacks the function. */
static char *slot_of(const struct sysroot *sr, const char *pci)
{
	char **names = sysroot_names(sr, "/sys/bus/pci/slots"), *found = NULL;

	for (char **n = names; *n && !found; n++) {
		_cleanup_free_ char *address =
			sysroot_line(sr, "/sys/bus/pci/slots/%s/address", *n);

		if (address && str_starts(pci, address) && pci[strlen(address)] == '.')
			found = xstrdup(*n);
	}
	sysroot_names_free(names);
	return found;
}

/*
 * As biosdevname(1) would call it: em1 on the board, p3p2 the second port of the card in slot 3.
 * The firmware numbers what is on the board; a function with several ports numbers those itself.
 */
static char *bios_name(const struct sysroot *sr, const char *name, const char *pci)
{
	int64_t index = sysroot_int(sr, 0, "/sys/bus/pci/devices/%s/index", pci ? pci : "-");
	int64_t port = sysroot_int(sr, 0, "/sys/class/net/%s/dev_port", name);
	_cleanup_free_ char *slot = NULL;
	const char *dot = pci ? strrchr(pci, '.') : NULL;

	if (index > 0)
		return xasprintf("em%lld", (long long)(index + port));
	slot = dot ? slot_of(sr, pci) : NULL;
	return slot ? xasprintf("p%sp%lld", slot, (long long)(atoi(dot + 1) + port + 1)) : NULL;
}

static void put_line(json_t *o, const char *key, char *line)
{
	json_put_str(o, key, line);
	free(line);
}

static json_t *nic_collect(const struct sysroot *sr, const char *name, const struct ifaddrs *all)
{
	static const char *const unknown[] = {"ipv4_address", "ipv6_address", "lldp", "client_id"};
	int64_t speed = sysroot_int(sr, -1, "/sys/class/net/%s/speed", name);
	_cleanup_free_ char *pci = pci_of(sr, name);
	char firmware[ETHTOOL_FWVERS_LEN + 1] = "";
	json_t *nic = json_object();

	if (sysroot_live(sr))
		firmware_of(name, firmware);

	json_put_str(nic, "name", name);
	put_line(nic, "mac_address", sysroot_line(sr, "/sys/class/net/%s/address", name));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json_object_set_new(nic, unknown[i], json_null());
	json_put_bool(
		nic, "has_carrier", sysroot_int(sr, 0, "/sys/class/net/%s/carrier", name) == 1);
	put_line(nic, "vendor", sysroot_line(sr, "/sys/class/net/%s/device/vendor", name));
	put_line(nic, "product", sysroot_line(sr, "/sys/class/net/%s/device/device", name));
	json_object_set_new(
		nic, "speed_mbps", speed > 0 ? json_integer((json_int_t)speed) : json_null());
	put_line(nic, "biosdevname", bios_name(sr, name, pci));
	json_put_str(nic, "pci_address", pci);
	json_put_str(nic, "firmware", firmware[0] ? firmware : NULL);
	put_line(nic, "driver", sysroot_link(sr, "/sys/class/net/%s/device/driver", name));
	put_addresses(nic, name, all);
	return nic;
}

json_t *inventory_nics(const struct sysroot *sr)
{
	char **names = sysroot_names(sr, "/sys/class/net");
	struct ifaddrs *all = NULL;
	json_t *list = json_array();

	if (sysroot_live(sr) && getifaddrs(&all) < 0)
		all = NULL;
	for (char **n = names; *n; n++)
		if (sysroot_exists(sr, "/sys/class/net/%s/device", *n) &&
			sysroot_int(sr, 0, "/sys/class/net/%s/type", *n) == ARPHRD_ETHER)
			json_array_append_new(list, nic_collect(sr, *n, all));
	if (all)
		freeifaddrs(all);
	sysroot_names_free(names);
	return list;
}
