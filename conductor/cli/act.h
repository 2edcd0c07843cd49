/* One thing asked of many nodes, and waiting until it is done. */
#ifndef CONDUCTOR_CLI_ACT_H
#define CONDUCTOR_CLI_ACT_H

#include "conductor/cli/blast.h"
#include "conductor/cli/watch.h"

#define ACT_TIMEOUT_S 7200 /* of --wait without --timeout */

struct act {
	struct ask ask;
	const char *provision_state, *power_state; /* the goal of --wait; see struct watch_goal */
	const char
		*destroys; /* "Undeploy": what may be lost is shown and confirmed; NULL: nothing */
	enum blast_ask confirm;
	bool one_is_sure; /* a single node that is named is not asked about */
};

/* Asks each node; with --wait follows them. Prints failures; an exit code. */
int act_run(const struct cli_line *line, struct conn *c, const struct names *names,
	const struct act *a);

/* All of a verb: connection, the nodes of the arguments from `first` on, confirmation, act_run().
 */
int act_on_args(struct cli_line *line, int first, const struct act *a);
/* The same of the nodes that n words mean, 0: all; by a connection that is open already. */
int act_with(struct cli_line *line, struct conn *c, const char *const *words, size_t n,
	const struct act *a);
/* The same, and it opens one. */
int act_on_words(struct cli_line *line, const char *const *words, size_t n, const struct act *a);

json_t *act_target(const char *target); /* the one request for a provision target, in an array */
/* Of --timeout, else of --wait; 0: for ever. */
int act_timeout(const struct cli_line *line, int dflt, int *ret, struct err *e);

#endif
