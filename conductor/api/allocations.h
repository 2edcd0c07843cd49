/* What the route table names of allocations, inspection rules and events. */
#ifndef CONDUCTOR_API_ALLOCATIONS_H
#define CONDUCTOR_API_ALLOCATIONS_H

#include "conductor/api/resource.h"

extern const struct schema allocation_schema, inspection_rule_schema, events_schema;
extern const struct resource allocation_resource, inspection_rule_resource;

#endif
