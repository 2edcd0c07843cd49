/* Virtual media; see media.h. */
#include "agent/init/media.h"
#include "agent/erase/signature.h"
#include "agent/inspect/sysroot.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MOUNT_POINT    "/run/ingot/media"
#define MS_NO_SYMLINKS 256 /* MS_NOSYMFOLLOW, Linux 5.10; glibc 2.36 does not name it */

static bool is_medium(const struct sysroot *sr, const char *disk)
{
	_cleanup_free_ char *where = sysroot_real(sr, "/sys/block/%s", disk);

	return str_starts(disk, "sr") || sysroot_int(sr, 0, "/sys/block/%s/removable", disk) ||
	       (where && strstr(where, "/usb"));
}

static bool has_label(const struct signature *s, const char *const labels[])
{
	for (size_t i = 0; labels[i]; i++)
		if (s->label[0] && str_ieq(s->label, labels[i]))
			return true;
	return false;
}

/* "/dev/sda1", "/dev/sr0"; NULL when this disk has no such label. */
static char *find_on(const char *disk, const char *const labels[])
{
	_cleanup_free_ char *path = xasprintf("/dev/%s", disk);
	struct signatures found;

	if (signatures_of(path, 0, 0, &found, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < found.n; i++) {
		const struct signature *s = &found.all[i];

		if (!has_label(s, labels))
			continue;
		if (!s->part)
			return xstrdup(path);
		return xasprintf("%s%s%u", path,
			isdigit((unsigned char)disk[strlen(disk) - 1]) ? "p" : "", s->part);
	}
	return NULL;
}

/* What BMCs call theirs. */
static char *find_virtual(const struct sysroot *sr, const char *disk)
{
	_cleanup_free_ char *model = sysroot_line(sr, "/sys/block/%s/device/model", disk);

	return model && strcasestr(model, "virtual media") ? xasprintf("/dev/%s", disk) : NULL;
}

char *media_find(const char *const labels[])
{
	const struct sysroot sr = {.root = ""};
	char **names = sysroot_names(&sr, "/sys/block"), *found = NULL;

	for (char **n = names; *n && !found; n++)
		if (is_medium(&sr, *n) && sysroot_int(&sr, 0, "/sys/block/%s/size", *n) > 0)
			found = labels ? find_on(*n, labels) : find_virtual(&sr, *n);
	sysroot_names_free(names);
	return found;
}

static int mount_medium(const char *device, struct err *e)
{
	static const char *const types[] = {"iso9660", "vfat", "udf"};
	unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NO_SYMLINKS;
	int r = fs_mkdir_p(MOUNT_POINT, 0700, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (mount(device, MOUNT_POINT, types[i], flags, NULL) == 0)
			return 0;
	return err_errno(e, errno, "mount %s", device);
}

int media_read(const char *const labels[], const char *path, size_t max, char **ret,
	size_t *ret_len, struct err *e)
{
	_cleanup_free_ char *device = media_find(labels);
	_cleanup_free_ char *file = xasprintf(MOUNT_POINT "/%s", path);
	struct stat st;
	int r;

	if (!device)
		return err_set(e, ENODEV, "no medium has the label %s", labels[0]);
	r = mount_medium(device, e);
	if (r < 0)
		return r;
	if (lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		r = err_set(e, ENOENT, "%s has no file %s", device, path);
	else
		r = fs_read(file, max, ret, ret_len, e);
	(void)umount2(MOUNT_POINT, MNT_DETACH);
	return r;
}
