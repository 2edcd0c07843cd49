/* IPMI messages inside a payload: checksums, addresses, repeats, and the answer. */
#ifndef TESTS_BMC_MESSAGE_H
#define TESTS_BMC_MESSAGE_H

#include "tests/bmc/rmcp.h"

/* One message (IPMI 2.0 section 13.8); false when it is malformed or not for us. */
bool message_receive(struct bmcemu *bmc, const struct origin *from, const uint8_t *p, size_t len);

#endif
