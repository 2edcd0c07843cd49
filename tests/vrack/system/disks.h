/* Finds file systems by what is in them; nothing of udev or blkid is there. */
#ifndef TESTS_VRACK_SYSTEM_DISKS_H
#define TESTS_VRACK_SYSTEM_DISKS_H

#define DISK_NAME_MAX 64

/*
 * Looks through all disks and partitions for an ext4 file system with this label, and gives its
 * path below /dev. 0, or -ENOENT.
 */
int disks_find_ext4(const char *label, char ret[static DISK_NAME_MAX]);

/* The same for an ISO 9660 or FAT volume, without regard to case; *ret_type is for mount(). */
int disks_find_drive(const char *label, char ret[static DISK_NAME_MAX], const char **ret_type);

#endif
