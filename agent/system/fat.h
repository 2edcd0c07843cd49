/*
 * Files of a FAT volume (Microsoft's "FAT: General Overview of On-Disk Format" 1.03; UEFI 2.10,
 * section 13.3) on a disk or in an image, read and, carefully, added: without the kernel's driver,
 * so that it works wherever the program runs. Everything read is hostile.
 */
#ifndef AGENT_SYSTEM_FAT_H
#define AGENT_SYSTEM_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define FAT_NAME_MAX	256 /* bytes of UTF-8 with its NUL; a longer name is cut */
#define FAT_ENTRIES_MAX 65536

struct fat {
	int fd;
	uint64_t at, size;	       /* the volume on the disk, in bytes */
	unsigned bits;		       /* 12, 16 or 32: of an entry of its table */
	uint32_t sector, cluster_size; /* bytes */
	uint32_t clusters;	       /* with data; numbered from 2 */
	uint64_t table_at, table_size; /* bytes, from the volume's start */
	unsigned tables;
	uint64_t root_at; /* FAT12 and FAT16: the fixed root folder */
	uint32_t root_size;
	uint32_t root_cluster; /* FAT32 */
	uint64_t data_at;
	uint64_t info_at; /* FAT32: sector with the count of free clusters; 0: none */
};

struct fat_entry {
	char name[FAT_NAME_MAX]; /* "" for the root folder */
	bool folder;
	uint32_t first; /* cluster; 0: none */
	uint32_t size;	/* bytes; 0 for a folder */
};

/* Looks at a volume of `size` bytes that begins at byte `at`. fd is borrowed. 0 or -EBADMSG. */
int fat_open(int fd, uint64_t at, uint64_t size, struct fat *ret, struct err *e);

struct fat_entry fat_root(const struct fat *f);

/*
 * Calls fn with every file and folder of a folder, in the order of the disk, until fn gives
 * something else than 0, which is given back. -EBADMSG: the folder is damaged.
 */
int fat_list(const struct fat *f, const struct fat_entry *folder,
	int (*fn)(void *data, const struct fat_entry *entry), void *data, struct err *e);

/* "EFI/BOOT/BOOTX64.EFI", any case. -ENOENT without a text in *e. */
int fat_find(const struct fat *f, const char *path, struct fat_entry *ret, struct err *e);

/* The whole file; -EFBIG beyond max. *ret is NUL-terminated and the caller's to free. */
int fat_read(const struct fat *f, const struct fat_entry *file, size_t max, uint8_t **ret,
	size_t *ret_len, struct err *e);

/*
 * Adds a file that is not there to a folder ("EFI/BOOT"; made where it is missing). Names are plain
 * ones of at most 8 and 3 characters. What was there is not touched before the new file is whole.
 * fd has to be open for writing. -ENOSPC, -EEXIST.
 */
int fat_add(struct fat *f, const char *folder, const char *name, const void *data, size_t len,
	struct err *e);

/* For fat_add(): the table. An entry of a cluster; UINT32_MAX: it cannot be read. */
uint32_t fat_next(const struct fat *f, uint32_t cluster);
bool fat_is_cluster(const struct fat *f, uint32_t n);
uint64_t fat_cluster_at(const struct fat *f, uint32_t n); /* on the disk */

#endif
