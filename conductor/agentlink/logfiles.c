/* Files of agents' logs; see logfiles.h. */
#include "conductor/agentlink/logfiles.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX	   ".tar.gz"
#define BASE64_MAX (4 << 20)
#define LISTED_MAX 1000

static bool is_of_node(const char *name, const char *node_uuid)
{
	size_t n = strlen(node_uuid), len = strlen(name);

	return len > n + 1 + strlen(SUFFIX) && len < LOGFILE_NAME_MAX &&
	       !strncmp(name, node_uuid, n) && name[n] == '_' &&
	       str_eq(name + len - strlen(SUFFIX), SUFFIX);
}

/* The time at a name's end: what the names of one node are ordered by. */
static const char *time_of(const char *name)
{
	const char *last = strrchr(name, '_');

	return last ? last : name;
}

static int newest_first(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int r = strcmp(time_of(y), time_of(x));

	return r ? r : strcmp(y, x);
}

/* Names of a node's files, the newest first; freed by names_free(). */
static char **names_of(const char *folder, const char *node_uuid, size_t *ret_n)
{
	char **names = xcalloc(LISTED_MAX, sizeof(*names));
	DIR *d = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	while (d && n < LISTED_MAX && (entry = readdir(d)))
		if (is_of_node(entry->d_name, node_uuid))
			names[n++] = xstrdup(entry->d_name);
	if (d)
		closedir(d);
	qsort(names, n, sizeof(*names), newest_first);
	*ret_n = n;
	return names;
}

static void names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void prune(const char *folder, const char *node_uuid, int keep)
{
	size_t n;
	char **names = names_of(folder, node_uuid, &n);

	for (size_t i = (size_t)keep; i < n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, names[i]);

		unlink(path);
	}
	names_free(names, n);
}

int logfiles_save(const char *folder, const char *node_uuid, const char *what, const char *base64,
	int keep, char ret_name[static LOGFILE_NAME_MAX], struct err *e)
{
	time_t now = (time_t)(time_wall_us() / 1000000);
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *data = NULL;
	size_t len, given = strnlen(base64, BASE64_MAX + 1);
	char when[32];
	struct tm tm;
	int r;

	if (given > BASE64_MAX || b64_decode(base64, given, &data, &len) < 0)
		return err_set(e, EINVAL, "the agent's logs are no base64 of at most 4 MiB");
	strftime(when, sizeof(when), "%Y-%m-%d-%H-%M-%S", gmtime_r(&now, &tm));
	snprintf(ret_name, LOGFILE_NAME_MAX, "%.40s_%.32s_%s" SUFFIX, node_uuid, what, when);
	path = xasprintf("%s/%s", folder, ret_name);
	r = fs_mkdir_p(folder, 0750, e);
	if (r == 0)
		r = fs_write_atomic(path, data, len, 0640, e);
	if (r == 0)
		prune(folder, node_uuid, keep < 1 ? 1 : keep);
	return r < 0 ? err_prefix(e, "keep the agent's logs") : 0;
}

json_t *logfiles_list(const char *folder, const char *node_uuid)
{
	json_t *list = json_array();
	size_t n;
	char **names = names_of(folder, node_uuid, &n);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, names[i]);
		char when[TIME_TEXT_MAX];
		struct stat st;

		if (stat(path, &st) < 0)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:I, s:s}", "file", names[i], "size",
				(json_int_t)st.st_size, "at",
				time_format((int64_t)st.st_mtime * 1000000, when, sizeof(when))));
	}
	names_free(names, n);
	return list;
}

char *logfiles_path(const char *folder, const char *node_uuid, const char *name)
{
	if (!is_of_node(name, node_uuid) || strchr(name, '/'))
		return NULL;
	return xasprintf("%s/%s", folder, name);
}
