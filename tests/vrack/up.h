/* `ingot-vrack up`: a rack's whole life in the foreground. */
#ifndef TESTS_VRACK_UP_H
#define TESTS_VRACK_UP_H

#include <stdbool.h>

#include "lib/base/err.h"

/* Files in the rack's folder; names of machines never start with a dot. */
#define RACK_LOCK      ".lock"
#define RACK_STATE     ".state" /* JSON: netns, path of the rack file */
#define RACK_LOG       ".rack.log"
#define RACK_IP_SCRIPT ".network.ip"

struct up_options {
	const char *rackfile, *dir;
	const char *netns; /* NULL: ingot-<name of the rack> */
	bool fresh;	   /* make disks and UEFI variables anew */
};

/*
 * Runs the rack until SIGTERM, SIGINT or a `down`. Cleans what a killed rack left in dir first. 0
 * after an ordinary end.
 */
int up_run(const struct up_options *o, struct err *e);

/*
 * Takes the lock of a rack's folder, waiting for at most limit_ms, and removes what a killed rack
 * left. Gives the lock's descriptor, or -EBUSY when a rack runs there.
 */
int up_lock(const char *dir, int limit_ms, struct err *e);

#endif
