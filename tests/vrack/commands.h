/* The commands that ask a rack, or read its folder. Each prints its result and returns the exit
 * status: 0, 1 when it failed, 2 on wrong usage, 3 on a time-out. */
#ifndef TESTS_VRACK_COMMANDS_H
#define TESTS_VRACK_COMMANDS_H

#include <stdbool.h>

#include "lib/base/err.h"

#define EXIT_WRONG_USE 2
#define EXIT_TIMED_OUT 3

struct options {
	const char *dir, *netns;
	bool json, follow, fresh;
	char **args; /* what is no option */
	int n_args;
};

int command_up(const struct options *o);
int command_down(const struct options *o);
int command_status(const struct options *o);
int command_console(const struct options *o);
int command_type(const struct options *o);
int command_farm(int argc, char **argv); /* farm.c; argv[0] is its name */
int command_logs(const struct options *o);
int command_disk(const struct options *o);
int command_fault(const struct options *o);
int command_csv(const struct options *o);

/* Prints "ingot-vrack: <the error>" and gives the exit status that fits. */
int command_failed(const struct err *e);

#endif
