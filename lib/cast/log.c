/* Recordings in files; see log.h. */
#include "lib/cast/log.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MAX   1024
#define RENDERED_MAX ((size_t)16 << 20)
#define FILE_MAX     ((size_t)64 << 20)

struct note {
	int64_t wall_us;
	uint32_t len;
	char code;
};

void cast_note(struct buf *notes, int64_t wall_us, char code, const void *data, size_t len)
{
	struct note n = {.wall_us = wall_us, .len = (uint32_t)len, .code = code};
	size_t before = notes->len;

	if (buf_append(notes, &n, sizeof(n)) < 0 || buf_append(notes, data, len) < 0)
		buf_truncate(notes, before);
}

static char *path_of(const char *folder, const char *name, bool old)
{
	return xasprintf("%s/%s%s.cast", folder, name, old ? ".1" : "");
}

/* The start time in the file's header; 0: there is none. */
static int64_t start_of(int fd)
{
	char head[HEADER_MAX];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	struct cast_line line;
	int64_t at = 0;

	if (!end || cast_read(head, (size_t)(end - head), &line, NULL) < 0)
		return 0;
	at = line.header ? line.time_us : 0;
	cast_line_done(&line);
	return at;
}

static void render(struct buf *b, const struct buf *notes, int64_t start_us)
{
	struct note n;

	for (size_t at = 0; at + sizeof(n) <= notes->len; at += n.len) {
		memcpy(&n, notes->data + at, sizeof(n));
		at += sizeof(n);
		cast_event(b, n.wall_us - start_us, n.code, notes->data + at, n.len);
	}
}

static int append(int fd, const char *title, const struct buf *notes)
{
	struct buf b = BUF_INIT(RENDERED_MAX);
	int64_t start = start_of(fd);
	struct note first;
	int r;

	if (!start) {
		memcpy(&first, notes->data, sizeof(first));
		start = first.wall_us;
		cast_header(&b, start, title, NULL);
	}
	render(&b, notes, start);
	r = fs_write_all(fd, buf_str(&b), b.len);
	buf_done(&b);
	return r;
}

int cast_log_append(const char *folder, const char *name, const char *title,
	const struct buf *notes, size_t max_bytes, struct err *e)
{
	_cleanup_free_ char *path = path_of(folder, name, false),
			    *old = path_of(folder, name, true);
	struct stat st;
	int fd, r;

	if (notes->len < sizeof(struct note))
		return 0;
	if (stat(path, &st) == 0 && (size_t)st.st_size >= max_bytes / 2)
		rename(path, old);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, errno, "write %s", path);
	r = append(fd, title, notes);
	close(fd);
	return r < 0 ? err_errno(e, -r, "write %s", path) : 0;
}

int cast_log_read(const char *folder, const char *name, char **ret, size_t *ret_len, struct err *e)
{
	struct buf all = BUF_INIT(2 * FILE_MAX);
	int r = -ENOENT;

	for (int old = 1; old >= 0; old--) {
		_cleanup_free_ char *path = path_of(folder, name, old), *text = NULL;
		size_t len = 0;

		if (fs_read(path, FILE_MAX, &text, &len, e) < 0)
			continue;
		r = 0;
		buf_append(&all, text, len);
	}
	if (r == 0) {
		*ret_len = all.len;
		buf_puts(&all, "");
		*ret = all.data ? buf_take(&all) : xstrdup("");
	}
	buf_done(&all);
	return r;
}

void cast_log_remove(const char *folder, const char *name)
{
	for (int old = 0; old < 2; old++) {
		_cleanup_free_ char *path = path_of(folder, name, old);

		unlink(path);
	}
}
