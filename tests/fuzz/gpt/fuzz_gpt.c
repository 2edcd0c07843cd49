/*
 * The first bytes of a hostile image or disk: read as GPT, moved, given a partition that grows,
 * backed up; and searched for the partition UEFI boots from.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "agent/image/disk/esp.h"
#include "agent/image/disk/gpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* Makes both sums right, so that the fuzzer gets behind them. */
static void repair(uint8_t *head, size_t size, uint32_t sector)
{
	uint8_t *h = head + sector;
	uint32_t header_size = h[12] | h[13] << 8, n = h[80] | h[81] << 8,
		 each = h[84] | h[85] << 8;
	uint64_t lba = h[72] | h[73] << 8;

	if (lba * sector < size && (uint64_t)n * each <= size - lba * sector)
		put32(h + 88, (uint32_t)crc32(0, head + lba * sector, n * each));
	put32(h + 16, 0);
	if (sector + header_size <= size)
		put32(h + 16, (uint32_t)crc32(0, h, header_size));
}

/* What was sealed anew reads again, with so many partitions. */
static void reads_again(const struct gpt *was, unsigned partitions)
{
	struct gpt g;
	struct err e;

	if (gpt_read(was->head, was->head_len, was->sector, &g, &e) < 0 ||
		gpt_count(&g) != partitions || g.last_usable != was->last_usable)
		abort();
}

/* A partition gets all that is usable, and never more. */
static void grow(struct gpt *g, unsigned i)
{
	struct gpt_partition got;
	struct err e;

	if (gpt_set_last(g, i, g->last_usable, &e) < 0 ||
		gpt_set_last(g, i, g->last_usable + 1, &e) == 0 || !gpt_partition(g, i, &got) ||
		got.last != g->last_usable)
		abort();
}

/* A table of our own, with the identifier that stands in the input. */
static void create(const uint8_t *guid, uint32_t sector)
{
	static uint8_t head[32 * 1024];
	uint8_t again[16];
	char text[37];
	struct gpt g;
	struct err e;

	memset(head, 0, sizeof(head));
	if (gpt_create(head, sizeof(head), sector, 1 << 20, guid, &g, &e) < 0)
		abort();
	reads_again(&g, 0);
	gpt_guid_bytes(gpt_guid_text(g.guid, text), again);
	if (memcmp(again, guid, 16) != 0)
		abort();
}

static void change(struct gpt *g)
{
	static uint8_t out[GPT_BACKUP_MAX];
	struct gpt_partition p = {.type = {1}, .first = 100, .last = 200}, got;
	unsigned number, n = gpt_count(g);
	struct err e;
	size_t len;

	if (gpt_resize(g, 1 << 20, &e) < 0)
		return;
	reads_again(g, n);
	if (gpt_add(g, &p, &number, &e) == 0) {
		reads_again(g, n + 1);
		if (!gpt_partition(g, number - 1, &got) || got.first != 100 || got.last != 200)
			abort();
		grow(g, number - 1);
	}
	len = gpt_backup(g, out, sizeof(out));
	if (len && !gpt_present(out + len - 2 * g->sector, 2 * g->sector, g->sector))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t sector = size && data[0] & 1 ? 4096 : 512;
	struct err e;
	struct gpt g;
	uint8_t *head;
	unsigned esp;

	if (size < sector + 512)
		return 0;
	create(data, sector);
	head = malloc(size);
	memcpy(head, data, size);
	if (data[0] & 2)
		repair(head, size, sector);
	esp = esp_find(head, size, sector, NULL);
	if (gpt_read(head, size, sector, &g, &e) == 0) {
		if (esp > g.n_entries)
			abort();
		change(&g);
	}
	free(head);
	return 0;
}
