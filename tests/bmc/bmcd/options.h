/* The command line of ingot-bmcd. */
#ifndef TESTS_BMC_BMCD_OPTIONS_H
#define TESTS_BMC_BMCD_OPTIONS_H

#include "tests/bmc/bmcd/farm.h"

struct options {
	struct farm_config farm;
	struct bmcemu_user users[BMCEMU_USERS_MAX];
	char address[64];
	const char *control; /* path of the control socket or NULL */
	bool help;
};

/* 0, or a negative errno with e filled. Strings point into argv. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_help(void);

#endif
