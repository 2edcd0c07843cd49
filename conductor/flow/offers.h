/*
 * The steps that a node's interfaces offer, and what is done for each: a table of definitions, each
 * with the calls it is made of. An agent's own steps have no definition: they are all done by the
 * same calls.
 */
#ifndef CONDUCTOR_FLOW_OFFERS_H
#define CONDUCTOR_FLOW_OFFERS_H

#include "conductor/flow/flow.h"

/* What the node's interfaces offer for this kind of flow, as steps.h has it. A new reference. */
json_t *offers_list(const struct node *n, enum flow_kind kind);

/* The calls of a step. -EINVAL: neither the node's interfaces nor its agent know it. */
int offers_calls(const struct node *n, enum flow_kind kind, const json_t *step,
	struct flow_part *ret, struct err *e);

/* Nodes of this kind of flow are worked on by an agent, which offers steps of its own. */
bool offers_by_agent(const struct node *n);

#endif
