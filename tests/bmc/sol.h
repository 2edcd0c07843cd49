/* Serial over LAN: one session at a time holds the machine's serial console. */
#ifndef TESTS_BMC_SOL_H
#define TESTS_BMC_SOL_H

#include "tests/bmc/session.h"

#define SOL_PAYLOAD_MAX 255 /* header and characters, both ways */

struct sol;

/* Gives the console to s; the caller has seen that nobody holds it. */
void sol_activate(struct bmcemu *bmc, struct session *s);

/* Who holds it, or NULL. */
struct session *sol_holder(const struct bmcemu *bmc);

/* Takes it away; tell: the holder is sent a packet that says so. */
void sol_deactivate(struct bmcemu *bmc, bool tell);

/* One SOL payload of session s; false when it is to be dropped. */
bool sol_receive(struct bmcemu *bmc, struct session *s, const uint8_t *p, size_t len);

#endif
