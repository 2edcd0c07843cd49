/* Many emulated BMCs with simulated machines in one process. */
#ifndef TESTS_BMC_BMCD_FARM_H
#define TESTS_BMC_BMCD_FARM_H

#include "tests/bmc/bmcemu.h"
#include "tests/bmc/simmachine.h"

struct farm;
struct play;

struct farm_node {
	struct farm *farm;
	struct bmcemu *bmc;
	struct simmachine *machine;
};

/* Told after each change of a machine's power, with its place in the farm. */
typedef void (*farm_hook)(
	void *data, size_t i, enum bmcemu_machine_event event, const struct boot_choice *boot);

struct farm {
	struct farm_node *nodes;
	size_t n;
	struct play *play; /* NULL: no script has been given */
	farm_hook hook;
	void *data;
};

struct farm_config {
	struct bmcemu_config bmc; /* of the first; address and fd are not looked at */
	struct simmachine_config machine;
	const char *address; /* of the first */
	uint16_t port;	     /* of the first; 0: each gets what is free */
	size_t count;
	bool step_address; /* each next one has the next IPv4 address, else the next port */
};

/* Opens all or none. GUID and MAC of each end in its number. */
int farm_open(struct farm *f, uv_loop_t *loop, const struct farm_config *c, struct err *e);
void farm_close(struct farm *f);

#endif
