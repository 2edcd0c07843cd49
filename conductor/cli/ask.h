/* The same asked of many nodes, in as few calls as possible. */
#ifndef CONDUCTOR_CLI_ASK_H
#define CONDUCTOR_CLI_ASK_H

#include "conductor/cli/cmd.h"

/* What is asked of each node: requests that go one after the other, until one is refused. */
struct ask {
	/* A new array of {method, path, body}; the path is the part behind the node. */
	json_t *(*requests)(const char *node, void *data);
	void *data;
};

/* One request as an array; body is taken, NULL: none. */
json_t *ask_one(const char *method, const char *path, json_t *body);

/*
 * Asks by POST /ingot/v1/batch, of a conductor that has none of it node by node. *ret_rows: one
 * object {node, status, error} for each node, in their order; a dry run's rows also tell what the
 * node is (conductor/api/README.md). Nodes that are locked are asked again for ten seconds.
 * Below 0: the call as a whole failed; -ENOSYS: a dry run of a conductor that knows none.
 */
int ask_nodes(struct conn *c, const struct names *names, const struct ask *a, bool dry_run,
	json_t **ret_rows, struct err *e);

/* The row says that it was taken. */
bool ask_taken(const json_t *row);

#endif
