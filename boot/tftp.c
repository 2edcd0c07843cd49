/*
 * Who fetched what by TFTP. Each datagram names its sender's process (SCM_CREDENTIALS), translated
 * by the kernel out of in.tftpd's process namespace; a pidfd tells when that process, one per
 * request, has ended. A process that ended without logging an error has been acknowledged to the
 * last block, or gave up after a minute of silence.
 */
#include "boot/tftp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "boot/text.h"
#include "boot/tftplog.h"
#include "lib/base/list.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#define SOCKET_NAME    "tftpd.log"
#define TRANSFERS_MAX  512
#define GIVEN_UP_AFTER 30000 /* ms; in.tftpd repeats a block for 63 s, a boot program takes 1 s */

struct tftp {
	uv_loop_t *loop;
	struct tftp_hooks hooks;
	char *path, *root;
	int fd;
	uv_poll_t poll;
	struct list transfers;
	unsigned n;
	int open; /* handles not closed */
};

struct transfer {
	struct list in_list;
	struct tftp *owner;
	uv_poll_t poll; /* on pidfd */
	int pidfd;	/* -1: the process ended before we looked */
	pid_t pid;
	int64_t started_ms;
	char ip[46];
	char file[128];
	char trouble[128]; /* what the log said against it */
};

static uint64_t file_size(const struct tftp *t, const char *file)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", t->root, file);
	struct stat st;

	return text_file_name(file) && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void tell(struct tftp *t, enum boot_event_kind kind, const struct transfer *x, bool good,
	const char *how)
{
	struct boot_event ev = {.kind = kind, .ok = good, .wall_us = time_wall_us()};

	str_copy(ev.ip, sizeof(ev.ip), x->ip);
	if (kind == BOOT_EVENT_TFTP_END && good)
		ev.bytes = file_size(t, x->file);
	snprintf(ev.detail, sizeof(ev.detail), "%.100s%s%s", x->file, *how ? ": " : "", how);
	t->hooks.event(t->hooks.data, &ev);
}

static void one_closed(struct tftp *t)
{
	struct tftp_hooks hooks = t->hooks;

	if (--t->open)
		return;
	close(t->fd);
	unlink(t->path);
	free(t->path);
	free(t->root);
	free(t);
	hooks.closed(hooks.data);
}

static void on_transfer_closed(uv_handle_t *handle)
{
	struct transfer *x = handle->data;
	struct tftp *t = x->owner;

	close(x->pidfd);
	free(x);
	one_closed(t);
}

static void forget(struct transfer *x)
{
	list_remove(&x->in_list);
	x->owner->n--;
	if (x->pidfd < 0)
		free(x);
	else
		uv_close((uv_handle_t *)&x->poll, on_transfer_closed);
}

static void read_all(struct tftp *t);

static void describe_end(const struct transfer *x, bool *ret_ok, char *how, size_t size)
{
	int64_t ms = time_mono_ms() - x->started_ms;

	*ret_ok = !*x->trouble && ms < GIVEN_UP_AFTER;
	if (*x->trouble)
		str_copy(how, size, x->trouble);
	else if (*ret_ok)
		snprintf(how, size,
			"sent in %lld.%02lld s (in.tftpd's process ended without error)",
			(long long)ms / 1000, (long long)ms / 10 % 100);
	else
		snprintf(how, size, "given up after %lld s: the machine went silent",
			(long long)ms / 1000);
}

static void end(struct transfer *x)
{
	char how[192];
	bool good;

	describe_end(x, &good, how, sizeof(how));
	tell(x->owner, BOOT_EVENT_TFTP_END, x, good, how);
	forget(x);
}

static void on_process_ended(uv_poll_t *poll, int status, int events)
{
	struct transfer *x = poll->data;

	read_all(x->owner); /* its last words were sent before its end */
	end(x);
}

/* A process that is gone already has left all its words in the socket: see end_those_gone(). */
static void watch(struct tftp *t, struct transfer *x)
{
	x->pidfd = (int)syscall(SYS_pidfd_open, x->pid, 0);
	if (x->pidfd < 0 && errno != ESRCH) {
		free(x); /* how it ends is then not told */
		return;
	}
	list_append(&t->transfers, &x->in_list);
	t->n++;
	if (x->pidfd < 0)
		return;
	fcntl(x->pidfd, F_SETFD, FD_CLOEXEC);
	uv_poll_init(t->loop, &x->poll, x->pidfd);
	x->poll.data = x;
	t->open++;
	uv_poll_start(&x->poll, UV_READABLE, on_process_ended);
}

static void take_request(struct tftp *t, const struct tftp_line *l, pid_t pid)
{
	struct transfer *x = xcalloc(1, sizeof(*x));

	x->owner = t;
	x->pid = pid;
	x->started_ms = time_mono_ms();
	str_copy(x->ip, sizeof(x->ip), l->ip);
	str_copy(x->file, sizeof(x->file), l->file);
	tell(t, BOOT_EVENT_TFTP_START, x, true, "");
	if (pid > 0 && t->n < TRANSFERS_MAX)
		watch(t, x);
	else
		free(x);
}

static void take_trouble(struct tftp *t, const struct tftp_line *l, pid_t pid)
{
	struct transfer *x;
	const char *text = l->text;

	if (l->kind == TFTP_ABORTED && str_starts(text, "tftp: "))
		text += strlen("tftp: ");
	list_for_each (x, &t->transfers, in_list) {
		if (x->pid != pid)
			continue;
		snprintf(x->trouble, sizeof(x->trouble), "%s%.100s",
			l->kind == TFTP_ABORTED ? "ended by the machine: " : "refused: ", text);
	}
}

static void take_datagram(struct tftp *t, const char *data, size_t len, pid_t pid)
{
	struct tftp_line l;

	tftp_line_parse(data, len, &l);
	if (l.kind == TFTP_REQUEST)
		take_request(t, &l, pid);
	else if (l.kind != TFTP_OTHER)
		take_trouble(t, &l, pid);
}

static pid_t sender_of(struct msghdr *msg)
{
	struct ucred cred;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		return cred.pid;
	}
	return 0;
}

static void read_datagrams(struct tftp *t)
{
	char data[1024], control[CMSG_SPACE(sizeof(struct ucred))];
	ssize_t n;

	for (;;) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr msg = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};

		n = recvmsg(t->fd, &msg, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		take_datagram(t, data, (size_t)n, sender_of(&msg));
	}
}

static void end_those_gone(struct tftp *t)
{
	struct transfer *x, *next;

	list_for_each_safe (x, next, &t->transfers, in_list)
		if (x->pidfd < 0)
			end(x);
}

static void read_all(struct tftp *t)
{
	read_datagrams(t);
	end_those_gone(t);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	read_all(poll->data);
}

/* Through the folder's descriptor, because a socket's path may have 107 bytes only. */
static int bind_socket(const char *dir, const char *path, int *ret, struct err *e)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (dir_fd < 0 || fd < 0)
		return err_errno(e, errno, "make the socket %s", path);
	unlink(path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, dir_fd);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return err_errno(e, errno, "make the socket %s", path);
	/* the transfers' processes run as nobody */
	if (chmod(path, 0622) < 0)
		return err_errno(e, errno, "open the socket %s to writers", path);
	*ret = TAKE_FD(fd);
	return 0;
}

int tftp_open(uv_loop_t *loop, const char *dir, const char *root, const struct tftp_hooks *hooks,
	struct tftp **ret, struct err *e)
{
	struct tftp *t = xcalloc(1, sizeof(*t));
	int r;

	t->path = xasprintf("%s/" SOCKET_NAME, dir);
	r = bind_socket(dir, t->path, &t->fd, e);
	if (r < 0) {
		free(t->path);
		free(t);
		return r;
	}
	t->loop = loop;
	t->hooks = *hooks;
	t->root = xstrdup(root);
	t->open = 1;
	list_init(&t->transfers);
	uv_poll_init(loop, &t->poll, t->fd);
	t->poll.data = t;
	uv_poll_start(&t->poll, UV_READABLE, on_readable);
	*ret = t;
	return 0;
}

const char *tftp_socket_path(const struct tftp *t)
{
	return t->path;
}

static void on_log_closed(uv_handle_t *handle)
{
	one_closed(handle->data);
}

void tftp_close(struct tftp *t)
{
	struct transfer *x, *next;

	list_for_each_safe (x, next, &t->transfers, in_list)
		forget(x);
	uv_close((uv_handle_t *)&t->poll, on_log_closed);
}
