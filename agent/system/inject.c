/* Putting files into a written system; see inject.h. */
#include "agent/system/inject.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define FILE_MODE  0644
#define DIR_MODE   0755

/* --- checking ------------------------------------------------------------------------------- */

/* A path without "..", "." and empty parts, below the root: "/etc//motd" is "etc/motd". */
static bool normal_path(const char *path, char ret[static PATH_BYTES])
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2))
			return false;
		if (n + len + 2 > PATH_BYTES)
			return false;
		if (len && !(len == 1 && *path == '.')) {
			if (n)
				ret[n++] = '/';
			memcpy(ret + n, path, len);
			n += len;
		}
		path += len;
		path += *path == '/';
	}
	ret[n] = '\0';
	return n > 0;
}

static bool is_number_of(const json_t *file, const char *key, int64_t max)
{
	const json_t *v = json_object_get(file, key);

	return !v ||
	       (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= max);
}

static void check_fields(const json_t *file, const char *path, struct buf *wrong)
{
	static const char *const known[] = {
		"path", "partition", "content", "deleted", "mode", "dirmode", "owner", "group"};
	static const struct {
		const char *key;
		int64_t max;
	} numbers[] = {{"mode", 07777}, {"dirmode", 07777}, {"owner", UINT32_MAX - 1},
		{"group", UINT32_MAX - 1}};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)file, key, value) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			found = found || str_eq(known[i], key);
		if (!found)
			buf_printf(wrong, "unexpected field %.32s in %.64s; ", key, path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!is_number_of(file, numbers[i].key, numbers[i].max))
			buf_printf(wrong, "%s must be a number in %.64s; ", numbers[i].key, path);
}

static void check_file(const json_t *file, struct buf *wrong)
{
	const char *path = json_str(file, "path");
	const char *content = json_str(file, "content");
	char normal[PATH_BYTES];

	if (!json_is_object(file) || str_empty(path)) {
		buf_puts(wrong, "expected a path in each file; ");
		return;
	}
	check_fields(file, path, wrong);
	if (str_ends(path, "/"))
		buf_printf(wrong, "directories not supported for %.64s; ", path);
	else if (!normal_path(path, normal))
		buf_printf(wrong, "%.64s is no path below the root; ", path);
	else if (!strchr(normal, '/') && !json_object_get(file, "partition"))
		buf_printf(wrong, "%.64s in root directory requires \"partition\"; ", path);
	if (!str_empty(content) && json_flag(file, "deleted", false))
		buf_printf(wrong, "content cannot be used with deleted in %.64s; ", path);
	if (!content && !json_flag(file, "deleted", false))
		buf_printf(wrong, "%.64s has neither content nor deleted; ", path);
}

int inject_check(const json_t *files, struct err *e)
{
	struct buf wrong = BUF_INIT(600);
	const json_t *one;
	size_t i;
	int r = 0;

	if (files && !json_is_array(files))
		return err_set(e, EINVAL, "files to inject must be a list");
	if (json_array_size(files) > INJECT_FILES_MAX)
		return err_set(e, EINVAL, "more than %d files to inject", INJECT_FILES_MAX);
	json_array_foreach ((json_t *)files, i, one)
		check_file(one, &wrong);
	if (wrong.len || wrong.overflow)
		r = err_set(e, EINVAL, "Validation of files failed: %.*s",
			(int)(wrong.len > 2 ? wrong.len - 2 : 0), buf_str(&wrong));
	buf_done(&wrong);
	return r;
}

/* --- contents ------------------------------------------------------------------------------- */

/* "node[a][b]" as a text or number of the node. */
static bool put_field(const json_t *node, const char *field, size_t len, struct buf *out)
{
	_cleanup_free_ char *copy = xstrndup(field, len);
	char *save = NULL, *key = strtok_r(copy, "[]", &save);
	const json_t *at = str_eq(key, "node") ? node : NULL;

	while (at && (key = strtok_r(NULL, "[]", &save)))
		at = json_object_get(at, key);
	if (json_is_string(at))
		buf_puts(out, json_string_value(at));
	else if (json_is_integer(at))
		buf_printf(out, "%lld", (long long)json_integer_value(at));
	else
		return false;
	return true;
}

int inject_url(const char *text, const json_t *node, char **ret, struct err *e)
{
	struct buf url = BUF_INIT(4096);
	int r = 0;

	while (*text && r == 0) {
		size_t plain = strcspn(text, "{"), len;

		buf_append(&url, text, plain);
		text += plain;
		if (!*text)
			break;
		len = strcspn(text, "}");
		if (!text[len] || !put_field(node, text + 1, len - 1, &url))
			r = err_set(e, EINVAL, "content: %.64s: there is no such value", text);
		text += len + (text[len] == '}');
	}
	if (r == 0 && url.overflow)
		r = err_set(e, EINVAL, "content: the URL is too long");
	if (r == 0)
		*ret = buf_take(&url);
	buf_done(&url);
	return r;
}

static int content_of(
	struct inject *x, const json_t *file, void **ret, size_t *ret_len, struct err *e)
{
	const char *text = json_str(file, "content");
	_cleanup_free_ char *url = NULL;
	char *body = NULL;
	int r;

	if (!strstr(text, "://")) {
		if (strlen(text) / 4 * 3 > INJECT_BYTES_MAX)
			return err_set(e, EFBIG, "more than %u MiB", INJECT_BYTES_MAX >> 20);
		r = b64_decode(text, strlen(text), ret, ret_len);
		return r < 0 ? err_set(e, EINVAL, "its content is no base64") : 0;
	}
	if (!x->fetch)
		return err_set(e, EINVAL, "its content may not be a URL here");
	r = inject_url(text, x->node, &url, e);
	if (r == 0)
		r = x->fetch(x->data, url, &body, ret_len, e);
	if (r == 0)
		*ret = body;
	return r;
}

/* --- places --------------------------------------------------------------------------------- */

/* A number, as such or as text, or the device of a partition of this very disk. */
static struct volume *given_volume(struct volumes *v, const json_t *partition)
{
	const char *text = json_string_value(partition);
	size_t disk = strlen(v->disk);
	int number = (int)(json_is_integer(partition) ? json_integer_value(partition) : 0);

	if (text && !strncmp(text, v->disk, disk))
		text += disk + (text[disk] == 'p');
	if (text && str_to_int(text, 1, 1024, &number) < 0)
		return NULL;
	return volumes_number(v, (unsigned)number);
}

static bool has_folder(const struct volume *one, const char *path)
{
	_cleanup_free_ char *first = xstrndup(path, strcspn(path, "/"));
	_cleanup_close_ int fd = volume_openat(one->dir, first, O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

static int place_of(
	struct inject *x, const json_t *file, const char *path, struct volume **ret, struct err *e)
{
	const json_t *given = json_object_get(file, "partition");
	struct volumes *v = x->volumes;
	struct err last = {0};

	if (given && !json_is_null(given)) {
		*ret = given_volume(v, given);
		return *ret ? volume_mount(v, *ret, true, e)
			    : err_set(e, ENOENT, "%s has no such partition", v->disk);
	}
	for (size_t i = 0; i < v->n; i++) {
		*ret = &v->all[i];
		if ((*ret)->type && volume_mount(v, *ret, true, &last) == 0 &&
			has_folder(*ret, path))
			return 0;
	}
	err_set(e, ENOENT, "no partition of %s has the folder /%.*s", v->disk,
		(int)strcspn(path, "/"), path);
	return last.code ? err_advise(e, "one could not be looked at: %s", last.text) : -ENOENT;
}

/* The folder that the last part of the path lies in; what is missing is made when `make`. */
static int open_parent(int dir, const char *path, bool make, bool *ret_made)
{
	const char *slash = strrchr(path, '/'), *name;
	_cleanup_free_ char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	_cleanup_close_ int above = -1;
	int fd = volume_openat(dir, parent ? parent : ".", O_RDONLY | O_DIRECTORY, 0);

	*ret_made = false;
	if (fd != -ENOENT || !make || !parent)
		return fd;
	above = open_parent(dir, parent, true, ret_made);
	name = strrchr(parent, '/');
	if (above < 0)
		return above;
	if (mkdirat(above, name ? name + 1 : parent, DIR_MODE) < 0)
		return -errno;
	*ret_made = true;
	return volume_openat(dir, parent, O_RDONLY | O_DIRECTORY, 0);
}

static int delete_one(int dir, const char *path)
{
	const char *slash = strrchr(path, '/');
	bool made;
	_cleanup_close_ int parent = open_parent(dir, path, false, &made);

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	return unlinkat(parent, slash ? slash + 1 : path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Follows what is there, within the partition: a link's target is written, as the Ironic agent
 * does. */
static int write_one(int dir, const char *path, const json_t *file, const void *data, size_t len)
{
	mode_t mode = (mode_t)json_int(file, "mode", 0);
	int64_t owner = json_int(file, "owner", -1), group = json_int(file, "group", -1);
	_cleanup_close_ int fd =
		volume_openat(dir, path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, FILE_MODE);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	if (ftruncate(fd, 0) < 0)
		return -errno;
	r = fs_write_all(fd, data, len);
	if (r < 0)
		return r;
	if ((owner >= 0 || group >= 0) && fchown(fd, (uid_t)owner, (gid_t)group) < 0)
		return -errno;
	if (mode && fchmod(fd, mode) < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_into(int dir, const char *path, const json_t *file, const void *data, size_t len)
{
	mode_t dirmode = (mode_t)json_int(file, "dirmode", 0);
	bool made;
	_cleanup_close_ int parent = open_parent(dir, path, true, &made);

	if (parent < 0)
		return parent;
	if (made && dirmode && fchmod(parent, dirmode) < 0)
		return -errno;
	return write_one(dir, path, file, data, len);
}

int inject_file(struct inject *x, const json_t *file, struct err *e)
{
	const char *given = json_str(file, "path");
	_cleanup_free_ void *data = NULL;
	struct volume *where = NULL;
	char path[PATH_BYTES];
	size_t len = 0;
	int r;

	if (!given || !normal_path(given, path))
		return err_set(e, EINVAL, "inject a file without a path");
	r = place_of(x, file, path, &where, e);
	if (r < 0)
		return err_prefix(e, "inject %.200s", given);
	if (json_flag(file, "deleted", false)) {
		r = delete_one(where->dir, path);
		return r < 0 ? err_errno(
				       e, -r, "delete %.200s on partition %u", given, where->number)
			     : 0;
	}
	r = content_of(x, file, &data, &len, e);
	if (r < 0)
		return err_prefix(e, "inject %.200s", given);
	r = write_into(where->dir, path, file, data, len);
	return r < 0 ? err_errno(e, -r, "inject %.200s on partition %u", given, where->number) : 0;
}
