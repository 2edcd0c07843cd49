/* LAN configuration parameters (IPMI 23.2) as text. Pure. */
#ifndef CONDUCTOR_BMC_IPMI_LAN_H
#define CONDUCTOR_BMC_IPMI_LAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAN_FIELDS_MAX 16
#define LAN_TEXT_MAX   64

struct lan_parameter {
	uint8_t number;
	const char *name; /* "ip_address" */
	int (*text)(const uint8_t *p, size_t len, char out[static LAN_TEXT_MAX]);
};
extern const struct lan_parameter lan_parameters[]; /* the IP address first; name NULL ends */

/*
 * The answer to Get LAN Configuration Parameters (without completion code) as text. 0, or -EBADMSG
 * when it is too short; -ENODATA when the parameter says that it means nothing.
 */
int lan_parse(const struct lan_parameter *l, const uint8_t *data, size_t len,
	char out[static LAN_TEXT_MAX]);

#endif
