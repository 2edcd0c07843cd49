/*
 * The provision state machine as a table (contract section 3). It decides; it does not act: the
 * engine runs the flow a row names and is the only caller.
 */
#ifndef CONDUCTOR_NODE_TABLE_H
#define CONDUCTOR_NODE_TABLE_H

#include "conductor/model/states.h"

/* What can happen to a node: the clients' verbs, then what flows, agents and clocks report. */
enum fsm_event {
	EV_NONE,
	EV_MANAGE,
	EV_PROVIDE,
	EV_INSPECT,
	EV_DEPLOY,
	EV_REBUILD,
	EV_DELETE,
	EV_CLEAN, /* by a client: manual; after deleting: automated */
	EV_ADOPT,
	EV_ABORT,
	EV_RESCUE,
	EV_UNRESCUE,
	EV_UNHOLD,
	EV_SERVICE,
	EV_DONE,
	EV_FAIL,
	EV_WAIT,
	EV_RESUME,
	EV_HOLD,
	EV_QUEUE, /* the next call needs a slot, and none is free: see admission.c */
	EV_ADMIT, /* it has one now */
	EV_COUNT
};
extern const char *const fsm_event_names[EV_COUNT];

/* What the engine does once the new state is durable. */
enum fsm_action {
	ACT_NONE,
	ACT_VERIFY,
	ACT_CLEAN, /* automated when the target is available, manual when it is manageable */
	ACT_INSPECT,
	ACT_DEPLOY,
	ACT_DELETE,
	ACT_ADOPT,
	ACT_RESCUE,
	ACT_UNRESCUE,
	ACT_SERVICE,
	ACT_CONTINUE, /* the running flow goes on */
	ACT_UNDO,     /* the flow ended badly: its clean-up runs */
	ACT_QUEUE,    /* the node waits for a slot; no time limit runs */
	ACT_ADMIT,    /* the flow makes the call that waited for the slot */
	ACT_COUNT
};

/* target_provision_state after the transition: a state, or one of these. */
enum { TARGET_CLEAR = PS_NONE, TARGET_KEEP = PS_COUNT };

struct transition {
	enum provision_state from;
	enum fsm_event event;
	enum provision_state to;
	int target; /* enum provision_state, TARGET_CLEAR or TARGET_KEEP */
	enum fsm_action action;
};

/* The row for this state and event, or NULL: not allowed. */
const struct transition *fsm_find(enum provision_state from, enum fsm_event event);

/* Walks the rows; NULL after the last. */
const struct transition *fsm_row(int i);

enum fsm_event fsm_event_of_verb(enum verb verb);

/* Which time limit a state has; every state that is not stable has one. */
enum fsm_limit {
	LIMIT_NONE, /* stable: may last for ever */
	LIMIT_VERIFY,
	LIMIT_WORK, /* each call of the flow has its own, shorter one */
	LIMIT_HOLD, /* waits for an operator, without end, and says so */
	LIMIT_DEPLOY_WAIT,
	LIMIT_CLEAN_WAIT,
	LIMIT_INSPECT_WAIT,
	LIMIT_RESCUE_WAIT,
	LIMIT_SERVICE_WAIT,
	LIMIT_COUNT
};
enum fsm_limit fsm_limit_of(enum provision_state s);

/* States in which a client may change a node although an operation is under way (contract 2.3). */
bool fsm_update_allowed(enum provision_state s);
/* States in which a node may be deleted without maintenance. */
bool fsm_delete_allowed(enum provision_state s);
/* States in which an agent may look its node up; fast: with fast track (contract 4.3). */
bool fsm_lookup_allowed(enum provision_state s, bool fast);
/* States in which a power request of a client is refused. */
bool fsm_power_refused(enum provision_state s);

#endif
