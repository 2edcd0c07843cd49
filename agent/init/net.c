/* The network thread; see net.h. Everything in it happens on news or at a time, by poll(2). */
#include "agent/init/net.h"
#include "agent/init/netif.h"
#include "agent/report/deadline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"
#include "lib/hwid/mac.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define NICS_MAX	   64
#define BOOTIF_PATIENCE_MS 60000
#define RESOLV_CONF	   "/etc/resolv.conf"

struct nic {
	char name[IFNAMSIZ];
	char mac[18];
	int ifindex;
	int fd;	 /* packet socket, -1: no DHCP here (yet) */
	int udp; /* for renewals, -1: none */
	struct dhcp_client dhcp;
};

struct net {
	const struct params *params;
	const struct sysroot *sr;
	struct journal *journal;
	pthread_t thread;
	int wake; /* eventfd: stop */
	int news;
	int64_t started_ms;
	struct nic nics[NICS_MAX];
	size_t n_nics;
	bool all; /* BOOTIF is given up */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool up, stop;
};

static bool is_ethernet(const struct sysroot *sr, const char *name)
{
	return sysroot_exists(sr, "/sys/class/net/%s/device", name) &&
	       sysroot_int(sr, 0, "/sys/class/net/%s/type", name) == ARPHRD_ETHER;
}

bool net_nic_present(const struct params *params, const struct sysroot *sr)
{
	char **names = sysroot_names(sr, "/sys/class/net");
	bool found = false;

	for (char **n = names; *n && !found; n++) {
		_cleanup_free_ char *mac = sysroot_line(sr, "/sys/class/net/%s/address", *n);

		found = is_ethernet(sr, *n) && (!params->bootif[0] || str_ieq(mac, params->bootif));
	}
	sysroot_names_free(names);
	return found;
}

static struct nic *nic_find(struct net *n, const char *name)
{
	for (size_t i = 0; i < n->n_nics; i++)
		if (str_eq(n->nics[i].name, name))
			return &n->nics[i];
	return NULL;
}

/* Every interface is turned up, so that the inspection sees which have a carrier. */
static void nic_add(struct net *n, const char *name)
{
	_cleanup_free_ char *mac = sysroot_line(n->sr, "/sys/class/net/%s/address", name);
	char up_name[IFNAMSIZ];
	struct nic *nic;
	struct err e;

	if (n->n_nics == NICS_MAX || !mac || strlen(mac) != 17 ||
		!str_copy(up_name, sizeof(up_name), name))
		return;
	if (netif_set_up(name, true, &e) < 0) {
		journal_err(n->journal, "network", &e);
		return;
	}
	nic = &n->nics[n->n_nics++];
	*nic = (struct nic){.fd = -1, .udp = -1, .ifindex = (int)if_nametoindex(name)};
	memcpy(nic->name, up_name, sizeof(nic->name));
	str_copy(nic->mac, sizeof(nic->mac), mac);
	say(n->journal, "network interface %s, %s%s", name, mac,
		str_ieq(mac, n->params->bootif) ? ", booted from here" : "");
}

static bool is_candidate(const struct net *n, const struct nic *nic)
{
	return !n->params->bootif[0] || n->all || str_ieq(nic->mac, n->params->bootif);
}

static void nic_start(struct net *n, struct nic *nic)
{
	uint8_t mac[MAC_LEN];
	struct err e;

	if (mac_parse(nic->mac, mac) < 0)
		return;
	nic->fd = netif_dhcp_open(nic->ifindex, &e);
	if (nic->fd < 0) {
		journal_err(n->journal, nic->name, &e);
		return;
	}
	say(n->journal, "asking for an address on %s", nic->name);
	dhcp_client_init(&nic->dhcp, mac, time_mono_ms());
}

static void nic_stop(struct nic *nic)
{
	mem_closep(&nic->fd);
	mem_closep(&nic->udp);
	nic->fd = nic->udp = -1;
}

static bool net_is_up(struct net *n)
{
	bool up;

	pthread_mutex_lock(&n->lock);
	up = n->up;
	pthread_mutex_unlock(&n->lock);
	return up;
}

static void net_set_up(struct net *n, bool up)
{
	pthread_mutex_lock(&n->lock);
	n->up = up;
	pthread_cond_broadcast(&n->changed);
	pthread_mutex_unlock(&n->lock);
}

/* Takes in new interfaces, and starts DHCP where a carrier has come. */
static void scan(struct net *n)
{
	char **names = sysroot_names(n->sr, "/sys/class/net");

	for (char **p = names; *p; p++)
		if (is_ethernet(n->sr, *p) && !nic_find(n, *p))
			nic_add(n, *p);
	sysroot_names_free(names);
	if (!n->all && n->params->bootif[0] && !net_is_up(n) &&
		time_mono_ms() - n->started_ms >= BOOTIF_PATIENCE_MS) {
		say_warning(n->journal,
			"no address on the interface that booted (%s); now trying all of them",
			n->params->bootif);
		n->all = true;
	}
	for (size_t i = 0; i < n->n_nics && !net_is_up(n); i++) {
		struct nic *nic = &n->nics[i];

		if (nic->fd < 0 && is_candidate(n, nic) &&
			sysroot_int(n->sr, 0, "/sys/class/net/%s/carrier", nic->name) == 1)
			nic_start(n, nic);
	}
}

static const char *address_text(uint32_t address, char buf[static INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &address, buf, INET_ADDRSTRLEN);
}

static void bound(struct net *n, struct nic *nic)
{
	const struct dhcp_lease *l = &nic->dhcp.lease;
	char address[INET_ADDRSTRLEN], server[INET_ADDRSTRLEN];
	struct err e;

	if (netif_configure(nic->name, l, &e) < 0) {
		journal_err(n->journal, nic->name, &e);
		return;
	}
	if (netif_write_resolv_conf(RESOLV_CONF, l, &e) < 0)
		journal_err(n->journal, nic->name, &e);
	if (l->hostname[0])
		(void)!sethostname(l->hostname, strnlen(l->hostname, 64));
	say(n->journal, "%s has address %s from %s for %u s", nic->name,
		address_text(l->address, address), address_text(l->server, server), l->lease_s);
	for (size_t i = 0; i < n->n_nics; i++)
		if (&n->nics[i] != nic)
			nic_stop(&n->nics[i]);
	net_set_up(n, true);
}

static void happened(struct net *n, struct nic *nic, enum dhcp_event event)
{
	switch (event) {
	case DHCP_BOUND:
		mem_closep(&nic->udp);
		nic->udp = -1;
		bound(n, nic);
		break;
	case DHCP_LOST:
		say_warning(n->journal, "%s has lost its address", nic->name);
		netif_clear(nic->name);
		net_set_up(n, false);
		break;
	case DHCP_RENEWED:
	case DHCP_NOTHING:
	case DHCP_EVENT_COUNT:
		break;
	}
}

static void nic_tick(struct net *n, struct nic *nic)
{
	uint8_t message[DHCP_MESSAGE_MAX];
	enum dhcp_send how;
	size_t len;

	happened(n, nic, dhcp_client_tick(&nic->dhcp, time_mono_ms(), message, &len, &how));
	if (how == DHCP_SEND_BROADCAST)
		(void)netif_dhcp_broadcast(nic->fd, nic->ifindex, message, len);
	else if (how == DHCP_SEND_UNICAST)
		(void)netif_dhcp_unicast(&nic->udp, &nic->dhcp.lease, message, len);
}

static void nic_read(struct net *n, struct nic *nic)
{
	uint8_t packet[2048];
	const uint8_t *payload;
	size_t len;
	ssize_t got;

	while (nic->fd >= 0 && (got = recv(nic->fd, packet, sizeof(packet), 0)) > 0)
		if (dhcp_frame_parse(packet, (size_t)got, &payload, &len) == 0)
			happened(n, nic,
				dhcp_client_input(&nic->dhcp, payload, len, time_mono_ms()));
}

static void drain(int fd)
{
	char junk[8192];

	while (recv(fd, junk, sizeof(junk), 0) > 0)
		;
}

/* Milliseconds until the next thing is due; a second at most, for carriers that come unannounced.
 */
static int next_due(const struct net *n)
{
	int64_t now = time_mono_ms(), due = now + 1000;

	for (size_t i = 0; i < n->n_nics; i++)
		if (n->nics[i].fd >= 0 && n->nics[i].dhcp.due_ms < due)
			due = n->nics[i].dhcp.due_ms;
	return due > now ? (int)(due - now) : 0;
}

static void turn(struct net *n)
{
	struct pollfd fds[NICS_MAX + 2];
	nfds_t count = 2;

	scan(n);
	fds[0] = (struct pollfd){.fd = n->wake, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = n->news, .events = POLLIN};
	for (size_t i = 0; i < n->n_nics; i++)
		fds[count++] = (struct pollfd){.fd = n->nics[i].fd, .events = POLLIN};
	if (poll(fds, count, next_due(n)) < 0)
		return;
	if (fds[1].revents)
		drain(n->news);
	for (nfds_t i = 2; i < count; i++)
		if (fds[i].revents)
			nic_read(n, &n->nics[i - 2]);
	for (size_t i = 0; i < n->n_nics; i++)
		if (n->nics[i].fd >= 0 && n->nics[i].dhcp.due_ms <= time_mono_ms())
			nic_tick(n, &n->nics[i]);
}

static void *net_thread(void *arg)
{
	struct net *n = arg;
	bool stop = false;

	while (!stop) {
		turn(n);
		pthread_mutex_lock(&n->lock);
		stop = n->stop;
		pthread_mutex_unlock(&n->lock);
	}
	return NULL;
}

int net_start(const struct params *params, const struct sysroot *sr, struct journal *j,
	struct net **ret, struct err *e)
{
	struct net *n = xcalloc(1, sizeof(*n));
	pthread_condattr_t attr;
	struct err ignored;
	int r;

	n->params = params;
	n->sr = sr;
	n->journal = j;
	n->started_ms = time_mono_ms();
	pthread_mutex_init(&n->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&n->changed, &attr);
	pthread_condattr_destroy(&attr);
	(void)netif_set_up("lo", true, &ignored);
	n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->news = netif_news_open(e);
	r = n->news < 0 ? n->news : -pthread_create(&n->thread, NULL, net_thread, n);
	if (r < 0) {
		mem_closep(&n->wake);
		mem_closep(&n->news);
		free(n);
		return err_prefix(e, "network");
	}
	*ret = n;
	return 0;
}

bool net_wait(struct net *n, int timeout_ms)
{
	struct timespec until = deadline_in_ms(timeout_ms);
	bool up;

	pthread_mutex_lock(&n->lock);
	while (!n->up && pthread_cond_timedwait(&n->changed, &n->lock, &until) != ETIMEDOUT)
		;
	up = n->up;
	pthread_mutex_unlock(&n->lock);
	return up;
}

void net_stop(struct net *n)
{
	struct err ignored;

	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->stop = true;
	pthread_mutex_unlock(&n->lock);
	(void)!eventfd_write(n->wake, 1);
	pthread_join(n->thread, NULL);
	for (size_t i = 0; i < n->n_nics; i++) {
		nic_stop(&n->nics[i]);
		(void)netif_set_up(n->nics[i].name, false, &ignored);
	}
	mem_closep(&n->wake);
	mem_closep(&n->news);
	pthread_cond_destroy(&n->changed);
	pthread_mutex_destroy(&n->lock);
	free(n);
}
