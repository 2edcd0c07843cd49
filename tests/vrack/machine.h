/* A running machine of the rack: its BMC, and its QEMU process when the power is on. */
#ifndef TESTS_VRACK_MACHINE_H
#define TESTS_VRACK_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <uv.h>

#include "tests/bmc/bmcemu.h"
#include "tests/bmc/qemumachine.h"
#include "tests/bmc/systemif.h"
#include "tests/vrack/rackfile.h"

typedef void (*machine_log)(void *data, const char *machine, const char *text);

struct machine {
	const struct rack *rack;
	const struct rack_machine *conf;
	struct bmcemu *bmc;
	struct bmcemu_identity identity; /* what its FRU inventory tells, as SMBIOS does */
	struct qemumachine *qemu;
	struct systemif *systemif; /* NULL without kcs */
	pid_t pid;		   /* 0: no QEMU */
	pid_t tpm_pid;		   /* 0: no swtpm */
	int64_t started_ms;
	struct boot_choice last_boot;
	unsigned starts; /* of QEMU */
	machine_log log;
	void *log_data;
};

/*
 * Makes the machine's folder below the present working folder, its disks (sparse; one that is there
 * with the right size keeps its content) and its UEFI variables. With `fresh` all is made anew.
 */
int machine_prepare(const struct rack_machine *conf, bool fresh, struct err *e);

/* Starts the BMC in the present network namespace; the power is off. m is filled. Loop thread. */
int machine_start(struct machine *m, uv_loop_t *loop, const struct rack *rack,
	const struct rack_machine *conf, machine_log log, void *log_data, struct err *e);

/* To be called on SIGCHLD: sees whether QEMU has ended. */
void machine_reap(struct machine *m);

/* Ends QEMU (kills, waits) and the BMC; removes the sockets. The loop has to run once more. */
void machine_stop(struct machine *m);

/* What `status` tells of it, a new object. */
json_t *machine_status(const struct machine *m);

#endif
