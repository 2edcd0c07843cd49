/* Starting programs; see child.h. */
#include "agent/init/child.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

#define LOOK_MS 10

static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;

	posix_spawnattr_init(attr);
	posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(attr, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(attr, &set);
}

pid_t child_run(const char *const argv[], int input, int output, struct err *e)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	static const char *const env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=linux", NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	pid_t pid;
	int r;

	set_attributes(&attr);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, input >= 0 ? input : null, 0);
	posix_spawn_file_actions_adddup2(&files, output >= 0 ? output : null, 1);
	posix_spawn_file_actions_adddup2(&files, output >= 0 ? output : null, 2);
	r = posix_spawn(&pid, argv[0], &files, &attr, (char *const *)(uintptr_t)argv,
		(char *const *)(uintptr_t)env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return r ? err_errno(e, r, "start %s", argv[0]) : pid;
}

bool child_lives(pid_t pid)
{
	return pid > 0 && kill(pid, 0) == 0;
}

void child_wait(pid_t pid, int timeout_ms)
{
	int64_t until = time_mono_ms() + timeout_ms;

	while (child_lives(pid) && time_mono_ms() < until)
		usleep(LOOK_MS * 1000);
	if (child_lives(pid))
		(void)kill(pid, SIGKILL);
}
