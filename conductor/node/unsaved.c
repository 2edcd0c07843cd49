/*
 * What the store did not take, tried again: while its disk is full or fails, a flow stands still
 * where it is and goes on when there is room; nothing of it is acted on before it is durable. What
 * a client asked for is not kept for later: the client is told.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>

#define RETRY_MS 1000
#define A_CALL	 EV_COUNT /* not a transition: the next call of the flow */

static void wait_for_store(struct enode *e, enum fsm_event what, const char *text)
{
	e->unsaved = what;
	str_replace(&e->unsaved_text, text);
	enode_arm(e, RETRY_MS);
	enode_waits(e, 0, "the store to take changes again");
	enode_wait_set(e, WAIT_STORE);
}

void unsaved_call(struct enode *e)
{
	wait_for_store(e, A_CALL, NULL);
}

/* The flow's working copy is kept: what clients change until then is brought into it. */
void unsaved_transition(struct enode *e, enum fsm_event event, const char *text, struct commit *c)
{
	if (e->run && !e->run->node && event != EV_FAIL)
		e->run->node = TAKE_PTR(c->next);
	wait_for_store(e, event, text);
}

void unsaved_forget(struct enode *e)
{
	e->unsaved = EV_NONE;
	str_replace(&e->unsaved_text, NULL);
}

static bool ends_flow(enum fsm_event event)
{
	return event == EV_DONE || event == EV_MANAGE || event == EV_CLEAN;
}

void unsaved_retry(struct enode *e)
{
	_cleanup_free_ char *text = TAKE_PTR(e->unsaved_text);
	struct state_change s = {.event = e->unsaved, .cause = text};
	struct err err;

	unsaved_forget(e);
	if (s.event == A_CALL) {
		run_next(e);
		return;
	}
	if (s.event == EV_FAIL)
		s.error = text;
	else if (e->run)
		s.next = TAKE_PTR(e->run->node);
	if (e->run && ends_flow(s.event))
		s.found = &e->run->found;
	if (state_apply(e, &s, &err) < 0) {
		log_error("node %s: %s", e->uuid, err.text);
		run_drop(e);
	}
}
