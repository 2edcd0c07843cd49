/* Following nodes until they are where they should be, with one live line each. */
#ifndef CONDUCTOR_CLI_WATCH_H
#define CONDUCTOR_CLI_WATCH_H

#include "conductor/cli/cmd.h"
#include "lib/base/buf.h"

struct watch_goal {
	const char *provision_state; /* where the nodes should come to; "": to rest; NULL: power is
					meant */
	const char *power_state;     /* NULL: any, once no change is under way */
	int timeout_s;		     /* 0: none */
};

/*
 * Shows progress on standard error until every node has come to the goal or failed. Failures are
 * added. CLI_OK, CLI_FAILED, or CLI_TIMEOUT. Standard output stays free for answers.
 */
int watch_nodes(struct conn *c, const struct names *names, const struct watch_goal *goal,
	struct failures *failed);

/* The line for a row of /ingot/v1/progress: "deploying  write_image 71% 213 of 300 MB 34 MB/s". */
char *watch_line(const json_t *row, int width);

/* How far the agent is, of a row's "progress": "write_image 71% 213 MB of 300 MB, 34 MB/s". */
void watch_progress(struct buf *b, const json_t *p);

/* 1: at the goal; 0: under way; -1: failed, with the reason in e. */
int watch_verdict(const json_t *row, const struct watch_goal *goal, struct err *e);

#endif
