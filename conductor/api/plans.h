/* What bodies about deploy templates and runbooks may hold. */
#ifndef CONDUCTOR_API_PLANS_H
#define CONDUCTOR_API_PLANS_H

#include "conductor/api/resource.h"
#include "conductor/api/schema.h"

extern const struct schema deploy_template_schema, runbook_schema, runbook_traits_schema;

#endif
