/* Programs that process 1 starts: their signals as programs expect them, not as we have them. */
#ifndef AGENT_INIT_CHILD_H
#define AGENT_INIT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

/*
 * Starts argv[0] in a session of its own. input, output: descriptors for 0, and 1 and 2; -1:
 * /dev/null. Gives its pid, or negative errno. Nobody has to wait for it.
 */
pid_t child_run(const char *const argv[], int input, int output, struct err *e);

/* Is it still there? (Its status is never known: process 1 lets the kernel reap.) */
bool child_lives(pid_t pid);

/* Runs it to its end, for at most timeout_ms; then it is killed. */
void child_wait(pid_t pid, int timeout_ms);

#endif
