/* Serving a farm until somebody ends it; shared by ingot-bmcd and `ingot-vrack farm`. */
#ifndef TESTS_BMC_BMCD_RUN_H
#define TESTS_BMC_BMCD_RUN_H

#include "tests/bmc/bmcd/options.h"

/*
 * Opens the farm, prints "ready ADDRESS:PORT N" on standard output and serves until SIGTERM or
 * SIGINT. 0, or a negative errno with e filled. Wipes o.
 */
int run_farm(struct farm_options *o, struct err *e);

#endif
