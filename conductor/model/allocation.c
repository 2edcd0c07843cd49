/* Field table of allocations; see allocation.h. */
#include "conductor/model/allocation.h"
#include "conductor/model/fields.h"

static const char *const states[ALLOCATION_STATE_COUNT] = {NULL, "allocating", "active", "error"};

static const struct field allocation_fields[] = {
	F(allocation, uuid, FIELD_STR, U),
	F(allocation, name, FIELD_STR, U),
	F(allocation, node_uuid, FIELD_STR, C),
	F_ENUM(allocation, state, states, ALLOCATION_STATE_COUNT),
	F(allocation, last_error, FIELD_STR, 0),
	F(allocation, resource_class, FIELD_STR, C),
	F(allocation, traits, FIELD_ARRAY, 0),
	F(allocation, candidate_nodes, FIELD_ARRAY, 0),
	F(allocation, owner, FIELD_STR, C),
	F(allocation, extra, FIELD_OBJECT, 0),
	F(allocation, created_at, FIELD_TIME, C),
	F(allocation, updated_at, FIELD_TIME, C),
};

TYPE(allocation, "allocations");
