/*
 * Allocations: a client asks for any node of a resource class, with traits, out of candidates. It
 * is answered when its wish is durable; which node it gets is decided right after that, on the
 * engine's thread and in one commit with the node, so no node is given twice. Internal to node/.
 */
#ifndef CONDUCTOR_NODE_ALLOCATE_H
#define CONDUCTOR_NODE_ALLOCATE_H

#include "conductor/node/records.h"

void allocations_start(struct engine *en); /* those that were pending go on */
void allocations_free(struct engine *en);

/* For commit.c: a node without its instance has no allocation either. */
void allocation_follow(struct commit *c);

/* For the table of kinds. */
int allocation_check(struct record_change *ch, struct err *e);
void allocation_with(struct record_change *ch, struct commit *c);
void allocation_after(struct record_change *ch);

#endif
