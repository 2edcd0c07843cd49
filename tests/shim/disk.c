/*
 * A library that tests preload into ingot-agent, between it and one disk, which is a file or a loop
 * device: the disk fails as disks do. The product knows nothing of it.
 *
 *   DISK_FILE    the disk
 *   DISK_FAULT   what is wrong with it, at a byte of it:
 *     write BYTE   writing there fails
 *     read BYTE    reading there fails
 *     lie BYTE     reading there gives something else, without an error
 *     lose BYTE    what is written there is forgotten, without an error
 *     gone BYTE    from the first write there on it is no longer there
 *     sync         it cannot say that what it took is safe
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	char kind[8];
	int64_t byte;
	const char *file;
	atomic_bool gone;
} disk;

__attribute__((constructor)) static void begin(void)
{
	const char *fault = getenv("DISK_FAULT");
	long long byte = 0;

	disk.file = getenv("DISK_FILE");
	if (fault)
		sscanf(fault, "%7[a-z] %lld", disk.kind, &byte);
	disk.byte = byte;
}

static bool is_disk(int fd)
{
	struct stat a, b;
	int saved = errno;
	bool is = disk.file && fstat(fd, &a) == 0 && stat(disk.file, &b) == 0 &&
		  (S_ISBLK(a.st_mode) ? a.st_rdev == b.st_rdev
				      : a.st_ino == b.st_ino && a.st_dev == b.st_dev);

	errno = saved;
	return is;
}

static bool hits(const char *kind, size_t size, int64_t at)
{
	return !strcmp(disk.kind, kind) && disk.byte >= at && disk.byte - at < (int64_t)size;
}

static int fail(void)
{
	errno = EIO;
	return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t size, int64_t at)
{
	if (!is_disk(fd))
		return syscall(SYS_pwrite64, fd, data, size, at);
	if (hits("gone", size, at))
		disk.gone = true;
	if (disk.gone || hits("write", size, at))
		return fail();
	if (hits("lose", size, at))
		return (ssize_t)size;
	return syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pread64(int fd, void *data, size_t size, int64_t at)
{
	ssize_t n;

	if (is_disk(fd) && (disk.gone || hits("read", size, at)))
		return fail();
	n = syscall(SYS_pread64, fd, data, size, at);
	if (n > 0 && is_disk(fd) && hits("lie", (size_t)n, at))
		((uint8_t *)data)[disk.byte - at] ^= 0x10;
	return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, int64_t at)
{
	return pwrite64(fd, data, size, at);
}

ssize_t pread(int fd, void *data, size_t size, int64_t at)
{
	return pread64(fd, data, size, at);
}

int fsync(int fd)
{
	if (is_disk(fd) && (disk.gone || !strcmp(disk.kind, "sync")))
		return fail();
	return (int)syscall(SYS_fsync, fd);
}
