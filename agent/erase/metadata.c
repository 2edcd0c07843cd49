/* Metadata erasure; see metadata.h. */
#include "agent/erase/metadata.h"
#include "agent/erase/disk.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fs.h>

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

static int zero_regions(
	int fd, const struct erase_region *regions, size_t n, uint8_t *zero, uint64_t *ret_bad)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		*ret_bad = regions[i].offset;
		r = disk_transfer(fd, true, zero, regions[i].length, regions[i].offset);
	}
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
		r = disk_transfer(fd, false, data, len, regions[i].offset);
		if (r < 0)
			return r;
		if (len && (data[0] || memcmp(data, data + 1, len - 1)))
			return -EIO;
	}
	return 0;
}

/* Looks before it is gone. */
static int look(int fd, uint64_t size, unsigned sector, struct erase_region *regions, size_t *ret_n,
	struct signatures *ret_found)
{
	const struct disk_reader reader = disk_reader_of(&fd, size, sector);
	int r = signatures_find(&reader, ret_found);

	return r < 0 ? r : erase_plan(&reader, regions, ERASE_REGIONS_MAX, ret_n);
}

int erase_metadata(const char *path, uint64_t size_bytes, unsigned sector_bytes, bool spare_shared,
	struct erase_result *ret, struct err *e)
{
	_cleanup_free_ struct erase_region *regions = xcalloc(ERASE_REGIONS_MAX, sizeof(*regions));
	_cleanup_free_ uint8_t *buffer = xcalloc(1, ERASE_EDGE);
	_cleanup_close_ int fd = -1;
	const struct signature *shared;
	uint64_t bad = 0;
	size_t n = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = disk_open(path, size_bytes, &fd, e);
	if (r < 0)
		return r;
	r = look(fd, size_bytes, sector_bytes, regions, &n, &ret->found);
	if (r < 0)
		return err_errno(e, -r, "read the tables of %s", path);
	shared = spare_shared ? signatures_shared(&ret->found) : NULL;
	if (shared)
		return err_set(e, EPERM,
			"%s carries %s, which other machines may use as well; nothing was erased: "
			"detach the disk, skip it by properties/skip_block_devices, or allow it by "
			"the kernel parameter ipa-guard-special-filesystems=0",
			path, shared->what);
	r = zero_regions(fd, regions, n, buffer, &bad);
	if (r < 0)
		return err_errno(
			e, -r, "write zeroes to %s at byte %llu", path, (unsigned long long)bad);
	r = check_regions(fd, regions, n, buffer, &bad);
	if (r < 0)
		return err_errno(e, -r, "read back %s at byte %llu", path, (unsigned long long)bad);
	(void)ioctl(fd, BLKRRPART); /* a file has no partitions to forget */
	for (size_t i = 0; i < n; i++)
		ret->bytes += regions[i].length;
	ret->regions = (unsigned)n;
	return 0;
}
