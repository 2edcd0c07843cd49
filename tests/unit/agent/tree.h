/* Unpacks a tests/fixtures/sysfs/NAME.tree into a folder of its own, removed when the test ends. */
#ifndef TESTS_UNIT_AGENT_TREE_H
#define TESTS_UNIT_AGENT_TREE_H

#include <sys/stat.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

static char tree_root[PATH_MAX];

static void tree_remove(void)
{
	if (tree_root[0])
		fs_rm_rf(tree_root, NULL);
	tree_root[0] = '\0';
}

static inline char *tree_path(const char *path)
{
	char *full = xasprintf("%s%s", tree_root, path);
	char *slash = strrchr(full, '/');

	*slash = '\0';
	fs_mkdir_p(full, 0755, NULL);
	*slash = '/';
	return full;
}

/* stat(2) of a path below it. */
static inline int tree_stat(const char *path, struct stat *st)
{
	_cleanup_free_ char *full = tree_path(path);

	return stat(full, st);
}

static inline void tree_write(const char *path, const void *data, size_t len, bool append)
{
	_cleanup_free_ char *full = tree_path(path);
	FILE *f = fopen(full, append ? "ab" : "wb");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

static inline void tree_line(char *line)
{
	char *path = line + 2, *value;
	uint8_t bytes[8192];
	int n;

	if (line[0] == 'L' && (value = strstr(path, " -> "))) {
		_cleanup_free_ char *from = NULL, *to = NULL;

		*value = '\0';
		from = tree_path(path);
		to = xasprintf("%s%s", tree_root, value + 4);
		if (symlink(to, from) < 0)
			perror(from);
		return;
	}
	value = strchr(path, '=');
	if (!value || !strchr("FXT", line[0]))
		return;
	*value++ = '\0';
	if (line[0] == 'X') {
		n = hex_decode(value, bytes, sizeof(bytes));
		tree_write(path, bytes, n > 0 ? (size_t)n : 0, false);
	} else {
		_cleanup_free_ char *text = xasprintf("%s\n", value);

		tree_write(path, text, strlen(text), line[0] == 'T');
	}
}

/* An empty root. Gives its path. */
static inline const char *tree_new(void)
{
	tree_remove();
	strcpy(tree_root, "/tmp/ingot-tree.XXXXXX");
	if (!mkdtemp(tree_root))
		abort();
	atexit(tree_remove);
	return tree_root;
}

/* A command of the shell's, which makes or judges what lies there; its status, and a word when that
 * is not 0. */
static inline __attribute__((format(printf, 1, 2))) int sh(const char *fmt, ...)
{
	_cleanup_free_ char *command = NULL;
	va_list ap;
	int status;

	va_start(ap, fmt);
	if (vasprintf(&command, fmt, ap) < 0)
		abort();
	va_end(ap);
	status = system(command);
	if (status != 0)
		printf("# failed: %s\n", command);
	return status;
}

static inline const char *tree_unpack(const char *name)
{
	_cleanup_free_ char *path = xasprintf("tests/fixtures/sysfs/%s.tree", name), *text = NULL;
	char *save = NULL;

	tree_new();
	if (fs_read(path, 1 << 20, &text, NULL, NULL) < 0) {
		printf("Bail out! %s cannot be read; run from the project's root\n", path);
		exit(1);
	}
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		tree_line(l);
	return tree_root;
}

#endif
