/* The clock of a simulated machine, which may be wrong: also TLS goes by it. */
#ifndef AGENT_SIMCLOCK_H
#define AGENT_SIMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct simclock {
	bool stuck; /* it cannot be set */
};

/* Reads DIR/clock: how many seconds it is wrong, and perhaps "stuck". Without the file it is right.
 */
void simclock_init(struct simclock *c, const char *sim_dir);

/* As agent_platform.set_clock; data is the struct. */
int simclock_set(void *data, int64_t seconds);

#endif
