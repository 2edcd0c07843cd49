/* Waiting for another thread, but not for ever; see deadline.h. */
#include "lib/base/deadline.h"
#include "lib/base/time.h"

#include <errno.h>
#include <time.h>

bool deadline_wait(pthread_cond_t *changed, pthread_mutex_t *lock, int64_t until_ms)
{
	int64_t left_ms = until_ms - time_mono_ms();
	struct timespec t;

	if (left_ms < 0)
		left_ms = 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += left_ms / 1000;
	t.tv_nsec += left_ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return pthread_cond_clockwait(changed, lock, CLOCK_MONOTONIC, &t) != ETIMEDOUT;
}
