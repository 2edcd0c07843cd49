/* The command line of ingot-bmcd. */
#ifndef TESTS_BMC_BMCD_OPTIONS_H
#define TESTS_BMC_BMCD_OPTIONS_H

#include "tests/bmc/bmcd/farm.h"

struct farm_options {
	struct farm_config farm;
	struct bmcemu_user users[BMCEMU_USERS_MAX];
	char address[64];
	const char *control; /* path of the control socket or NULL */
	const char *script;  /* file or NULL */
	const char *csv;     /* file to write, or NULL */
	uint64_t seed;
	char password[BMCEMU_PASSWORD_MAX + 1]; /* of the first user, for the CSV */
	bool help;
};

void options_init(struct farm_options *o);

/*
 * Starts from what o holds; words that are no options stay at argv[optind]. 0, or a negative errno
 * with e filled. Strings point into argv.
 */
int options_parse(struct farm_options *o, int argc, char **argv, struct err *e);
void options_help(void);

#endif
