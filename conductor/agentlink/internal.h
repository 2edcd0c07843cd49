/* What the files of agentlink share. */
#ifndef CONDUCTOR_AGENTLINK_INTERNAL_H
#define CONDUCTOR_AGENTLINK_INTERNAL_H

#include "conductor/agentlink/agentlink.h"
#include "lib/http/async.h"

struct agentlink {
	uv_loop_t *loop;
	struct http_async *http;
	struct list pausing; /* requests before their next attempt */
	char *logs_folder;   /* NULL: logs are not kept */
	int logs_keep;
	unsigned saving; /* files being written */
};

/* One request to an agent; strings are copied. */
struct agent_request {
	const char *url;
	const char *body; /* NULL: a GET */
	const char *pin_pem;
	bool repeatable; /* what it does the second time is nothing, or the same */
	size_t answer_max;
	int64_t deadline_ms; /* monotonic */
};

/*
 * Asks until the deadline. A repeatable request without an answer is asked again, any other only
 * when it cannot have arrived. done is as http_async_start() calls it.
 */
void agentlink_ask(
	struct agentlink *owner, const struct agent_request *rq, http_call_fn done, void *data);

/*
 * The command in an agent's answer, a new reference: the one that was given, or with `status` the
 * newest of that name in the list of all. 0; -ENOENT: it knows of none; -EBUSY: it has another one
 * running; else what it says went wrong. url is for that message. answer.c
 */
int agentlink_read_answer(const char *name, bool status, const char *url,
	const struct http_response *resp, json_t **ret, struct err *e);

/* Requests between two attempts fail with ECANCELED, when the loop runs next. */
void agentlink_give_up(struct agentlink *owner);

#endif
