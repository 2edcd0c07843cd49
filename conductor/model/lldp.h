/* What a switch told a machine's network card (LLDP, IEEE 802.1AB-2016), out of the inspection
 * data. */
#ifndef CONDUCTOR_MODEL_LLDP_H
#define CONDUCTOR_MODEL_LLDP_H

#include "lib/json/json.h"

/*
 * The readable form of one card's [[type, "hex"], ...], in the words of Ironic's parsed_lldp:
 * switch_chassis_id, switch_port_id, switch_system_name, switch_port_vlans and so on. What cannot
 * be read is left out; the machine is not trusted. A new object.
 */
json_t *lldp_parsed(const json_t *tlvs);

/*
 * What a port's local_link_connection is to say: switch_id (when the chassis is named by its MAC
 * address), port_id, and switch_info, the switch's name. A new object, empty when it is not known.
 */
json_t *lldp_link(const json_t *tlvs);

#endif
