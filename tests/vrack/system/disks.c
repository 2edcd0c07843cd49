/* Labels of file systems, read from their superblocks; see disks.h. */
#include "tests/vrack/system/disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Where a file system keeps its magic number and its label. */
struct kind {
	off_t at; /* of the superblock */
	size_t magic_at, magic_len;
	const char *magic;
	size_t label_at, label_len;
	bool exact;
};

/*
 * ext4: Documentation/filesystems/ext4/super.rst. ISO 9660 (ECMA-119 section 8.4): volume id. FAT12
 * and FAT16 (Microsoft's specification, section 3.1): the boot sector.
 */
static const struct kind ext4 = {1024, 56, 2, "\x53\xef", 120, 16, true};
static const struct kind iso9660 = {32768, 1, 5, "CD001", 40, 32, false};
static const struct kind fat = {0, 54, 4, "FAT1", 43, 11, false};

static bool has_label(const char *path, const struct kind *k, const char *label)
{
	char block[2048], text[33];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = k->label_len;
	bool found;

	if (fd < 0)
		return false;
	found = pread(fd, block, sizeof(block), k->at) == (ssize_t)sizeof(block) &&
		memcmp(block + k->magic_at, k->magic, k->magic_len) == 0;
	close(fd);
	if (!found)
		return false;
	memcpy(text, block + k->label_at, n);
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\0'))
		n--;
	text[n] = '\0';
	return k->exact ? strcmp(text, label) == 0 : strcasecmp(text, label) == 0;
}

static int find(const struct kind *k, const char *label, char ret[static DISK_NAME_MAX])
{
	DIR *d = opendir("/sys/class/block");
	char path[DISK_NAME_MAX];
	struct dirent *e;
	int r = -ENOENT;

	while (d && r < 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.' || strlen(e->d_name) > 32)
			continue;
		snprintf(path, sizeof(path), "/dev/%.32s", e->d_name);
		if (has_label(path, k, label)) {
			strcpy(ret, path);
			r = 0;
		}
	}
	if (d)
		closedir(d);
	return r;
}

int disks_find_ext4(const char *label, char ret[static DISK_NAME_MAX])
{
	return find(&ext4, label, ret);
}

int disks_find_drive(const char *label, char ret[static DISK_NAME_MAX], const char **ret_type)
{
	*ret_type = "iso9660";
	if (find(&iso9660, label, ret) == 0)
		return 0;
	*ret_type = "vfat"; /* disks with sectors of 4096 bytes */
	return find(&fat, label, ret);
}
