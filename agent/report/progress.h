/* How far the running command is: for the console once a second, for the conductor as often as it
 * asks. */
#ifndef AGENT_REPORT_PROGRESS_H
#define AGENT_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/init/cmdline.h"
#include "agent/report/journal.h"

struct progress_state {
	char phase[64];	   /* command, or its phase: "standby.prepare_image: writing" */
	char message[256]; /* what a person would want to know beside it */
	uint64_t bytes_done, bytes_total, bytes_written, rate_bps;
};

struct progress;

struct progress *progress_new(struct journal *j);
void progress_free(struct progress *p); /* stops the posting thread */

/*
 * Posts to the conductor, from a thread of its own, while a command runs, every interval_ms at
 * most. An answer that is late or missing never holds up the work. `params` is borrowed.
 */
int progress_post_to(struct progress *p, const struct params *params, const char *url,
	int interval_ms, const char *node_uuid, const char *agent_token, struct err *e);

/*
 * A command begins, moves on, ends; an end without a beginning is ignored. Any thread. `s` is
 * copied.
 */
void progress_begin(struct progress *p, const char *phase);
void progress_set(struct progress *p, const struct progress_state *s);
void progress_end(struct progress *p, const char *message);

#endif
