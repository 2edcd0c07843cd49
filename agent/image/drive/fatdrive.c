/*
 * Writes FAT12 or FAT16, whichever so many clusters make it (Microsoft, FAT32 File System
 * Specification 1.03). One sector is one cluster. The same walk over the files runs twice: first
 * without memory, to know how many clusters there are, then to fill them.
 */
#include "agent/image/drive/fatdrive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/drive/configdrive.h"
#include "agent/image/drive/iso9660.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define ENTRY	       32
#define LONG_CHARS     13   /* of a name in one entry of it */
#define ROOT_ENTRIES   512  /* at least; a folder that needs more gets them */
#define FAT12_CLUSTERS 4085 /* from so many on it is FAT16 */
#define FAT16_CLUSTERS 65525
#define ATTR_READ_ONLY 0x01
#define ATTR_LABEL     0x08
#define ATTR_FOLDER    0x10
#define ATTR_LONG      0x0f
#define DATE_1980      0x21 /* 1 January 1980, the first day there is */
#define END_OF_CHAIN   0xffff

struct volume {
	struct iso iso;
	uint32_t sector;
	uint32_t used;	/* clusters; the first one is number 2 */
	uint16_t *next; /* by cluster; NULL while counting */
	uint8_t *root, *clusters;
	uint32_t root_entries;
	struct err *e;
};

/* Takes clusters for so many bytes, chained; gives the first one's number, 0 for no bytes. */
static uint32_t take(struct volume *v, uint32_t bytes, uint8_t **ret_data)
{
	uint32_t n = bytes / v->sector + (bytes % v->sector != 0), first = v->used + 2;

	*ret_data = v->clusters ? v->clusters + (size_t)v->used * v->sector : NULL;
	for (uint32_t i = 0; v->next && i < n; i++)
		v->next[first + i] = i + 1 < n ? (uint16_t)(first + i + 1) : END_OF_CHAIN;
	v->used += n;
	return n ? first : 0;
}

/* Entries that a name takes: its own and those of its long form. */
static unsigned entries_of(const char *name)
{
	return 1 + (unsigned)(strlen(name) + LONG_CHARS - 1) / LONG_CHARS;
}

static void put_short(
	uint8_t *p, const char name[11], uint8_t attributes, uint32_t first, uint32_t len)
{
	memcpy(p, name, 11);
	p[11] = attributes;
	put_le16(p + 16, DATE_1980);
	put_le16(p + 18, DATE_1980);
	put_le16(p + 24, DATE_1980);
	put_le16(p + 26, first);
	put_le32(p + 28, len);
}

static uint8_t short_sum(const char name[11])
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + (uint8_t)name[i]);
	return sum;
}

/* One piece of a long name: 5, 6 and 2 characters of UCS-2 at these places. */
static void put_long(uint8_t *p, const char *name, unsigned piece, bool last, uint8_t sum)
{
	static const uint8_t at[LONG_CHARS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	size_t len = strlen(name), from = (size_t)piece * LONG_CHARS;

	p[0] = (uint8_t)(piece + 1) | (last ? 0x40 : 0);
	p[11] = ATTR_LONG;
	p[13] = sum;
	for (unsigned i = 0; i < LONG_CHARS; i++)
		put_le16(p + at[i], from + i < len    ? (uint8_t)name[from + i]
				    : from + i == len ? 0
						      : 0xffff);
}

/* A name with its long form in front; the short one is a number, there for who knows no other. */
static uint8_t *put_name(uint8_t *p, const struct iso_entry *entry, unsigned number, uint32_t first)
{
	unsigned pieces = entries_of(entry->name) - 1;
	char shown[12], clean[ISO_NAME_MAX];
	size_t i;

	for (i = 0; entry->name[i]; i++)
		clean[i] = strchr("\"*:<>?\\|", entry->name[i]) ? '_' : entry->name[i];
	clean[i] = '\0';
	snprintf(shown, sizeof(shown), "%06u~1   ", number % 1000000);
	for (unsigned k = pieces; k-- > 0; p += ENTRY)
		put_long(p, clean, k, k + 1 == pieces, short_sum(shown));
	put_short(p, shown, entry->folder ? ATTR_FOLDER : ATTR_READ_ONLY, first,
		entry->folder ? 0 : entry->len);
	return p + ENTRY;
}

static int count_entries(struct volume *v, const struct iso_entry *folder, unsigned *ret)
{
	struct iso_entry entry;
	uint32_t at = 0;
	int r;

	*ret = 2; /* "." and ".."; in the root one for the label and one to end it */
	while ((r = iso_next(&v->iso, folder, &at, &entry, v->e)) > 0)
		*ret += entries_of(entry.name);
	return r;
}

static int fill_folder(struct volume *v, const struct iso_entry *folder, uint8_t *out, uint32_t own,
	unsigned depth);

/* A folder below another one. Gives its first cluster. */
static int add_folder(struct volume *v, const struct iso_entry *folder, uint32_t parent,
	unsigned depth, uint32_t *ret_first)
{
	unsigned n = 0;
	uint8_t *out;
	int r = depth > ISO_DEPTH_MAX ? err_set(v->e, EBADMSG, "its folders are nested too deep")
				      : count_entries(v, folder, &n);

	if (r < 0)
		return r;
	*ret_first = take(v, n * ENTRY, &out);
	if (out) {
		put_short(out, ".          ", ATTR_FOLDER, *ret_first, 0);
		put_short(out + ENTRY, "..         ", ATTR_FOLDER, parent, 0);
		out += 2 * ENTRY;
	}
	return fill_folder(v, folder, out, *ret_first, depth);
}

static int fill_folder(struct volume *v, const struct iso_entry *folder, uint8_t *out, uint32_t own,
	unsigned depth)
{
	struct iso_entry entry;
	unsigned number = 0;
	uint32_t at = 0, first;
	uint8_t *data;
	int r;

	while ((r = iso_next(&v->iso, folder, &at, &entry, v->e)) > 0) {
		if (entry.folder) {
			r = add_folder(v, &entry, own, depth + 1, &first);
			if (r < 0)
				return r;
		} else {
			first = take(v, entry.len, &data);
			if (data)
				memcpy(data, v->iso.data + entry.at, entry.len);
		}
		if (v->used > FAT16_CLUSTERS)
			return err_set(v->e, EFBIG, "its files need too much room");
		if (out)
			out = put_name(out, &entry, number++, first);
	}
	return r;
}

struct fat_layout {
	uint32_t clusters, fat_sectors, root_sectors, sectors;
	bool fat16;
};

static struct fat_layout lay_out(const struct volume *v)
{
	struct fat_layout l = {.clusters = v->used, .fat16 = v->used >= FAT12_CLUSTERS};
	uint32_t fat_bytes = l.fat16 ? (l.clusters + 2) * 2 : ((l.clusters + 2) * 3 + 1) / 2;

	l.fat_sectors = (fat_bytes + v->sector - 1) / v->sector;
	l.root_sectors = (v->root_entries * ENTRY + v->sector - 1) / v->sector;
	l.sectors = 1 + l.fat_sectors + l.root_sectors + l.clusters;
	return l;
}

/* The boot sector: section 3.1, table "Boot Sector and BPB Structure". */
static void put_boot_sector(uint8_t *p, const struct volume *v, const struct fat_layout *l)
{
	memcpy(p, "\xeb\x3c\x90INGOT   ", 11);
	put_le16(p + 11, v->sector);
	p[13] = 1; /* sector a cluster */
	put_le16(p + 14, 1);
	p[16] = 1; /* table */
	put_le16(p + 17, l->root_sectors * v->sector / ENTRY);
	put_le16(p + 19, l->sectors < 65536 ? l->sectors : 0);
	p[21] = 0xf8;
	put_le16(p + 22, l->fat_sectors);
	put_le16(p + 24, 32);
	put_le16(p + 26, 64);
	put_le32(p + 32, l->sectors < 65536 ? 0 : l->sectors);
	p[36] = 0x80;
	p[38] = 0x29;
	memcpy(p + 39, "IGCD", 4);
	memcpy(p + 43, CONFIGDRIVE_LABEL "   ", 11);
	memcpy(p + 54, l->fat16 ? "FAT16   " : "FAT12   ", 8);
	put_le16(p + 510, 0xaa55);
}

static void put_table(uint8_t *p, const struct volume *v, const struct fat_layout *l)
{
	v->next[0] = 0xfff8;
	v->next[1] = END_OF_CHAIN;
	for (uint32_t i = 0; i < l->clusters + 2; i++) {
		uint16_t n = v->next[i];

		if (l->fat16) {
			put_le16(p + 2 * i, n);
		} else if (i % 2) { /* twelve bits, the lower four share a byte */
			p[i * 3 / 2] |= (uint8_t)(n << 4);
			p[i * 3 / 2 + 1] = (uint8_t)(n >> 4);
		} else {
			p[i * 3 / 2] = (uint8_t)n;
			p[i * 3 / 2 + 1] = (n >> 8) & 0x0f;
		}
	}
}

static int write_volume(struct volume *v, const struct fat_layout *l, uint8_t *out)
{
	const struct iso_entry root = iso_root(&v->iso);
	int r;

	v->next = xcalloc(l->clusters + 2, sizeof(*v->next));
	v->root = out + (size_t)(1 + l->fat_sectors) * v->sector;
	v->clusters = v->root + (size_t)l->root_sectors * v->sector;
	v->used = v->iso.met = 0;
	put_boot_sector(out, v, l);
	put_short(v->root, CONFIGDRIVE_LABEL "   ", ATTR_LABEL, 0, 0);
	r = fill_folder(v, &root, v->root + ENTRY, 0, 0);
	put_table(out + v->sector, v, l);
	free(v->next);
	return r;
}

static int measure(struct volume *v)
{
	const struct iso_entry root = iso_root(&v->iso);
	int r = count_entries(v, &root, &v->root_entries);

	if (r == 0)
		r = fill_folder(v, &root, NULL, 0, 0);
	if (v->root_entries < ROOT_ENTRIES)
		v->root_entries = ROOT_ENTRIES;
	if (v->used == 0)
		v->used = 1;
	return r;
}

int fatdrive_from_iso(const uint8_t *iso, size_t len, uint32_t sector, size_t max, uint8_t **ret,
	size_t *ret_len, struct err *e)
{
	struct volume v = {.sector = sector, .e = e};
	struct fat_layout l;
	uint8_t *out;
	size_t size;
	int r = iso_open(iso, len, &v.iso, e);

	if (r == 0)
		r = measure(&v);
	if (r < 0)
		return r;
	l = lay_out(&v);
	size = (size_t)l.sectors * sector;
	if (size > max)
		return err_set(e, EFBIG, "as FAT it has more than %zu MiB", max >> 20);
	out = calloc(1, size);
	if (!out)
		return err_set(e, ENOMEM, "no memory for it");
	r = write_volume(&v, &l, out);
	if (r < 0) {
		free(out);
		return r;
	}
	*ret = out;
	*ret_len = size;
	return 0;
}
