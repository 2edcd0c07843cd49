/* Where a disk is plugged in: its name below /dev/disk/by-path, and its transport. */
#ifndef AGENT_INSPECT_BYPATH_H
#define AGENT_INSPECT_BYPATH_H

#include "agent/inspect/sysroot.h"

/*
 * The name that udev's path_id (systemd 252) gives the disk whose folder in /sys is `real`:
 * "/dev/disk/by-path/pci-0000:00:1f.2-ata-3.0". Allocated; NULL where udev gives none.
 */
char *bypath_name(const struct sysroot *sr, const char *real);

/* "0:0:1:0" of a SCSI disk, out of the same path; allocated, NULL when it is none. */
char *bypath_hctl(const char *real);

/* How it is attached, in the words of lsblk(8): "sata", "sas", "nvme", ...; NULL: not known. */
const char *bypath_transport(const struct sysroot *sr, const char *real);

#endif
