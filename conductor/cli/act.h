/* One thing asked of many nodes, and waiting until it is done. */
#ifndef CONDUCTOR_CLI_ACT_H
#define CONDUCTOR_CLI_ACT_H

#include "conductor/cli/cmd.h"
#include "conductor/cli/watch.h"

#define ACT_TIMEOUT_S 7200 /* of --wait without --timeout */

struct act {
	int (*submit)(struct conn *c, const char *node, void *data, struct err *e);
	void *data;
	const char *provision_state, *power_state; /* the goal of --wait; see struct watch_goal */
};

/* Asks each node; with --wait follows them. Prints failures; an exit code. */
int act_run(const struct cli_line *line, struct conn *c, const struct names *names,
	const struct act *a);

/* Shows what will be touched and asks, unless --yes. CLI_OK: go on. */
int act_confirm(
	const struct cli_line *line, struct conn *c, const struct names *names, const char *what);

int act_provision(struct conn *c, const char *node, const json_t *body, struct err *e);
int act_timeout(const struct cli_line *line, int dflt, int *ret, struct err *e);

#endif
