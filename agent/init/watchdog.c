/* The watchdog; see watchdog.h. Interface: the kernel's Documentation/watchdog/watchdog-api. */
#include "agent/init/watchdog.h"
#include "lib/base/deadline.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct watchdog {
	char *device;
	int timeout_s; /* as wanted, then as the device has it */
	struct journal *journal;
	int fd; /* -1: none yet */
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t alive_ms;
	bool stop;
};

int watchdog_pause_ms(int timeout_s)
{
	int ms = timeout_s * 250;

	return ms < 1000 ? 1000 : ms > 10000 ? 10000 : ms;
}

/* A device without these calls is a plain one: it is petted all the same. */
static void watchdog_open(struct watchdog *w)
{
	struct watchdog_info info = {0};
	int seconds = w->timeout_s;

	w->fd = open(w->device, O_WRONLY | O_CLOEXEC);
	if (w->fd < 0)
		return;
	(void)ioctl(w->fd, WDIOC_GETSUPPORT, &info);
	info.identity[sizeof(info.identity) - 1] = '\0';
	if (ioctl(w->fd, WDIOC_SETTIMEOUT, &seconds) == 0 ||
		ioctl(w->fd, WDIOC_GETTIMEOUT, &seconds) == 0)
		w->timeout_s = seconds > 0 ? seconds : w->timeout_s;
	say(w->journal, "watchdog %s resets this machine when the agent stalls; %d s",
		info.identity, w->timeout_s);
	if (info.identity[0] && !(info.options & WDIOF_MAGICCLOSE))
		say_warning(w->journal, "this watchdog cannot be turned off again");
}

static void pet(struct watchdog *w, bool *bites)
{
	bool stalled;

	pthread_mutex_lock(&w->lock);
	stalled = time_mono_ms() - w->alive_ms > WATCHDOG_STALL_MS;
	pthread_mutex_unlock(&w->lock);
	if (stalled && !*bites)
		say_error(w->journal,
			"*** the agent has not come round for %d s; the watchdog is let reset this "
			"machine ***",
			WATCHDOG_STALL_MS / 1000);
	*bites = stalled;
	if (!stalled)
		(void)!write(w->fd, "", 1);
}

static void *watchdog_thread(void *arg)
{
	struct watchdog *w = arg;
	bool bites = false, stop = false;

	while (!stop) {
		int64_t until_ms;

		if (w->fd < 0)
			watchdog_open(w);
		if (w->fd >= 0)
			pet(w, &bites);
		until_ms = time_mono_ms() + (w->fd < 0 ? 1000 : watchdog_pause_ms(w->timeout_s));
		pthread_mutex_lock(&w->lock);
		while (!w->stop && deadline_wait(&w->changed, &w->lock, until_ms))
			;
		stop = w->stop;
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void watchdog_free(struct watchdog *w)
{
	mem_closep(&w->fd);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w->device);
	free(w);
}

int watchdog_start(
	const char *device, int timeout_s, struct journal *j, struct watchdog **ret, struct err *e)
{
	struct watchdog *w = xcalloc(1, sizeof(*w));
	int r;

	w->device = xstrdup(device);
	w->timeout_s = timeout_s;
	w->journal = j;
	w->fd = -1;
	w->alive_ms = time_mono_ms();
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	r = pthread_create(&w->thread, NULL, watchdog_thread, w);
	if (r) {
		watchdog_free(w);
		return err_errno(e, r, "start the thread that pets the watchdog");
	}
	*ret = w;
	return 0;
}

void watchdog_alive(struct watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->alive_ms = time_mono_ms();
	pthread_mutex_unlock(&w->lock);
}

void watchdog_stop(struct watchdog *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (w->fd >= 0)
		(void)!write(w->fd, "V", 1);
	watchdog_free(w);
}
