/* IPv6 on an interface, beside what the kernel does by itself; see nic.h. The states are dhcp6.c's.
 */
#include "agent/init/net/netif6.h"
#include "agent/init/net/netlink.h"
#include "agent/init/net/nic.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/hwid/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void nic6_start(struct nic *nic, bool stateful)
{
	uint8_t mac[MAC_LEN];
	struct err e;

	if (mac_parse(nic->mac, mac) < 0)
		return;
	nic->fd6 = netif6_dhcp_open(nic->name, &e);
	if (nic->fd6 < 0) {
		snprintf(nic->problem, sizeof(nic->problem), "%.150s", e.text);
		return;
	}
	say(nic->journal, "asking for %s on %s by DHCPv6", stateful ? "an address" : "name servers",
		nic->name);
	dhcp6_client_init(&nic->dhcp6, mac, stateful, time_mono_ms());
}

static void drop_address(struct nic *nic)
{
	if (nic->leased6.family)
		(void)netlink_address(nic->ifindex, &nic->leased6, 128, false);
	nic->leased6 = (struct ip){0};
}

void nic6_stop(struct nic *nic)
{
	uint8_t message[DHCP6_MESSAGE_MAX];
	size_t len;

	if (nic->fd6 < 0)
		return;
	drop_address(nic); /* RFC 8415 18.2.7: no longer used when it is given back */
	len = dhcp6_client_release(&nic->dhcp6, time_mono_ms(), message);
	if (len)
		(void)netif6_dhcp_send(nic->fd6, nic->ifindex, message, len);
	mem_closep(&nic->fd6);
	nic->fd6 = -1;
}

/* The address stands alone (128 bits); which others are on the link, routers say. */
static bool bound(struct nic *nic)
{
	const struct dhcp6_lease *l = &nic->dhcp6.lease;
	char text[IP_TEXT_MAX];
	int r;

	if (!ip_eq(&nic->leased6, &l->address))
		drop_address(nic);
	if (!l->address.family)
		return true; /* name servers only */
	r = netlink_address(nic->ifindex, &l->address, 128, true);
	if (r < 0) {
		snprintf(nic->problem, sizeof(nic->problem), "give it %s: %s",
			ip_text(&l->address, text), strerror(-r));
		say_error(nic->journal, "%s: %s", nic->name, nic->problem);
		return false;
	}
	nic->leased6 = l->address;
	nic->problem[0] = '\0';
	say(nic->journal, "%s has address %s by DHCPv6 for %u s", nic->name,
		ip_text(&l->address, text), l->valid_s);
	return true;
}

static bool happened(struct nic *nic, enum dhcp6_event event)
{
	switch (event) {
	case DHCP6_BOUND:
		return bound(nic);
	case DHCP6_LOST:
		say_warning(nic->journal, "%s has lost its address of DHCPv6", nic->name);
		drop_address(nic);
		return true;
	case DHCP6_RENEWED:
	case DHCP6_NOTHING:
	case DHCP6_EVENT_COUNT:
		break;
	}
	return false;
}

static void note_problem(struct nic *nic)
{
	const struct dhcp6_client *c = &nic->dhcp6;

	if (c->refusal && !nic->leased6.family)
		snprintf(nic->problem, sizeof(nic->problem), "the DHCPv6 server says %s%s%s",
			dhcp6_status_name(c->refusal), c->message[0] ? ": " : "", c->message);
	else if (c->state == DHCP6_STATE_SOLICITING && c->sent > 3)
		snprintf(nic->problem, sizeof(nic->problem), "no DHCPv6 server has answered");
}

bool nic6_tick(struct nic *nic)
{
	uint8_t message[DHCP6_MESSAGE_MAX];
	bool changed;
	size_t len;

	if (nic->fd6 < 0 || nic->dhcp6.due_ms > time_mono_ms())
		return false;
	changed = happened(nic, dhcp6_client_tick(&nic->dhcp6, time_mono_ms(), message, &len));
	/* before the link-local address was checked there is none to send from: soon again */
	if (len && netif6_dhcp_send(nic->fd6, nic->ifindex, message, len) == -EADDRNOTAVAIL)
		nic->dhcp6.due_ms = time_mono_ms() + 250;
	note_problem(nic);
	return changed;
}

bool nic6_read(struct nic *nic)
{
	uint8_t message[2048];
	bool changed = false;
	ssize_t got;

	while (nic->fd6 >= 0 && (got = recv(nic->fd6, message, sizeof(message), 0)) > 0)
		if (happened(nic,
			    dhcp6_client_input(&nic->dhcp6, message, (size_t)got, time_mono_ms())))
			changed = true;
	return changed;
}

bool nic6_advertised(struct nic *nic, const struct ra *ra)
{
	bool changed = !nic->has_ra || memcmp(&nic->ra, ra, sizeof(*ra));

	nic->ra = *ra;
	nic->has_ra = true;
	return changed;
}
