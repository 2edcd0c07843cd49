/* Files of efivarfs; see efivar.h and Documentation/filesystems/efivarfs.rst of the kernel. */
#include "agent/nvram/efivar.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#define DIR	   "/sys/firmware/efi/efivars"
#define ATTRIBUTES 7u /* non-volatile, boot service access, runtime access: UEFI 2.10 table 8-3 */
#define HEAD	   4  /* bytes of attributes */

static bool is_efivarfs(const char *dir)
{
	struct statfs s;

	return statfs(dir, &s) == 0 && (unsigned long)s.f_type == EFIVARFS_MAGIC;
}

int efivars_open(const struct sysroot *sr, struct efivars *ret, struct err *e)
{
	_cleanup_free_ char *dir = sysroot_path(sr, DIR);

	if (access(dir, F_OK) < 0)
		return err_set(e, ENODEV, "this machine has no EFI variables: %s is missing", dir);
	if (sysroot_live(sr) && !is_efivarfs(dir) &&
		mount("efivarfs", dir, "efivarfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_set(
			e, ENODEV, "EFI variables: mount efivarfs on %s: %s", dir, strerror(errno));
	ret->dir = TAKE_PTR(dir);
	return 0;
}

void efivars_close(struct efivars *v)
{
	free(v->dir);
	v->dir = NULL;
}

static char *path_of(const struct efivars *v, const char *name)
{
	return xasprintf("%s/%s-%s", v->dir, name, EFIVAR_GLOBAL);
}

static int refused(int code, const char *what, const char *name, struct err *e)
{
	err_set(e, code, "%s EFI variable %s: %s", what, name, strerror(code));
	if (code == ENOSPC)
		err_advise(e, "the NVRAM is full: the clean steps erase_pstore and "
			      "clean_uefi_nvram make room");
	else if (efivar_unchangeable(-code))
		err_advise(e, "the firmware or its settings do not let the system change boot "
			      "entries");
	return -code;
}

bool efivar_unchangeable(int code)
{
	return code == -EROFS || code == -EPERM || code == -EACCES || code == -ENODEV ||
	       code == -ENOSYS || code == -EOPNOTSUPP;
}

static int read_file(const char *path, uint8_t **ret, size_t *ret_len, struct err *e)
{
	char *data = NULL;
	size_t len;
	int r = fs_read(path, HEAD + EFIVAR_MAX, &data, &len, e);

	if (r < 0)
		return r;
	if (len < HEAD) {
		free(data);
		return err_set(e, EBADMSG, "%s: shorter than its attributes", path);
	}
	*ret = (uint8_t *)data;
	*ret_len = len;
	return 0;
}

int efivar_read(
	const struct efivars *v, const char *name, uint8_t **ret, size_t *ret_len, struct err *e)
{
	_cleanup_free_ char *path = path_of(v, name);
	int r = read_file(path, ret, ret_len, e);

	if (r < 0)
		return r;
	*ret_len -= HEAD;
	memmove(*ret, *ret + HEAD, *ret_len);
	return 0;
}

/* efivarfs protects variables from `rm -rf` by this flag; other file systems may not have it. */
static void make_mutable(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
		return;
	flags &= ~FS_IMMUTABLE_FL;
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* The value of one call to the firmware is one write; a plain file is cut, too. */
static int write_file(const char *dir, const char *path, const void *data, size_t len)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t n;

	if (fd < 0)
		return errno;
	n = write(fd, data, len);
	if (n < 0)
		return errno;
	if ((size_t)n != len)
		return EIO;
	return !is_efivarfs(dir) && ftruncate(fd, (off_t)len) < 0 ? errno : 0;
}

int efivar_write(
	const struct efivars *v, const char *name, const void *data, size_t len, struct err *e)
{
	_cleanup_free_ char *path = path_of(v, name);
	_cleanup_free_ uint8_t *there = NULL, *again = NULL, *all = xcalloc(1, HEAD + len);
	size_t there_len = 0, again_len = 0;
	int code;

	all[0] = ATTRIBUTES;
	memcpy(all + HEAD, data, len);
	if (read_file(path, &there, &there_len, NULL) == 0 && there_len == HEAD + len &&
		!memcmp(there, all, there_len))
		return 0;
	make_mutable(path);
	code = write_file(v->dir, path, all, HEAD + len);
	if (code)
		return refused(code, "write", name, e);
	if (read_file(path, &again, &again_len, e) < 0)
		return err_prefix(e, "read EFI variable %s back", name);
	if (again_len != HEAD + len || memcmp(again + HEAD, data, len) != 0)
		return err_set(e, EIO,
			"write EFI variable %s: the firmware took it and holds something else",
			name);
	return 0;
}

int efivar_remove(const struct efivars *v, const char *name, struct err *e)
{
	_cleanup_free_ char *path = path_of(v, name);

	make_mutable(path);
	if (unlink(path) < 0 && errno != ENOENT)
		return refused(errno, "remove", name, e);
	return 0;
}
