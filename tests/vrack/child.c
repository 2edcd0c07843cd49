/* Starting programs; see child.h. */
#include "tests/vrack/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void run(const char *const *argv, int log_fd, int give_fd, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	dup2(null, 0);
	dup2(log_fd, 1);
	dup2(log_fd, 2);
	if (give_fd == CHILD_FD)
		fcntl(CHILD_FD, F_SETFD, 0);
	else if (give_fd >= 0)
		dup2(give_fd, CHILD_FD);
	close_range(give_fd >= 0 ? CHILD_FD + 1 : CHILD_FD, ~0u, 0);
	execvp(argv[0], (char *const *)argv);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int child_start(const char *const *argv, int log_fd, int give_fd, pid_t *ret, struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		run(argv, log_fd, give_fd, parent);
	if (pid < 0)
		return err_errno(e, errno, "fork for %s", argv[0]);
	*ret = pid;
	return 0;
}
