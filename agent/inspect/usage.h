/* Whether somebody uses a disk, so that nobody writes to it. */
#ifndef AGENT_INSPECT_USAGE_H
#define AGENT_INSPECT_USAGE_H

#include "agent/inspect/sysroot.h"

/*
 * Why the disk "sda" is not to be touched, as the end of a sentence: it is read-only, removable,
 * mounted, swap, or part of a RAID array, a volume group, a multipath or an encrypted device, the
 * whole of it or one of its partitions. Allocated; NULL: it is free. Any thread.
 */
char *disk_usage(const struct sysroot *sr, const char *name);

#endif
