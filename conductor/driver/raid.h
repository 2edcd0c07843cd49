/* What a RAID configuration may say (contract 2.6, states/raid), for every raid interface. */
#ifndef CONDUCTOR_DRIVER_RAID_H
#define CONDUCTOR_DRIVER_RAID_H

#include "lib/json/json.h"

/* A target_raid_config: {"logical_disks": [...]}. -EINVAL names the disk, member and expectation.
 */
int raid_check(const json_t *config, struct err *e);

/* {property of a logical disk: what it means}; a new reference. */
json_t *raid_properties(void);

#endif
