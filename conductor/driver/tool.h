/*
 * Commands of the ipmitool program, for BMCs that our own client cannot speak to: one at a time for
 * each BMC, a bounded number of processes in all, none beyond its deadline. Engine thread only.
 */
#ifndef CONDUCTOR_DRIVER_TOOL_H
#define CONDUCTOR_DRIVER_TOOL_H

#include "conductor/driver/ipmitool.h"
#include "lib/base/buf.h"
#include "lib/hwid/bmc_traits.h"

struct tool;
struct tool_work;

/* How one command went. It lives during the call only. */
struct tool_answer {
	bool ok;		       /* it ended with status 0 */
	const char *out;	       /* its standard output */
	enum ipmitool_trouble trouble; /* when not ok */
	struct err err;
};

/*
 * A piece of work on one BMC, of one command after the other; nothing else is asked of that BMC in
 * between. It ends with work_done() or work_fail(), which answer its op.
 */
struct tool_work {
	struct list link;
	struct tool *tool;
	struct op *op; /* NULL: nobody waits */
	enum driver_priority priority;
	int64_t deadline_ms;
	void (*start)(struct tool_work *job);
	void (*answer)(
		struct tool_work *job, const struct tool_answer *a); /* of the last work_run() */

	const char *words[12]; /* of the command; those that are not static are in text */
	char text[8][8];
	int n_words, n_text;
	unsigned busy;

	/* the work's own */
	enum power_action action;
	uint8_t flags, selector;
	bool efi;
	unsigned pause_ms;
	struct err first;
};

/*
 * The BMC of a node, made or remade when driver_info says something else. NULL: the op has failed
 * with the reason. The job belongs to it until it ends.
 */
struct tool_work *work_new(struct driver_env *env, const struct node *n, enum driver_priority p,
	struct op *op, void (*start)(struct tool_work *job));
/* Work on the same BMC that nobody waits for, and that can wait. */
struct tool_work *work_beside(struct tool_work *other, void (*start)(struct tool_work *job));
void work_submit(struct tool_work *job); /* fails at once when too many wait for this BMC */
struct driver_env *work_env(const struct tool_work *job);
const struct ipmitool_settings *work_settings(const struct tool_work *job);
const struct bmc_traits *work_traits(const struct tool_work *job);
void work_set_traits(struct tool_work *job, const struct bmc_traits *traits);
bool work_introduces(struct tool_work *job); /* true once for each BMC */

/* Runs a command: words until NULL. A busy BMC is asked again; the answer comes to `answer`. */
void work_run(struct tool_work *job, void (*answer)(struct tool_work *, const struct tool_answer *),
	const char *const *words);
/* The same for "raw" with these bytes. */
void work_raw(struct tool_work *job, void (*answer)(struct tool_work *, const struct tool_answer *),
	const uint8_t *bytes, int n);
/* Runs the last command again after a pause. False: the deadline is before that. */
bool work_again(struct tool_work *job, unsigned pause_ms);

void work_done(struct tool_work *job, json_t *value);
void work_fail(struct tool_work *job, const struct err *e);

void tools_forget(struct driver_env *env, const char *node_uuid);
void tools_stop(struct driver_env *env);

#endif
