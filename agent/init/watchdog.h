/* The machine's watchdog: it resets the machine when the agent no longer gets anywhere. */
#ifndef AGENT_INIT_WATCHDOG_H
#define AGENT_INIT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/report/journal.h"

#define WATCHDOG_STALL_MS 600000 /* no sign of life for so long: it is let bite */

struct watchdog;

/*
 * Starts the thread: it opens `device` ("/dev/watchdog") as soon as there is one, sets its time to
 * timeout_s as near as it can, and pets it, as long as watchdog_alive() was called within
 * WATCHDOG_STALL_MS.
 */
int watchdog_start(
	const char *device, int timeout_s, struct journal *j, struct watchdog **ret, struct err *e);

/* The main loop has come round. Takes NULL. Any thread. */
void watchdog_alive(struct watchdog *w);

/* Stops petting and turns it off (magic close), for an orderly end. Takes NULL. */
void watchdog_stop(struct watchdog *w);

/* Milliseconds until the next look: often enough for timeout_s, never busier than once a second. */
int watchdog_pause_ms(int timeout_s);

#endif
