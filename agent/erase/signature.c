/*
 * Marks by which data is known; see signature.h. Places and values come from each format's own
 * description: the kernel's Documentation/filesystems and include/uapi, mdadm's md_p.h, LVM2's and
 * LUKS' on-disk format, the ZFS on-disk specification, ECMA-119 and ECMA-167, Ceph's and VMware's.
 */
#include "agent/erase/signature.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <string.h>

#define HEAD_BYTES (264 * 1024) /* up to the end of ZFS' first label */
#define TAIL_BYTES (136 * 1024)
#define KIB	   1024

/* One area, the disk or a partition, with its two ends in memory. */
struct area {
	const struct disk_reader *r;
	uint64_t offset, length;
	const uint8_t *head, *tail;
	size_t head_len, tail_len;
	unsigned part;
	struct signatures *found;
};

static void found(struct area *a, const char *what, const uint8_t *label, size_t label_len)
{
	struct signature *s;
	size_t n = 0;

	if (a->found->n == SIGNATURES_MAX)
		return;
	s = &a->found->all[a->found->n++];
	*s = (struct signature){.part = a->part};
	str_copy(s->what, sizeof(s->what), what);
	for (; n < label_len && n + 1 < sizeof(s->label) && label[n]; n++)
		s->label[n] = label[n] >= 0x20 && label[n] < 0x7f && label[n] != '"'
				      ? (char)label[n]
				      : '?';
	while (n && s->label[n - 1] == ' ')
		s->label[--n] = '\0';
}

/* The bytes at a place of the area, or NULL when they are not in memory. */
static const uint8_t *at(const struct area *a, uint64_t offset, size_t len)
{
	uint64_t tail_at = a->length - a->tail_len;

	if (len > a->length || offset > a->length - len)
		return NULL;
	if (offset + len <= a->head_len)
		return a->head + offset;
	return offset >= tail_at ? a->tail + (offset - tail_at) : NULL;
}

static bool is_at(const struct area *a, uint64_t offset, const void *magic, size_t len)
{
	const uint8_t *p = at(a, offset, len);

	return p && !memcmp(p, magic, len);
}

/* Formats with a mark at one place; the label, if any, at another. */
static const struct {
	const char *name;
	unsigned offset;
	const char *magic;
	unsigned char len;
	unsigned char label_len;
	unsigned label;
} simple[] = {
	{"XFS", 0, "XFSB", 4, 12, 108},
	{"btrfs", 64 * KIB + 64, "_BHRfS_M", 8, 63, 64 * KIB + 299},
	{"LUKS", 0, "LUKS\xba\xbe", 6, 0, 0},
	{"LUKS", 16 * KIB, "SKUL\xba\xbe", 6, 0, 0},
	{"NTFS", 3, "NTFS    ", 8, 0, 0},
	{"BitLocker", 3, "-FVE-FS-", 8, 0, 0},
	{"exFAT", 3, "EXFAT   ", 8, 0, 0},
	{"FAT", 82, "FAT32   ", 8, 11, 71},
	{"FAT", 54, "FAT16   ", 8, 11, 43},
	{"FAT", 54, "FAT12   ", 8, 11, 43},
	{"ISO 9660", 32 * KIB + 1, "CD001", 5, 32, 32 * KIB + 40},
	{"UDF", 32 * KIB + 1, "BEA01", 5, 0, 0},
	{"f2fs", 1024, "\x10\x20\xf5\xf2", 4, 0, 0},
	{"erofs", 1024, "\xe2\xe1\xf5\xe0", 4, 0, 0},
	{"squashfs", 0, "hsqs", 4, 0, 0},
	{"HFS+", 1024, "H+\0\4", 4, 0, 0},
	{"HFS+", 1024, "HX\0\5", 4, 0, 0},
	{"APFS", 32, "NXSB", 4, 0, 0},
	{"JFS", 32 * KIB, "JFS1", 4, 0, 0},
	{"reiserfs", 64 * KIB + 52, "ReIsEr", 6, 0, 0},
	{"bcachefs", 4 * KIB + 24,
		"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", 16, 32,
		4 * KIB + 72},
	{"bcache", 4 * KIB + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81",
		16, 0, 0},
	{"Ceph BlueStore", 0, "bluestore block device", 22, 0, 0},
	{"Stratis", 512 + 4, "!Stra0tis\x86\xff\x02^\x41rh", 16, 0, 0},
	{"VDO", 0, "dmvdo001", 8, 0, 0},
	{"Oracle ASM", 32, "ORCLDISK", 8, 24, 72},
	{"GFS2", 64 * KIB, "\x01\x16\x19\x70\0\0\0\1", 8, 0, 0},
	{"OCFS2", 1024, "OCFSV2", 6, 0, 0},
	{"OCFS2", 2 * KIB, "OCFSV2", 6, 0, 0},
	{"OCFS2", 4 * KIB, "OCFSV2", 6, 0, 0},
	{"OCFS2", 8 * KIB, "OCFSV2", 6, 0, 0},
	{"swap", 4 * KIB - 10, "SWAPSPACE2", 10, 16, 1052},
	{"swap", 64 * KIB - 10, "SWAPSPACE2", 10, 16, 1052},
	{"suspended system", 4 * KIB - 10, "S1SUSPEND", 9, 0, 0},
};

static void probe_simple(struct area *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++)
		if (is_at(a, simple[i].offset, simple[i].magic, simple[i].len))
			found(a, simple[i].name,
				simple[i].label_len ? at(a, simple[i].label, simple[i].label_len)
						    : NULL,
				at(a, simple[i].label, simple[i].label_len) ? simple[i].label_len
									    : 0);
}

/* ext2, ext3, ext4 differ by features: a journal, extents. */
static void probe_ext(struct area *a)
{
	const uint8_t *s = at(a, 1024, 264);
	bool journal, extents;

	if (!s || get_le16(s + 56) != 0xef53 || !get_le32(s) || get_le32(s + 24) > 6)
		return;
	journal = get_le32(s + 92) & 0x4;
	extents = get_le32(s + 96) & 0x40;
	found(a, extents ? "ext4" : journal ? "ext3" : "ext2", s + 120, 16);
}

/* A physical volume: a label in one of the first four sectors of 512. */
static void probe_lvm(struct area *a)
{
	for (unsigned i = 0; i < 4; i++)
		if (is_at(a, i * 512, "LABELONE", 8) && is_at(a, i * 512 + 24, "LVM2 001", 8)) {
			found(a, "LVM", NULL, 0);
			return;
		}
}

/* Linux RAID: version 1.1 and 1.2 near the start, 1.0 and 0.90 near the end. */
static void probe_md(struct area *a)
{
	static const uint8_t magic[4] = {0xfc, 0x4e, 0x2b, 0xa9};
	uint64_t sectors = a->length / 512;
	const uint64_t places[] = {
		0, 4 * KIB, sectors > 16 ? ((sectors - 16) & ~7ull) * 512 : UINT64_MAX};
	const uint64_t old = (a->length & ~(64ull * KIB - 1)) - 64 * KIB;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (is_at(a, places[i], magic, 4) && at(a, places[i], 256)) {
			found(a, "Linux RAID", at(a, places[i] + 32, 32), 32);
			return;
		}
	if (a->length >= 128 * KIB && is_at(a, old, magic, 4))
		found(a, "Linux RAID", NULL, 0);
}

/* Metadata of RAID controllers' firmware, in the disk's last sectors. */
static void probe_firmware_raid(struct area *a)
{
	static const char intel[] = "Intel Raid ISM Cfg Sig. ";

	if (a->length >= 1024 && is_at(a, a->length - 1024, intel, sizeof(intel) - 1))
		found(a, "Intel RAID", NULL, 0);
	if (a->length >= 512 && is_at(a, a->length - 512, "\xde\x11\xde\x11", 4))
		found(a, "DDF RAID", NULL, 0);
}

/* An uberblock in the first label's ring, in either byte order. */
static void probe_zfs(struct area *a)
{
	for (uint64_t ring = 128 * KIB; ring < 256 * KIB; ring += KIB) {
		const uint8_t *p = at(a, ring, 8);

		if (p && (get_le64(p) == 0x00bab10c || !memcmp(p, "\0\0\0\0\0\xba\xb1\x0c", 8))) {
			found(a, "ZFS", NULL, 0);
			return;
		}
	}
}

/* VMware's volumes begin a MiB into their partition. */
static int probe_vmfs(struct area *a)
{
	uint8_t mark[4];
	int r;

	if (a->length < 2 * KIB * KIB)
		return 0;
	r = a->r->read(a->r->data, mark, sizeof(mark), a->offset + KIB * KIB);
	if (r == 0 && !memcmp(mark, "\x0d\xd0\x01\xc0", 4))
		found(a, "VMFS", NULL, 0);
	return r;
}

static int probe(const struct disk_reader *r, uint64_t offset, uint64_t length, unsigned part,
	uint8_t *buffer, struct signatures *ret)
{
	struct area a = {.r = r,
		.offset = offset,
		.length = length,
		.head = buffer,
		.tail = buffer + HEAD_BYTES,
		.head_len = length < HEAD_BYTES ? (size_t)length : HEAD_BYTES,
		.tail_len = length < TAIL_BYTES ? (size_t)length : TAIL_BYTES,
		.part = part,
		.found = ret};
	int e = r->read(r->data, buffer, a.head_len, offset);

	if (e == 0)
		e = r->read(r->data, buffer + HEAD_BYTES, a.tail_len, offset + length - a.tail_len);
	if (e < 0)
		return e;
	probe_simple(&a);
	probe_ext(&a);
	probe_lvm(&a);
	probe_md(&a);
	probe_zfs(&a);
	if (!part)
		probe_firmware_raid(&a);
	return probe_vmfs(&a);
}

static void found_tables(const struct parts *p, struct signatures *ret)
{
	struct area disk = {.found = ret};

	if (p->gpt || p->gpt_backup)
		found(&disk, p->gpt ? "GPT" : "backup GPT", NULL, 0);
	if (p->mbr)
		found(&disk, "MBR partitions", NULL, 0);
}

/* IBM's cluster file system has no mark that is written down; its partitions have a type. */
static void found_type(const struct part *p, struct signatures *ret)
{
	static const uint8_t gpfs[16] = {0x90, 0xfc, 0xaf, 0x37, 0x7d, 0xef, 0x96, 0x4e, 0x91, 0xc3,
		0x2d, 0x7a, 0xe0, 0x55, 0xb1, 0x74}; /* 37AFFC90-EF7D-4E96-91C3-2D7AE055B174 */
	struct area a = {.part = p->number, .found = ret};

	if (!memcmp(p->type, gpfs, sizeof(gpfs)))
		found(&a, "GPFS", NULL, 0);
}

const struct signature *signatures_shared(const struct signatures *s)
{
	static const char *const shared[] = {"VMFS", "GPFS", "GFS2", "OCFS2"};

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(shared); k++)
			if (str_eq(s->all[i].what, shared[k]))
				return &s->all[i];
	return NULL;
}

int signatures_find(const struct disk_reader *r, struct signatures *ret)
{
	_cleanup_free_ uint8_t *buffer = xmalloc(HEAD_BYTES + TAIL_BYTES);
	_cleanup_free_ struct parts *p = xcalloc(1, sizeof(*p));
	int e = parts_find(r, p);

	memset(ret, 0, sizeof(*ret));
	if (e < 0)
		return e;
	found_tables(p, ret);
	e = probe(r, 0, r->size, 0, buffer, ret);
	for (size_t i = 0; e == 0 && i < p->n; i++) {
		found_type(&p->part[i], ret);
		e = probe(r, p->part[i].offset, p->part[i].length, p->part[i].number, buffer, ret);
	}
	return e;
}

static void one_text(const struct signature *s, struct buf *out)
{
	buf_puts(out, s->what);
	if (s->label[0])
		buf_printf(out, " \"%s\"", s->label);
	if (s->part)
		buf_printf(out, " on partition %u", s->part);
}

void signatures_text(const struct signatures *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_puts(out, ", ");
		one_text(&s->all[i], out);
	}
	if (!s->n)
		buf_puts(out, "nothing");
}

json_t *signatures_json(const struct signatures *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++) {
		struct buf b = BUF_INIT(256);

		one_text(&s->all[i], &b);
		json_array_append_new(list, json_string(buf_str(&b)));
		buf_done(&b);
	}
	return list;
}
