/* Router advertisements; see ra.h. */
#include "agent/init/net/ra.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <string.h>

#define TYPE_RA	     134
#define HEADER	     16
#define FLAG_MANAGED 0x80
#define FLAG_OTHER   0x40
#define OPT_RDNSS    25
#define OPT_DNSSL    31

/* Two bytes reserved, four of lifetime, then addresses; a lifetime of 0 takes them back. */
static void rdnss(const uint8_t *p, size_t len, struct ra *ra)
{
	if (len < 8 || !(p[4] | p[5] | p[6] | p[7]))
		return;
	for (size_t at = 8; at + 16 <= len && ra->n_dns < RA_DNS_MAX; at += 16)
		ra->dns[ra->n_dns++] = ip_v6(p + at);
}

static void dnssl(const uint8_t *p, size_t len, struct ra *ra)
{
	if (len <= 8 || !(p[4] | p[5] | p[6] | p[7]) || ra->domain[0])
		return;
	if (ip_domain(p + 8, len - 8, ra->domain) < 0)
		ra->domain[0] = '\0';
}

int ra_parse(const uint8_t *data, size_t len, struct ra *ret)
{
	struct ra ra = {0};

	if (len < HEADER || data[0] != TYPE_RA || data[1] != 0)
		return -EINVAL;
	ra.managed = data[5] & FLAG_MANAGED;
	ra.other = data[5] & FLAG_OTHER;
	ra.router_s = get_be16(data + 6);
	for (size_t at = HEADER; at + 2 <= len;) {
		size_t size = data[at + 1] * 8u; /* with its two bytes of type and length */

		if (!size || at + size > len)
			return -EINVAL;
		if (data[at] == OPT_RDNSS)
			rdnss(data + at, size, &ra);
		else if (data[at] == OPT_DNSSL)
			dnssl(data + at, size, &ra);
		at += size;
	}
	*ret = ra;
	return 0;
}
