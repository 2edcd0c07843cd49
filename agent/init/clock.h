/* The machine's clocks. */
#ifndef AGENT_INIT_CLOCK_H
#define AGENT_INIT_CLOCK_H

#include <stdint.h>

/* Sets the system's clock, and the real-time clock with it. 0 or negative errno. */
int clock_set(int64_t wall_us);

/* Writes the time of day to the real-time clock, so that the deployed system starts with it. */
void clock_to_rtc(void);

#endif
