/* LAN configuration parameters; see lan.h. Numbers are those of IPMI table 23-4. */
#include "conductor/bmc/ipmi/lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

static int ipv4(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	if (len < 4)
		return -EBADMSG;
	snprintf(out, LAN_TEXT_MAX, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
	return 0;
}

static int mac(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	if (len < 6)
		return -EBADMSG;
	snprintf(out, LAN_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4],
		p[5]);
	return 0;
}

static int word(const char *const *words, size_t n, uint8_t value, char out[static LAN_TEXT_MAX])
{
	if (value < n && words[value])
		snprintf(out, LAN_TEXT_MAX, "%s", words[value]);
	else
		snprintf(out, LAN_TEXT_MAX, "%u", value);
	return 0;
}

static int source(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	static const char *const words[] = {"unspecified", "static", "DHCP", "BIOS", "other"};

	return len < 1 ? -EBADMSG : word(words, ARRAY_SIZE(words), p[0] & 0x0f, out);
}

static int vlan(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	if (len < 2)
		return -EBADMSG;
	if (p[1] & 0x80)
		snprintf(out, LAN_TEXT_MAX, "%u", get_le16(p) & 0x0fffu);
	else
		snprintf(out, LAN_TEXT_MAX, "off");
	return 0;
}

/* The suites, in their order; the first byte is reserved. */
static int suites(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	size_t at = 0;

	if (len < 1)
		return -EBADMSG;
	out[0] = '\0';
	for (size_t i = 1; i < len && i <= 16 && at + 5 < LAN_TEXT_MAX; i++)
		if (i == 1 || p[i]) /* zeroes fill it up */
			at += (size_t)snprintf(
				out + at, LAN_TEXT_MAX - at, "%s%u", at ? "," : "", p[i]);
	return at ? 0 : -ENODATA;
}

static int ipv6_use(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	static const char *const words[] = {"off", "only", "beside IPv4"};

	return len < 1 ? -EBADMSG : word(words, ARRAY_SIZE(words), p[0], out);
}

/* Set selector, source, 16 bytes of address, prefix length, status. */
static int ipv6(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX])
{
	static const uint8_t none[16];
	char text[INET6_ADDRSTRLEN];

	if (len < 19)
		return -EBADMSG;
	if (!memcmp(p + 2, none, sizeof(none)))
		return -ENODATA;
	snprintf(out, LAN_TEXT_MAX, "%s/%u", inet_ntop(AF_INET6, p + 2, text, sizeof(text)), p[18]);
	return 0;
}

const struct lan_parameter lan_parameters[] = {
	{3, "ip_address", ipv4},
	{4, "ip_source", source},
	{5, "mac_address", mac},
	{6, "subnet_mask", ipv4},
	{12, "gateway", ipv4},
	{13, "gateway_mac", mac},
	{14, "backup_gateway", ipv4},
	{20, "vlan", vlan},
	{23, "cipher_suites", suites},
	{51, "ipv6", ipv6_use},
	{56, "ipv6_static", ipv6},
	{59, "ipv6_dynamic", ipv6},
	{0, NULL, NULL},
};

int lan_parse(const struct lan_parameter *l, const uint8_t *data, size_t len,
	char out[static LAN_TEXT_MAX])
{
	return len < 1 ? -EBADMSG : l->text(data + 1, len - 1, out); /* behind the revision */
}
