/* Reader of what a BMC answers about itself (IPMI v2.0). No I/O. */
#ifndef AGENT_INSPECT_BMCINFO_H
#define AGENT_INSPECT_BMCINFO_H

#include <netinet/in.h>
#include <stdbool.h>

#include "lib/json/json.h"

/*
 * Get Device ID (table 20-2, after the completion code): {device_id, device_revision,
 * firmware_version: "2.71", ipmi_version: "2.0", manufacturer_id, product_id}. NULL when it is too
 * short.
 */
json_t *bmcinfo_device_id(const uint8_t *data, size_t len);

/*
 * One IPv6 address, static or dynamic (table 23-4, parameters 56 and 59). False when the set is
 * disabled, not active, or holds an address of this link only, which nobody outside can use.
 */
bool bmcinfo_ipv6(const uint8_t *data, size_t len, char ret[static INET6_ADDRSTRLEN]);

#endif
