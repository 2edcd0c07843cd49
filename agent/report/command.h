/*
 * The commands an agent has been given: which run, which are over, how they ended. Synchronous ones
 * run in the caller's thread, asynchronous ones in the one worker thread, one at a time. It knows
 * neither HTTP nor what a command does.
 */
#ifndef AGENT_REPORT_COMMAND_H
#define AGENT_REPORT_COMMAND_H

#include <stdatomic.h>

#include "lib/json/json.h"

#define COMMANDS_KEPT_MAX 64

enum command_status {
	COMMAND_RUNNING,
	COMMAND_SUCCEEDED,
	COMMAND_FAILED,
	COMMAND_CLEAN_VERSION_MISMATCH, /* run() gave -ESTALE */
	COMMAND_STATUS_COUNT
};

/* One row of the table of commands. */
struct command_spec {
	const char *name; /* "standby.prepare_image" */
	bool async;
	bool anytime;		/* also while an asynchronous one runs */
	const char *error_type; /* "type" of command_error; NULL: "CommandExecutionError" */

	/* Looks at the parameters before anything is done; a failure is answered 400. May be NULL.
	 */
	int (*validate)(void *agent, const json_t *params, struct err *e);

	/*
	 * Does the work. *ret_result becomes command_result (a reference given away), also on
	 * failure: an object, or a string, which is wrapped as {"result": ...} and begins with the
	 * command's name when asynchronous, or NULL for null. An object's "result" does so too.
	 */
	int (*run)(void *agent, const json_t *params, json_t **ret_result, struct err *e);
};

struct commands;

/* Called by the worker when an asynchronous command is over, after its record says so. */
typedef void (*commands_done_fn)(
	void *agent, const char *name, enum command_status s, const char *error);

/* `specs` ends with a row without name and is borrowed. */
int commands_new(const struct command_spec *specs, void *agent, commands_done_fn done,
	struct commands **ret, struct err *e);
/* Tells a running command to give up (see commands_cancel()) and waits for it. */
void commands_free(struct commands *c);

/* Turns true when the running command should end with -ECANCELED. */
const atomic_bool *commands_cancel(const struct commands *c);

/*
 * Runs or starts a command; takes params, which nobody else may hold, as it goes to another thread,
 * also on failure. *ret is its record, a new reference. -ENOENT: no such extension;
 * -EINVAL: no such command, or parameters that validate() refused; -EBUSY: an asynchronous one is
 * running. A command that ran and failed is success here: its record says so. Any thread.
 */
int commands_execute(
	struct commands *c, const char *name, json_t *params, json_t **ret, struct err *e);

/* All records, oldest first: {"commands": [...]}. */
json_t *commands_list(struct commands *c);
json_t *commands_get(struct commands *c, const char *id); /* NULL when there is none */

/*
 * Calls fn once with the record (borrowed) when the command is over: at once if it is. False when
 * there is no such command or too many wait already: then fn is not called. Any thread.
 */
bool commands_on_done(struct commands *c, const char *id,
	void (*fn)(const json_t *record, void *data), void *data);

#endif
