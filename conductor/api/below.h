/* Bodies of the resources below a node. */
#ifndef CONDUCTOR_API_BELOW_H
#define CONDUCTOR_API_BELOW_H

#include "conductor/api/schema.h"

extern const struct schema traits_schema;

#endif
