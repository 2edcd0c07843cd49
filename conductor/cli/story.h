/* What a node's events tell about the time it took. */
#ifndef CONDUCTOR_CLI_STORY_H
#define CONDUCTOR_CLI_STORY_H

#include "conductor/cli/cmd.h"

/*
 * The phases of each job out of the events of a node's history, oldest first: an array of {"job":
 * "deploying", "phase", "start", "end", "duration_ms", "ok"}. Phases are queue (for its turn),
 * prepare (BMC: boot device, power), boot (until the agent reports), work (inspect, erase, write),
 * finish (boot loader, restart) and system (until the deployed system has reported). The last one
 * may be open: without an end. New.
 */
json_t *story_phases(const json_t *events);

/*
 * "2026-01-31 12:00:00 UTC, in 1 min 48 s": a time as the API tells it, seen from the conductor's
 * "now"; NULL: without the distance. What is no time is given back as it is, NULL as "-".
 * Allocated.
 */
char *story_when(const char *at, const char *now);

#endif
