/* Setting up an RMCP+ session: Open Session and RAKP messages 1 to 4. */
#ifndef TESTS_BMC_SETUP_H
#define TESTS_BMC_SETUP_H

#include "tests/bmc/rmcp.h"

/* One payload outside a session; false when it is to be dropped. */
bool setup_receive(struct bmcemu *bmc, const struct origin *from, uint8_t payload_type,
	const uint8_t *p, size_t len);

#endif
