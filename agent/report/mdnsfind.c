/* Asking by multicast on every interface; see mdns.h. */
#include "agent/report/mdns.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT	     5353
#define ASK_AGAIN_MS 1000
#define TTL	     255 /* RFC 6762, section 11 */

struct sockets {
	int v4, v6;
};

static void ask_on(const struct sockets *s, unsigned interface, const uint8_t *question, size_t len)
{
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct sockaddr_in6 to6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_scope_id = interface};
	struct ip_mreqn out = {.imr_ifindex = (int)interface};

	inet_pton(AF_INET, "224.0.0.251", &to4.sin_addr);
	inet_pton(AF_INET6, "ff02::fb", &to6.sin6_addr);
	if (setsockopt(s->v4, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) == 0)
		(void)sendto(s->v4, question, len, MSG_DONTWAIT, (void *)&to4, sizeof(to4));
	(void)sendto(s->v6, question, len, MSG_DONTWAIT, (void *)&to6, sizeof(to6));
}

/* An interface that is down or has no address just sends nothing. */
static void ask(const struct sockets *s)
{
	struct if_nameindex *all = if_nameindex();
	uint8_t question[128];
	uint16_t id = 0;
	size_t len;

	(void)!getrandom(&id, sizeof(id), 0);
	len = mdns_question(question, id);
	for (struct if_nameindex *i = all; i && i->if_index; i++)
		ask_on(s, i->if_index, question, len);
	if (all)
		if_freenameindex(all);
}

static void take_from(int fd, struct mdns *m)
{
	uint8_t packet[MDNS_PACKET_MAX];
	ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n > 0)
		(void)mdns_take(m, packet, (size_t)n);
}

static char *listen_until(const struct sockets *s, int64_t until_ms, struct mdns *m)
{
	struct pollfd fds[] = {{.fd = s->v4, .events = POLLIN}, {.fd = s->v6, .events = POLLIN}};
	char *url = NULL;
	int64_t left_ms;

	while (!url && (left_ms = until_ms - time_mono_ms()) > 0) {
		if (poll(fds, ARRAY_SIZE(fds), (int)left_ms) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
			if (fds[i].revents & POLLIN)
				take_from(fds[i].fd, m);
		url = mdns_url(m);
	}
	return url;
}

int mdns_find(int timeout_ms, struct mdns *m, char **ret_url, struct err *e)
{
	_cleanup_close_ int v4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int v6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockets s = {.v4 = v4, .v6 = v6};
	int64_t end_ms = time_mono_ms() + timeout_ms;
	int ttl = TTL;
	char *url = NULL;

	if (v4 < 0)
		return err_errno(e, errno, "mDNS: socket");
	memset(m, 0, sizeof(*m));
	(void)setsockopt(v4, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl));
	(void)setsockopt(v6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl));
	while (!url && time_mono_ms() < end_ms) {
		int64_t until_ms = time_mono_ms() + ASK_AGAIN_MS;

		ask(&s);
		url = listen_until(&s, until_ms < end_ms ? until_ms : end_ms, m);
	}
	if (!url)
		return err_set(e, ENOENT,
			"mDNS: nobody answered for baremetal._openstack._tcp.local%s; does Ironic "
			"publish itself ([DEFAULT] enable_mdns), in this network?",
			m->host[0] ? " with an address" : "");
	*ret_url = url;
	return 0;
}
