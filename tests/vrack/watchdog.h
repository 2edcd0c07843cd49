/* A tiny process that cleans up after the rack, however the rack's process ends. */
#ifndef TESTS_VRACK_WATCHDOG_H
#define TESTS_VRACK_WATCHDOG_H

#include <sys/types.h>

#include "lib/base/err.h"

struct watchdog {
	pid_t pid;
	int pipe; /* its other end tells the watchdog that we are gone */
};

/*
 * Forks the watchdog, in a session of its own and with no descriptor but the pipe and lock_fd: it
 * keeps the rack's lock until all is cleaned. When our end of the pipe closes it removes the
 * namespace `netns` and the files `control` and `state` (paths must not depend on the working
 * folder). Call it before threads exist and before the namespace is entered.
 */
int watchdog_start(struct watchdog *w, int lock_fd, const char *netns, const char *control,
	const char *state, struct err *e);

/* Lets the watchdog do its work now and waits for its end, at most 10 s. */
void watchdog_finish(struct watchdog *w);

#endif
