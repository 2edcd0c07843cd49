/* Bodies of what the agent sends. */
#ifndef CONDUCTOR_API_RAMDISK_H
#define CONDUCTOR_API_RAMDISK_H

#include "conductor/api/schema.h"

extern const struct schema heartbeat_schema;

#endif
