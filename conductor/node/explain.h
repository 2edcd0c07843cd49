/*
 * What each provision state means to a person: what the node is doing, what happens when its time
 * is over, and what to do next. A table over all states; it knows nothing of a single node.
 */
#ifndef CONDUCTOR_NODE_EXPLAIN_H
#define CONDUCTOR_NODE_EXPLAIN_H

#include <stddef.h>

#include "conductor/model/states.h"

struct explanation {
	const char *waits; /* what it waits for when no call says more; NULL: a stable state */
	const char *then;  /* what happens when that does not come; NULL: a stable state */
	const char *next;  /* what a person does next; NODE stands for the node's name */
};

/* NULL only for PS_NONE. */
const struct explanation *explain_state(enum provision_state s);

/* `next` with the node's name in it. Returns buf. */
const char *explain_fill(const char *text, const char *node, char *buf, size_t size);

#endif
