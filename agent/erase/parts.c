/* Partition tables as they are found; see parts.h. UEFI 2.10, sections 5.2 and 5.3. */
#include "agent/erase/parts.h"
#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <string.h>

#define SIGNATURE     "EFI PART"
#define ENTRY_MIN     128
#define ENTRIES_USUAL 128
#define ENTRIES_BYTES (512 * 1024)
#define LOGICAL_MAX   64

/* type: 16 bytes, or NULL. */
static void add(const struct disk_reader *r, struct parts *p, unsigned number, uint64_t offset,
	uint64_t length, const uint8_t *type)
{
	if (!length || offset >= r->size || p->n == PARTS_MAX)
		return;
	if (length > r->size - offset)
		length = r->size - offset;
	for (size_t i = 0; i < p->n; i++)
		if (p->part[i].offset == offset && p->part[i].length == length)
			return; /* the backup table says the same */
	p->part[p->n] = (struct part){number, offset, length, {0}};
	if (type)
		memcpy(p->part[p->n].type, type, sizeof(p->part->type));
	p->n++;
}

/* Sectors to bytes; 0 where the product is beyond the disk, which add() then leaves out. */
static uint64_t bytes_of(const struct disk_reader *r, uint64_t sectors, unsigned sector)
{
	return sectors > r->size / sector ? r->size : sectors * sector;
}

/* Entries: type at 0, first and last LBA at 32 and 40. */
static int read_entries(const struct disk_reader *r, uint64_t at, unsigned sector, uint32_t count,
	uint32_t entry_size, struct parts *p)
{
	static const uint8_t unused[16];
	size_t len = (size_t)count * entry_size;
	_cleanup_free_ uint8_t *entries = NULL;
	int ret;

	if (len > ENTRIES_BYTES)
		len = ENTRIES_BYTES;
	if (at >= r->size)
		return 0;
	if (len > r->size - at)
		len = (size_t)(r->size - at);
	entries = xmalloc(len + 1);
	ret = r->read(r->data, entries, len, at);
	for (size_t i = 0; ret == 0 && (i + 1) * entry_size <= len; i++) {
		const uint8_t *e = entries + i * entry_size;
		uint64_t first = get_le64(e + 32), last = get_le64(e + 40);

		if (memcmp(e, unused, 16) && last >= first && last < r->size / sector)
			add(r, p, (unsigned)i + 1, first * sector,
				bytes_of(r, last - first + 1, sector), e);
	}
	return ret;
}

/* A header at `at`; a member that makes no sense gets its usual value. */
static int read_gpt(
	const struct disk_reader *r, uint64_t at, unsigned sector, bool *ret_there, struct parts *p)
{
	uint8_t head[92];
	uint64_t lba;
	uint32_t count, size;
	int ret;

	if (at + sizeof(head) > r->size)
		return 0;
	ret = r->read(r->data, head, sizeof(head), at);
	if (ret < 0 || memcmp(head, SIGNATURE, 8) != 0)
		return ret;
	*ret_there = true;
	lba = get_le64(head + 72);
	count = get_le32(head + 80);
	size = get_le32(head + 84);
	if (size < ENTRY_MIN || size > 4096 || size % ENTRY_MIN)
		size = ENTRY_MIN;
	if (!count || count > ENTRIES_BYTES / size)
		count = ENTRIES_USUAL;
	if (lba >= 2 && lba < r->size / sector)
		at = lba * sector;
	else if (at == sector)
		at = 2ull * sector;
	else
		at -= ENTRIES_USUAL * ENTRY_MIN;
	return read_entries(r, at, sector, count, size, p);
}

static int read_gpts(const struct disk_reader *r, struct parts *p)
{
	static const unsigned sectors[] = {512, 4096};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(sectors); i++) {
		unsigned s = sectors[i];

		ret = read_gpt(r, s, s, &p->gpt, p);
		if (ret == 0 && r->size > 64ull * 1024)
			ret = read_gpt(r, r->size - s, s, &p->gpt_backup, p);
	}
	return ret;
}

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool has_mark(const uint8_t *sector)
{
	return sector[510] == 0x55 && sector[511] == 0xaa;
}

/* The chain of an extended partition: each link has one partition and the way to the next link. */
static int read_logical(const struct disk_reader *r, uint64_t base, struct parts *p)
{
	uint64_t link = base;
	uint8_t ebr[512];
	int ret = 0;

	for (unsigned i = 0; i < LOGICAL_MAX; i++) {
		uint64_t at = bytes_of(r, link, r->sector), next;

		if (at + sizeof(ebr) > r->size)
			break;
		ret = r->read(r->data, ebr, sizeof(ebr), at);
		if (ret < 0 || !has_mark(ebr))
			break;
		if (ebr[446 + 4])
			add(r, p, 5 + i, bytes_of(r, link + get_le32(ebr + 446 + 8), r->sector),
				bytes_of(r, get_le32(ebr + 446 + 12), r->sector), NULL);
		next = get_le32(ebr + 462 + 8);
		if (!is_extended(ebr[462 + 4]) || !next)
			break;
		link = base + next;
	}
	return ret;
}

static int read_mbr(const struct disk_reader *r, struct parts *p)
{
	uint8_t mbr[512];
	int ret = r->read(r->data, mbr, sizeof(mbr), 0);

	if (ret < 0 || !has_mark(mbr))
		return ret;
	for (unsigned i = 0; ret == 0 && i < 4; i++) {
		const uint8_t *e = mbr + 446 + 16 * i;
		uint64_t first = get_le32(e + 8), count = get_le32(e + 12);

		/* a boot sector of FAT or NTFS has text where entries would be */
		if (!e[4] || e[4] == 0xee || (e[0] & 0x7f) || !first || !count ||
			first >= r->size / r->sector)
			continue;
		p->mbr = true;
		add(r, p, i + 1, first * r->sector, bytes_of(r, count, r->sector), NULL);
		if (is_extended(e[4]))
			ret = read_logical(r, first, p);
	}
	return ret;
}

int parts_find(const struct disk_reader *r, struct parts *ret)
{
	int e;

	memset(ret, 0, sizeof(*ret));
	if (r->size < 4096)
		return 0;
	e = read_gpts(r, ret);
	return e < 0 ? e : read_mbr(r, ret);
}
