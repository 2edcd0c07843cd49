/* The boot loader out of a partition image; see chroot.h. The order of things is the Ironic
 * agent's. */
#include "agent/chroot/chroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/image/disk/fsid.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/program.h"
#include "lib/base/str.h"

#define TIMEOUT_S  300
#define FSTAB_MAX  (256 * 1024)
#define CONFIG_MAX (4 * 1024 * 1024)
#define ESP_AT	   "/boot/efi"

/* What the image's programs need to see of this machine; attached inside of it. */
static const char *const binds[] = {"/dev", "/proc", "/run", "/sys"};

struct work {
	const struct chroot_job *job;
	enum chroot_done done;
	char folder[40];
	bool root_mounted, entered, esp_mounted;
	int outside; /* the ramdisk's own root */
	int trees[ARRAY_SIZE(binds)];
	int r;
	struct err *e;
};

static void say(const struct work *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(const struct work *w, const char *fmt, ...)
{
	char line[PROGRAM_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (w->job->say)
		w->job->say(w->job->data, line);
}

static void load(const struct work *w, const char *module)
{
	if (w->job->load_module)
		w->job->load_module(w->job->data, module);
}

/* --- mounts --------------------------------------------------------------------------------- */

static int mount_root(struct work *w)
{
	_cleanup_free_ uint8_t *start = xmalloc(FSID_PROBE);
	_cleanup_close_ int fd = open(w->job->root, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, start, FSID_PROBE, 0);
	struct fsid id;

	if (n < 0)
		return err_errno(w->e, errno, "read the root partition %s", w->job->root);
	mem_closep(&fd);
	if (!fsid_read(start, (size_t)n, &id))
		return err_set(w->e, ENODEV, "the root partition %s has no known file system",
			w->job->root);
	load(w, id.type);
	if (mount(w->job->root, w->folder, id.type, 0, NULL) < 0) {
		err_errno(w->e, errno, "mount the root partition %s (%s)", w->job->root, id.type);
		return w->e->code != ENODEV ? -w->e->code
					    : err_advise(w->e,
						      "the ramdisk has no driver for %s: put it on "
						      "its driver list",
						      id.type);
	}
	w->root_mounted = true;
	return 0;
}

/* The thread gets mounts, a root and a working folder of its own. */
static int separate(struct work *w)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno(w->e, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(w->e, errno, "make mounts private");
	w->outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	str_copy(w->folder, sizeof(w->folder), "/tmp/ingot-root-XXXXXX");
	if (!mkdtemp(w->folder)) {
		w->folder[0] = 0;
		return err_errno(w->e, errno, "make a folder in /tmp");
	}
	return 0;
}

/* What is looked up from here on is inside the image, whatever links it has. */
static int enter(struct work *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(binds); i++)
		w->trees[i] = open_tree(AT_FDCWD, binds[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (chdir(w->folder) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_errno(w->e, errno, "enter the root partition");
	w->entered = true;
	for (size_t i = 0; i < ARRAY_SIZE(binds); i++) {
		if (w->trees[i] < 0)
			continue;
		mkdir(binds[i], 0755);
		if (move_mount(w->trees[i], "", AT_FDCWD, binds[i], MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_errno(w->e, errno, "mount %s inside the image", binds[i]);
	}
	return 0;
}

static int mount_esp(struct work *w)
{
	int r = fs_mkdir_p(ESP_AT, 0755, w->e);

	load(w, "nls_cp437");
	load(w, "nls_ascii");
	load(w, "vfat");
	if (r == 0 && mount(w->job->esp, ESP_AT, "vfat", 0, NULL) < 0)
		r = err_errno(w->e, errno, "mount the EFI system partition %s (vfat)", w->job->esp);
	w->esp_mounted = r == 0;
	return r;
}

static void unmount(const struct work *w, const char *path)
{
	for (int i = 0; i < 50; i++) {
		if (umount2(path, UMOUNT_NOFOLLOW) == 0 || errno != EBUSY)
			return;
		usleep(100000);
	}
	say(w, "%s stays in use; it is unmounted when that ends", path);
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	sync(); /* who unmounts in the end is not waited for */
}

static void leave(struct work *w)
{
	if (w->esp_mounted)
		unmount(w, ESP_AT);
	for (size_t i = ARRAY_SIZE(binds); i-- > 0;) {
		if (w->entered && w->trees[i] >= 0)
			umount2(binds[i], MNT_DETACH | UMOUNT_NOFOLLOW);
		mem_closep(&w->trees[i]);
	}
	if (w->entered && (fchdir(w->outside) < 0 || chroot(".") < 0))
		say(w, "cannot leave the image: %s", strerror(errno));
	if (w->root_mounted)
		unmount(w, w->folder);
	if (w->folder[0])
		rmdir(w->folder);
	mem_closep(&w->outside);
}

/* --- the image's programs ------------------------------------------------------------------- */

static int run(const struct work *w, const char *const *argv)
{
	static const char *const env[] = {
		"GRUB_DISABLE_OS_PROBER=true", "GRUB_SAVEDEFAULT=true", NULL};
	const struct program p = {.argv = argv,
		.env = env,
		.root = "/",
		.timeout_s = w->job->timeout_s ? w->job->timeout_s : TIMEOUT_S,
		.cancel = w->job->cancel,
		.line = w->job->say,
		.data = w->job->data};

	say(w, "in the image: %s %s", argv[0], argv[1] ? argv[1] : "");
	return program_run(&p, w->e);
}

/* "grub2" on systems that call it so, "grub", or NULL: it has none. */
static const char *grub_name(void)
{
	char path[64];

	return program_find("grub2-install", path, sizeof(path)) == 0  ? "grub2"
	       : program_find("grub-install", path, sizeof(path)) == 0 ? "grub"
								       : NULL;
}

static int configure(const struct work *w, const char *grub)
{
	char program[24], file[40];
	const char *argv[] = {program, "-o", file, NULL};

	snprintf(program, sizeof(program), "%s-mkconfig", grub);
	snprintf(file, sizeof(file), "/boot/%s/grub.cfg", grub);
	return run(w, argv);
}

static int install_bios(struct work *w, const char *grub)
{
	char program[24];
	const char *argv[] = {program, w->job->disk, NULL};
	int r;

	if (!grub)
		return err_set(w->e, ENOENT,
			"the image has no grub-install; use an image with GRUB for BIOS, or one of "
			"a whole disk");
	snprintf(program, sizeof(program), "%s-install", grub);
	r = run(w, argv);
	w->done = CHROOT_GRUB;
	return r < 0 ? r : configure(w, grub);
}

/* The entry in the NVRAM is made by who called. */
static int install_uefi(struct work *w, const char *grub)
{
	char program[24];
	const char *argv[] = {
		program, "--efi-directory=" ESP_AT, "--no-nvram", "--removable", NULL};
	int plain, removable;

	if (!grub)
		return err_set(w->e, ENOENT,
			"the image has neither EFI files in /boot/efi/EFI nor grub-install; use an "
			"image with a boot loader for UEFI");
	snprintf(program, sizeof(program), "%s-install", grub);
	removable = run(w, argv);
	argv[3] = NULL;
	plain = run(w, argv);
	w->done = CHROOT_GRUB;
	if (plain < 0 && removable < 0)
		return plain;
	return configure(w, grub);
}

/* --- the image's EFI files ------------------------------------------------------------------ */

/* Copies one file of the image into every folder of loaders that has none of that name. */
static int copy_beside(int efi, const char *from, const char *name, struct err *e)
{
	int fd = fcntl(efi, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	_cleanup_free_ char *text = NULL;
	struct dirent *d;
	size_t len = 0;

	if (!dir || access(from, R_OK) < 0)
		r = 1; /* nothing to copy */
	else
		r = fs_read(from, CONFIG_MAX, &text, &len, e);
	if (dir)
		rewinddir(dir); /* the position is shared with `efi` */
	while (r == 0 && (d = readdir(dir))) {
		_cleanup_free_ char *path = xasprintf("%s/%s", d->d_name, name);
		_cleanup_close_ int out = -1;

		if (d->d_name[0] == '.')
			continue;
		out = openat(efi, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
		if (out >= 0 && (r = fs_write_all(out, text, len)) < 0)
			err_errno(e, -r, "write %s", path);
	}
	if (dir)
		closedir(dir);
	else
		mem_closep(&fd);
	return r < 0 ? r : 0;
}

static int copy_assets(struct work *w, int from)
{
	_cleanup_close_ int to = -1;
	int r = mount_esp(w);

	if (r < 0)
		return r;
	if (mkdir(ESP_AT "/EFI", 0755) < 0 && errno != EEXIST)
		return err_errno(w->e, errno, "create EFI on the EFI system partition");
	to = open(ESP_AT "/EFI", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return err_errno(w->e, errno, "open EFI on the EFI system partition");
	r = copytree(from, to, w->e);
	if (r == 0)
		r = copy_beside(to, "/boot/grub2/grub.cfg", "grub.cfg", w->e);
	if (r == 0)
		r = copy_beside(to, "/boot/grub2/grubenv", "grubenv", w->e);
	say(w, "the image's EFI files were %scopied to the EFI system partition",
		r < 0 ? "not all " : "");
	w->done = CHROOT_COPIED;
	return r < 0 ? err_prefix(w->e, "copy the image's EFI files") : 0;
}

/* The system mounts it by itself. An fstab that cannot be changed is no reason to fail. */
static void add_to_fstab(const struct work *w)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	_cleanup_close_ int fd = -1;
	size_t len;

	if (!w->job->esp_uuid || fs_read("/etc/fstab", FSTAB_MAX, &text, &len, NULL) < 0 ||
		strstr(text, w->job->esp_uuid))
		return;
	line = xasprintf("%sUUID=%s\t" ESP_AT "\tvfat\tumask=0077\t0\t1\n",
		len && text[len - 1] != '\n' ? "\n" : "", w->job->esp_uuid);
	fd = open("/etc/fstab", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, line, strlen(line)) < 0)
		say(w, "/etc/fstab of the image could not be changed: %s", strerror(errno));
}

static int install(struct work *w)
{
	const char *grub = grub_name();
	_cleanup_close_ int assets = -1;
	int r;

	if (!w->job->esp)
		return install_bios(w, grub);
	assets = open(ESP_AT "/EFI", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (assets >= 0) {
		if (grub && configure(w, grub) < 0)
			say(w, "its own GRUB configuration stays: %s", w->e->text);
		r = copy_assets(w, assets);
	} else {
		r = mount_esp(w);
		if (r == 0)
			r = install_uefi(w, grub);
	}
	if (r == 0)
		add_to_fstab(w);
	return r;
}

/* A thread of its own, because namespaces and root folders are left by ending. */
static void *work_run(void *arg)
{
	struct work *w = arg;

	w->r = separate(w);
	if (w->r == 0)
		w->r = mount_root(w);
	if (w->r == 0)
		w->r = enter(w);
	if (w->r == 0)
		w->r = install(w);
	leave(w);
	return NULL;
}

int chroot_grub_install(const struct chroot_job *job, enum chroot_done *ret, struct err *e)
{
	struct err own = {0};
	struct work w = {.job = job, .outside = -1, .e = &own};
	pthread_t thread;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(w.trees); i++)
		w.trees[i] = -1;
	r = pthread_create(&thread, NULL, work_run, &w);
	if (r)
		return err_errno(e, r, "start a thread for the boot loader");
	pthread_join(thread, NULL);
	if (w.r == 0) {
		*ret = w.done;
		return 0;
	}
	if (e)
		*e = own;
	return w.r;
}
