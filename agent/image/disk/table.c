/* Partition tables on a target; see table.h. The MBR is that of UEFI 2.10 section 5.2.1. */
#include "agent/image/disk/table.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define MBR_ENTRY   446
#define MBR_PARTS   4
#define MBR_LINUX   0x83
#define ALIGN_BYTES (1024 * 1024)
#define LABEL_PROBE (36 * 1024) /* reaches ISO 9660's volume descriptor */

/* 0FC63DAF-8483-4772-8E79-3D69D8477DE4, Linux file system data, as it stands on disk */
static const uint8_t gpt_linux[16] = {0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79,
	0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4};

const char *table_name(enum table_kind kind)
{
	static const char *const names[] = {"", "msdos", "gpt"};

	return names[kind];
}

int table_check_sector(const uint8_t *head, size_t len, uint32_t sector, bool block, struct err *e)
{
	uint32_t other = sector == 512 ? 4096 : 512;

	if (!block || gpt_present(head, len, sector) || !gpt_present(head, len, other))
		return 0;
	return err_set(e, EINVAL,
		"the image is made for sectors of %u bytes, the disk has sectors of %u; take an "
		"image made for such a disk",
		other, sector);
}

static bool mbr_part(const uint8_t *mbr, unsigned i, struct table_part *ret)
{
	const uint8_t *p = mbr + MBR_ENTRY + 16 * i;

	*ret = (struct table_part){
		.number = i + 1, .first = get_le32(p + 8), .sectors = get_le32(p + 12)};
	return p[4] && ret->first && ret->sectors;
}

/* A FAT boot sector ends like an MBR too: the status bytes tell them apart. */
static bool mbr_present(const uint8_t *mbr, size_t len)
{
	struct table_part part;
	bool any = false;

	if (len < 512 || mbr[510] != 0x55 || mbr[511] != 0xaa)
		return false;
	for (unsigned i = 0; i < MBR_PARTS; i++) {
		if (mbr[MBR_ENTRY + 16 * i] & 0x7f)
			return false;
		any |= mbr_part(mbr, i, &part);
	}
	return any;
}

int table_read(struct target *t, struct table *ret, struct err *e)
{
	struct table table = {.sector = t->sector};
	int r = 0;

	if (!t->block && !gpt_present(t->head, t->head_len, 512) &&
		gpt_present(t->head, t->head_len, 4096))
		table.sector = 4096; /* a file stands for any disk */
	table.disk_sectors = t->size / table.sector;
	if (gpt_present(t->head, t->head_len, table.sector)) {
		table.kind = TABLE_GPT;
		r = gpt_read(t->head, t->head_len, table.sector, &table.gpt, e);
	} else if (mbr_present(t->head, t->head_len)) {
		table.kind = TABLE_MBR;
	}
	if (r == 0)
		*ret = table;
	return r;
}

/* Puts the backup of the table as it is now at the end of the disk. */
static int write_backup(struct target *t, struct table *table, struct err *e)
{
	_cleanup_free_ uint8_t *buf = xmalloc(GPT_BACKUP_MAX);
	size_t len = gpt_backup(&table->gpt, buf, GPT_BACKUP_MAX);

	return target_poke(t, buf, len, table->disk_sectors * table->sector - len, e);
}

int table_fit(struct target *t, struct table *table, struct err *e)
{
	int r;

	if (table->kind != TABLE_GPT)
		return 0;
	r = gpt_resize(&table->gpt, table->disk_sectors, e);
	return r < 0 ? r : write_backup(t, table, e);
}

static unsigned slots(const struct table *table)
{
	return table->kind == TABLE_GPT	  ? table->gpt.n_entries
	       : table->kind == TABLE_MBR ? MBR_PARTS
					  : 0;
}

static bool part_get(
	const struct table *table, const struct target *t, unsigned i, struct table_part *ret)
{
	struct gpt_partition g;

	if (table->kind == TABLE_MBR)
		return mbr_part(t->head, i, ret);
	if (!gpt_partition(&table->gpt, i, &g))
		return false;
	*ret = (struct table_part){.number = i + 1,
		.first = g.first,
		.sectors = g.last >= g.first ? g.last - g.first + 1 : 0};
	str_copy(ret->name, sizeof(ret->name), g.name);
	return true;
}

bool table_part(
	const struct table *table, const struct target *t, unsigned number, struct table_part *ret)
{
	return number && number <= slots(table) && part_get(table, t, number - 1, ret);
}

void table_part_uuid(
	const struct table *table, const struct target *t, unsigned number, char *ret, size_t size)
{
	struct gpt_partition g;
	char guid[37];

	*ret = 0;
	if (table->kind == TABLE_MBR) {
		snprintf(ret, size, "%08x-%02x", get_le32(t->head + 440), number);
	} else if (number && gpt_partition(&table->gpt, number - 1, &g)) {
		gpt_guid_text(g.guid, guid);
		for (char *c = guid; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		str_copy(ret, size, guid);
	}
}

unsigned table_count(const struct table *table, const struct target *t)
{
	struct table_part part;
	unsigned n = 0;

	for (unsigned i = 0; i < slots(table); i++)
		n += part_get(table, t, i, &part);
	return n;
}

void table_id(const struct table *table, const struct target *t, char *ret, size_t size)
{
	char guid[37];

	*ret = 0;
	if (table->kind == TABLE_GPT)
		str_copy(ret, size, gpt_guid_text(table->gpt.guid, guid));
	else if (table->kind == TABLE_MBR)
		snprintf(ret, size, "0x%08x", get_le32(t->head + 440));
}

static bool label_is(const uint8_t *p, size_t len, const char *label)
{
	size_t n = strlen(label);

	if (n > len || strncasecmp((const char *)p, label, n) != 0)
		return false;
	for (; n < len; n++)
		if (p[n] && p[n] != ' ')
			return false;
	return true;
}

/* Where the label of ISO 9660, FAT and ext file systems stands, behind which magic. */
static const struct {
	size_t magic_at;
	const char *magic;
	size_t magic_len, label_at, label_len;
} labels[] = {
	{32769, "CD001", 5, 32808, 32},
	{54, "FAT", 3, 43, 11},
	{82, "FAT32", 5, 71, 11},
	{1080, "\x53\xef", 2, 1144, 16},
};

static bool fs_has_label(struct target *t, uint64_t offset, uint64_t bytes, const char *label)
{
	_cleanup_free_ uint8_t *buf = xcalloc(1, LABEL_PROBE);
	size_t n = bytes < LABEL_PROBE ? (size_t)bytes : LABEL_PROBE;

	if (target_peek(t, buf, n, offset, NULL) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		if (!memcmp(buf + labels[i].magic_at, labels[i].magic, labels[i].magic_len) &&
			label_is(buf + labels[i].label_at, labels[i].label_len, label))
			return true;
	return false;
}

static bool find_labelled(
	struct target *t, const struct table *table, const char *label, struct table_part *ret)
{
	for (unsigned i = 0; i < slots(table); i++) {
		if (!part_get(table, t, i, ret) || ret->first >= table->disk_sectors ||
			ret->sectors > table->disk_sectors - ret->first)
			continue;
		if (str_ieq(ret->name, label) || fs_has_label(t, ret->first * table->sector,
							 ret->sectors * table->sector, label))
			return true;
	}
	return false;
}

/* Finds room behind the last partition, as near to the end of the disk as it goes. */
static int find_room(const struct target *t, const struct table *table, uint64_t sectors,
	uint64_t *ret_first, struct err *e)
{
	uint64_t align = ALIGN_BYTES / table->sector, used = align;
	uint64_t end = table->disk_sectors;
	struct table_part part;

	if (table->kind == TABLE_GPT)
		end = table->gpt.last_usable + 1;
	else if (end > UINT32_MAX)
		end = UINT32_MAX; /* what an MBR can name */
	for (unsigned i = 0; i < slots(table); i++)
		if (part_get(table, t, i, &part) && part.first + part.sectors > used)
			used = part.first + part.sectors;
	if (end > sectors) {
		*ret_first = (end - sectors) / align * align;
		if (*ret_first >= used)
			return 0;
	}
	return err_set(e, ENOSPC,
		"no room for the config drive: the image's partitions reach to sector %" PRIu64
		" of %" PRIu64 "; choose a larger disk",
		used, table->disk_sectors);
}

void table_mbr_put(uint8_t *mbr, unsigned number, uint8_t type, uint64_t first, uint64_t sectors)
{
	static const uint8_t chs_large[] = {0xfe, 0xff, 0xff};
	uint8_t *entry = mbr + MBR_ENTRY + 16 * (number - 1);

	memset(entry, 0, 16);
	entry[4] = type;
	memcpy(entry + 1, chs_large, 3);
	memcpy(entry + 5, chs_large, 3);
	put_le32(entry + 8, (uint32_t)first);
	put_le32(entry + 12, (uint32_t)sectors);
}

void table_mbr_activate(uint8_t *mbr, unsigned number)
{
	mbr[MBR_ENTRY + 16 * (number - 1)] = 0x80;
}

static int mbr_add(
	struct target *t, uint64_t first, uint64_t sectors, unsigned *ret_number, struct err *e)
{
	struct table_part part;
	unsigned i = 0;

	while (i < MBR_PARTS && (mbr_part(t->head, i, &part) || t->head[MBR_ENTRY + 16 * i + 4]))
		i++;
	if (i == MBR_PARTS)
		return err_set(e, ENOSPC,
			"no room for the config drive: the image's MBR has four "
			"partitions; use an image with GPT");
	table_mbr_put(t->head, i + 1, MBR_LINUX, first, sectors);
	*ret_number = i + 1;
	return 0;
}

static int part_add(struct target *t, struct table *table, const char *label, uint64_t first,
	uint64_t sectors, unsigned *ret_number, struct err *e)
{
	struct gpt_partition p = {.first = first, .last = first + sectors - 1};
	int r;

	if (table->kind == TABLE_MBR)
		return mbr_add(t, first, sectors, ret_number, e);
	memcpy(p.type, gpt_linux, 16);
	str_copy(p.name, sizeof(p.name), label);
	r = gpt_guid_new(p.guid, e);
	if (r == 0)
		r = gpt_add(&table->gpt, &p, ret_number, e);
	return r < 0 ? r : write_backup(t, table, e);
}

int table_place(struct target *t, struct table *table, const char *label, uint64_t bytes,
	uint64_t *ret_offset, unsigned *ret_number, struct err *e)
{
	uint64_t sectors = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * (ALIGN_BYTES / table->sector);
	struct table_part part;
	uint64_t first = 0;
	int r;

	if (table->kind == TABLE_NONE)
		return err_set(e, EINVAL,
			"no place for the config drive: the image has no "
			"partition table");
	if (find_labelled(t, table, label, &part)) {
		*ret_offset = part.first * table->sector;
		*ret_number = part.number;
		if (bytes <= part.sectors * table->sector)
			return 0;
		return err_set(e, ENOSPC,
			"the image's partition %u (%s) has %" PRIu64
			" bytes, the config drive %" PRIu64,
			part.number, label, part.sectors * table->sector, bytes);
	}
	r = find_room(t, table, sectors, &first, e);
	if (r == 0)
		r = part_add(t, table, label, first, sectors, ret_number, e);
	*ret_offset = r == 0 ? first * table->sector : 0;
	return r;
}

/* 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 and its kin for other processors, and plain Linux data. */
static const char *const growing_types[] = {"0FC63DAF-8483-4772-8E79-3D69D8477DE4",
	"4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "44479540-F297-41B2-9AF7-D131D5F0458A",
	"B921B045-1DF0-41C3-AF44-4C6F280D3FAE", "69DAD710-2CE4-4E3C-B16C-21A1D49ABED3"};

static bool may_grow(const struct table *table, const struct target *t, unsigned i)
{
	struct gpt_partition g;
	char type[37];

	if (table->kind == TABLE_MBR)
		return t->head[MBR_ENTRY + 16 * i + 4] == MBR_LINUX;
	if (!gpt_partition(&table->gpt, i, &g))
		return false;
	gpt_guid_text(g.type, type);
	for (size_t k = 0; k < ARRAY_SIZE(growing_types); k++)
		if (str_eq(type, growing_types[k]))
			return true;
	return false;
}

/* The partition that lies last, and where the space behind it ends; sectors. */
static bool find_last(const struct table *table, const struct target *t, unsigned drive,
	struct table_part *ret, uint64_t *ret_end)
{
	uint64_t end = table->kind == TABLE_GPT ? table->gpt.last_usable + 1 : table->disk_sectors;
	struct table_part part;
	bool any = false;

	if (table->kind == TABLE_MBR && end > UINT32_MAX)
		end = UINT32_MAX;
	for (unsigned i = 0; i < slots(table); i++) {
		if (!part_get(table, t, i, &part))
			continue;
		if (part.number == drive && part.first < end)
			end = part.first;
		else if (part.number != drive && (!any || part.first > ret->first)) {
			*ret = part;
			any = true;
		}
	}
	*ret_end = end;
	return any;
}

int table_grow(
	struct target *t, struct table *table, unsigned drive, unsigned *ret_number, struct err *e)
{
	uint64_t align = ALIGN_BYTES / table->sector, end;
	struct table_part part = {0};
	int r = 0;

	*ret_number = 0;
	if (table->kind == TABLE_NONE || !find_last(table, t, drive, &part, &end) ||
		!may_grow(table, t, part.number - 1))
		return 0;
	end = end / align * align;
	if (part.sectors > end || part.first >= end || part.first + part.sectors >= end)
		return 0;
	if (table->kind == TABLE_MBR) {
		put_le32(t->head + MBR_ENTRY + 16 * (part.number - 1) + 12,
			(uint32_t)(end - part.first));
	} else {
		r = gpt_set_last(&table->gpt, part.number - 1, end - 1, e);
		if (r == 0)
			r = write_backup(t, table, e);
	}
	*ret_number = r == 0 ? part.number : 0;
	return r;
}
