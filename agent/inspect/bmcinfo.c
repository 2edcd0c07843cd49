/* A BMC's answers; see bmcinfo.h. */
#include "agent/inspect/bmcinfo.h"
#include "lib/base/bytes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MANUFACTURER_BITS 0xfffff

json_t *bmcinfo_device_id(const uint8_t *data, size_t len)
{
	char firmware[16], version[16];
	json_t *info;

	if (len < 11)
		return NULL;
	info = json_object();
	/* the minor number is two decimal digits, one in each half of its byte */
	snprintf(firmware, sizeof(firmware), "%u.%02x", data[2] & 0x7fu, (unsigned)data[3]);
	snprintf(version, sizeof(version), "%u.%u", data[4] & 0x0fu, (unsigned)data[4] >> 4);
	json_put_int(info, "device_id", data[0]);
	json_put_int(info, "device_revision", data[1] & 0x0f);
	json_put_str(info, "firmware_version", firmware);
	json_put_str(info, "ipmi_version", version);
	json_put_int(info, "manufacturer_id", (int64_t)(get_le(data + 6, 3) & MANUFACTURER_BITS));
	json_put_int(info, "product_id", get_le16(data + 9));
	return info;
}

bool bmcinfo_ipv6(const uint8_t *data, size_t len, char ret[static INET6_ADDRSTRLEN])
{
	struct in6_addr a;

	/* selector, source (static: bit 7 enables), address, prefix length, status: 0 is active */
	if (len < 20 || data[19] != 0)
		return false;
	memcpy(&a, data + 2, sizeof(a));
	if (IN6_IS_ADDR_UNSPECIFIED(&a) || IN6_IS_ADDR_LINKLOCAL(&a))
		return false;
	return inet_ntop(AF_INET6, &a, ret, INET6_ADDRSTRLEN) != NULL;
}
