/*
 * Serial consoles of nodes: `ipmitool sol activate` as child process for each that is wanted, what
 * it says kept in memory (the last of it) and in a recording, and handed to whoever watches. One of
 * the watchers may type. Engine thread only.
 */
#ifndef CONDUCTOR_DRIVER_CONSOLE_H
#define CONDUCTOR_DRIVER_CONSOLE_H

#include "conductor/driver/driver.h"
#include "conductor/model/console.h"

struct console_config {
	const char *folder; /* of the recordings and of ipmitool's home; NULL: none are made */
	size_t log_max;	    /* bytes of one node's recordings */
	unsigned sessions_max;
	unsigned linger_s;	/* a console opened for a flow stays so long after it */
	const char *tcp_listen; /* address of the TCP ports of consoles; NULL: there are none */
};

/*
 * Takes a copy, makes the folders; when these cannot be made consoles work but are not recorded,
 * and the error says why. Without this call no node has a console.
 */
int consoles_start(struct driver_env *env, const struct console_config *config, struct err *e);

/* Ends all sessions, waits for that (1.5 s at most), writes what is not written. */
void consoles_stop(struct driver_env *env);

/* What is wanted now (enum console_want); also when the node's driver_info has changed. */
void console_want(struct driver_env *env, const struct node *n, unsigned wants);

/* The node is gone, and its recordings with it. */
void console_forget(struct driver_env *env, const char *node_uuid);

/*
 * {"connected", "problem", "output_at", "lines": [...], "writer", "watchers", "tcp"}; NULL: it was
 * not open since the start. lines: the last `max` of them, as text without escapes.
 */
json_t *console_show(struct driver_env *env, const char *node_uuid, int max);

/* Takes the watch when it returns 0; -ESTALE: the console is not open; -EAGAIN: too many watch. */
int console_watch(
	struct driver_env *env, const char *node_uuid, struct console_watch *w, struct err *e);
void console_unwatch(struct driver_env *env, const char *node_uuid, const char *id);

/*
 * Types, as the watcher with that id. -EBUSY: another one is writing, and `take` was not said;
 * -ESTALE: not connected; -ENOENT: no such watcher; -EAGAIN: the BMC does not take it so fast.
 */
int console_type(struct driver_env *env, const char *node_uuid, const char *id, const char *bytes,
	size_t len, bool take, struct err *e);

extern const struct implementation ipmitool_console_interface;

#endif
