/*
 * The start of a hostile image on its disk: its partition table is read, fitted to the disk, and
 * given a config drive, which may lie neither over another partition nor beyond the disk. The
 * first byte's bits: sectors of 4096 bytes, sums made right, a large config drive, a large disk.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/image/disk/table.h"

#define MIB	  (1024ull * 1024)
#define LABEL	  "config-2"
#define PARTS_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct span {
	uint64_t offset, length;
};

static uint64_t get(const uint8_t *p, int n)
{
	uint64_t v = 0;

	for (int i = n; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* Makes both sums right, so that the fuzzer gets behind them. */
static void repair(uint8_t *head, uint32_t sector)
{
	uint8_t *h = head + sector;
	uint64_t at = get(h + 72, 2) * sector, len = get(h + 80, 2) * get(h + 84, 2);
	uint32_t header = (uint32_t)get(h + 12, 2), sum;

	if (at + len > MIB || sector + header > MIB)
		return;
	sum = (uint32_t)crc32(0, head + at, (uInt)len);
	memcpy(h + 88, &sum, 4);
	memset(h + 16, 0, 4);
	sum = (uint32_t)crc32(0, h, header);
	memcpy(h + 16, &sum, 4);
}

static size_t spans_of(const struct target *t, const struct table *table, struct span *ret)
{
	struct gpt_partition p;
	size_t n = 0;

	for (uint32_t i = 0; table->kind == TABLE_GPT && i < table->gpt.n_entries; i++)
		if (gpt_partition(&table->gpt, i, &p))
			ret[n++] = (struct span){
				p.first * table->sector, (p.last - p.first + 1) * table->sector};
	for (unsigned i = 0; table->kind == TABLE_MBR && i < 4; i++) {
		const uint8_t *e = t->head + 446 + 16 * i;

		if (e[4] && get(e + 8, 4) && get(e + 12, 4))
			ret[n++] = (struct span){
				get(e + 8, 4) * table->sector, get(e + 12, 4) * table->sector};
	}
	return n;
}

/* The place is on the disk; a new one is free, one that was there is inside its partition. */
static void check_place(const struct target *t, const struct table *table,
	const struct span *before, size_t n, struct span place)
{
	bool is_new = table_count(table, t) == n + 1;
	bool inside = false;

	if (place.offset > t->size || place.length > t->size - place.offset)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (is_new && place.offset < before[i].offset + before[i].length &&
			before[i].offset < place.offset + place.length)
			abort();
		inside |= place.offset == before[i].offset && place.length <= before[i].length;
	}
	if (!is_new && (!inside || table_count(table, t) != n))
		abort();
}

/* The last partition gets free space: it begins where it did, and meets no other that it did not.
 */
static void grow(struct target *t, struct table *table, unsigned drive)
{
	static struct span before[PARTS_MAX], after[PARTS_MAX];
	size_t n = spans_of(t, table, before), grown = 0;
	struct table again;
	unsigned number;
	struct err e;

	if (table_grow(t, table, drive, &number, &e) < 0)
		return;
	if (spans_of(t, table, after) != n || table_read(t, &again, &e) < 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (after[i].offset != before[i].offset || after[i].length < before[i].length)
			abort();
		if (after[i].length == before[i].length)
			continue;
		if (!number || grown++ || after[i].offset + after[i].length > t->size)
			abort();
		for (size_t k = 0; k < n; k++)
			if (k != i && before[k].offset > before[i].offset &&
				before[k].offset < after[i].offset + after[i].length)
				abort();
	}
}

static void place(struct target *t, struct table *table, uint64_t bytes)
{
	static struct span before[PARTS_MAX];
	size_t n = spans_of(t, table, before);
	struct table again;
	uint64_t offset = 0;
	unsigned number;
	char id[64];
	struct err e;

	table_id(table, t, id, sizeof(id));
	if (table_place(t, table, LABEL, bytes, &offset, &number, &e) < 0)
		return;
	check_place(t, table, before, n, (struct span){offset, bytes});
	if (table_read(t, &again, &e) < 0 || again.kind != table->kind ||
		table_count(&again, t) != table_count(table, t) || !*table_name(again.kind))
		abort();
	grow(t, table, number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(4096) uint8_t head[MIB], tail[MIB];
	static int fd = -1;
	struct target t = {.fd = fd, .sector = 512, .head_len = MIB, .tail_len = MIB};
	struct table table;
	struct err e;

	if (size < 512 || size > MIB)
		return 0;
	if (fd < 0)
		t.fd = fd = memfd_create("disk", 0);
	t.sector = data[0] & 1 ? 4096 : 512;
	t.size = (data[0] & 8 ? 4096 : 16) * MIB;
	if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)t.size) < 0)
		abort();
	t.tail_offset = t.size - MIB;
	t.head = memset(head, 0, sizeof(head));
	t.tail = memset(tail, 0, sizeof(tail));
	pthread_mutex_init(&t.lock, NULL);
	memcpy(t.head, data, size);
	if (data[0] & 2)
		repair(t.head, t.sector);
	(void)table_check_sector(t.head, size, t.sector, true, &e);
	if (table_read(&t, &table, &e) == 0 && table_fit(&t, &table, &e) == 0)
		place(&t, &table, data[0] & 4 ? 3 * MIB : 4096);
	pthread_mutex_destroy(&t.lock);
	return 0;
}
