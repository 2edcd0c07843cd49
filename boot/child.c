/*
 * The launcher of a service: a process between ingotd and dnsmasq or in.tftpd. It gives the service
 * a process namespace, so that nothing of it outlives ingotd, also when ingotd is killed; and
 * in.tftpd a mount namespace in which /dev/log leads to our socket, because it logs to syslog only.
 *
 *   ingotd --boot-child PARENT LOG COMMAND [ARGUMENT...]
 *
 * PARENT is ingotd's process id, LOG the path of the socket or "-".
 */
#include "boot/boot.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/child.h"
#include "lib/base/str.h"

static int complain(const char *what)
{
	fprintf(stderr, "launcher: %s: %s\n", what, strerror(errno));
	return 1;
}

/*
 * An empty /dev with null and log. The tree is a slave before, so nothing gets out of this
 * namespace, and what is unmounted outside goes here too.
 */
static int make_dev(const char *log)
{
	if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return complain("detach mounts");
	if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755") < 0)
		return complain("mount a tmpfs over /dev");
	if (mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		return complain("make /dev/null");
	if (symlink(log, "/dev/log") < 0)
		return complain("make /dev/log");
	return 0;
}

static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Waits for `child` and reaps whatever else ends; SIGTERM and SIGHUP are handed on. All signals are
 * blocked. Gives the child's exit code.
 */
static int wait_for(pid_t child, const sigset_t *all)
{
	int status, sig;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == child)
			return exit_code(status);
		if (pid > 0)
			continue;
		if (pid < 0 && errno == ECHILD)
			return 1;
		sig = sigwaitinfo(all, NULL);
		if (sig == SIGTERM || sig == SIGHUP)
			kill(child, sig);
	}
}

static pid_t start(char **command)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	complain(command[0]);
	_exit(127);
}

/* Process 1 of the new namespace: when it ends, the kernel ends all others there. */
static int run_init(char **command, const sigset_t *all)
{
	pid_t pid;

	die_with_parent();
	pid = start(command);
	return pid < 0 ? complain("fork") : wait_for(pid, all);
}

static int launch(const char *log, char **command)
{
	bool own_dev = !str_eq(log, "-");
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (unshare(CLONE_NEWPID | (own_dev ? CLONE_NEWNS : 0)) < 0)
		return complain("make namespaces (this needs root)");
	if (own_dev && make_dev(log) != 0)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(run_init(command, &all));
	return pid < 0 ? complain("fork") : wait_for(pid, &all);
}

bool boot_child_wanted(int argc, char **argv)
{
	return argc >= 5 && str_eq(argv[1], BOOT_CHILD_OPTION);
}

int boot_child_main(int argc, char **argv)
{
	int parent;

	prctl(PR_SET_NAME, "ingot-launcher");
	die_with_parent();
	if (argc < 5 || str_to_int(argv[2], 1, INT32_MAX, &parent) < 0) {
		fprintf(stderr, "launcher: for ingotd's own use\n");
		return 2;
	}
	if (getppid() != parent) /* it ended before we asked to end with it */
		return 1;
	return launch(argv[3], argv + 4);
}
