/* Finds drivers for the ramdisk's hardware and loads them, at boot and when something is plugged
 * in. */
#ifndef AGENT_INIT_DEVICES_H
#define AGENT_INIT_DEVICES_H

#include "agent/init/cmdline.h"
#include "agent/inspect/sysroot.h"
#include "agent/report/journal.h"

struct devices;

/*
 * Starts the thread: first the drivers of network devices until the interface that booted is there,
 * then all others in as many passes as bring something new, then whatever the kernel announces.
 * Those of ingot-modules come first; those of modprobe.blacklist only by name, or when another
 * needs them. Arguments are borrowed.
 */
int devices_start(const struct params *params, const struct sysroot *sr, struct journal *j,
	struct devices **ret, struct err *e);

/* Loads a module by name; false when the ramdisk has none of that name. Any thread. */
bool devices_load(struct devices *d, const char *name);

/* Waits until the passes at boot are over; at most timeout_ms. Any thread. */
void devices_settle(struct devices *d, int timeout_ms);

/* Waits until a block device is announced after the last call of this; at most timeout_ms. */
void devices_wait_change(struct devices *d, int timeout_ms);

#endif
