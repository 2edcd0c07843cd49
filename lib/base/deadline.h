/* Waiting for another thread, but not for ever. */
#ifndef LIB_BASE_DEADLINE_H
#define LIB_BASE_DEADLINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Waits, with the lock held, until the condition is signalled, at most until time_mono_ms() tells
 * until_ms; a wall clock that is set meanwhile does not matter. The condition may also wake for no
 * reason, so it stands in a loop. False: the time is over, which it may have been before.
 *
 *	int64_t until_ms = time_mono_ms() + timeout_ms;
 *
 *	while (!done && deadline_wait(&changed, &lock, until_ms))
 *		;
 */
bool deadline_wait(pthread_cond_t *changed, pthread_mutex_t *lock, int64_t until_ms);

#endif
