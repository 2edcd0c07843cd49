/*
 * Sizes that a client asks for, and the hostile disk on which a layout is to be kept: what is
 * planned or taken over lies on the disk, in order, without overlap; a layout that was written is
 * accepted by who keeps it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/image/disk/layout.h"

#define MIB (1024ull * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct layout *l)
{
	uint64_t end = MIB;

	for (unsigned n = 1; n <= l->n; n++)
		for (int i = 0; i < LAYOUT_ROLE_COUNT; i++) {
			const struct layout_part *p = &l->part[i];

			if (p->number != n)
				continue;
			if (p->offset < end || p->bytes > l->disk_bytes ||
				p->offset > l->disk_bytes - p->bytes || p->offset % MIB)
				abort();
			end = p->offset + p->bytes;
		}
	if (!l->part[LAYOUT_ROOT].number || !*layout_role_name(LAYOUT_ROOT))
		abort();
}

/* Large enough numbers to overflow what is not careful. */
static uint64_t number(const uint8_t *p)
{
	return (uint64_t)p[0] << (p[1] % 64);
}

/* Written afresh, then kept: it has to be taken for what it is. */
static void round_trip(struct target *t, const struct layout *planned)
{
	struct layout l = *planned, again = *planned;
	char id[40], id_again[40];
	struct err e;

	memset(t->head, 0, t->head_len);
	memset(t->tail, 0, t->tail_len);
	if (layout_write(t, &l, id, &e) < 0 || target_release(t, &e) < 0)
		abort();
	if (layout_keep(t, &again, id_again, &e) < 0 || strcmp(id, id_again) != 0)
		abort();
	for (int i = 0; i < LAYOUT_ROLE_COUNT; i++)
		if (strcmp(l.part[i].uuid, again.part[i].uuid) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(4096) uint8_t head[MIB], tail[MIB];
	static int fd = -1;
	struct target t = {.fd = fd, .sector = 512, .head_len = MIB, .tail_len = MIB};
	struct layout_wish wish;
	struct layout l;
	char id[40];
	struct err e;

	if (size < 10 || size > MIB)
		return 0;
	if (fd < 0)
		t.fd = fd = memfd_create("disk", 0);
	t.block = data[0] & 1;
	t.sector = data[0] & 2 ? 4096 : 512;
	t.size = (data[0] & 4 ? 4096 * 1024 : 1024) * MIB;
	if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)t.size) < 0)
		abort();
	t.tail_offset = t.size - MIB;
	t.head = memset(head, 0, sizeof(head));
	t.tail = memset(tail, 0, sizeof(tail));
	wish = (struct layout_wish){.gpt = data[0] & 8,
		.uefi = data[0] & 16,
		.root_mib = number(data + 2),
		.swap_mib = number(data + 4),
		.ephemeral_mib = number(data + 6)};
	if (layout_plan(&wish, (size_t)data[1] * 100000, t.sector, t.size, &l, &e) < 0)
		return 0;
	check(&l);
	pthread_mutex_init(&t.lock, NULL);
	if (pwrite(fd, data + 8, size - 8, 0) != (ssize_t)(size - 8))
		abort();
	{
		struct layout kept = l;

		if (layout_keep(&t, &kept, id, &e) == 0)
			check(&kept);
	}
	round_trip(&t, &l);
	pthread_mutex_destroy(&t.lock);
	return 0;
}
