/* IP addresses of both families as values: text in, text out, prefixes. No I/O. */
#ifndef AGENT_INIT_NET_IP_H
#define AGENT_INIT_NET_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_TEXT_MAX   64 /* with "%<interface>" */
#define IP_DOMAIN_MAX 256

enum ip_family { IP_NONE, IP_V4, IP_V6 };

struct ip {
	enum ip_family family;
	uint8_t bytes[16]; /* network byte order; IPv4 has the first four */
};

/* "192.0.2.1", "2001:db8::1". 0 or -EINVAL. */
int ip_parse(const char *text, struct ip *ret);

/* The same with "/<bits>" or not; *ret_bits is -1 without. 0 or -EINVAL. */
int ip_parse_prefix(const char *text, struct ip *ret, int *ret_bits);

/* "255.255.255.0", "ffff:ffff::", or a number of bits; -EINVAL when it is no netmask of family. */
int ip_netmask_bits(const char *text, enum ip_family family);

struct ip ip_v4(uint32_t network_order);
struct ip ip_v6(const uint8_t bytes[static 16]);
uint32_t ip_to_v4(const struct ip *ip); /* network byte order */
uint32_t ip_v4_netmask(unsigned bits);	/* network byte order; at most 32 */
bool ip_eq(const struct ip *a, const struct ip *b);
bool ip_is_link_local(const struct ip *ip); /* fe80::/10 */
bool ip_is_station(const struct ip *ip); /* one that a machine can have: no multicast, not zero */
const char *ip_text(const struct ip *ip, char ret[static IP_TEXT_MAX]); /* gives ret */

/*
 * One DNS name in wire form (RFC 1035 3.1, no compression) as text without the last dot. Gives the
 * bytes it took, or -EINVAL; a name with other characters than those of host names becomes "".
 */
int ip_domain(const uint8_t *p, size_t len, char ret[static IP_DOMAIN_MAX]);

/* Empties a text that is no host or domain name: such texts go to the kernel and into files. */
void ip_only_name(char *text);

#endif
