/*
 * A client of QEMU's machine protocol over a UNIX socket: connects (again and again until QEMU
 * listens), negotiates, runs commands in order, and hands on events. Loop thread only.
 */
#ifndef TESTS_BMC_QMP_H
#define TESTS_BMC_QMP_H

#include <stdbool.h>

#include <uv.h>

#include <jansson.h>

#include "lib/base/err.h"

struct qmp;

struct qmp_hooks {
	void (*ready)(void *data); /* negotiated; optional */
	/* members is the event's "data" object or NULL, borrowed; optional */
	void (*event)(void *data, const char *name, const json_t *members);
	void (*closed)(void *data, const char *why); /* after ready or give-up; optional */
};

/* Result of one command: error is NULL or QEMU's description; ret is borrowed. */
typedef void (*qmp_done)(void *data, const json_t *ret, const char *error);

/*
 * Starts to connect to the UNIX socket at path, trying for at most give_up_ms. Returns 0 or
 * -ENAMETOOLONG. Commands may be given at once; they wait for the connection.
 */
int qmp_new(uv_loop_t *loop, const char *path, unsigned give_up_ms, const struct qmp_hooks *hooks,
	void *data, struct qmp **ret, struct err *e);

/* Closes without further calls of hooks or done functions. NULL is fine; callable from a hook. */
void qmp_free(struct qmp *q);

bool qmp_is_ready(const struct qmp *q);

/* A connection exists, negotiated or not: its end will be told by the closed hook. */
bool qmp_is_connected(const struct qmp *q);

/* Takes the reference to arguments (NULL: none). done may be NULL. -EAGAIN: 64 commands
 * wait; -ENOTCONN: it is over. */
int qmp_execute(struct qmp *q, const char *command, json_t *arguments, qmp_done done, void *data);

#endif
