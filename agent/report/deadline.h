/* Absolute times for pthread_cond_timedwait() on a condition that uses CLOCK_MONOTONIC. */
#ifndef AGENT_REPORT_DEADLINE_H
#define AGENT_REPORT_DEADLINE_H

#include <stdint.h>
#include <time.h>

/* The time that many milliseconds from now; now for a negative number. */
static inline struct timespec deadline_in_ms(int64_t ms)
{
	struct timespec t;

	if (ms < 0)
		ms = 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

#endif
