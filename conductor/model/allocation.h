/* A client's claim on a node of a kind, and which node it got. See record.h. */
#ifndef CONDUCTOR_MODEL_ALLOCATION_H
#define CONDUCTOR_MODEL_ALLOCATION_H

#include "conductor/model/record.h"

enum allocation_state {
	ALLOCATION_NONE,
	ALLOCATION_ALLOCATING, /* a node is looked for; also over a restart */
	ALLOCATION_ACTIVE,
	ALLOCATION_ERROR,
	ALLOCATION_STATE_COUNT
};

struct allocation {
	char *uuid; /* becomes the node's instance_uuid */
	char *name;
	char *node_uuid;
	int state; /* enum allocation_state */
	char *last_error;
	char *resource_class;
	json_t *traits;		 /* names that the node has to have */
	json_t *candidate_nodes; /* UUIDs; empty: any node */
	char *owner;
	json_t *extra;
	int64_t created_at;
	int64_t updated_at;
};
extern const struct record_type allocation_type;

#endif
