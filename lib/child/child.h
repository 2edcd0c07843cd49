/*
 * A program as child process on a libuv loop: what it prints comes by callback, its end exactly
 * once, and it can be ended in order or by force. It knows nothing of what the program is for.
 *
 * The child gets no other open file than its three, and only the environment it is given. With
 * `input` its standard input is a pipe: a well-behaved program ends when that closes, so it does
 * not outlive us, however we end.
 */
#ifndef LIB_CHILD_CHILD_H
#define LIB_CHILD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "lib/base/err.h"

#define CHILD_INPUT_MAX 65536 /* bytes it has not read yet */

struct child;

struct child_config {
	uv_loop_t *loop;
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;	 /* NULL-terminated "NAME=value"; all it gets */
	bool input;		 /* a pipe; else /dev/null */
	bool terminal; /* its standard output is one, so that the C library holds back no line */
	/* fd 1 or 2; the bytes live during the call only. May be NULL. */
	void (*output)(void *data, int fd, const char *bytes, size_t len);
	/* After the last output. status: exit status, or -1; sig: the signal that ended it, or 0.
	 */
	void (*ended)(void *data, int status, int sig);
	void *data;
};

/*
 * Nothing of the config is kept but the callbacks and data. On failure no callback comes; -ENOENT:
 * there is no such program. Callbacks come from the loop, on its thread.
 */
int child_start(const struct child_config *c, struct child **ret, struct err *e);

/* Copies. -ENOBUFS when it does not read, -EPIPE without `input` or after child_end(). */
int child_write(struct child *c, const void *data, size_t len);

/* Closes its input and, without `input`, sends SIGTERM; SIGKILL when it is there after grace_ms. */
void child_end(struct child *c, unsigned grace_ms);
void child_kill(struct child *c); /* at once */

#endif
