/* What all that comes from agents has in common. Internal to node/. */
#ifndef CONDUCTOR_NODE_AGENTS_H
#define CONDUCTOR_NODE_AGENTS_H

#include "conductor/node/enode.h"

/* The one node that owns any of the MAC addresses; several nodes are no answer. */
struct enode *node_of_addresses(struct engine *en, const json_t *addresses, bool *ret_several);

/* 404 that does not tell why, and 409: try again. */
void refuse_lookup(struct request *r);
void request_locked(struct enode *e, struct request *r);

/*
 * The answer to an agent that asks who it is. Only one that gets the token now will report; a
 * machine that was restarted behind our back asks again, and that is no sign of life.
 */
json_t *agent_introduce(struct enode *e, struct commit *c, const char *peer);

#endif
