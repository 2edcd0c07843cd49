/* Listening for LLDP on all ports at once, in a thread; see lldp.h. */
#include "agent/inspect/lldp.h"
#include "lib/base/deadline.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_MAX      64
#define ETHERTYPE_LLDP 0x88cc
#define RESCAN_MS      500 /* ports and carriers come without a word to a packet socket */

/* The three group addresses of LLDP (IEEE 802.1AB-2016, table 7-1): only next door, or further. */
static const uint8_t groups[][ETH_ALEN] = {
	{0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e},
	{0x01, 0x80, 0xc2, 0x00, 0x00, 0x03},
	{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00},
};

struct port {
	char name[IFNAMSIZ];
	int fd;		    /* -1: cannot be listened on */
	int64_t carrier_ms; /* since when; 0: never had one */
	json_t *tlvs;	    /* NULL: not heard yet */
};

struct lldp {
	const struct sysroot *sr;
	pthread_t thread;
	int wake; /* eventfd: stop */
	struct port ports[PORTS_MAX];
	size_t n_ports;

	pthread_mutex_t lock; /* changes of ports, n_ports, scanned; stop */
	pthread_cond_t changed;
	bool scanned, stop;
};

static bool is_port(const struct sysroot *sr, const char *name)
{
	return sysroot_exists(sr, "/sys/class/net/%s/device", name) &&
	       sysroot_int(sr, 0, "/sys/class/net/%s/type", name) == ARPHRD_ETHER;
}

/* A socket that gets nothing but the LLDP frames of this port. Negative errno on failure. */
static int port_open(const char *name)
{
	struct sockaddr_ll sa = {.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_LLDP)};
	_cleanup_close_ int fd =
		socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETHERTYPE_LLDP));

	sa.sll_ifindex = (int)if_nametoindex(name);
	if (fd < 0 || !sa.sll_ifindex || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct packet_mreq m = {.mr_ifindex = sa.sll_ifindex,
			.mr_type = PACKET_MR_MULTICAST,
			.mr_alen = ETH_ALEN};

		memcpy(m.mr_address, groups[i], ETH_ALEN);
		(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m));
	}
	return TAKE_FD(fd);
}

/* The i40e's own firmware eats the frames until its debug file tells it not to. */
static void release_frames(const struct sysroot *sr, const char *name)
{
	static const char stop[] = "lldp stop";
	_cleanup_free_ char *driver = sysroot_link(sr, "/sys/class/net/%s/device/driver", name);
	_cleanup_free_ char *pci = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;

	if (!str_eq(driver, "i40e"))
		return;
	pci = sysroot_link(sr, "/sys/class/net/%s/device", name);
	path = sysroot_path(sr, "/sys/kernel/debug/i40e/%s/command", pci ? pci : "");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, stop, strlen(stop));
}

static struct port *port_find(struct lldp *l, const char *name)
{
	for (size_t i = 0; i < l->n_ports; i++)
		if (str_eq(l->ports[i].name, name))
			return &l->ports[i];
	return NULL;
}

static void port_add(struct lldp *l, const char *name)
{
	struct port p = {.fd = -1};

	if (l->n_ports == PORTS_MAX || !str_copy(p.name, sizeof(p.name), name))
		return;
	release_frames(l->sr, name);
	p.fd = port_open(name);
	pthread_mutex_lock(&l->lock);
	l->ports[l->n_ports++] = p;
	pthread_mutex_unlock(&l->lock);
}

/* Takes in new ports, and notes since when each has its carrier. */
static void scan(struct lldp *l)
{
	char **names = sysroot_names(l->sr, "/sys/class/net");

	for (char **n = names; *n; n++)
		if (!port_find(l, *n) && is_port(l->sr, *n))
			port_add(l, *n);
	sysroot_names_free(names);
	for (size_t i = 0; i < l->n_ports; i++) {
		struct port *p = &l->ports[i];

		if (p->carrier_ms ||
			sysroot_int(l->sr, 0, "/sys/class/net/%s/carrier", p->name) != 1)
			continue;
		pthread_mutex_lock(&l->lock);
		p->carrier_ms = time_mono_ms();
		pthread_mutex_unlock(&l->lock);
	}
	pthread_mutex_lock(&l->lock);
	l->scanned = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* One frame is enough: the socket of a port that was heard is closed. */
static void port_read(struct lldp *l, struct port *p)
{
	uint8_t frame[LLDP_FRAME_MAX];
	ssize_t n = recv(p->fd, frame, sizeof(frame), 0);
	json_t *tlvs = n > 0 ? lldp_parse(frame, (size_t)n) : NULL;

	if (!tlvs)
		return;
	pthread_mutex_lock(&l->lock);
	p->tlvs = tlvs;
	mem_closep(&p->fd);
	p->fd = -1;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static bool stopping(struct lldp *l)
{
	bool stop;

	pthread_mutex_lock(&l->lock);
	stop = l->stop;
	pthread_mutex_unlock(&l->lock);
	return stop;
}

static void *listen_thread(void *arg)
{
	struct lldp *l = arg;
	struct pollfd fds[PORTS_MAX + 1];

	while (!stopping(l)) {
		scan(l);
		fds[0] = (struct pollfd){.fd = l->wake, .events = POLLIN};
		for (size_t i = 0; i < l->n_ports; i++)
			fds[i + 1] = (struct pollfd){.fd = l->ports[i].fd, .events = POLLIN};
		if (poll(fds, l->n_ports + 1, RESCAN_MS) <= 0)
			continue;
		for (size_t i = 0; i < l->n_ports; i++)
			if (fds[i + 1].revents)
				port_read(l, &l->ports[i]);
	}
	return NULL;
}

int lldp_start(const struct sysroot *sr, struct lldp **ret, struct err *e)
{
	struct lldp *l = xcalloc(1, sizeof(*l));
	int r;

	l->sr = sr;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = pthread_create(&l->thread, NULL, listen_thread, l);
	if (r) {
		mem_closep(&l->wake);
		free(l);
		return err_errno(e, r, "start the thread that listens for LLDP");
	}
	*ret = l;
	return 0;
}

/* When the last of the ports that may still be heard is given up; 0: nothing to wait for. */
static int64_t wait_until_ms(const struct lldp *l, int wait_ms)
{
	int64_t until = l->scanned ? 0 : time_mono_ms() + RESCAN_MS;

	for (size_t i = 0; i < l->n_ports; i++) {
		const struct port *p = &l->ports[i];

		if (p->fd >= 0 && p->carrier_ms && p->carrier_ms + wait_ms > until)
			until = p->carrier_ms + wait_ms;
	}
	return until;
}

json_t *lldp_heard(struct lldp *l, int wait_ms)
{
	json_t *heard = json_object();
	int64_t until_ms;

	if (!l)
		return heard;
	pthread_mutex_lock(&l->lock);
	while (wait_ms > 0 && !l->stop && (until_ms = wait_until_ms(l, wait_ms)) > time_mono_ms())
		deadline_wait(&l->changed, &l->lock, until_ms);
	for (size_t i = 0; i < l->n_ports; i++)
		json_object_set_new(heard, l->ports[i].name,
			l->ports[i].tlvs ? json_deep_copy(l->ports[i].tlvs) : json_array());
	pthread_mutex_unlock(&l->lock);
	return heard;
}

void lldp_stop(struct lldp *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	(void)!eventfd_write(l->wake, 1);
	pthread_join(l->thread, NULL);
	for (size_t i = 0; i < l->n_ports; i++) {
		mem_closep(&l->ports[i].fd);
		json_decref(l->ports[i].tlvs);
	}
	mem_closep(&l->wake);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
