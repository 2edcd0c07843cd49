/* The cleaner; see watchdog.h. It runs no code that could fail halfway: a handful of system calls.
 */
#include "tests/vrack/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "tests/vrack/netns.h"

#define FINISH_LIMIT_MS 10000

/* Moves fd to number `to`, where close_range() below leaves it. */
static int place(int fd, int to)
{
	return fd == to ? fd : dup2(fd, to);
}

static void watch(
	int pipe_end, int lock_fd, const char *netns, const char *control, const char *state)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	int null = open("/dev/null", O_RDWR);
	int high_pipe = fcntl(pipe_end, F_DUPFD, 10), high_lock = fcntl(lock_fd, F_DUPFD, 10);
	char byte;

	setsid();
	prctl(PR_SET_NAME, "vrack-watchdog");
	for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		place(null, fd);
	place(high_pipe, 3);
	place(high_lock, 4);
	close_range(5, ~0u, 0);
	while (read(3, &byte, 1) < 0 && errno == EINTR)
		;
	netns_delete(netns);
	unlink(control);
	unlink(state);
	_exit(0);
}

int watchdog_start(struct watchdog *w, int lock_fd, const char *netns, const char *control,
	const char *state, struct err *e)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, errno, "make a pipe");
	pid = fork();
	if (pid < 0) {
		int r = err_errno(e, errno, "fork");

		close(fds[0]);
		close(fds[1]);
		return r;
	}
	if (pid == 0)
		watch(fds[0], lock_fd, netns, control, state);
	close(fds[0]);
	w->pid = pid;
	w->pipe = fds[1];
	return 0;
}

void watchdog_finish(struct watchdog *w)
{
	int64_t end = time_mono_ms() + FINISH_LIMIT_MS;

	if (w->pid <= 0)
		return;
	close(w->pipe);
	while (waitpid(w->pid, NULL, WNOHANG) == 0 && time_mono_ms() < end)
		usleep(1000);
	w->pid = 0;
}
