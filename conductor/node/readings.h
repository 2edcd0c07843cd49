/* What is kept of a node's last sensor reading: a few numbers for /metrics, no more. */
#ifndef CONDUCTOR_NODE_READINGS_H
#define CONDUCTOR_NODE_READINGS_H

#include "conductor/node/engine.h"

#define READINGS_MAX 10000 /* nodes; those read later are left out of /metrics */

struct reading {
	char *node; /* its name, else its uuid */
	/* the largest reading in watts; the hottest part; the air that comes in. NAN: no sensor */
	double power_w, hottest_c, inlet_c;
	unsigned problems; /* sensors that are not well */
};

/* Calls each for every node that was read since the start. Any thread; each must not block. */
void engine_readings(
	struct engine *en, void (*each)(void *data, const struct reading *r), void *data);

#endif
