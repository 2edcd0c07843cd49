/* The texts of a simulated machine's serial console. */
#ifndef TESTS_BMC_SIMCONSOLE_H
#define TESTS_BMC_SIMCONSOLE_H

#include "lib/base/buf.h"
#include "tests/bmc/bmcemu.h"

/* Adds what firmware and system write at a change; boot as simmachine_hook has it. */
void simconsole_event(
	struct buf *out, enum bmcemu_machine_event event, const struct boot_choice *boot);

/* Adds what comes back for what was typed: an echo, and a prompt after each line. */
void simconsole_echo(struct buf *out, const uint8_t *typed, size_t len);

#endif
