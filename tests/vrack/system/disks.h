/* Finds file systems by what is in them; nothing of udev or blkid is there. */
#ifndef TESTS_VRACK_SYSTEM_DISKS_H
#define TESTS_VRACK_SYSTEM_DISKS_H

#define DISK_NAME_MAX 64

/*
 * Looks through all disks and partitions for an ext4 file system (ISO 9660 volume) with this label,
 * and gives its path below /dev. 0, or -ENOENT. Labels of an ISO volume are compared without case.
 */
int disks_find_ext4(const char *label, char ret[static DISK_NAME_MAX]);
int disks_find_iso9660(const char *label, char ret[static DISK_NAME_MAX]);

#endif
