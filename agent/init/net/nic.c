/* What both families of an interface share; see nic.h. */
#include "agent/init/net/nic.h"
#include "lib/base/str.h"

#include <string.h>

void nic_init(struct nic *nic, const char *name, const char *mac, int ifindex, struct journal *j)
{
	*nic = (struct nic){.ifindex = ifindex, .journal = j, .fd = -1, .udp = -1, .fd6 = -1};
	str_copy(nic->name, sizeof(nic->name), name);
	str_copy(nic->mac, sizeof(nic->mac), mac);
}

void nic_stop(struct nic *nic)
{
	nic4_stop(nic);
	nic6_stop(nic);
}

int64_t nic_due(const struct nic *nic, int64_t dflt)
{
	int64_t due = dflt;

	if (nic->fd >= 0 && nic->dhcp.due_ms < due)
		due = nic->dhcp.due_ms;
	if (nic->fd6 >= 0 && nic->dhcp6.due_ms < due)
		due = nic->dhcp6.due_ms;
	return due;
}

static size_t add_dns(struct ip *list, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (ip_eq(&list[i], ip))
			return n;
	if (n < NIC_DNS_MAX && ip_is_station(ip))
		list[n++] = *ip;
	return n;
}

size_t nic_dns(const struct nic *nic, struct ip ret[static NIC_DNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; nic->bound4 && i < nic->dhcp.lease.n_dns; i++) {
		struct ip ip = ip_v4(nic->dhcp.lease.dns[i]);

		n = add_dns(ret, n, &ip);
	}
	for (size_t i = 0; nic->fd6 >= 0 && i < nic->dhcp6.lease.n_dns; i++)
		n = add_dns(ret, n, &nic->dhcp6.lease.dns[i]);
	for (size_t i = 0; nic->has_ra && i < nic->ra.n_dns; i++)
		n = add_dns(ret, n, &nic->ra.dns[i]);
	return n;
}

const char *nic_domain(const struct nic *nic)
{
	if (nic->bound4 && nic->dhcp.lease.domain[0])
		return nic->dhcp.lease.domain;
	if (nic->fd6 >= 0 && nic->dhcp6.lease.domain[0])
		return nic->dhcp6.lease.domain;
	return nic->has_ra ? nic->ra.domain : "";
}
