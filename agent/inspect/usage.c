/* What holds a disk, as the kernel shows it in /sys and /proc; see usage.h. */
#include "agent/inspect/usage.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define TABLE_MAX (1024 * 1024)

/* What a device-mapper device is, by the beginning of its UUID. */
static const struct {
	const char *uuid, *sentence;
} mapped[] = {
	{"LVM-", "is used by LVM volume"},
	{"mpath-", "is a path of multipath device"},
	{"part", "is a path of multipath device"}, /* partN-mpath-... */
	{"CRYPT-", "is under encrypted device"},
	{"DMRAID-", "is part of RAID array"},
};

static char *held_by(const struct sysroot *sr, const char *part, const char *holder)
{
	_cleanup_free_ char *uuid = sysroot_line(sr, "/sys/block/%s/dm/uuid", holder);
	_cleanup_free_ char *name = sysroot_line(sr, "/sys/block/%s/dm/name", holder);

	if (str_starts(holder, "md"))
		return xasprintf("is part of RAID array %s (%s)", holder, part);
	for (size_t i = 0; uuid && i < ARRAY_SIZE(mapped); i++)
		if (str_starts(uuid, mapped[i].uuid))
			return xasprintf(
				"%s %s (%s)", mapped[i].sentence, name ? name : holder, part);
	return xasprintf("is held by %s (%s)", name ? name : holder, part);
}

static char *first_holder(const struct sysroot *sr, const char *path, const char *part)
{
	char **holders = sysroot_names(sr, path);
	char *used = holders[0] ? held_by(sr, part, holders[0]) : NULL;

	sysroot_names_free(holders);
	return used;
}

/* Where the device "8:1" is mounted: proc(5), third and fifth field of a line of mountinfo. */
static char *mounted(const char *mounts, const char *dev, const char *part)
{
	char number[32], where[200];

	for (const char *l = mounts; dev && l && *l; l = strchr(l, '\n'), l = l ? l + 1 : NULL)
		if (sscanf(l, "%*d %*d %31s %*s %199s", number, where) == 2 && str_eq(number, dev))
			return xasprintf("is mounted at %s (%s)", where, part);
	return NULL;
}

static char *swapped(const char *swaps, const char *part)
{
	_cleanup_free_ char *dev = xasprintf("/dev/%s", part);
	size_t n = strlen(dev);

	for (const char *l = swaps; l && *l; l = strchr(l, '\n'), l = l ? l + 1 : NULL)
		if (!strncmp(l, dev, n) && (l[n] == ' ' || l[n] == '\t'))
			return xasprintf("is used as swap (%s)", part);
	return NULL;
}

struct tables {
	char *mounts, *swaps;
};

/* One partition, or the whole disk; `below` is its folder under /sys/block. */
static char *part_usage(
	const struct sysroot *sr, const struct tables *t, const char *below, const char *part)
{
	_cleanup_free_ char *holders = xasprintf("/sys/block/%s/holders", below);
	_cleanup_free_ char *dev = sysroot_line(sr, "/sys/block/%s/dev", below);
	char *used = first_holder(sr, holders, part);

	if (!used)
		used = mounted(t->mounts, dev, part);
	return used ? used : swapped(t->swaps, part);
}

static char *read_table(const struct sysroot *sr, const char *path)
{
	_cleanup_free_ char *full = sysroot_path(sr, "%s", path);
	char *text = NULL;

	return fs_read(full, TABLE_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

static char *parts_usage(const struct sysroot *sr, const struct tables *t, const char *name)
{
	_cleanup_free_ char *folder = xasprintf("/sys/block/%s", name);
	char **entries = sysroot_names(sr, folder), *used = NULL;

	for (char **p = entries; *p && !used; p++) {
		_cleanup_free_ char *below = xasprintf("%s/%s", name, *p);

		if (str_starts(*p, name) && sysroot_exists(sr, "/sys/block/%s/partition", below))
			used = part_usage(sr, t, below, *p);
	}
	sysroot_names_free(entries);
	return used;
}

char *disk_usage(const struct sysroot *sr, const char *name)
{
	struct tables t;
	char *used;

	if (sysroot_int(sr, 0, "/sys/block/%s/removable", name))
		return xstrdup("is removable");
	if (sysroot_int(sr, 0, "/sys/block/%s/ro", name))
		return xstrdup("is read-only");
	t = (struct tables){read_table(sr, "/proc/self/mountinfo"), read_table(sr, "/proc/swaps")};
	used = part_usage(sr, &t, name, name);
	if (!used)
		used = parts_usage(sr, &t, name);
	free(t.mounts);
	free(t.swaps);
	return used;
}
