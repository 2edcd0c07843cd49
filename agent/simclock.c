/* A simulated clock; see simclock.h. */
#include "agent/simclock.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>

static time_t tls_time(time_t *ret)
{
	time_t now = (time_t)(time_wall_us() / 1000000);

	if (ret)
		*ret = now;
	return now;
}

int simclock_set(void *data, int64_t seconds)
{
	const struct simclock *c = data;

	if (c->stuck)
		return -EPERM;
	time_shift(0);
	time_shift(seconds * 1000000 - time_wall_us());
	return 0;
}

void simclock_init(struct simclock *c, const char *sim_dir)
{
	_cleanup_free_ char *path = xasprintf("%s/clock", sim_dir), *text = NULL;

	if (fs_read(path, 100, &text, NULL, NULL) < 0)
		return;
	time_shift((int64_t)strtoll(text, NULL, 10) * 1000000);
	c->stuck = strstr(text, "stuck") != NULL;
	gnutls_global_set_time_function(tls_time);
}
