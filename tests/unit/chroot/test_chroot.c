/*
 * The boot loader out of a partition image, on a loop device with a small system whose grub-install
 * is a script: what it is called with, that it has its time and no more, and that no mount and no
 * process stays. Without root and loop devices only the copying is tested. (This test's kernel need
 * not know FAT: UEFI is tested in QEMU.)
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/chroot/chroot.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/program.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

static char folder[] = "/tmp/ingot-chroot-XXXXXX";
static char heard[4000], device[64];

static void hear(void *data, const char *line)
{
	size_t n = strlen(heard);

	snprintf(heard + n, sizeof(heard) - n, "%s|", line);
	if (data)
		str_copy(data, sizeof(device), line);
}

static int shell(char *ret_line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int shell(char *ret_line, const char *fmt, ...)
{
	char script[2000];
	const char *argv[] = {"sh", "-ec", script, NULL};
	const struct program p = {
		.argv = argv, .timeout_s = 60, .line = ret_line ? hear : NULL, .data = ret_line};
	struct err e = {0};
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(script, sizeof(script), fmt, ap);
	va_end(ap);
	r = program_run(&p, &e);
	if (r < 0)
		printf("# %s\n", e.text);
	return r;
}

/* A system with busybox, whose grub-install does what its "disk" says, on a loop device. */
static int make_system(void)
{
	return shell(device,
		"cd %s; mkdir -p tree/bin tree/usr/sbin tree/dev tree/proc tree/sys tree/run "
		"tree/boot/grub; cp /bin/busybox tree/bin/busybox; "
		"for n in sh sleep echo cat ls; do ln -s busybox tree/bin/$n; done; "
		"cat >tree/usr/sbin/grub-install <<'E'\n#!/bin/sh\n"
		"case $1 in fail) echo no room; exit 1 ;; "
		"hang) echo thinking; sleep %d0 & sleep %d0 ;; esac\n"
		"echo installed on $1; echo $1 >/installed; ls /dev/null /proc/self\nE\n"
		"printf '#!/bin/sh\necho \"$GRUB_DISABLE_OS_PROBER\" >$2\n' "
		">tree/usr/sbin/grub-mkconfig; chmod 755 tree/usr/sbin/*; truncate -s 16M disk; "
		"mke2fs -q -t ext4 -d tree disk; losetup -f --show disk",
		folder, getpid(), getpid());
}

static int install(const char *disk, unsigned timeout_s, struct err *e)
{
	struct chroot_job job = {.disk = disk, .root = device, .timeout_s = timeout_s, .say = hear};
	enum chroot_done done;

	heard[0] = 0;
	*e = (struct err){0};
	return chroot_grub_install(&job, &done, e);
}

static bool nothing_left(void)
{
	_cleanup_free_ char *mounts = NULL;

	fs_read("/proc/self/mountinfo", 1 << 20, &mounts, NULL, NULL);
	return mounts && !strstr(mounts, "ingot-root") &&
	       shell(NULL, "! ls -d /tmp/ingot-root-* 2>/dev/null") == 0;
}

static void test_bios(void)
{
	struct err e;

	is_int(install("/dev/the-disk", 30, &e), 0, "its grub-install runs");
	ok(strstr(heard, "|installed on /dev/the-disk|"), "on the disk it is told");
	ok(strstr(heard, "/dev/null"), "it sees the machine's devices");
	ok(nothing_left(), "nothing stays mounted");
	is_int(shell(NULL,
		       "debugfs -R 'cat /installed' %s 2>/dev/null | grep -q the-disk; "
		       "debugfs -R 'cat /boot/grub/grub.cfg' %s 2>/dev/null | grep -q true; "
		       "e2fsck -fn %s >/dev/null 2>&1",
		       device, device, device),
		0, "what it wrote is on the disk, and its configuration");
}

static void test_failures(void)
{
	struct err e;

	is_int(install("fail", 30, &e), -ECHILD, "a grub-install that fails");
	is_str(e.text, "grub-install ended with status 1: no room", "with its last words");
	is_int(install("hang", 1, &e), -ETIMEDOUT, "one that hangs");
	ok(strstr(e.text, "grub-install did not end within 1 seconds"), "by name");
	ok(nothing_left(), "nothing stays mounted");
	is_int(shell(NULL, "! grep -lsxz '%d[0]' /proc/[0-9]*/cmdline", getpid()), 0,
		"nor does anything run");
	shell(NULL, "debugfs -w -R 'rm /usr/sbin/grub-install' %s 2>/dev/null", device);
	is_int(install("x", 30, &e), -ENOENT, "a system without GRUB");
	shell(NULL,
		"debugfs -w -R 'rmdir /dev' %s 2>/dev/null; "
		"debugfs -w -R 'symlink /dev /../../../../tmp' %s 2>/dev/null",
		device, device);
	install("x", 30, &e);
	ok(nothing_left() && access("/tmp/null", F_OK) < 0, "a link does not lead out of it");
	shell(NULL, "dd if=/dev/zero of=%s bs=64k count=2 status=none", device);
	is_int(install("x", 30, &e), -ENODEV, "a partition without a file system");
}

static void test_copy(void)
{
	_cleanup_close_ int from = -1, to = -1;
	struct err e = {0};

	shell(NULL,
		"cd %s; mkdir -p from/debian from/BOOT to; echo loader >from/BOOT/BOOTX64.EFI; "
		"echo cfg >from/debian/grub.cfg; ln -s /etc/passwd from/link; mkfifo from/fifo",
		folder);
	from = openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
	to = openat(from, "to", O_RDONLY | O_DIRECTORY);
	dup2(openat(from, "from", O_RDONLY | O_DIRECTORY), from);
	is_int(copytree(from, to, &e), 0, "a folder is copied");
	is_int(shell(NULL, "cd %s; diff -r from/BOOT to/BOOT; diff -r from/debian to/debian",
		       folder),
		0, "file by file");
	is_int(shell(NULL, "cd %s/to; test ! -L link; test ! -e fifo", folder), 0,
		"but for links and pipes");
	shell(NULL, "cd %s/from; mkdir -p 1/2/3/4/5/6/7/8/9/10", folder);
	is_int(copytree(from, to, &e), -E2BIG, "folders nested too deep");
	ok(strstr(e.text, "8: 9: the folders are nested too deep"), "say where");
	shell(NULL, "cd %s/from; rm -rf 1; seq 5000 | xargs touch", folder);
	is_int(copytree(from, to, &e), -E2BIG, "too many files");
}

/* What is left behind is looked for in /tmp: in one where no other run of this test is at work. */
static void own_tmp(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
}

int main(void)
{
	own_tmp();
	if (!mkdtemp(folder))
		return 1;
	test_copy();
	if (geteuid() == 0 && shell(NULL, "losetup -f >/dev/null") == 0) {
		is_int(make_system(), 0, "a system");
		test_bios();
		test_failures();
		shell(NULL, "losetup -d %s", device);
	} else {
		ok(true, "the boot loader # SKIP needs root and loop devices");
	}
	shell(NULL, "rm -rf %s", folder);
	return done_testing();
}
