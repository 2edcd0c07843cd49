/* Metadata erasure; see metadata.h. */
#include "agent/erase/metadata.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#define MIB	       (1024ull * 1024)
#define EDGE	       MIB
#define TABLE_BYTES    (64 * 1024) /* enough for 128 entries behind a 4096-byte header sector */
#define GPT_ENTRIES    128
#define GPT_SIGNATURE  "EFI PART"
#define SUPERBLOCK_LEN 4096

/* Superblock copies that are neither near the start nor the end: btrfs, its second and third. */
static const uint64_t inner_superblocks[] = {64 * MIB, 256 * 1024 * MIB};

struct plan {
	struct erase_region *regions;
	size_t n, max;
	uint64_t size;
	unsigned sector;
};

static uint64_t get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void add(struct plan *pl, uint64_t offset, uint64_t length)
{
	if (offset >= pl->size || pl->n == pl->max)
		return;
	if (length > pl->size - offset)
		length = pl->size - offset;
	pl->regions[pl->n++] = (struct erase_region){offset, length};
}

/* Both ends of an area, and the superblocks inside it. */
static void add_area(struct plan *pl, uint64_t offset, uint64_t length)
{
	if (offset >= pl->size || !length)
		return;
	if (length > pl->size - offset)
		length = pl->size - offset;
	add(pl, offset, length < EDGE ? length : EDGE);
	if (length > EDGE)
		add(pl, offset + length - EDGE, EDGE);
	for (size_t i = 0; i < ARRAY_SIZE(inner_superblocks); i++)
		if (inner_superblocks[i] + SUPERBLOCK_LEN <= length)
			add(pl, offset + inner_superblocks[i], SUPERBLOCK_LEN);
}

/* A range of LBAs as an area; nonsense is left out. */
static void add_lbas(struct plan *pl, uint64_t first, uint64_t count)
{
	uint64_t sectors = pl->size / pl->sector;

	if (!count || first >= sectors)
		return;
	if (count > sectors - first)
		count = sectors - first;
	add_area(pl, first * pl->sector, count * pl->sector);
}

/* GPT entries (UEFI 2.10, 5.3.3): type at 0, first and last LBA at 32 and 40. */
static void add_gpt(struct plan *pl, const uint8_t *entries, size_t len)
{
	static const uint8_t unused[16];

	for (size_t i = 0; i < GPT_ENTRIES && (i + 1) * 128 <= len; i++) {
		const uint8_t *p = entries + i * 128;
		uint64_t first = get_le(p + 32, 8), last = get_le(p + 40, 8);

		if (memcmp(p, unused, 16) && last >= first && last < pl->size / pl->sector)
			add_lbas(pl, first, last - first + 1);
	}
}

/* The four entries of an MBR; logical partitions lie inside an extended one and lose their chain.
 */
static void add_mbr(struct plan *pl, const uint8_t *mbr)
{
	for (int i = 0; i < 4; i++) {
		const uint8_t *p = mbr + 446 + 16 * i;

		if (p[4] && p[4] != 0xee)
			add_lbas(pl, get_le(p + 8, 4), get_le(p + 12, 4));
	}
}

static bool is_gpt(const uint8_t *data, size_t len, size_t at)
{
	return at + 8 <= len && !memcmp(data + at, GPT_SIGNATURE, 8);
}

size_t erase_plan(const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len,
	uint64_t size_bytes, unsigned sector_bytes, struct erase_region *ret, size_t max)
{
	struct plan pl = {.regions = ret, .max = max, .size = size_bytes, .sector = sector_bytes};
	size_t entries = 128 * GPT_ENTRIES;

	add_area(&pl, 0, size_bytes);
	if (head_len >= 512 && head[510] == 0x55 && head[511] == 0xaa)
		add_mbr(&pl, head);
	if (is_gpt(head, head_len, sector_bytes) && 2 * (size_t)sector_bytes < head_len)
		add_gpt(&pl, head + 2 * sector_bytes, head_len - 2 * sector_bytes);
	else if (tail_len >= entries + sector_bytes &&
		 is_gpt(tail, tail_len, tail_len - sector_bytes))
		add_gpt(&pl, tail + tail_len - sector_bytes - entries, entries);
	return pl.n;
}

static int disk_size(int fd, uint64_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		*ret = (uint64_t)st.st_size;
		return 0;
	}
	return ioctl(fd, BLKGETSIZE64, ret) < 0 ? -errno : 0;
}

/* Opens for writing alone: the kernel refuses O_EXCL on a block device that is mounted or held. */
static int disk_open(const char *path, uint64_t size_bytes, int *ret_fd, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	int read_only = 0, r;
	uint64_t size;

	if (fd < 0 && errno == EBUSY)
		return err_set(e, EBUSY,
			"%s is in use: mounted, or part of a RAID or volume group; stop it first",
			path);
	if (fd < 0)
		return err_errno(e, errno, "open %s", path);
	if (ioctl(fd, BLKROGET, &read_only) == 0 && read_only)
		return err_set(e, EROFS, "%s is read-only", path);
	r = disk_size(fd, &size);
	if (r < 0)
		return err_errno(e, -r, "size of %s", path);
	if (size != size_bytes)
		return err_set(e, ENXIO,
			"%s has %llu bytes, the inventory says %llu: it is another disk", path,
			(unsigned long long)size, (unsigned long long)size_bytes);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Moves len bytes at offset, all of them. */
static int transfer(int fd, bool write, uint8_t *data, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = write ? pwrite(fd, data, len, (off_t)offset)
				  : pread(fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int zero_regions(int fd, const struct erase_region *regions, size_t n, uint8_t *zero)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = transfer(fd, true, zero, regions[i].length, regions[i].offset);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

/* Reads back from the disk, not from memory. */
static int check_regions(
	int fd, const struct erase_region *regions, size_t n, uint8_t *data, uint64_t *ret_bad)
{
	int r;

	if (ioctl(fd, BLKFLSBUF) < 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (size_t i = 0; i < n; i++) {
		size_t len = regions[i].length;

		*ret_bad = regions[i].offset;
		r = transfer(fd, false, data, len, regions[i].offset);
		if (r < 0)
			return r;
		if (len && (data[0] || memcmp(data, data + 1, len - 1)))
			return -EIO;
	}
	return 0;
}

static int plan_of(int fd, uint64_t size, unsigned sector, uint8_t *buffer,
	struct erase_region *regions, size_t *ret_n)
{
	size_t len = size < TABLE_BYTES ? size : TABLE_BYTES;
	uint8_t *tail = buffer + TABLE_BYTES;
	int r = transfer(fd, false, buffer, len, 0);

	if (r == 0)
		r = transfer(fd, false, tail, len, size - len);
	if (r < 0)
		return r;
	*ret_n = erase_plan(buffer, len, tail, len, size, sector, regions, ERASE_REGIONS_MAX);
	return 0;
}

int erase_metadata(const char *path, uint64_t size_bytes, unsigned sector_bytes,
	struct erase_result *ret, struct err *e)
{
	_cleanup_free_ struct erase_region *regions = xcalloc(ERASE_REGIONS_MAX, sizeof(*regions));
	_cleanup_free_ uint8_t *buffer = xcalloc(1, EDGE);
	struct erase_result result = {0};
	_cleanup_close_ int fd = -1;
	uint64_t bad = 0;
	size_t n = 0;
	int r = disk_open(path, size_bytes, &fd, e);

	if (r < 0)
		return r;
	r = plan_of(fd, size_bytes, sector_bytes ? sector_bytes : 512, buffer, regions, &n);
	if (r < 0)
		return err_errno(e, -r, "read the tables of %s", path);
	memset(buffer, 0, EDGE);
	r = zero_regions(fd, regions, n, buffer);
	if (r < 0)
		return err_errno(e, -r, "write zeroes to %s", path);
	r = check_regions(fd, regions, n, buffer, &bad);
	if (r < 0)
		return err_errno(e, -r, "read back %s at byte %llu", path, (unsigned long long)bad);
	(void)ioctl(fd, BLKRRPART); /* a file has no partitions to forget */
	for (size_t i = 0; i < n; i++)
		result.bytes += regions[i].length;
	result.regions = (unsigned)n;
	*ret = result;
	return 0;
}
