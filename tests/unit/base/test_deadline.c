/* Waiting for another thread ends: by what it says, or by the time. */
#include "lib/base/deadline.h"
#include "lib/base/time.h"
#include "tests/unit/tap.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool said;

/* Waits like its callers do; gives whether it was said in time. */
static bool wait_said(int64_t until_ms)
{
	bool r;

	pthread_mutex_lock(&lock);
	while (!said && deadline_wait(&changed, &lock, until_ms))
		;
	r = said;
	pthread_mutex_unlock(&lock);
	return r;
}

static void *say(void *arg)
{
	pthread_mutex_lock(&lock);
	said = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	int64_t until_ms = time_mono_ms() + 30;
	pthread_t thread;

	ok(!wait_said(until_ms), "nobody says it");
	ok(time_mono_ms() >= until_ms, "which is known when the time is over, not before");
	ok(!wait_said(until_ms), "a time that is over is not waited for");
	ok(!wait_said(0), "nor one that never was");
	pthread_create(&thread, NULL, say, NULL);
	ok(wait_said(time_mono_ms() + 3600 * 1000), "another thread says it");
	pthread_join(thread, NULL);
	return done_testing();
}
