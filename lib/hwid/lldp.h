/* What a switch told a machine's network card (LLDP, IEEE 802.1AB-2016), out of the inspection
 * data. */
#ifndef LIB_HWID_LLDP_H
#define LIB_HWID_LLDP_H

#include "lib/json/json.h"

/*
 * One card's [[type, "hex"], ...], where what cannot be read is left out: the machine is not
 * trusted. Gives two new objects. The words are those of Ironic's parsed_lldp: switch_chassis_id,
 * switch_port_id, switch_system_name, switch_port_vlans and so on. The link is what a port's
 * local_link_connection is to say: switch_id (when the chassis is named by its MAC address),
 * port_id, and switch_info, the switch's name; empty when it is not known.
 */
void lldp_read(const json_t *tlvs, json_t **ret_words, json_t **ret_link);

#endif
