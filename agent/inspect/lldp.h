/* Neighbours by LLDP (IEEE 802.1AB): what the switch behind each port says of itself. */
#ifndef AGENT_INSPECT_LLDP_H
#define AGENT_INSPECT_LLDP_H

#include "agent/inspect/sysroot.h"
#include "lib/json/json.h"

#define LLDP_FRAME_MAX 1600

/*
 * An Ethernet frame to its TLVs in the form of the Ironic agent: [[type, "hex of the value"], ...]
 * up to and with the End TLV. NULL when it is no LLDP frame, when the three mandatory TLVs do not
 * stand first (9.2.7.7.1: such a frame is dropped), or when it takes the neighbour back (time to
 * live 0). No I/O. The caller owns the reference.
 */
json_t *lldp_parse(const uint8_t *frame, size_t len);

struct lldp;

/*
 * Starts a thread that listens on every Ethernet port, also on those that appear later, and keeps
 * the first good frame of each. It changes nothing but the multicast addresses that the ports take.
 * `sr` (borrowed) names the ports and tells which have a carrier. Where it may not listen (not
 * root) nothing is ever heard.
 */
int lldp_start(const struct sysroot *sr, struct lldp **ret, struct err *e);

/*
 * What was heard: {"eth0": [[1, "04..."], ...], "eth1": []}, a list for each port. With wait_ms it
 * waits until each port with a carrier was heard, or had its carrier for so long; 0 does not wait.
 * NULL gives an empty object. Any thread; a new reference.
 */
json_t *lldp_heard(struct lldp *l, int wait_ms);

void lldp_stop(struct lldp *l); /* takes NULL */

#endif
