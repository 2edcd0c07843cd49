/*
 * GUID partition tables, judged by tables that sfdisk made (tests/fixtures/gpt): one read on a disk
 * of 8 MiB and moved to 16 MiB has to equal the one made there.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent/image/disk/gpt.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#define MIB (1024 * 1024)

static uint8_t *fixture(const char *name, const char *end, size_t *ret_len)
{
	char path[128], *data = NULL;
	struct err e = {0};

	snprintf(path, sizeof(path), "tests/fixtures/gpt/%s.%s", name, end);
	if (fs_read(path, MIB, &data, ret_len, &e) < 0)
		printf("# %s\n", e.text);
	return (uint8_t *)data;
}

static void test_move(uint32_t sector, const char *small, const char *large)
{
	size_t len, want_len, tail_len, got;
	_cleanup_free_ uint8_t *head = fixture(small, "head", &len);
	_cleanup_free_ uint8_t *want = fixture(large, "head", &want_len);
	_cleanup_free_ uint8_t *tail = fixture(large, "tail", &tail_len);
	_cleanup_free_ uint8_t *out = xmalloc(GPT_BACKUP_MAX);
	struct gpt_partition p;
	struct err e = {0};
	struct gpt g;
	char text[37];

	is_int(gpt_read(head, len, sector, &g, &e), 0, "%s: read", small);
	is_int(gpt_count(&g), 2, "two partitions");
	is_str(gpt_guid_text(g.guid, text), "11223344-5566-4788-99AA-BBCCDDEEFF00", "disk's GUID");
	ok(gpt_partition(&g, 1, &p) && !strcmp(p.name, "root") && p.first == 2 * MIB / sector &&
			p.last == 4 * MIB / sector - 1,
		"second partition");
	is_str(gpt_guid_text(p.guid, text), "00000000-0000-4000-8000-000000000002", "its GUID");
	is_int(gpt_resize(&g, 16 * MIB / sector, &e), 0, "moved to 16 MiB");
	ok(len == want_len && !memcmp(head, want, len), "the primary table is sfdisk's");
	got = gpt_backup(&g, out, GPT_BACKUP_MAX);
	ok(got == tail_len && !memcmp(out, tail, got), "the backup table is sfdisk's");
	is_int(gpt_backup(&g, out, got - 1), 0, "it is not written where it does not fit");
	is_int(gpt_resize(&g, 3 * MIB / sector, &e), -EFBIG, "no partition may hang over");
}

static void test_add(void)
{
	size_t len;
	_cleanup_free_ uint8_t *head = fixture("512-8m", "head", &len);
	struct gpt_partition p = {.type = {1}, .guid = {2}, .first = 8192, .last = 10239}, q;
	unsigned number;
	struct err e = {0};
	struct gpt g;

	strcpy(p.name, "config-2");
	gpt_read(head, len, 512, &g, &e);
	is_int(gpt_add(&g, &p, &number, &e), 0, "a partition is added");
	is_int(number, 3, "in the first free entry");
	is_int(gpt_read(head, len, 512, &g, &e), 0, "sums are right");
	ok(gpt_partition(&g, 2, &q) && !memcmp(p.guid, q.guid, 16) && q.first == 8192 &&
			q.last == 10239 && !strcmp(q.name, "config-2"),
		"and it reads back");
	for (int i = 0; i < 125; i++)
		gpt_add(&g, &p, &number, &e);
	is_int(gpt_add(&g, &p, &number, &e), -ENOSPC, "128 entries, no more");
}

/* One byte changed somewhere; with fix, the header's sum is made right again by moving the table.
 */
static void test_damage(void)
{
	static const struct {
		size_t at;
		const char *what;
	} t[] = {
		{512 + 8, "revision"},
		{512 + 12, "header size"},
		{512 + 16, "header sum"},
		{512 + 24, "own position"},
		{512 + 72, "position of the entries"},
		{512 + 80, "number of entries"},
		{512 + 84, "size of an entry"},
		{512 + 88, "sum of the entries"},
		{1024 + 40, "an entry"},
		{17407, "the last byte of the entries"},
	};
	size_t len;
	_cleanup_free_ uint8_t *head = fixture("512-8m", "head", &len);
	struct err e = {0};
	struct gpt g;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		head[t[i].at] ^= 1;
		is_int(gpt_read(head, len, 512, &g, &e), -EBADMSG, "damaged: %s", t[i].what);
		head[t[i].at] ^= 1;
	}
	is_int(gpt_read(head, len - 1, 512, &g, &e), -EBADMSG, "entries beyond what is there");
	is_int(gpt_read(head, 512, 512, &g, &e), -ENOENT, "too short for a header");
	is_int(gpt_read(head, len, 4096, &g, &e), -ENOENT, "not with sectors of 4096");
	is_int(gpt_read(head, len, 512, &g, &e), 0, "and whole again");
}

int main(void)
{
	test_move(512, "512-8m", "512-16m");
	test_move(4096, "4k-8m", "4k-16m");
	test_add();
	test_damage();
	return done_testing();
}
