/* The kernel's news of devices (NETLINK_KOBJECT_UEVENT). */
#ifndef AGENT_INIT_UEVENT_H
#define AGENT_INIT_UEVENT_H

#include <stddef.h>

#include "lib/base/err.h"

/* Borrowed from the message; NULL where it has none. */
struct uevent {
	const char *action; /* "add", "change", "remove", ... */
	const char *devpath;
	const char *subsystem;
	const char *modalias;
	const char *devname;
};

/* Gives a socket (non-blocking, close-on-exec) or negative errno. */
int uevent_open(struct err *e);

/*
 * Cuts a message apart: "add@/devices/...", NUL, then KEY=value, NUL, ... The last byte of text has
 * to be NUL. 0 or -EINVAL.
 */
int uevent_parse(const char *text, size_t len, struct uevent *ret);

#endif
