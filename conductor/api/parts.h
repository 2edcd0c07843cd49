/* What bodies about chassis, port groups and volumes may hold. */
#ifndef CONDUCTOR_API_PARTS_H
#define CONDUCTOR_API_PARTS_H

#include "conductor/api/resource.h"
#include "conductor/api/schema.h"

extern const struct schema chassis_schema, portgroup_schema, volume_connector_schema,
	volume_target_schema;

#endif
