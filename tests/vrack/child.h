/* Programs that the rack runs for a machine: they end with the rack and hold nothing of it. */
#ifndef TESTS_VRACK_CHILD_H
#define TESTS_VRACK_CHILD_H

#include <sys/types.h>

#include "lib/base/err.h"

#define CHILD_FD 3 /* where a child finds the descriptor it was given */

/*
 * Starts argv (found by PATH) in a session of its own, its output going to log_fd. give_fd becomes
 * CHILD_FD in it, -1: none; the caller closes its own. The child is killed when the rack ends.
 * Gives the process in *ret; a program that cannot be run ends with status 127 and says why in the
 * log.
 */
int child_start(const char *const *argv, int log_fd, int give_fd, pid_t *ret, struct err *e);

#endif
