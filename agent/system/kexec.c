/* Loading a kernel; see kexec.h. */
#include "agent/system/kexec.h"
#include "agent/system/volume.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL_MAX (256ll << 20)
#define INITRD_MAX (1ll << 30)
#define PIECE	   (1 << 20)

static int open_file(int dir, const char *path, off_t max, off_t *ret_size, struct err *e)
{
	int fd = volume_openat(dir, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return err_errno(e, -fd, "open %s of the written system", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > max) {
		close(fd);
		return err_set(
			e, EINVAL, "%s of the written system is no file, or too large", path);
	}
	*ret_size = st.st_size;
	return fd;
}

static int append(int to, int from, struct err *e)
{
	_cleanup_free_ char *piece = xmalloc(PIECE);
	ssize_t n;
	int r;

	while ((n = read(from, piece, PIECE)) > 0) {
		r = fs_write_all(to, piece, (size_t)n);
		if (r < 0)
			return err_errno(e, -r, "keep the initial ramdisk in memory");
	}
	return n < 0 ? err_errno(e, errno, "read the initial ramdisk") : 0;
}

/* One after the other, each at a multiple of four, as the kernel unpacks them. */
static int join_initrds(const struct boot_plan *plan, int dir, struct err *e)
{
	_cleanup_close_ int all = memfd_create("initrd", MFD_CLOEXEC);
	static const char zeroes[4];
	off_t size, total = 0;
	int r = all < 0 ? err_errno(e, errno, "keep the initial ramdisk in memory") : 0;

	for (size_t i = 0; r == 0 && i < plan->n_initrds; i++) {
		_cleanup_close_ int fd =
			open_file(dir, plan->initrds[i], INITRD_MAX - total, &size, e);

		r = fd < 0 ? fd : append(all, fd, e);
		total = (total + size + 3) & ~3ll;
		if (r == 0)
			r = fs_write_all(all, zeroes, (size_t)(-size & 3));
	}
	return r < 0 ? r : TAKE_FD(all);
}

static int load(int kernel, int initrd, const char *cmdline, struct err *e)
{
	unsigned long flags = initrd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;
	int code;

	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1, cmdline, flags) == 0)
		return 0;
	code = errno;
	err_errno(e, code, "load the kernel of the written system");
	if (code == EKEYREJECTED || code == ENOKEY || code == EPERM || code == ELIBBAD)
		err_advise(e, "under Secure Boot it has to be signed with a key this kernel knows");
	return -code;
}

int kexec_load(const struct boot_plan *plan, int dir, bool dry, struct err *e)
{
	_cleanup_close_ int kernel = -1, initrd = -1;
	off_t size = 0;

	kernel = open_file(dir, plan->kernel, KERNEL_MAX, &size, e);
	if (kernel < 0)
		return kernel;
	if (plan->n_initrds == 1)
		initrd = open_file(dir, plan->initrds[0], INITRD_MAX, &size, e);
	else if (plan->n_initrds)
		initrd = join_initrds(plan, dir, e);
	if (plan->n_initrds && initrd < 0)
		return initrd;
	return dry ? 0 : load(kernel, initrd, plan->cmdline, e);
}
