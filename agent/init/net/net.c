/* The network thread; see net.h. Everything in it happens on news or at a time, by poll(2). */
#include "agent/init/net/netif.h"
#include "agent/init/net/netif6.h"
#include "agent/init/net/netstate.h"
#include "lib/base/buf.h"
#include "lib/base/deadline.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESOLV_DNS_MAX 3 /* resolv.conf(5) */

static bool is_ethernet(const struct sysroot *sr, const char *name, bool virtual_too)
{
	return (virtual_too || sysroot_exists(sr, "/sys/class/net/%s/device", name)) &&
	       sysroot_int(sr, 0, "/sys/class/net/%s/type", name) == ARPHRD_ETHER;
}

bool net_nic_present(const struct params *params, const struct sysroot *sr)
{
	char **names = sysroot_names(sr, "/sys/class/net");
	bool found = false;

	for (char **n = names; *n && !found; n++) {
		_cleanup_free_ char *mac = sysroot_line(sr, "/sys/class/net/%s/address", *n);

		found = is_ethernet(sr, *n, false) &&
			(!params->bootif[0] || str_ieq(mac, params->bootif));
	}
	sysroot_names_free(names);
	return found;
}

struct nic *net_nic(struct net *n, const char *name)
{
	for (size_t i = 0; i < n->n_nics; i++)
		if (str_eq(n->nics[i].name, name))
			return &n->nics[i];
	return NULL;
}

bool net_carrier(const struct net *n, const struct nic *nic)
{
	return sysroot_int(n->c.sr, 0, "/sys/class/net/%s/carrier", nic->name) == 1;
}

/* Every interface is turned up, so that the inspection sees which have a carrier. */
struct nic *net_add(struct net *n, const char *name)
{
	_cleanup_free_ char *mac = sysroot_line(n->c.sr, "/sys/class/net/%s/address", name);
	struct nic *nic = &n->nics[n->n_nics];

	if (n->n_nics == NET_NICS_MAX || !mac || strlen(mac) != 17 || strlen(name) >= IFNAMSIZ ||
		!netup_try(n, name))
		return NULL;
	nic_init(nic, name, mac, (int)if_nametoindex(name), n->c.journal);
	n->n_nics++;
	say(n->c.journal, "network interface %s, %s%s", name, mac,
		str_ieq(mac, n->c.params->bootif) ? ", booted from here" : "");
	return nic;
}

/* May this interface be asked for an address, and how? */
static unsigned ways_of(const struct net *n, const struct nic *nic)
{
	bool boots = !n->c.params->bootif[0] || str_ieq(nic->mac, n->c.params->bootif);

	if (nic->planned)
		return nic->ways;
	if (n->all || (!n->plan && (boots || n->c.params->dhcp_all || nic->stacked)))
		return NIC_DHCP4 | NIC_RA;
	return 0;
}

static bool nic_has4(const struct nic *nic)
{
	return nic->bound4 || nic->static4;
}

/* Its first address of IPv6, said once. */
static bool nic_has6(const struct net *n, struct nic *nic, struct ip *ret)
{
	char text[IP_TEXT_MAX];

	if (!netif6_address(n->c.sr, nic->name, ret))
		return false;
	if (!ip_eq(ret, &nic->told6))
		say(n->c.journal, "%s has address %s", nic->name, ip_text(ret, text));
	nic->told6 = *ret;
	return true;
}

/* Which families reach the API: all when its URL has a name, or when there is none. */
static void wanted_families(const struct params *p, bool *ret_4, bool *ret_6)
{
	bool named = !p->n_api_urls;

	*ret_4 = *ret_6 = false;
	for (size_t i = 0; i < p->n_api_urls; i++) {
		const char *host = strstr(p->api_urls[i], "://");

		host = host ? host + 3 : "";
		if (host[0] == '[')
			*ret_6 = true;
		else if (host[0] && strspn(host, "0123456789.") == strcspn(host, ":/"))
			*ret_4 = true;
		else
			named = true;
	}
	*ret_4 |= named;
	*ret_6 |= named;
}

static bool is_up(struct net *n)
{
	bool up;

	pthread_mutex_lock(&n->lock);
	up = n->up;
	pthread_mutex_unlock(&n->lock);
	return up;
}

/* "eth0 10.0.0.5 fd77::5", "eth1: no carrier" */
static void describe(const struct net *n, struct nic *nic, bool carrier, struct buf *out)
{
	struct ip ip4 = ip_v4(nic->dhcp.lease.address), ip6;
	char text[IP_TEXT_MAX];
	bool has6 = nic_has6(n, nic, &ip6);

	buf_printf(out, "%s %s", nic->name, nic->mac);
	if (nic->bound4)
		buf_printf(out, " %s", ip_text(&ip4, text));
	if (nic->static4)
		buf_puts(out, " (address by the config drive)");
	if (has6)
		buf_printf(out, " %s", ip_text(&ip6, text));
	if (!carrier)
		buf_puts(out, ": no carrier");
	else if (!nic_has4(nic) && !has6 && nic->problem[0])
		buf_printf(out, ": %s", nic->problem);
	else if (!nic_has4(nic) && !has6 && (nic->fd >= 0 || nic->fd6 >= 0))
		buf_puts(out, ": asking for an address");
	buf_puts(out, "\n");
}

/* Looks at what there is now and tells those who wait. */
static void assess(struct net *n)
{
	bool want4, want6, up = false, all_up = true;
	struct buf text = BUF_INIT(NET_NICS_MAX * 320);
	struct ip ip;

	wanted_families(n->c.params, &want4, &want6);
	for (size_t i = 0; i < n->n_nics; i++) {
		struct nic *nic = &n->nics[i];
		bool carrier = net_carrier(n, nic), asked = nic->planned || ways_of(n, nic);
		bool good = (want4 && nic_has4(nic)) || (want6 && nic_has6(n, nic, &ip));

		up |= good && asked;
		all_up &= good || !carrier || !asked;
		describe(n, nic, carrier, &text);
	}
	netup_describe(n, &text);
	pthread_mutex_lock(&n->lock);
	n->up = up;
	n->all_up = up && all_up;
	free(n->text);
	n->text = text.data ? buf_take(&text) : NULL;
	pthread_cond_broadcast(&n->changed);
	pthread_mutex_unlock(&n->lock);
}

static void write_resolv(struct net *n)
{
	struct buf b = BUF_INIT(sizeof(n->resolv) - 1);
	char text[IP_TEXT_MAX];
	size_t total = 0;
	struct err e;

	for (size_t i = 0; i < n->n_nics && !b.len; i++)
		if (nic_domain(&n->nics[i])[0])
			buf_printf(&b, "search %s\n", nic_domain(&n->nics[i]));
	for (size_t i = 0; n->plan && i < n->plan->n_dns && total < RESOLV_DNS_MAX; i++, total++)
		buf_printf(&b, "nameserver %s\n", ip_text(&n->plan->dns[i], text));
	for (size_t i = 0; i < n->n_nics; i++) {
		struct ip dns[NIC_DNS_MAX];
		size_t count = nic_dns(&n->nics[i], dns);

		for (size_t k = 0; k < count && total < RESOLV_DNS_MAX; k++, total++)
			buf_printf(&b, "nameserver %s%s%s\n", ip_text(&dns[k], text),
				ip_is_link_local(&dns[k]) ? "%" : "",
				ip_is_link_local(&dns[k]) ? n->nics[i].name : "");
	}
	if (total && !str_eq(buf_str(&b), n->resolv)) {
		str_copy(n->resolv, sizeof(n->resolv), buf_str(&b));
		if (fs_write_atomic(n->c.resolv_conf, b.data, b.len, 0644, &e) < 0)
			journal_err(n->c.journal, "name servers", &e);
	}
	buf_done(&b);
}

/* Starts what is wanted of this interface and has not begun. */
static void nic_begin(struct nic *nic, unsigned ways)
{
	bool stateful = (ways & NIC_DHCP6) || (nic->has_ra && nic->ra.managed);

	if ((ways & NIC_DHCP4) && nic->fd < 0)
		nic4_start(nic);
	if ((ways & NIC_RA) && nic->fd6 < 0 && (stateful || (nic->has_ra && nic->ra.other)))
		nic6_start(nic, stateful);
}

/* The interface that booted, or those of the config drive, had their time. */
static void lose_patience(struct net *n)
{
	int64_t waited_ms = time_mono_ms() - n->started_ms;

	if (n->all || !(n->c.params->bootif[0] || n->plan) || is_up(n) ||
		waited_ms < (int64_t)n->c.params->dhcp_wait_s * 1000)
		return;
	if (n->plan)
		say_warning(n->c.journal, "the interfaces that the config drive names give no way "
					  "to the network; now trying all of them");
	else
		say_warning(n->c.journal,
			"no address on the interface that booted (%s); now trying all of them",
			n->c.params->bootif);
	n->all = true;
}

/* Takes in new interfaces, and asks for addresses where a carrier has come. */
static void scan(struct net *n)
{
	char **names = sysroot_names(n->c.sr, "/sys/class/net");
	bool up = is_up(n);

	for (char **p = names; *p; p++)
		if (is_ethernet(n->c.sr, *p, n->c.virtual_too) && !net_nic(n, *p))
			(void)net_add(n, *p);
	sysroot_names_free(names);
	netvlan_scan(n);
	netplan_apply(n);
	lose_patience(n);
	for (size_t i = 0; i < n->n_nics; i++) {
		struct nic *nic = &n->nics[i];
		bool theirs =
			nic->planned || n->c.params->dhcp_all || nic_has4(nic) || nic->told6.family;

		if ((!up || theirs) && net_carrier(n, nic))
			nic_begin(nic, ways_of(n, nic));
	}
}

/* One way to the conductor is enough: the others stop asking. */
static void stop_losers(struct net *n)
{
	for (size_t i = 0; i < n->n_nics && !n->c.params->dhcp_all; i++) {
		struct nic *nic = &n->nics[i];

		if (!nic->planned && !nic_has4(nic) && !nic->told6.family)
			nic_stop(nic);
	}
}

static void read_ras(struct net *n)
{
	struct ra ra;
	int ifindex, r;

	while ((r = netif6_ra_read(n->ras, &ifindex, &ra)) != -EAGAIN && r != -EBADF)
		for (size_t i = 0; r == 0 && i < n->n_nics; i++)
			if (n->nics[i].ifindex == ifindex)
				(void)nic6_advertised(&n->nics[i], &ra);
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
		due = nic_due(&n->nics[i], due);
	return due > now ? (int)(due - now) : 0;
}

static void wait_news(struct net *n)
{
	struct pollfd fds[2 * NET_NICS_MAX + 3] = {{.fd = n->wake, .events = POLLIN},
		{.fd = n->news, .events = POLLIN}, {.fd = n->ras, .events = POLLIN}};
	nfds_t count = 3;
	eventfd_t woken;

	for (size_t i = 0; i < n->n_nics; i++) {
		fds[count++] = (struct pollfd){.fd = n->nics[i].fd, .events = POLLIN};
		fds[count++] = (struct pollfd){.fd = n->nics[i].fd6, .events = POLLIN};
	}
	if (poll(fds, count, next_due(n)) <= 0)
		return;
	if (fds[0].revents)
		(void)!eventfd_read(n->wake, &woken);
	if (fds[1].revents)
		drain(n->news);
	if (fds[2].revents)
		read_ras(n);
}

static void turn(struct net *n)
{
	bool was_up = is_up(n), held;

	pthread_mutex_lock(&n->lock);
	held = n->held;
	n->plan = n->told_plan;
	pthread_mutex_unlock(&n->lock);
	if (!held)
		scan(n);
	wait_news(n);
	for (size_t i = 0; i < n->n_nics; i++) {
		(void)nic4_read(&n->nics[i]);
		(void)nic6_read(&n->nics[i]);
		(void)nic4_tick(&n->nics[i]);
		(void)nic6_tick(&n->nics[i]);
	}
	write_resolv(n);
	assess(n);
	if (!was_up && is_up(n))
		stop_losers(n);
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

static void net_free(struct net *n)
{
	mem_closep(&n->wake);
	mem_closep(&n->news);
	mem_closep(&n->ras);
	pthread_cond_destroy(&n->changed);
	pthread_mutex_destroy(&n->lock);
	free(n->told_plan);
	free(n->text);
	free(n);
}

int net_start(const struct net_config *c, struct net **ret, struct err *e)
{
	struct net *n = xcalloc(1, sizeof(*n));
	struct err ignored;
	int r;

	n->c = *c;
	n->held = c->hold;
	n->started_ms = time_mono_ms();
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->changed, NULL);
	(void)netif_set_up("lo", true, &ignored);
	n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->ras = netif6_ra_open(&ignored);
	if (n->ras < 0)
		say_warning(c->journal, "no IPv6: %s", ignored.text);
	n->news = netif_news_open(e);
	r = n->news < 0 ? n->news : -pthread_create(&n->thread, NULL, net_thread, n);
	if (r < 0) {
		net_free(n);
		return err_prefix(e, "network");
	}
	*ret = n;
	return 0;
}

static void wake(struct net *n)
{
	pthread_mutex_unlock(&n->lock);
	(void)!eventfd_write(n->wake, 1);
}

void net_plan(struct net *n, const struct netdata *plan)
{
	pthread_mutex_lock(&n->lock);
	if (plan && !n->told_plan) {
		n->told_plan = xmalloc(sizeof(*plan));
		*n->told_plan = *plan;
	}
	n->held = false;
	wake(n);
}

void net_set_lldp(struct net *n, struct lldp *lldp)
{
	pthread_mutex_lock(&n->lock);
	n->lldp = lldp;
	wake(n);
}

static bool wait_for(struct net *n, const bool *what, int timeout_ms)
{
	int64_t until_ms = time_mono_ms() + timeout_ms;
	bool is;

	pthread_mutex_lock(&n->lock);
	while (!*what && deadline_wait(&n->changed, &n->lock, until_ms))
		;
	is = *what;
	pthread_mutex_unlock(&n->lock);
	return is;
}

bool net_wait(struct net *n, int timeout_ms)
{
	return wait_for(n, &n->up, timeout_ms);
}

bool net_wait_all(struct net *n, int timeout_ms)
{
	return wait_for(n, &n->all_up, timeout_ms);
}

char *net_text(struct net *n)
{
	char *text;

	pthread_mutex_lock(&n->lock);
	text = xstrdup(n->text ? n->text : "");
	pthread_mutex_unlock(&n->lock);
	return text;
}

void net_stop(struct net *n)
{
	struct err ignored;

	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->stop = true;
	wake(n);
	pthread_join(n->thread, NULL);
	for (size_t i = n->n_nics; i-- > 0;) { /* VLANs before what they are on */
		nic_stop(&n->nics[i]);
		(void)netif_set_up(n->nics[i].name, false, &ignored);
	}
	net_free(n);
}
