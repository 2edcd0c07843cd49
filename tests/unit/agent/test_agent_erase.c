/* Metadata erasure: what is zeroed, what is left, and what is refused. Tables by sfdisk's rules. */
#include "tests/unit/agent/tree.h"
#include "tests/unit/tap.h"

#include "agent/erase/metadata.h"

#include <errno.h>
#include <fcntl.h>

#define MIB (1024ull * 1024)

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static bool covers(const struct erase_region *r, size_t n, uint64_t offset, uint64_t length)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].offset <= offset && offset + length <= r[i].offset + r[i].length)
			return true;
	return false;
}

/* A protective MBR, and one GPT entry: LBA 2048 to 206847 (100 MiB). */
static void make_gpt(uint8_t *head, unsigned sector, uint64_t first, uint64_t last)
{
	memset(head, 0, 65536);
	head[446 + 4] = 0xee;
	put_le(head + 446 + 8, 1, 4);
	put_le(head + 446 + 12, 0xffffffff, 4);
	head[510] = 0x55;
	head[511] = 0xaa;
	memcpy(head + sector, "EFI PART", 8);
	memset(head + 2 * sector, 0x11, 16);
	put_le(head + 2 * sector + 32, first, 8);
	put_le(head + 2 * sector + 40, last, 8);
}

/* A disk of which only the first and the last 64 KiB hold anything. */
struct ends {
	const uint8_t *head, *tail;
	uint64_t size;
};

static int read_ends(void *data, void *buf, size_t len, uint64_t offset)
{
	const struct ends *d = data;
	uint64_t tail = d->size < 65536 ? 0 : d->size - 65536;

	if (offset > d->size || len > d->size - offset)
		return -EIO;
	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset + i;

		((uint8_t *)buf)[i] = at < 65536   ? d->head[at]
				      : at >= tail ? d->tail[at - tail]
						   : 0;
	}
	return 0;
}

static size_t plan(const uint8_t *head, const uint8_t *tail, uint64_t size, unsigned sector,
	struct erase_region *ret, size_t max)
{
	struct ends d = {head, tail, size};
	const struct disk_reader r = {
		.read = read_ends, .data = &d, .size = size, .sector = sector};
	size_t n = 0;

	return erase_plan(&r, ret, max, &n) < 0 ? 0 : n;
}

static void test_plan(void)
{
	static uint8_t head[65536], tail[65536];
	struct erase_region r[64];
	uint64_t size = 1024 * MIB;
	size_t n;

	make_gpt(head, 512, 2048, 206847);
	n = plan(head, tail, size, 512, r, 64);
	ok(covers(r, n, 0, MIB) && covers(r, n, size - MIB, MIB), "both ends of the disk");
	ok(covers(r, n, 1 * MIB, MIB) && covers(r, n, 100 * MIB, MIB), "both ends of a partition");
	ok(covers(r, n, 64 * MIB, 4096), "btrfs' second superblock on the disk");
	ok(covers(r, n, 65 * MIB, 4096), "and in the partition");
	ok(!covers(r, n, 50 * MIB, 512), "not its middle");
	make_gpt(head, 4096, 256, 25855);
	n = plan(head, tail, size, 4096, r, 64);
	ok(covers(r, n, 1 * MIB, MIB) && covers(r, n, 100 * MIB, MIB), "4096-byte sectors");
	memset(head, 0, sizeof(head));
	memcpy(tail + 65536 - 512, "EFI PART", 8);
	memset(tail + 65536 - 512 - 16384, 0x11, 16);
	put_le(tail + 65536 - 512 - 16384 + 32, 2048, 8);
	put_le(tail + 65536 - 512 - 16384 + 40, 206847, 8);
	n = plan(head, tail, size, 512, r, 64);
	ok(covers(r, n, 100 * MIB, MIB), "the backup GPT where the first is gone");
}

static void test_plan_mbr(void)
{
	static uint8_t head[65536], tail[65536];
	struct erase_region r[64];
	size_t n;

	head[446 + 4] = 0x83;
	put_le(head + 446 + 8, 4096, 4);
	put_le(head + 446 + 12, 204800, 4);
	head[510] = 0x55;
	head[511] = 0xaa;
	n = plan(head, tail, 1024 * MIB, 512, r, 64);
	ok(covers(r, n, 2 * MIB, MIB) && covers(r, n, 101 * MIB, MIB), "an MBR partition's ends");
}

static void test_plan_hostile(void)
{
	static uint8_t head[65536], tail[65536];
	struct erase_region r[64];
	size_t n;
	bool inside = true;

	make_gpt(head, 512, UINT64_MAX - 1, UINT64_MAX);
	put_le(head + 1024 + 128 + 32, 100, 8);
	memset(head + 1024 + 128, 0x11, 16);
	put_le(head + 1024 + 128 + 40, 50, 8);
	head[446 + 16 + 4] = 0x83;
	put_le(head + 446 + 16 + 8, 0xffffffff, 4);
	put_le(head + 446 + 16 + 12, 0xffffffff, 4);
	n = plan(head, tail, 10 * MIB, 512, r, 64);
	for (size_t i = 0; i < n; i++)
		inside = inside && r[i].offset + r[i].length <= 10 * MIB;
	ok(inside, "no region leaves the disk");
	is_int(n, 3, "entries that are nonsense add nothing");
	is_int(plan(head, tail, 700, 512, r, 64), 1, "a disk smaller than a table");
	is_int(plan(head, tail, 10 * MIB, 512, r, 2), 0, "what does not fit is no plan at all");
}

static void fill(const char *path, uint64_t size)
{
	static uint8_t chunk[65536];
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	memset(chunk, 0xa5, sizeof(chunk));
	for (uint64_t at = 0; at < size; at += sizeof(chunk))
		if (write(fd, chunk, sizeof(chunk)) < 0)
			abort();
	close(fd);
}

static int byte_at(const char *path, uint64_t offset)
{
	int fd = open(path, O_RDONLY);
	uint8_t b = 0x77;

	if (pread(fd, &b, 1, (off_t)offset) != 1)
		abort();
	close(fd);
	return b;
}

static void test_file(const char *root)
{
	_cleanup_free_ char *path = xasprintf("%s/disk", root);
	struct erase_result res;
	struct err e;

	fill(path, 8 * MIB);
	is_int(erase_metadata(path, 9 * MIB, 512, true, &res, &e), -ENXIO,
		"another size: another disk");
	is_int(byte_at(path, 0), 0xa5, "nothing was written to it");
	is_int(erase_metadata(path, 8 * MIB, 512, true, &res, &e), 0, "erased");
	is_int(byte_at(path, 0), 0, "first byte");
	is_int(byte_at(path, MIB - 1), 0, "end of the first MiB");
	is_int(byte_at(path, MIB + 4096), 0xa5, "what is behind stays");
	is_int(byte_at(path, 7 * MIB), 0, "start of the last MiB");
	is_int(byte_at(path, 8 * MIB - 1), 0, "last byte");
	is_int(res.regions, 3, "regions are counted");
	is_int(res.bytes, 2 * MIB + 4096, "and bytes");
	is_int(erase_metadata("/nonexistent", 1, 512, true, &res, &e), -ENOENT, "no disk");
	ok(strstr(e.text, "/nonexistent"), "is named");
}

/* A disk that others may use at this moment. */
static void test_shared(const char *root)
{
	static const uint8_t vmfs[] = {0x0d, 0xd0, 0x01, 0xc0};
	_cleanup_free_ char *path = xasprintf("%s/shared", root);
	struct erase_result res;
	struct err e;
	int fd;

	fill(path, 8 * MIB);
	fd = open(path, O_WRONLY);
	if (pwrite(fd, vmfs, sizeof(vmfs), MIB) != sizeof(vmfs))
		abort();
	close(fd);
	is_int(erase_metadata(path, 8 * MIB, 512, true, &res, &e), -EPERM, "VMFS is spared");
	ok(strstr(e.text, "VMFS") && strstr(e.text, "ipa-guard-special-filesystems"),
		"and why is told");
	is_int(byte_at(path, 0), 0xa5, "nothing was written");
	is_int(erase_metadata(path, 8 * MIB, 512, false, &res, &e), 0, "unless that is wished");
	is_int(byte_at(path, MIB), 0, "then it is gone");
}

int main(void)
{
	test_plan();
	test_plan_mbr();
	test_plan_hostile();
	test_shared(tree_new());
	test_file(tree_new());
	return done_testing();
}
