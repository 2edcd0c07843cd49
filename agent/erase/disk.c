/* Reading and writing an open disk, and looking at one by its path; see disk.h. */
#include "agent/erase/disk.h"
#include "agent/erase/signature.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

int disk_size(int fd, uint64_t *ret)
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

int disk_transfer(int fd, bool write, uint8_t *data, size_t len, uint64_t offset)
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

static int read_disk(void *data, void *buf, size_t len, uint64_t offset)
{
	return disk_transfer(*(const int *)data, false, buf, len, offset);
}

struct disk_reader disk_reader_of(const int *fd, uint64_t size_bytes, unsigned sector_bytes)
{
	return (struct disk_reader){.read = read_disk,
		.data = (void *)fd,
		.size = size_bytes,
		.sector = sector_bytes ? sector_bytes : 512};
}

int signatures_of(const char *path, uint64_t size_bytes, unsigned sector_bytes,
	struct signatures *ret, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct disk_reader r;
	int code;

	if (fd < 0)
		return err_errno(e, errno, "open %s", path);
	code = size_bytes ? 0 : disk_size(fd, &size_bytes);
	if (code < 0)
		return err_errno(e, -code, "size of %s", path);
	r = disk_reader_of(&fd, size_bytes, sector_bytes);
	code = signatures_find(&r, ret);
	return code < 0 ? err_errno(e, -code, "look what %s holds", path) : 0;
}
