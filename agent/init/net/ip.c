/* Addresses as values; see ip.h. */
#include "agent/init/net/ip.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = {.family = IP_V4};

	if (inet_pton(AF_INET, text, ip.bytes) != 1) {
		ip.family = IP_V6;
		if (inet_pton(AF_INET6, text, ip.bytes) != 1)
			return -EINVAL;
	}
	*ret = ip;
	return 0;
}

static int width(enum ip_family family)
{
	return family == IP_V4 ? 32 : 128;
}

int ip_parse_prefix(const char *text, struct ip *ret, int *ret_bits)
{
	const char *slash = strchr(text, '/');
	char address[IP_TEXT_MAX];
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	int bits = -1;
	struct ip ip;

	if (n >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = '\0';
	if (ip_parse(address, &ip) < 0 ||
		(slash && str_to_int(slash + 1, 0, width(ip.family), &bits) < 0))
		return -EINVAL;
	*ret = ip;
	*ret_bits = bits;
	return 0;
}

int ip_netmask_bits(const char *text, enum ip_family family)
{
	int bits = 0;
	struct ip ip;

	if (str_to_int(text, 0, width(family), &bits) == 0)
		return bits;
	if (ip_parse(text, &ip) < 0 || ip.family != family)
		return -EINVAL;
	while (bits < width(family) && (ip.bytes[bits / 8] & (0x80 >> bits % 8)))
		bits++;
	for (int i = bits; i < width(family); i++)
		if (ip.bytes[i / 8] & (0x80 >> i % 8))
			return -EINVAL;
	return bits;
}

struct ip ip_v4(uint32_t network_order)
{
	struct ip ip = {.family = IP_V4};

	memcpy(ip.bytes, &network_order, 4);
	return ip;
}

struct ip ip_v6(const uint8_t bytes[static 16])
{
	struct ip ip = {.family = IP_V6};

	memcpy(ip.bytes, bytes, 16);
	return ip;
}

uint32_t ip_to_v4(const struct ip *ip)
{
	uint32_t v;

	memcpy(&v, ip->bytes, 4);
	return v;
}

uint32_t ip_v4_netmask(unsigned bits)
{
	return bits ? htonl(0xffffffffu << (32 - bits)) : 0;
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_is_link_local(const struct ip *ip)
{
	return ip->family == IP_V6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool ip_is_station(const struct ip *ip)
{
	static const struct ip zero;

	if (!memcmp(ip->bytes, zero.bytes, sizeof(zero.bytes)))
		return false;
	return ip->family == IP_V4 ? ip->bytes[0] < 224 && ip->bytes[0] != 127
				   : ip->family == IP_V6 && ip->bytes[0] != 0xff;
}

const char *ip_text(const struct ip *ip, char ret[static IP_TEXT_MAX])
{
	ret[0] = '\0';
	if (ip->family != IP_NONE)
		inet_ntop(ip->family == IP_V4 ? AF_INET : AF_INET6, ip->bytes, ret, IP_TEXT_MAX);
	return ret;
}

void ip_only_name(char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

	if (text[strspn(text, allowed)])
		text[0] = '\0';
}

int ip_domain(const uint8_t *p, size_t len, char ret[static IP_DOMAIN_MAX])
{
	size_t at = 0, n = 0;

	for (; at < len && p[at]; at += 1u + p[at]) {
		if (p[at] > 63 || at + 1 + p[at] >= len || n + p[at] + 2 > IP_DOMAIN_MAX)
			return -EINVAL;
		if (n)
			ret[n++] = '.';
		for (size_t i = 0; i < p[at]; i++)
			ret[n++] = p[at + 1 + i] ? (char)p[at + 1 + i] : '?';
	}
	if (at >= len)
		return -EINVAL;
	ret[n] = '\0';
	ip_only_name(ret);
	return (int)at + 1;
}
