/*
 * Steps as data (contract, 1.2 and 4.7): the list that a node is cleaned, deployed or serviced by,
 * and its place in it. Both are kept in driver_internal_info under Ironic's names, so that a
 * restart finds them. A step is {"interface", "step", "args", "priority", "abortable", "argsinfo",
 * "requires_ramdisk", "reboot_requested"}; what is offered is an array of such. Clients and agents
 * are hostile: their lists have a limit. Nothing here knows how a step is done; see offers.h.
 */
#ifndef CONDUCTOR_FLOW_STEPS_H
#define CONDUCTOR_FLOW_STEPS_H

#include "conductor/flow/flow.h"

#define STEPS_MAX 256

/* Whether flows of this kind work by steps: clean, deploy and service do. */
bool steps_of_kind(enum flow_kind kind);

/* Adds what an agent offers, {"manager": [step...]}, to offered. -EPROTO: more than STEPS_MAX. */
int steps_add_offer(json_t *offered, const json_t *by_manager, struct err *e);

/*
 * Whether a client's steps can be done: each is offered or built in, its arguments are known, none
 * that is required is missing, and without a ramdisk none needs one. Deploy steps come once each,
 * and the core step deploy.deploy can only be disabled. skip_unknown: what is not offered may be
 * offered later by the agent. -EINVAL names the step and what is wrong.
 */
int steps_check(enum flow_kind kind, const json_t *wanted, const json_t *offered, bool skip_unknown,
	bool no_ramdisk, struct err *e);

/*
 * The list to work through. wanted NULL: what runs by itself, by falling priority, the same ones in
 * the order of their interfaces. A client's clean and service steps stay in its order; its deploy
 * steps take their place among those offered, and one of priority 0 disables its namesake.
 */
int steps_choose(enum flow_kind kind, const json_t *wanted, const json_t *offered,
	bool skip_unknown, bool no_ramdisk, json_t **ret, struct err *e);

/* What a client asked for; NULL: nothing. Borrowed. */
json_t *steps_wanted(const struct node *n, enum flow_kind kind);
/* Keeps a client's steps for the flow that begins; NULL: none. Borrowed. */
void steps_want(struct node *n, enum flow_kind kind, json_t *wanted, bool no_ramdisk);
/* No ramdisk is booted for the flow, as the client asked. */
bool steps_no_ramdisk(const struct node *n, enum flow_kind kind);

/* The list to work through is known: it begins, or goes on behind the step it is at. Takes list. */
void steps_begin(struct node *n, enum flow_kind kind, json_t *list);
bool steps_begun(const struct node *n, enum flow_kind kind);
/* The step at hand, borrowed; NULL: none is left. */
json_t *steps_current(const struct node *n, enum flow_kind kind);
/* Shows the step at hand in clean_step, deploy_step or service_step; {} when there is none. */
void steps_show(struct node *n, enum flow_kind kind);
/* The field of the node that shows it; NULL for kinds without steps. */
json_t *steps_shown(struct node *n, enum flow_kind kind);
void steps_next(struct node *n, enum flow_kind kind);
/* All flows are over: what was kept for them goes. after_failure: their lists stay to be read. */
void steps_forget(struct node *n, bool after_failure);

/* "deploy.erase_devices"; returns buf. */
const char *step_name(const json_t *step, char *buf, size_t size);
/* hold, wait, power_on, power_off or reboot: steps of the conductor's own, in any list. */
bool step_is_built_in(const json_t *step);
int64_t step_priority(const json_t *step);

#endif
