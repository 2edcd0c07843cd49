/* What run.c, which runs flows, and recover.c, which goes on with them after a restart, share. */
#ifndef INGOT_NODE_RUN_H
#define INGOT_NODE_RUN_H

#include "conductor/node/enode.h"

/* run.c, runwait.c; all on the engine's thread, of a node with a run. */
const struct flow_call *run_call(const struct enode *e); /* the one at hand; NULL: all are made */
const struct flow_call *run_call_before(const struct enode *e); /* NULL: it is the first one */
void run_pass(struct enode *e);		   /* the call at hand is over: the next one is at hand */
struct node *run_work_on(struct enode *e); /* the working copy that calls change; the run's own */
void run_start_call(struct enode *e);	   /* the call at hand; its cursor is durable */
/* The flow fails in the call at hand: "deploy: write the image: <cause>". */
void run_fail_call(struct enode *e, struct err *err);
/* The call at hand is done, with that answer (borrowed; NULL: none); the flow goes on. */
void run_call_succeeded(struct enode *e, json_t *value);
/* Asks the agent how the command of the call at hand ended, in at most limit_s seconds. */
void run_ask_outcome(struct enode *e, unsigned limit_s);

/* A failure in what would have been good to have: it is told, and the flow goes on. */
void run_leave_out(struct enode *e, const struct err *err);
void run_count_failure(struct enode *e, enum cause cause);
static inline const char *run_label(const struct enode *e)
{
	return e->name ? e->name : e->uuid;
}

/* runwait.c */
void run_apply(struct enode *e, enum fsm_event event, const char *cause); /* of nobody's request */
int run_pause_s(struct enode *e); /* it waits only for so long to pass; 0: it does not */

/*
 * children.c: a step that is done on the nodes below. Begins with the next of them; done() takes
 * its answer in: true when it was the last one.
 */
void children_start(struct enode *e, struct op *op);
bool children_done(struct enode *e);

void found_done(struct flow_found *f); /* frees what it holds */

/* patience.c: the answer is a failure that time will heal, and the call is begun again later. */
bool run_has_patience(struct enode *e, const struct op *op);

/* recover.c */
void recover_unknown(struct enode *e); /* nobody knows what the node was doing: it fails */
/* A call that ends the agent was interrupted, and the agent was asked: whether it is there still.
 */
void recover_once(struct enode *e, bool alive);

#endif
