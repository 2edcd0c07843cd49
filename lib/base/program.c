/* Running a program; see program.h. Between clone and exec only system calls are made. */
#include "lib/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define ENV_MAX	  8
#define LINES_MAX 2000
#define TICK_MS	  200
#define FAILED	  127 /* exit status when it could not be executed */

static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
static const char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

struct running {
	const struct program *p;
	pid_t pid;
	int out;    /* what it says */
	int failed; /* the errno when it could not be executed */
	int status;
	unsigned lines;
	size_t len;
	char text[PROGRAM_LINE_MAX], last[PROGRAM_LINE_MAX];
};

int program_find(const char *name, char *ret, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int n = snprintf(ret, size, "%s/%s", folders[i], name);

		if (n > 0 && (size_t)n < size && access(ret, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* In the child. */
static void execute(const struct program *p, char *const env[], int out, int failed)
{
	char *const *argv = (char *const *)(uintptr_t)p->argv;
	sigset_t none;
	char path[256];
	int null;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (!p->root || (chroot(p->root) == 0 && chdir("/") == 0)) {
		if (strchr(argv[0], '/'))
			execve(argv[0], argv, env);
		else if (program_find(argv[0], path, sizeof(path)) == 0)
			execve(path, argv, env);
		else
			errno = ENOENT;
	}
	null = errno;
	if (write(failed, &null, sizeof(null)) < 0)
		_exit(FAILED - 1);
	_exit(FAILED);
}

static int start(struct running *r, struct err *e)
{
	const struct program *p = r->p;
	char *env[ENV_MAX + 3] = {(char *)(uintptr_t)path_variable, (char *)(uintptr_t) "LC_ALL=C"};
	int out[2] = {-1, -1}, failed[2] = {-1, -1};
	long pid;

	for (int i = 0; p->env && p->env[i] && i < ENV_MAX; i++)
		env[i + 2] = (char *)(uintptr_t)p->env[i];
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC | O_NONBLOCK) < 0) {
		mem_closep(&out[0]);
		mem_closep(&out[1]);
		return err_errno(e, errno, "start %s", p->argv[0]);
	}
	pid = p->root ? syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0) : fork();
	if (pid == 0)
		execute(p, env, out[1], failed[1]);
	r->out = out[0];
	r->failed = failed[0];
	mem_closep(&out[1]);
	mem_closep(&failed[1]);
	r->pid = (pid_t)pid;
	return pid < 0 ? err_errno(e, errno, "start %s", p->argv[0]) : 0;
}

static void end_line(struct running *r)
{
	r->text[r->len] = 0;
	if (r->len)
		str_copy(r->last, sizeof(r->last), r->text);
	if (r->len && r->p->line && r->lines++ < LINES_MAX)
		r->p->line(r->p->data, r->text);
	r->len = 0;
}

/* False at the end of the output. */
static bool take_output(struct running *r)
{
	char buf[1024];
	ssize_t n = read(r->out, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)buf[i];

		if (c == '\n' || c == '\r')
			end_line(r);
		else if (r->len < sizeof(r->text) - 1)
			r->text[r->len++] = c < ' ' || c == 127 ? ' ' : (char)c;
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Until it has ended; what it leaves in the pipe is read, but not waited for. */
static int attend(struct running *r, struct err *e)
{
	int64_t until_ms = time_mono_ms() + (int64_t)r->p->timeout_s * 1000;
	struct pollfd fd = {.fd = r->out, .events = POLLIN};
	siginfo_t ended;

	do {
		bool gone;

		ended.si_pid = 0;
		if (waitid(P_PID, (id_t)r->pid, &ended, WEXITED | WNOHANG | WNOWAIT) < 0)
			return err_errno(e, errno, "wait for %s", r->p->argv[0]);
		gone = ended.si_pid != 0;
		while (poll(&fd, 1, gone ? 0 : TICK_MS) > 0) {
			if (!take_output(r)) {
				fd.fd = -1;
				break;
			}
			if (time_mono_ms() >= until_ms)
				break;
		}
		if (gone)
			return 0;
		if (r->p->cancel && atomic_load(r->p->cancel))
			return err_set(e, ECANCELED, "%s: cancelled", r->p->argv[0]);
	} while (time_mono_ms() < until_ms);
	return err_set(e, ETIMEDOUT, "%s did not end within %u seconds; it was killed%s%s",
		r->p->argv[0], r->p->timeout_s, *r->last ? "; it said: " : "", r->last);
}

static int judge(struct running *r, struct err *e)
{
	const char *name = r->p->argv[0];
	int code = 0;

	if (read(r->failed, &code, sizeof(code)) == sizeof(code))
		return err_errno(e, code, "run %s", name);
	if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0)
		return 0;
	if (WIFEXITED(r->status))
		return err_set(e, ECHILD, "%s ended with status %d: %s", name,
			WEXITSTATUS(r->status), *r->last ? r->last : "it said nothing");
	return err_set(e, ECHILD, "%s was ended by signal %d", name, WTERMSIG(r->status));
}

static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned children;
static bool ignored; /* SIGCHLD, before the first of them */

/*
 * A process that ignores SIGCHLD, as the first one of a ramdisk may, is not told how its children
 * ended. So it does not while there are some of ours.
 */
static void expect_child(int change)
{
	struct sigaction now;

	pthread_mutex_lock(&children_lock);
	if (!children && sigaction(SIGCHLD, NULL, &now) == 0)
		ignored = now.sa_handler == SIG_IGN;
	if (ignored && !children)
		signal(SIGCHLD, SIG_DFL);
	children += (unsigned)change;
	if (ignored && !children)
		signal(SIGCHLD, SIG_IGN);
	pthread_mutex_unlock(&children_lock);
}

int program_run(const struct program *p, struct err *e)
{
	struct running r = {.p = p, .out = -1, .failed = -1};
	int code;

	expect_child(1);
	code = start(&r, e);
	if (code == 0)
		code = attend(&r, e);
	if (r.pid > 0) {
		kill(-r.pid, SIGKILL); /* also who stayed behind */
		kill(r.pid, SIGKILL);
		waitpid(r.pid, &r.status, 0);
	}
	expect_child(-1);
	if (code == 0) {
		end_line(&r);
		code = judge(&r, e);
	}
	mem_closep(&r.out);
	mem_closep(&r.failed);
	return code;
}
