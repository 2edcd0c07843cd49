/*
 * The file systems on the partitions of one disk: what they are called, and their files. The kernel
 * mounts them; in a simulation partition 2 of the file DIR/dev/vda is the folder DIR/dev/vda.2.
 */
#ifndef AGENT_SYSTEM_VOLUME_H
#define AGENT_SYSTEM_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/inspect/sysroot.h"
#include "lib/base/err.h"

#define VOLUMES_MAX 128

struct volume {
	unsigned number;     /* of its partition */
	const char *type;    /* "ext4", "xfs", "vfat", "btrfs"; NULL: not one of these */
	char uuid[40];	     /* as blkid prints it */
	char label[64];	     /* "" when it has none */
	int dir;	     /* its root folder once mounted; -1 */
	char mounted_on[64]; /* "" in a simulation */
};

struct volumes {
	const struct sysroot *sr;
	void (*load_module)(void *data, const char *name);
	void *data;
	char disk[64]; /* "/dev/vda" */
	size_t n;
	struct volume all[VOLUMES_MAX];
};

/*
 * Looks at the partitions of a disk; what has no file system is listed, too. load_module is called
 * with the name of a file system's driver before it is mounted. 0 or negative errno.
 */
int volumes_open(struct volumes *v, const struct sysroot *sr, const char *disk, uint64_t size,
	unsigned sector, void (*load_module)(void *data, const char *name), void *data,
	struct err *e);

/* Unmounts all; what was written is on the disk then, or it is an error. */
int volumes_close(struct volumes *v, struct err *e);

/* NULL: there is no such partition. */
struct volume *volumes_number(struct volumes *v, unsigned number);

/*
 * Makes the files of a partition accessible below volume.dir. Read-only means that the disk is not
 * written at all, not even to replay a journal.
 */
int volume_mount(struct volumes *v, struct volume *one, bool writable, struct err *e);

/*
 * Opens a file or folder below `dir` without ever leaving it: links, also absolute ones, are taken
 * as inside it. Negative errno.
 */
int volume_openat(int dir, const char *path, int flags, mode_t mode);

/* A whole file of at most max bytes, NUL-terminated; NULL when it cannot be had. */
char *volume_read(int dir, const char *path, size_t max);

#endif
