/* DHCPv4 on an interface; see nic.h. The states are dhcp.c's. */
#include "agent/init/net/netif.h"
#include "agent/init/net/nic.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/hwid/mac.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void nic4_start(struct nic *nic)
{
	uint8_t mac[MAC_LEN];
	struct err e;

	if (mac_parse(nic->mac, mac) < 0)
		return;
	nic->fd = netif_dhcp_open(nic->ifindex, &e);
	if (nic->fd < 0) {
		snprintf(nic->problem, sizeof(nic->problem), "%.150s", e.text);
		return;
	}
	say(nic->journal, "asking for an address on %s", nic->name);
	dhcp_client_init(&nic->dhcp, mac, time_mono_ms());
}

void nic4_stop(struct nic *nic)
{
	mem_closep(&nic->fd);
	mem_closep(&nic->udp);
	nic->fd = nic->udp = -1;
	nic->bound4 = false;
}

static bool bound(struct nic *nic)
{
	const struct dhcp_lease *l = &nic->dhcp.lease;
	struct ip ours = ip_v4(l->address), theirs = ip_v4(l->server);
	char address[IP_TEXT_MAX], server[IP_TEXT_MAX];
	struct err e;

	mem_closep(&nic->udp);
	nic->udp = -1;
	if (netif_configure(nic->name, l, &e) < 0) {
		journal_err(nic->journal, nic->name, &e);
		snprintf(nic->problem, sizeof(nic->problem), "%.150s", e.text);
		return false;
	}
	if (l->hostname[0])
		(void)!sethostname(l->hostname, strnlen(l->hostname, 64));
	say(nic->journal, "%s has address %s from %s for %u s", nic->name, ip_text(&ours, address),
		ip_text(&theirs, server), l->lease_s);
	nic->problem[0] = '\0';
	nic->bound4 = true;
	return true;
}

static bool happened(struct nic *nic, enum dhcp_event event)
{
	switch (event) {
	case DHCP_BOUND:
		return bound(nic);
	case DHCP_LOST:
		say_warning(nic->journal, "%s has lost its address", nic->name);
		netif_clear(nic->name);
		nic->bound4 = false;
		return true;
	case DHCP_RENEWED:
	case DHCP_NOTHING:
	case DHCP_EVENT_COUNT:
		break;
	}
	return false;
}

bool nic4_tick(struct nic *nic)
{
	uint8_t message[DHCP_MESSAGE_MAX];
	enum dhcp_send how;
	bool changed;
	size_t len;

	if (nic->fd < 0 || nic->dhcp.due_ms > time_mono_ms())
		return false;
	changed = happened(nic, dhcp_client_tick(&nic->dhcp, time_mono_ms(), message, &len, &how));
	if (how == DHCP_SEND_BROADCAST)
		(void)netif_dhcp_broadcast(nic->fd, nic->ifindex, message, len);
	else if (how == DHCP_SEND_UNICAST)
		(void)netif_dhcp_unicast(&nic->udp, &nic->dhcp.lease, message, len);
	if (!nic->bound4 && nic->dhcp.attempt > 2)
		snprintf(nic->problem, sizeof(nic->problem), "no DHCP server has answered");
	return changed;
}

bool nic4_read(struct nic *nic)
{
	const uint8_t *payload;
	uint8_t packet[2048];
	bool changed = false;
	ssize_t got;
	size_t len;

	while (nic->fd >= 0 && (got = recv(nic->fd, packet, sizeof(packet), 0)) > 0)
		if (dhcp_frame_parse(packet, (size_t)got, &payload, &len) == 0 &&
			happened(nic, dhcp_client_input(&nic->dhcp, payload, len, time_mono_ms())))
			changed = true;
	return changed;
}
