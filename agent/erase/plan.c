/* Which bytes make a disk look used; see plan.h. */
#include "agent/erase/plan.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <stdbool.h>

#define MIB	       (1024ull * 1024)
#define SUPERBLOCK_LEN 4096

/* Superblocks and their copies that are neither near the start nor the end. */
static const uint64_t inner_superblocks[] = {
	MIB,	    /* VMFS, volume */
	18 * MIB,   /* VMFS, file system */
	64 * MIB,   /* btrfs, second */
	1024 * MIB, /* Ceph BlueStore, from the second on */
	10 * 1024 * MIB, 100 * 1024 * MIB, 1000 * 1024 * MIB, 256 * 1024 * MIB, /* btrfs, third */
};

struct plan {
	struct erase_region *regions;
	size_t n, max;
	uint64_t size;
	bool full;
};

static void add(struct plan *pl, uint64_t offset, uint64_t length)
{
	if (offset >= pl->size)
		return;
	pl->full = pl->full || pl->n == pl->max;
	if (pl->full)
		return;
	if (length > pl->size - offset)
		length = pl->size - offset;
	pl->regions[pl->n++] = (struct erase_region){offset, length};
}

/* Both ends of an area, and the superblocks inside it. */
static void add_area(struct plan *pl, uint64_t offset, uint64_t length)
{
	if (offset >= pl->size || !length)
		return;
	if (length > pl->size - offset)
		length = pl->size - offset;
	add(pl, offset, length < ERASE_EDGE ? length : ERASE_EDGE);
	if (length > ERASE_EDGE)
		add(pl, offset + length - ERASE_EDGE, ERASE_EDGE);
	for (size_t i = 0; i < ARRAY_SIZE(inner_superblocks); i++)
		if (inner_superblocks[i] + SUPERBLOCK_LEN <= length)
			add(pl, offset + inner_superblocks[i], SUPERBLOCK_LEN);
}

int erase_plan(const struct disk_reader *r, struct erase_region *ret, size_t max, size_t *ret_n)
{
	_cleanup_free_ struct parts *parts = xcalloc(1, sizeof(*parts));
	struct plan pl = {.regions = ret, .max = max, .size = r->size};
	int e = parts_find(r, parts);

	if (e < 0)
		return e;
	add_area(&pl, 0, r->size);
	for (size_t i = 0; i < parts->n; i++)
		add_area(&pl, parts->part[i].offset, parts->part[i].length);
	*ret_n = pl.n;
	return pl.full ? -ENOSPC : 0;
}
