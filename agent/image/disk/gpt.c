/* GUID partition tables; see gpt.h. Field offsets are those of UEFI 2.10 tables 5-5 and 5-6. */
#include "agent/image/disk/gpt.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zlib.h>

#define HEADER_MIN  92
#define ENTRIES_MAX 1024
#define ENTRY_MAX   4096

enum {
	H_SIGNATURE = 0,
	H_SIZE = 12,
	H_CRC = 16,
	H_MY_LBA = 24,
	H_ALTERNATE = 32,
	H_FIRST = 40,
	H_LAST = 48,
	H_GUID = 56,
	H_ENTRIES_LBA = 72,
	H_N_ENTRIES = 80,
	H_ENTRY_SIZE = 84,
	H_ENTRIES_CRC = 88,
};

enum { E_TYPE = 0, E_GUID = 16, E_FIRST = 32, E_LAST = 40, E_NAME = 56 };

static uint32_t crc(const uint8_t *p, size_t len)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), p, (uInt)len);
}

/* The header's own sum is made with its field zero. */
static uint32_t header_crc(const uint8_t *header, size_t len)
{
	static const uint8_t zero[4];
	uLong c = crc32(crc32(0, NULL, 0), header, H_CRC);

	c = crc32(c, zero, 4);
	return (uint32_t)crc32(c, header + H_CRC + 4, (uInt)(len - H_CRC - 4));
}

static uint8_t *header_of(const struct gpt *g)
{
	return g->head + g->sector;
}

static uint8_t *entry_of(const struct gpt *g, uint32_t i)
{
	return g->head + g->entries_lba * g->sector + (size_t)i * g->entry_size;
}

static size_t entries_bytes(const struct gpt *g)
{
	return (size_t)g->n_entries * g->entry_size;
}

static uint64_t entries_sectors(const struct gpt *g)
{
	return (entries_bytes(g) + g->sector - 1) / g->sector;
}

bool gpt_present(const uint8_t *head, size_t len, uint32_t sector)
{
	return len >= (size_t)sector + HEADER_MIN && !memcmp(head + sector, "EFI PART", 8);
}

static int damaged(struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "the image's partition table (GPT) is damaged: %s", what);
}

static int check_header(const struct gpt *g, const uint8_t *h, struct err *e)
{
	if (g->header_size < HEADER_MIN || g->header_size > g->sector ||
		(size_t)g->sector + g->header_size > g->head_len)
		return damaged(e, "size of its header");
	if (header_crc(h, g->header_size) != get_le32(h + H_CRC))
		return damaged(e, "checksum of its header");
	if (get_le64(h + H_MY_LBA) != 1)
		return damaged(e, "its header says it belongs elsewhere");
	if (!g->n_entries || g->n_entries > ENTRIES_MAX || g->entry_size < 128 ||
		g->entry_size > ENTRY_MAX || g->entry_size & (g->entry_size - 1) ||
		entries_bytes(g) + g->sector > GPT_BACKUP_MAX)
		return damaged(e, "number or size of its entries");
	if (g->entries_lba < 2 || g->entries_lba > g->head_len / g->sector ||
		g->entries_lba * g->sector + entries_bytes(g) > g->head_len)
		return damaged(e, "its entries are not in the first MiB");
	if (crc(entry_of(g, 0), entries_bytes(g)) != get_le32(h + H_ENTRIES_CRC))
		return damaged(e, "checksum of its entries");
	return 0;
}

int gpt_read(uint8_t *head, size_t len, uint32_t sector, struct gpt *ret, struct err *e)
{
	struct gpt g = {.head = head, .head_len = len, .sector = sector};
	const uint8_t *h = head + sector;
	int r;

	if (!gpt_present(head, len, sector))
		return err_set(e, ENOENT, "no GPT");
	g.header_size = get_le32(h + H_SIZE);
	g.alternate = get_le64(h + H_ALTERNATE);
	g.first_usable = get_le64(h + H_FIRST);
	g.last_usable = get_le64(h + H_LAST);
	g.entries_lba = get_le64(h + H_ENTRIES_LBA);
	g.n_entries = get_le32(h + H_N_ENTRIES);
	g.entry_size = get_le32(h + H_ENTRY_SIZE);
	memcpy(g.guid, h + H_GUID, 16);
	r = check_header(&g, h, e);
	if (r == 0)
		*ret = g;
	return r;
}

static void name_get(const uint8_t *p, char *ret)
{
	int i;

	for (i = 0; i < 36; i++) {
		unsigned c = get_le16(p + 2 * i);

		if (!c)
			break;
		ret[i] = c >= ' ' && c < 127 ? (char)c : '?';
	}
	ret[i] = 0;
}

bool gpt_partition(const struct gpt *g, uint32_t i, struct gpt_partition *ret)
{
	static const uint8_t unused[16];
	const uint8_t *p;

	if (i >= g->n_entries)
		return false;
	p = entry_of(g, i);
	if (!memcmp(p + E_TYPE, unused, 16))
		return false;
	memcpy(ret->type, p + E_TYPE, 16);
	memcpy(ret->guid, p + E_GUID, 16);
	ret->first = get_le64(p + E_FIRST);
	ret->last = get_le64(p + E_LAST);
	name_get(p + E_NAME, ret->name);
	return true;
}

unsigned gpt_count(const struct gpt *g)
{
	struct gpt_partition p;
	unsigned n = 0;

	for (uint32_t i = 0; i < g->n_entries; i++)
		n += gpt_partition(g, i, &p);
	return n;
}

/* Renews both sums of the primary table. */
static void seal(struct gpt *g)
{
	uint8_t *h = header_of(g);

	put_le64(h + H_ALTERNATE, g->alternate);
	put_le64(h + H_LAST, g->last_usable);
	put_le32(h + H_ENTRIES_CRC, crc(entry_of(g, 0), entries_bytes(g)));
	put_le32(h + H_CRC, header_crc(h, g->header_size));
}

/* A protective MBR (one entry of type EE) covers the disk, as far as 32 bits reach. */
static void resize_protective(struct gpt *g, uint64_t disk_sectors)
{
	uint8_t *entry = g->head + 446;
	uint64_t n = disk_sectors - 1;

	if (g->head[510] != 0x55 || g->head[511] != 0xaa || entry[4] != 0xee)
		return;
	for (int i = 1; i < 4; i++)
		if (entry[16 * i + 4])
			return; /* a hybrid table: its maker meant it so */
	put_le32(entry + 12, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
}

int gpt_resize(struct gpt *g, uint64_t disk_sectors, struct err *e)
{
	uint64_t reserve = entries_sectors(g) + 1;
	uint64_t last;
	struct gpt_partition p;

	if (disk_sectors <= g->entries_lba + entries_sectors(g) + reserve)
		return err_set(e, EFBIG, "the disk is too small for a GPT");
	last = disk_sectors - reserve - 1;
	for (uint32_t i = 0; i < g->n_entries; i++) {
		if (!gpt_partition(g, i, &p))
			continue;
		if (p.last < p.first)
			return damaged(e, "a partition ends before it begins");
		if (p.last > last)
			return err_set(e, EFBIG,
				"partition %u of the image ends at sector %llu, the disk's last "
				"usable one is %llu; choose a larger disk",
				i + 1, (unsigned long long)p.last, (unsigned long long)last);
	}
	g->alternate = disk_sectors - 1;
	g->last_usable = last;
	seal(g);
	resize_protective(g, disk_sectors);
	return 0;
}

int gpt_create(uint8_t *head, size_t len, uint32_t sector, uint64_t disk_sectors,
	const uint8_t guid[16], struct gpt *ret, struct err *e)
{
	struct gpt g = {.head = head,
		.head_len = len,
		.sector = sector,
		.header_size = HEADER_MIN,
		.entries_lba = 2,
		.n_entries = 128,
		.entry_size = 128};
	uint8_t *h = head + sector, *mbr = head + 446;
	int r;

	memcpy(g.guid, guid, 16);
	g.first_usable = g.entries_lba + entries_sectors(&g);
	mbr[2] = 2; /* begins at sector 1, by cylinders too */
	mbr[4] = 0xee;
	memset(mbr + 5, 0xff, 3);
	put_le32(mbr + 8, 1);
	head[510] = 0x55;
	head[511] = 0xaa;
	memcpy(h + H_SIGNATURE, "EFI PART\0\0\1", 12); /* revision 1.0 */
	put_le32(h + H_SIZE, HEADER_MIN);
	put_le64(h + H_MY_LBA, 1);
	put_le64(h + H_FIRST, g.first_usable);
	memcpy(h + H_GUID, guid, 16);
	put_le64(h + H_ENTRIES_LBA, g.entries_lba);
	put_le32(h + H_N_ENTRIES, g.n_entries);
	put_le32(h + H_ENTRY_SIZE, g.entry_size);
	r = gpt_resize(&g, disk_sectors, e);
	if (r == 0)
		*ret = g;
	return r;
}

int gpt_add(struct gpt *g, const struct gpt_partition *p, unsigned *ret_number, struct err *e)
{
	struct gpt_partition used;
	uint8_t *entry;
	uint32_t i = 0;

	while (i < g->n_entries && gpt_partition(g, i, &used))
		i++;
	if (i == g->n_entries)
		return err_set(e, ENOSPC, "all %u entries of the partition table are used", i);
	entry = entry_of(g, i);
	memset(entry, 0, g->entry_size);
	memcpy(entry + E_TYPE, p->type, 16);
	memcpy(entry + E_GUID, p->guid, 16);
	put_le64(entry + E_FIRST, p->first);
	put_le64(entry + E_LAST, p->last);
	for (int c = 0; c < 36 && p->name[c]; c++)
		entry[E_NAME + 2 * c] = (uint8_t)p->name[c];
	seal(g);
	*ret_number = i + 1;
	return 0;
}

int gpt_set_last(struct gpt *g, uint32_t i, uint64_t last, struct err *e)
{
	struct gpt_partition p;

	if (!gpt_partition(g, i, &p) || last < p.first || last > g->last_usable)
		return err_set(e, ERANGE, "partition %u cannot end at sector %llu", i + 1,
			(unsigned long long)last);
	put_le64(entry_of(g, i) + E_LAST, last);
	seal(g);
	return 0;
}

size_t gpt_backup(const struct gpt *g, uint8_t *out, size_t size)
{
	size_t table = entries_sectors(g) * g->sector;
	uint8_t *h = out + table;

	if (table + g->sector > size)
		return 0;
	memset(out, 0, table + g->sector);
	memcpy(out, entry_of(g, 0), entries_bytes(g));
	memcpy(h, header_of(g), g->header_size);
	put_le64(h + H_MY_LBA, g->alternate);
	put_le64(h + H_ALTERNATE, 1);
	put_le64(h + H_ENTRIES_LBA, g->alternate - entries_sectors(g));
	put_le32(h + H_CRC, header_crc(h, g->header_size));
	return table + g->sector;
}

char *gpt_guid_text(const uint8_t g[16], char ret[37])
{
	snprintf(ret, 37, "%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X", get_le32(g),
		get_le16(g + 4), get_le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14],
		g[15]);
	return ret;
}

void gpt_guid_bytes(const char *text, uint8_t ret[16])
{
	static const uint8_t at[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};

	for (int i = 0; i < 16; i++) {
		const char digits[3] = {text[at[i]], text[at[i] + 1], 0};

		ret[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

int gpt_guid_new(uint8_t ret[16], struct err *e)
{
	if (getrandom(ret, 16, 0) != 16)
		return err_set(e, EIO, "no random numbers for a GUID");
	ret[7] = (ret[7] & 0x0f) | 0x40; /* version 4, in the byte order of the disk */
	ret[8] = (ret[8] & 0x3f) | 0x80;
	return 0;
}
