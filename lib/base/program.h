/*
 * Runs another program to its end: with a time limit, its output line by line, and nothing of it
 * left behind. No shell.
 */
#ifndef LIB_BASE_PROGRAM_H
#define LIB_BASE_PROGRAM_H

#include <stdatomic.h>
#include <stddef.h>

#include "lib/base/err.h"

#define PROGRAM_LINE_MAX 400

struct program {
	const char *const
		*argv; /* argv[0] with '/', or to be found in /usr/sbin:/usr/bin:/sbin:/bin */
	const char *const *env; /* beside PATH and LC_ALL=C; NULL: nothing */
	/*
	 * The folder that is its "/". It runs in a process namespace of its own then: who stays
	 * behind in it is killed. Needs root.
	 */
	const char *root;
	unsigned timeout_s;
	const atomic_bool *cancel; /* ends it when true; NULL: never */
	/* A line of its output or its errors, without its end, cut at PROGRAM_LINE_MAX; or NULL. */
	void (*line)(void *data, const char *line);
	void *data;
};

/*
 * Waits for it; safe with threads. 0 it ended with status 0. -ENOENT there is no such program,
 * -ETIMEDOUT, -ECANCELED, -ECHILD it ended otherwise: the error holds its last line.
 */
int program_run(const struct program *p, struct err *e);

/* Whether a program of that name would be found, outside of any root. */
int program_find(const char *name, char *ret, size_t size);

#endif
