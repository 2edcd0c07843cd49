/*
 * The rack's network namespace: made by name as `ip netns add` does, filled with bridge, taps and
 * BMC addresses, and removed without a trace.
 */
#ifndef TESTS_VRACK_NETNS_H
#define TESTS_VRACK_NETNS_H

#include "lib/base/err.h"
#include "tests/vrack/rackfile.h"

/*
 * Moves the calling thread into a new network namespace and names it. Call it before the program
 * has other threads. -EEXIST when the name is taken. On failure no name is left.
 */
int netns_create(const char *name, struct err *e);

/*
 * Removes the name, and /run/netns itself when it was made by netns_create() and is empty. The
 * namespace goes when its last process has left it. Not there is fine.
 */
void netns_delete(const char *name);

bool netns_exists(const char *name);

/*
 * Builds the rack's network in the present namespace with ip(8): loopback, the bridge with the
 * host's addresses, one tap per NIC, BMC addresses on loopback. script_path is the file that the
 * commands are kept in. *ret_uplink is a tap of the bridge that stays open, so that the bridge has
 * a carrier while all machines are off; close it at the end.
 */
int network_build(const struct rack *rack, const char *script_path, int *ret_uplink, struct err *e);

#endif
