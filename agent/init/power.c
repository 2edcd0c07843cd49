/* Ending in order; see power.h. */
#include "agent/init/power.h"
#include "agent/inspect/sysroot.h"
#include "lib/base/deadline.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define MOUNTS_MAX 256
#define LOOK_MS	   20

/* Children are reaped by the kernel (SIGCHLD is ignored), so there being none left shows. */
void power_end_processes(int grace_ms)
{
	int64_t until = time_mono_ms() + grace_ms;

	if (kill(-1, SIGTERM) < 0)
		return;
	while (time_mono_ms() < until && kill(-1, 0) == 0)
		usleep(LOOK_MS * 1000);
	(void)kill(-1, SIGKILL);
}

/* Only file systems of devices: /proc, /sys and /dev are needed to the end. */
static void unmount_all(struct journal *j)
{
	char *where[MOUNTS_MAX];
	size_t n = 0;
	FILE *f = setmntent("/proc/mounts", "re");
	const struct mntent *m;

	while (f && n < MOUNTS_MAX && (m = getmntent(f)))
		if (str_starts(m->mnt_fsname, "/dev/"))
			where[n++] = xstrdup(m->mnt_dir);
	if (f)
		endmntent(f);
	while (n-- > 0) {
		if (umount2(where[n], 0) < 0) {
			say_warning(j, "unmount %s: %s; made read-only", where[n], strerror(errno));
			(void)mount(NULL, where[n], NULL, MS_REMOUNT | MS_RDONLY, NULL);
		}
		free(where[n]);
	}
}

/* Flushed by a thread of its own, because a disk that is broken may not answer for minutes. */
struct flush {
	struct journal *journal;
	_Atomic(const char *) busy_with; /* NULL: over */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over;
};

static void *flush_thread(void *arg)
{
	const struct sysroot sr = {.root = ""};
	char **names = sysroot_names(&sr, "/sys/block");
	struct flush *fl = arg;

	fl->busy_with = "sync";
	sync();
	for (char **n = names; *n; n++) {
		_cleanup_free_ char *path = xasprintf("/dev/%s", *n);
		_cleanup_close_ int fd = -1;

		if (sysroot_int(&sr, 1, "/sys/block/%s/ro", *n))
			continue;
		fl->busy_with = *n;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && fsync(fd) < 0)
			say_error(fl->journal, "flush %s: %s", path, strerror(errno));
	}
	pthread_mutex_lock(&fl->lock);
	fl->over = true;
	pthread_cond_broadcast(&fl->changed);
	pthread_mutex_unlock(&fl->lock);
	return NULL; /* the names stay: another thread may be reading one */
}

void power_settle_disks(struct journal *j, int timeout_ms)
{
	static struct flush fl = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	int64_t until_ms = time_mono_ms() + timeout_ms;
	pthread_t thread;

	unmount_all(j);
	fl.journal = j;
	fl.over = false;
	if (pthread_create(&thread, NULL, flush_thread, &fl)) {
		sync();
		return;
	}
	pthread_detach(thread);
	pthread_mutex_lock(&fl.lock);
	while (!fl.over && deadline_wait(&fl.changed, &fl.lock, until_ms))
		;
	if (!fl.over)
		say_error(j, "%s does not answer; going on without it",
			fl.busy_with ? fl.busy_with : "a disk");
	pthread_mutex_unlock(&fl.lock);
}

void power_now(struct journal *j, int command)
{
	int fd;

	reboot(command);
	say_error(j, "the kernel refused: %s", strerror(errno));
	if (command == RB_KEXEC)
		reboot(RB_AUTOBOOT);
	say_error(j, "trying the magic key");
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, command == RB_POWER_OFF ? "o" : "b", 1);
	for (;;)
		pause();
}
