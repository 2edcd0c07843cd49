/* Files; see fs.h. */
#include "lib/base/fs.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fs_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = BUF_INIT(max);
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return err_errno(e, errno, "read %s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int code = errno;

			buf_done(&b);
			return err_errno(e, code, "read %s", path);
		}
		if (buf_append(&b, chunk, (size_t)n) < 0) {
			buf_done(&b);
			return err_set(e, EFBIG, "read %s: larger than %zu bytes", path, max);
		}
	}
	if (ret_len)
		*ret_len = b.len;
	*ret = buf_take(&b);
	return 0;
}

char *fs_read_line(const char *path)
{
	char *text = NULL;
	size_t len;

	if (fs_read(path, 65536, &text, &len, NULL) < 0)
		return NULL;
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

int fs_write_all(int fd, const void *bytes, size_t len)
{
	const char *data = bytes;

	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_folder_of(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_close_ int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	_cleanup_free_ char *tmp = xasprintf("%s.XXXXXX", path);
	_cleanup_close_ int fd = mkostemp(tmp, O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_errno(e, errno, "write %s", path);
	r = fs_write_all(fd, data, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0))
		r = -errno;
	if (r == 0)
		r = sync_folder_of(path);
	if (r < 0) {
		unlink(tmp);
		return err_errno(e, -r, "write %s", path);
	}
	return 0;
}

int fs_mkdir_p(const char *path, mode_t mode, struct err *e)
{
	char part[PATH_MAX];

	if (!str_copy(part, sizeof(part), path))
		return err_set(e, ENAMETOOLONG, "make folder %s: name too long", path);
	for (char *p = part + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_errno(e, errno, "make folder %s", part);
		if (!c)
			return 0;
		*p = c;
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path) < 0 && errno != ENOENT ? -errno : 0;
}

int fs_rm_rf(const char *path, struct err *e)
{
	int r = nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	if (r < 0 && r != -1)
		return err_errno(e, -r, "remove %s", path);
	if (r == -1 && errno != ENOENT)
		return err_errno(e, errno, "remove %s", path);
	return 0;
}
