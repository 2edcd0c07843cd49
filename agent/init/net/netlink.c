/* rtnetlink requests; see netlink.h. */
#include "agent/init/net/netlink.h"
#include "lib/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define REQUEST_MAX 512

struct request {
	union {
		struct nlmsghdr head;
		uint8_t bytes[REQUEST_MAX];
	};
};

/* Begins a request whose body is `body`; attributes follow it. */
static void begin(
	struct request *rq, uint16_t type, uint16_t flags, const void *body, size_t body_len)
{
	memset(rq, 0, sizeof(*rq));
	rq->head.nlmsg_type = type;
	rq->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	memcpy(NLMSG_DATA(&rq->head), body, body_len);
	rq->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_len);
}

/* All attributes together are far below REQUEST_MAX. */
static struct rtattr *put(struct request *rq, uint16_t type, const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(rq->head.nlmsg_len);
	struct rtattr *a = (struct rtattr *)(void *)(rq->bytes + at);

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	rq->head.nlmsg_len = (uint32_t)(at + RTA_ALIGN(a->rta_len));
	return a;
}

/* What was put since `a` becomes its content. */
static void nest_end(struct request *rq, struct rtattr *a)
{
	a->rta_len = (uint16_t)(rq->bytes + rq->head.nlmsg_len - (uint8_t *)a);
}

static int answer(int fd)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[4096];
	} reply;
	ssize_t n = recv(fd, reply.bytes, sizeof(reply), 0);
	const struct nlmsgerr *e = NLMSG_DATA(&reply.head);

	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(e->error)) || reply.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return e->error == -EEXIST ? 0 : e->error;
}

static int send_request(const struct request *rq)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || sendto(fd, rq->bytes, rq->head.nlmsg_len, 0, (struct sockaddr *)&kernel,
			      sizeof(kernel)) < 0)
		return -errno;
	return answer(fd);
}

static uint8_t family_of(const struct ip *ip)
{
	return ip->family == IP_V4 ? AF_INET : AF_INET6;
}

static size_t size_of(const struct ip *ip)
{
	return ip->family == IP_V4 ? 4 : 16;
}

int netlink_address(int ifindex, const struct ip *ip, unsigned bits, bool add)
{
	struct ifaddrmsg body = {.ifa_family = family_of(ip),
		.ifa_prefixlen = (uint8_t)bits,
		.ifa_index = (uint32_t)ifindex};
	struct request rq;

	begin(&rq, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &body,
		sizeof(body));
	put(&rq, IFA_LOCAL, ip->bytes, size_of(ip));
	put(&rq, IFA_ADDRESS, ip->bytes, size_of(ip));
	if (ip->family == IP_V4 && bits < 31) {
		uint32_t broadcast = ip_to_v4(ip) | ~ip_v4_netmask(bits);

		put(&rq, IFA_BROADCAST, &broadcast, 4);
	}
	return send_request(&rq);
}

int netlink_route(
	int ifindex, const struct ip *destination, unsigned bits, const struct ip *gateway)
{
	struct rtmsg body = {.rtm_family = family_of(gateway),
		.rtm_dst_len = (uint8_t)bits,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = RTNH_F_ONLINK};
	struct request rq;

	begin(&rq, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
	if (bits)
		put(&rq, RTA_DST, destination->bytes, size_of(destination));
	put(&rq, RTA_GATEWAY, gateway->bytes, size_of(gateway));
	put(&rq, RTA_OIF, &ifindex, sizeof(ifindex));
	return send_request(&rq);
}

int netlink_vlan(const char *name, int parent_ifindex, int vid)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	uint16_t id = (uint16_t)vid;
	struct rtattr *info, *data;
	struct request rq;

	begin(&rq, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	put(&rq, IFLA_IFNAME, name, strlen(name) + 1);
	put(&rq, IFLA_LINK, &parent_ifindex, sizeof(parent_ifindex));
	info = put(&rq, IFLA_LINKINFO, NULL, 0);
	put(&rq, IFLA_INFO_KIND, "vlan", 4);
	data = put(&rq, IFLA_INFO_DATA, NULL, 0);
	put(&rq, IFLA_VLAN_ID, &id, sizeof(id));
	nest_end(&rq, data);
	nest_end(&rq, info);
	return send_request(&rq);
}

int netlink_link_set(int ifindex, const uint8_t *mac, int mtu)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	uint32_t bytes = (uint32_t)mtu;
	struct request rq;

	begin(&rq, RTM_NEWLINK, 0, &body, sizeof(body));
	if (mac)
		put(&rq, IFLA_ADDRESS, mac, 6);
	if (mtu)
		put(&rq, IFLA_MTU, &bytes, sizeof(bytes));
	return send_request(&rq);
}
