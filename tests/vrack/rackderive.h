/* Identities of a machine that its rack file does not give. */
#ifndef TESTS_VRACK_RACKDERIVE_H
#define TESTS_VRACK_RACKDERIVE_H

#include "tests/vrack/rackfile.h"

/*
 * Fills in the MAC addresses, serial numbers, disks' world-wide names and the UUID (version 5, RFC
 * 4122) that are empty. They come from the names of rack and machine, so a rack has the same ones
 * every time.
 */
void rack_derive(const struct rack *rack, struct rack_machine *m);

#endif
