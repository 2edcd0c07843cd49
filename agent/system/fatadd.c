/*
 * Adding a file to a FAT volume; see fat.h. The order of the writes is such that what was there
 * stays whole: first the data in clusters nobody uses, then the chains in the table, the entry in
 * the folder last. Power lost in between leaves clusters in use by nothing, which fsck frees.
 */
#include "agent/system/fat.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENTRY	    32
#define NAME_LEN    11
#define END	    0x0fffffffu
#define ATTR_FOLDER 0x10
#define ATTR_FILE   0x20

static int write_at(
	const struct fat *f, const void *data, size_t len, uint64_t offset, struct err *e)
{
	ssize_t n;

	if (offset > f->size || len > f->size - offset)
		return err_set(
			e, EBADMSG, "the FAT file system is damaged: a write beyond its end");
	n = pwrite(f->fd, data, len, (off_t)(f->at + offset));
	if (n < 0 || (size_t)n != len)
		return err_errno(e, n < 0 ? errno : EIO, "write to the FAT file system");
	return 0;
}

/* One entry in every copy of the table. Two clusters share a byte in FAT12. */
static int set_next(const struct fat *f, uint32_t cluster, uint32_t next, struct err *e)
{
	size_t bytes = f->bits == 32 ? 4 : 2;
	int r = 0;

	for (unsigned t = 0; r == 0 && t < f->tables; t++) {
		uint64_t at = f->table_at + t * f->table_size + (uint64_t)cluster * f->bits / 8;
		uint64_t mask = f->bits == 32	? 0x0fffffff
				: f->bits == 16 ? 0xffff
				: cluster & 1	? 0xfff0
						: 0x0fff;
		uint64_t v = f->bits == 12 && cluster & 1 ? (uint64_t)next << 4 : next;
		uint8_t raw[4];

		if (pread(f->fd, raw, bytes, (off_t)(f->at + at)) != (ssize_t)bytes)
			return err_errno(e, EIO, "read the table of the FAT file system");
		put_le(raw, (get_le(raw, bytes) & ~mask) | (v & mask), bytes);
		r = write_at(f, raw, bytes, at, e);
	}
	return r;
}

/* A chain of n free clusters, found but not yet taken; -ENOSPC. */
static int find_free(const struct fat *f, uint32_t *chain, size_t n, struct err *e)
{
	size_t found = 0;

	for (uint32_t c = 2; c < f->clusters + 2 && found < n; c++)
		if (fat_next(f, c) == 0)
			chain[found++] = c;
	if (found < n)
		return err_set(e, ENOSPC, "there is no room left in the FAT file system");
	return 0;
}

/* From the end to the start, so that a chain is whole whenever its first cluster is in use. */
static int take_chain(const struct fat *f, const uint32_t *chain, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = n; r == 0 && i-- > 0;)
		r = set_next(f, chain[i], i + 1 < n ? chain[i + 1] : END, e);
	return r;
}

static int write_data(
	const struct fat *f, const uint32_t *chain, const uint8_t *data, size_t len, struct err *e)
{
	_cleanup_free_ uint8_t *cluster = xmalloc(f->cluster_size);
	int r = 0;

	for (size_t done = 0; r == 0 && done < len; done += f->cluster_size) {
		size_t n = len - done < f->cluster_size ? len - done : f->cluster_size;

		memset(cluster + n, 0, f->cluster_size - n);
		memcpy(cluster, data + done, n);
		r = write_at(f, cluster, f->cluster_size, fat_cluster_at(f, *chain++), e);
	}
	return r;
}

/* Data of a new file or folder in clusters of its own. *ret_first is 0 when there is none. */
static int store(
	const struct fat *f, const void *data, size_t len, uint32_t *ret_first, struct err *e)
{
	size_t n = (len + f->cluster_size - 1) / f->cluster_size;
	_cleanup_free_ uint32_t *chain = NULL;
	int r;

	*ret_first = 0;
	if (!n)
		return 0;
	if (n > f->clusters)
		return err_set(e, ENOSPC, "there is no room left in the FAT file system");
	chain = xcalloc(n, sizeof(*chain));
	r = find_free(f, chain, n, e);
	if (r == 0)
		r = write_data(f, chain, data, len, e);
	if (r == 0)
		r = take_chain(f, chain, n, e);
	if (r == 0)
		*ret_first = chain[0];
	return r;
}

/* "BOOTX64.EFI" in the form of a folder's entry. */
static int short_name(const char *name, uint8_t ret[static NAME_LEN], struct err *e)
{
	const char *dot = strrchr(name, '.'), *ext = dot ? dot + 1 : "";
	size_t base = dot ? (size_t)(dot - name) : strlen(name);

	if (!base || base > 8 || strlen(ext) > 3)
		return err_set(e, EINVAL, "%s is no short name", name);
	memset(ret, ' ', NAME_LEN);
	for (size_t i = 0; i < base; i++)
		ret[i] = (uint8_t)toupper((unsigned char)name[i]);
	for (size_t i = 0; ext[i]; i++)
		ret[8 + i] = (uint8_t)toupper((unsigned char)ext[i]);
	return 0;
}

static void fill_entry(uint8_t *p, const uint8_t *name, unsigned attr, uint32_t first, size_t size)
{
	time_t now = time(NULL);
	struct tm t = {0};
	uint64_t clock, date = 0x21; /* 1 January 1980 */

	gmtime_r(&now, &t);
	clock = (uint64_t)(t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec / 2);
	if (t.tm_year >= 80)
		date = (uint64_t)((t.tm_year - 80) << 9 | (t.tm_mon + 1) << 5 | t.tm_mday);
	memset(p, 0, ENTRY);
	memcpy(p, name, NAME_LEN);
	p[11] = (uint8_t)attr;
	put_le16(p + 14, clock);
	put_le16(p + 16, date);
	put_le16(p + 18, date);
	put_le16(p + 20, first >> 16);
	put_le16(p + 22, clock);
	put_le16(p + 24, date);
	put_le16(p + 26, first & 0xffff);
	put_le32(p + 28, size);
}

/* A place for one entry in a piece of a folder; 0: it has none. */
static uint64_t free_slot(const struct fat *f, uint64_t at, uint32_t len)
{
	uint8_t p[ENTRY];

	for (uint32_t i = 0; i + ENTRY <= len; i += ENTRY)
		if (pread(f->fd, p, ENTRY, (off_t)(f->at + at + i)) == ENTRY &&
			(p[0] == 0 || p[0] == 0xe5))
			return at + i;
	return 0;
}

/* The folder gets another cluster, of zeroes. */
static int lengthen(const struct fat *f, uint32_t last, uint64_t *ret_slot, struct err *e)
{
	_cleanup_free_ uint8_t *zeroes = xcalloc(1, f->cluster_size);
	uint32_t first;
	int r = store(f, zeroes, f->cluster_size, &first, e);

	if (r == 0)
		r = set_next(f, last, first, e);
	if (r == 0)
		*ret_slot = fat_cluster_at(f, first);
	return r;
}

static int find_slot(
	const struct fat *f, const struct fat_entry *folder, uint64_t *ret_slot, struct err *e)
{
	bool root = !folder->name[0];
	uint32_t c = root ? f->root_cluster : folder->first, last = c;
	uint32_t left = FAT_ENTRIES_MAX * ENTRY / f->cluster_size;

	if (root && f->bits != 32) {
		*ret_slot = free_slot(f, f->root_at, f->root_size);
		return *ret_slot ? 0
				 : err_set(e, ENOSPC,
					   "the root folder of the FAT file system "
					   "is full");
	}
	for (; fat_is_cluster(f, c) && left; c = fat_next(f, c), left--) {
		*ret_slot = free_slot(f, fat_cluster_at(f, c), f->cluster_size);
		if (*ret_slot)
			return 0;
		last = c;
	}
	if (!left || !fat_is_cluster(f, last))
		return err_set(e, EBADMSG, "a folder of the FAT file system is damaged or full");
	return lengthen(f, last, ret_slot, e);
}

static int add_entry(
	const struct fat *f, const struct fat_entry *folder, const uint8_t *entry, struct err *e)
{
	uint64_t slot;
	int r = find_slot(f, folder, &slot, e);

	if (r < 0)
		return r;
	if (fsync(f->fd) < 0)
		return err_errno(e, errno, "write to the FAT file system");
	return write_at(f, entry, ENTRY, slot, e);
}

/* A folder begins with itself and the one above; 0 stands for the root. */
static int add_folder(const struct fat *f, const struct fat_entry *above, const char *name,
	struct fat_entry *ret, struct err *e)
{
	_cleanup_free_ uint8_t *data = xcalloc(1, f->cluster_size);
	uint8_t entry[ENTRY], plain[NAME_LEN];
	uint32_t first;
	int r = short_name(name, plain, e);

	if (r == 0)
		r = store(f, data, f->cluster_size, &first, e);
	if (r < 0)
		return r;
	fill_entry(data, (const uint8_t *)".          ", ATTR_FOLDER, first, 0);
	fill_entry(data + ENTRY, (const uint8_t *)"..         ", ATTR_FOLDER, above->first, 0);
	r = write_at(f, data, 2 * ENTRY, fat_cluster_at(f, first), e);
	fill_entry(entry, plain, ATTR_FOLDER, first, 0);
	if (r == 0)
		r = add_entry(f, above, entry, e);
	*ret = (struct fat_entry){.folder = true, .first = first};
	str_copy(ret->name, sizeof(ret->name), name);
	return r;
}

static int enter_folder(const struct fat *f, const char *path, struct fat_entry *ret, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(path);
	struct fat_entry at = fat_root(f);
	char *save = NULL;
	int r = 0;

	for (char *name = strtok_r(copy, "/", &save); name && r == 0;
		name = strtok_r(NULL, "/", &save)) {
		_cleanup_free_ char *so_far = xstrndup(path, (size_t)(name - copy) + strlen(name));
		struct fat_entry next;

		r = fat_find(f, so_far, &next, e);
		if (r == -ENOENT)
			r = add_folder(f, &at, name, &next, e);
		else if (r == 0 && !next.folder)
			r = err_set(e, ENOTDIR, "%s is no folder", so_far);
		at = next;
	}
	*ret = at;
	return r;
}

/* The count of free clusters is not known any more (section 5: 0xffffffff says so). */
static int forget_count(const struct fat *f, struct err *e)
{
	static const uint8_t unknown[4] = {0xff, 0xff, 0xff, 0xff};
	uint8_t mark[4];

	if (!f->info_at || pread(f->fd, mark, 4, (off_t)(f->at + f->info_at + 484)) != 4 ||
		memcmp(mark, "rrAa", 4) != 0)
		return 0;
	return write_at(f, unknown, 4, f->info_at + 488, e);
}

int fat_add(struct fat *f, const char *folder, const char *name, const void *data, size_t len,
	struct err *e)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	uint8_t entry[ENTRY], plain[NAME_LEN];
	struct fat_entry at, there;
	uint32_t first;
	int r = fat_find(f, path, &there, e);

	if (r == 0)
		return err_set(e, EEXIST, "%s is there already", path);
	if (r != -ENOENT || (r = short_name(name, plain, e)) < 0)
		return r;
	r = enter_folder(f, folder, &at, e);
	if (r == 0)
		r = store(f, data, len, &first, e);
	if (r == 0)
		r = forget_count(f, e);
	if (r < 0)
		return r;
	fill_entry(entry, plain, ATTR_FILE, first, len);
	r = add_entry(f, &at, entry, e);
	if (r == 0 && fsync(f->fd) < 0)
		r = err_errno(e, errno, "write to the FAT file system");
	return r;
}
