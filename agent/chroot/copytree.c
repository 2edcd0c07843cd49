/* Copying a folder of boot files; see chroot.h. The folder is an image's and hostile. */
#include "agent/chroot/chroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"

#define BUFFER (64 * 1024)

struct copy {
	unsigned n, depth;
	char *buf;
};

static int copy_file(struct copy *c, int from, int to, const char *name, struct err *e)
{
	_cleanup_close_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK),
			    out = -1;
	ssize_t n = 0;
	int r = 0;

	if (in < 0)
		return err_errno(e, errno, "read %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (out < 0)
		return err_errno(e, errno, "create %s", name);
	while (r == 0 && (n = read(in, c->buf, BUFFER)) > 0)
		r = fs_write_all(out, c->buf, (size_t)n);
	if (n < 0)
		r = -errno;
	return r < 0 ? err_errno(e, -r, "copy %s", name) : 0;
}

static int copy_folder(struct copy *c, int from, int to, struct err *e);

static int copy_below(struct copy *c, int from, int to, const char *name, struct err *e)
{
	_cleanup_close_ int in = openat(
				    from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			    out = -1;
	int r;

	if (in < 0)
		return err_errno(e, errno, "open %s", name);
	if (mkdirat(to, name, 0755) < 0 && errno != EEXIST)
		return err_errno(e, errno, "create %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_errno(e, errno, "open %s", name);
	if (c->depth == COPYTREE_DEPTH)
		return err_set(e, E2BIG, "%s: the folders are nested too deep", name);
	c->depth++;
	r = copy_folder(c, in, out, e);
	c->depth--;
	return r < 0 ? err_prefix(e, "%s", name) : 0;
}

static int copy_entry(struct copy *c, int from, int to, const char *name, struct err *e)
{
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, errno, "look at %s", name);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	if (++c->n > COPYTREE_FILES)
		return err_set(e, E2BIG, "more than %d files", COPYTREE_FILES);
	return S_ISDIR(st.st_mode) ? copy_below(c, from, to, name, e)
				   : copy_file(c, from, to, name, e);
}

static int copy_folder(struct copy *c, int from, int to, struct err *e)
{
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		r = err_errno(e, errno, "list the folder");
		mem_closep(&fd);
		return r;
	}
	rewinddir(dir); /* the position is shared with `from` */
	while (r == 0 && (d = readdir(dir)))
		r = copy_entry(c, from, to, d->d_name, e);
	closedir(dir);
	return r;
}

int copytree(int from, int to, struct err *e)
{
	struct copy c = {.buf = xmalloc(BUFFER)};
	int r = copy_folder(&c, from, to, e);

	free(c.buf);
	return r;
}
