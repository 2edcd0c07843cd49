/* Clocks; see clock.h. */
#include "agent/init/clock.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>

void clock_to_rtc(void)
{
	_cleanup_close_ int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	time_t t = time(NULL);
	struct rtc_time rtc;
	struct tm tm;

	if (fd < 0 || !gmtime_r(&t, &tm))
		return;
	rtc = (struct rtc_time){.tm_sec = tm.tm_sec,
		.tm_min = tm.tm_min,
		.tm_hour = tm.tm_hour,
		.tm_mday = tm.tm_mday,
		.tm_mon = tm.tm_mon,
		.tm_year = tm.tm_year};
	(void)ioctl(fd, RTC_SET_TIME, &rtc);
}

int clock_set(int64_t wall_us)
{
	struct timeval tv = {
		.tv_sec = (time_t)(wall_us / 1000000), .tv_usec = (suseconds_t)(wall_us % 1000000)};

	if (settimeofday(&tv, NULL) < 0)
		return -errno;
	clock_to_rtc();
	return 0;
}
