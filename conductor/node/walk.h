/* A list with a row for each node, made in small parts between other work. */
#ifndef CONDUCTOR_NODE_WALK_H
#define CONDUCTOR_NODE_WALK_H

#include "conductor/node/enode.h"

/*
 * Answers r with {key: [rows]}: one row for every node there is now and will be when its turn
 * comes. row: gives a row, or NULL for none; flag is the request's.
 */
void walk_nodes(struct engine *en, struct request *r, const char *key,
	json_t *(*row)(struct enode *e, bool flag));
void walks_stop(struct engine *en); /* ends those under way */

#endif
