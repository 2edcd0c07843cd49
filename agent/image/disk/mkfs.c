/* Empty file systems; see mkfs.h. */
#include "agent/image/disk/mkfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define CLUSTER	     4096
#define FAT32_MIN    65525 /* clusters: with fewer it would be a FAT16 */
#define FAT32_MAX    0x0ffffff5
#define RESERVED     32 /* sectors in front of the tables */
#define BACKUP_AT    6
#define EDGE	     (1024 * 1024)
#define SWAP_PAGE    4096
#define SWAP_PAGES   0xffffffff
#define END_OF_CHAIN 0x0fffffff

/* What was there before may have left its mark at either end. */
static int wipe_ends(struct target *disk, uint64_t offset, uint64_t bytes, struct err *e)
{
	int r = target_zero(disk, offset, bytes < EDGE ? bytes : EDGE, e);

	if (r == 0 && bytes > EDGE)
		r = target_zero(disk, offset + bytes - EDGE, EDGE, e);
	return r;
}

struct fat {
	uint32_t sector, sectors, per_cluster;
	uint32_t fat_sectors, clusters;
};

static int fat_measure(uint32_t sector, uint64_t bytes, struct fat *ret, struct err *e)
{
	struct fat f = {.sector = sector, .per_cluster = CLUSTER / sector};
	uint64_t sectors = bytes / sector, clusters = sectors / f.per_cluster;

	if (clusters < FAT32_MIN + 2 * RESERVED || clusters > FAT32_MAX || sectors > UINT32_MAX)
		return err_set(e, EINVAL, "%llu bytes make no FAT32", (unsigned long long)bytes);
	f.sectors = (uint32_t)sectors;
	f.fat_sectors = (uint32_t)(((clusters + 2) * 4 + sector - 1) / sector);
	f.clusters = (f.sectors - RESERVED - 2 * f.fat_sectors) / f.per_cluster;
	*ret = f;
	return f.clusters < FAT32_MIN ? err_set(e, EINVAL, "too few clusters for a FAT32") : 0;
}

/* The boot sector: section 3.1 and 3.3, table "Boot Sector and BPB Structure". */
static void put_boot_sector(
	uint8_t *p, const struct fat *f, uint64_t offset, const char label[11], uint32_t serial)
{
	memcpy(p, "\xeb\x58\x90INGOT   ", 11);
	put_le16(p + 11, f->sector);
	p[13] = (uint8_t)f->per_cluster;
	put_le16(p + 14, RESERVED);
	p[16] = 2; /* tables */
	p[21] = 0xf8;
	put_le16(p + 24, 63);
	put_le16(p + 26, 255);
	put_le32(p + 28, (uint32_t)(offset / f->sector));
	put_le32(p + 32, f->sectors);
	put_le32(p + 36, f->fat_sectors);
	put_le32(p + 44, 2); /* first cluster of the root */
	put_le16(p + 48, 1); /* sector of the free space record */
	put_le16(p + 50, BACKUP_AT);
	p[64] = 0x80;
	p[66] = 0x29;
	put_le32(p + 67, serial);
	memcpy(p + 71, label, 11);
	memcpy(p + 82, "FAT32   ", 8);
	put_le16(p + 510, 0xaa55);
}

static void put_free_space(uint8_t *p, const struct fat *f)
{
	memcpy(p, "RRaA", 4);
	memcpy(p + 484, "rrAa", 4);
	put_le32(p + 488, f->clusters - 1); /* the root has one */
	put_le32(p + 492, 3);
	put_le16(p + 510, 0xaa55);
}

static int write_fat(struct target *disk, uint64_t offset, const struct fat *f, const uint8_t *boot,
	const char label[11], struct err *e)
{
	static const uint32_t chain[3] = {0x0ffffff8, END_OF_CHAIN, END_OF_CHAIN};
	uint64_t table = offset + (uint64_t)RESERVED * f->sector,
		 table_bytes = (uint64_t)f->fat_sectors * f->sector, root = table + 2 * table_bytes;
	uint8_t start[12], entry[32] = {0};
	int r = target_zero(disk, offset, root + CLUSTER - offset, e);

	for (int i = 0; i < 3; i++)
		put_le32(start + 4 * i, chain[i]);
	memcpy(entry, label, 11);
	entry[11] = 0x08;	    /* the volume's label */
	put_le16(entry + 24, 0x21); /* 1 January 1980 */
	for (int i = 0; r == 0 && i < 2; i++)
		r = target_poke(disk, start, sizeof(start), table + i * table_bytes, e);
	if (r == 0)
		r = target_poke(disk, entry, sizeof(entry), root, e);
	if (r == 0)
		r = target_poke(disk, boot, 2 * (size_t)f->sector,
			offset + (uint64_t)BACKUP_AT * f->sector, e);
	if (r == 0)
		r = target_poke(disk, boot, 2 * (size_t)f->sector, offset, e);
	return r;
}

int mkfs_fat(struct target *disk, uint64_t offset, uint64_t bytes, const char *label,
	char serial[static 10], struct err *e)
{
	uint8_t boot[2 * 4096] = {0};
	char name[12];
	uint32_t number = 0;
	struct fat f = {0};
	int r = fat_measure(disk->sector, bytes, &f, e);

	if (r == 0 && getrandom(&number, sizeof(number), 0) != sizeof(number))
		r = err_set(e, EIO, "no random numbers");
	if (r == 0)
		r = wipe_ends(disk, offset, bytes, e);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%-11.11s", label);
	put_boot_sector(boot, &f, offset, name, number);
	put_free_space(boot + f.sector, &f);
	snprintf(serial, 10, "%04X-%04X", number >> 16, number & 0xffff);
	return write_fat(disk, offset, &f, boot, name, e);
}

/* The header is the first page, as swapon(8) and the kernel's union swap_header have it. */
int mkfs_swap(
	struct target *disk, uint64_t offset, uint64_t bytes, const char *label, struct err *e)
{
	_cleanup_free_ uint8_t *page = xcalloc(1, SWAP_PAGE);
	uint64_t pages = bytes / SWAP_PAGE;
	uint8_t *uuid = page + 1024 + 12;
	int r;

	if (pages < 10)
		return err_set(
			e, EINVAL, "%llu bytes are too few for swap", (unsigned long long)bytes);
	if (pages > SWAP_PAGES)
		pages = SWAP_PAGES;
	if (getrandom(uuid, 16, 0) != 16)
		return err_set(e, EIO, "no random numbers");
	put_le32(page + 1024, 1); /* version */
	put_le32(page + 1028, (uint32_t)(pages - 1));
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	memcpy(uuid + 16, label, strnlen(label, 16));
	memcpy(page + SWAP_PAGE - 10, "SWAPSPACE2", 10);
	r = wipe_ends(disk, offset, bytes, e);
	return r < 0 ? r : target_poke(disk, page, SWAP_PAGE, offset, e);
}
