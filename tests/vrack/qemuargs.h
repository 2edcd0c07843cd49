/* A machine of the rack file as a QEMU command line. */
#ifndef TESTS_VRACK_QEMUARGS_H
#define TESTS_VRACK_QEMUARGS_H

#include <stdbool.h>

#include "tests/bmc/bmcemu.h"
#include "tests/vrack/rackfile.h"

/* Paths of a machine's files, relative to the rack's folder, where QEMU runs. */
#define QEMU_QMP_SOCKET	    "qmp.sock"
#define QEMU_CONSOLE_SOCKET "console.sock"
#define QEMU_CONSOLE_LOG    "console.log"
#define QEMU_IPMI_SOCKET    "ipmi.sock"
#define QEMU_TPM_SOCKET	    "tpm.sock"
#define QEMU_VARS	    "ovmf-vars.fd"
#define QEMU_OVMF_CODE	    "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define QEMU_OVMF_VARS	    "/usr/share/OVMF/OVMF_VARS_4M.fd"

struct qemuargs {
	char **argv; /* ends with NULL */
	unsigned n, cap;
};

/*
 * The order of kinds of device that a boot tries. A valid choice of pxe or disk puts that kind in
 * front and leaves the machine's own order behind it, as firmware does. Returns how many.
 */
unsigned boot_order(const struct rack_machine *m, const struct boot_choice *choice,
	enum rack_boot ret[static RACK_BOOT_COUNT]);

/*
 * Makes the command line; taps are named by tap_name(). It cannot fail. The caller frees with
 * qemuargs_done().
 */
void qemuargs_make(const struct rack *rack, const struct rack_machine *m,
	const struct boot_choice *choice, struct qemuargs *ret);
void qemuargs_done(struct qemuargs *args);

/* The tap device of NIC i of a machine: at most 15 characters. */
void tap_name(
	const struct rack *rack, const struct rack_machine *m, unsigned i, char ret[static 16]);

#endif
