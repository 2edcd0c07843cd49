/* The rack as the CSV file that `ingot rack import` reads. */
#ifndef TESTS_VRACK_CSV_H
#define TESTS_VRACK_CSV_H

#include "lib/base/buf.h"
#include "tests/vrack/rackfile.h"

#define CSV_HEADER "name,bmc_address,bmc_port,bmc_username,bmc_password,mac,boot_mode,serial"

/* Appends the header and one row per machine (RFC 4180); the MAC is that of the first NIC with a
 * boot ROM. Check out->overflow. */
void csv_write(const struct rack *rack, struct buf *out);

#endif
