/* Clocks; see time.h. */
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdatomic.h>
#include <time.h>

int64_t time_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static atomic_int_least64_t shift_us;

int64_t time_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + atomic_load(&shift_us);
}

void time_shift(int64_t us)
{
	atomic_store(&shift_us, us);
}

const char *time_format(int64_t wall_us, char *buf, size_t size)
{
	time_t s = (time_t)(wall_us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%06d+00:00", (int)(wall_us % 1000000));
	return buf;
}

int time_parse(const char *text, int64_t *ret_wall_us)
{
	struct tm tm = {0};
	int64_t us = 0, scale = 100000;
	int oh = 0, om = 0, sign = 0, used = 0;
	const char *p;

	p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!p)
		return -EINVAL;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
			us += (*p - '0') * scale;
	if (*p == '+' || *p == '-') {
		sign = *p == '+' ? 1 : -1;
		if (sscanf(p + 1, "%2d:%2d%n", &oh, &om, &used) != 2)
			return -EINVAL;
		p += 1 + used;
	} else if (*p == 'Z') {
		p++;
	}
	if (*p)
		return -EINVAL;
	*ret_wall_us = ((int64_t)timegm(&tm) - sign * (oh * 3600 + om * 60)) * 1000000 + us;
	return 0;
}
