/* Reading attributes below an exchangeable root; see sysroot.h. It knows no kind of hardware. */
#include "agent/inspect/sysroot.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 4096

static __attribute__((format(printf, 2, 0))) char *path_v(
	const struct sysroot *sr, const char *fmt, va_list ap)
{
	char tail[PATH_MAX];

	vsnprintf(tail, sizeof(tail), fmt, ap);
	return xasprintf("%s%s", sr->root, tail);
}

#define PATH_FROM_ARGS(path)                                                                       \
	_cleanup_free_ char *path = NULL;                                                          \
	va_list _ap;                                                                               \
	va_start(_ap, fmt);                                                                        \
	path = path_v(sr, fmt, _ap);                                                               \
	va_end(_ap)

char *sysroot_path(const struct sysroot *sr, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	return TAKE_PTR(path);
}

static char *line_at(const char *path)
{
	_cleanup_free_ char *text = fs_read_line(path);
	char *trimmed = text ? str_trim(text) : NULL;

	return str_empty(trimmed) ? NULL : xstrdup(trimmed);
}

char *sysroot_line(const struct sysroot *sr, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	return line_at(path);
}

int64_t sysroot_int(const struct sysroot *sr, int64_t dflt, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	_cleanup_free_ char *text = line_at(path);
	uint64_t n;

	if (!text)
		return dflt;
	if (text[0] == '-')
		return str_to_u64(text + 1, 0, INT64_MAX, &n) < 0 ? dflt : -(int64_t)n;
	return str_to_u64(text, 0, INT64_MAX, &n) < 0 ? dflt : (int64_t)n;
}

bool sysroot_exists(const struct sysroot *sr, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	return access(path, F_OK) == 0;
}

char *sysroot_link(const struct sysroot *sr, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return xstrdup(slash ? slash + 1 : target);
}

char *sysroot_real(const struct sysroot *sr, const char *fmt, ...)
{
	PATH_FROM_ARGS(path);
	char real[PATH_MAX], root[PATH_MAX] = "";

	if (!realpath(path, real) || (sr->root[0] && !realpath(sr->root, root)))
		return NULL;
	return xstrdup(str_starts(real, root) ? real + strlen(root) : real);
}

int sysroot_name_order(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t nx = strlen(x), ny = strlen(y);
	int r = strncmp(x, y, 2);

	if (r == 0 && nx != ny)
		return nx < ny ? -1 : 1;
	return r ? r : strcmp(x, y);
}

char **sysroot_names(const struct sysroot *sr, const char *path)
{
	_cleanup_free_ char *full = xasprintf("%s%s", sr->root, path);
	char **names = xcalloc(NAMES_MAX + 1, sizeof(*names));
	DIR *d = opendir(full);
	struct dirent *e;
	size_t n = 0;

	while (d && n < NAMES_MAX && (e = readdir(d)))
		if (e->d_name[0] != '.')
			names[n++] = xstrdup(e->d_name);
	if (d)
		closedir(d);
	qsort(names, n, sizeof(*names), sysroot_name_order);
	return names;
}

void sysroot_names_free(char **names)
{
	for (char **p = names; p && *p; p++)
		free(*p);
	free(names);
}
