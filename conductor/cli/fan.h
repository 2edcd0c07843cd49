/* The same asked about many things, a few at once. */
#ifndef CONDUCTOR_CLI_FAN_H
#define CONDUCTOR_CLI_FAN_H

#include "conductor/cli/cmd.h"

/* About the i-th thing, by a connection that is this call's alone; any thread. */
typedef void (*fan_work)(struct conn *c, size_t i, void *data);

/* Does the work for each i below n, on up to eight connections; returns when all is done. */
void fan_out(struct conn *c, size_t n, fan_work work, void *data);

/* One request about each of the names: the path is before, the name, after; or what path gives. */
struct fan_call {
	const char *method, *before, *after;
	const json_t *body; /* NULL: none */
	int (*path)(struct conn *c, const char *name, const struct fan_call *call, char **ret,
		struct err *e); /* any thread */
	void *data;
};

/*
 * Answers in the order of the names; null where there was none, or it failed. Failures are added
 * in that order, too. A new array.
 */
json_t *fan_call(struct conn *c, const struct names *names, const struct fan_call *call,
	struct failures *failed);

/* Removes the names whose answer is null, and these answers. */
void fan_drop_failed(struct names *names, json_t *answers);

#endif
