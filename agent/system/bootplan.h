/* What the system on a disk would start: its boot loader's configuration, found and read. */
#ifndef AGENT_SYSTEM_BOOTPLAN_H
#define AGENT_SYSTEM_BOOTPLAN_H

#include "agent/system/grub.h"
#include "agent/system/volume.h"

/*
 * Looks for a configuration of GRUB, then for entries of systemd-boot, on the partitions in their
 * order, read-only. *ret_volume is the mounted one that the plan's files lie on. -ENOENT: there is
 * none; -ENOTSUP: what is there is not understood, or two contradict each other.
 */
int bootplan_find(struct volumes *v, bool uefi, struct boot_plan *ret, struct volume **ret_volume,
	struct err *e);

#endif
