/* Clocks and their text forms. Durations use the monotonic clock, records the wall clock. */
#ifndef LIB_BASE_TIME_H
#define LIB_BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_MAX 40

int64_t time_mono_ms(void); /* CLOCK_BOOTTIME: goes on while suspended, never jumps */
int64_t time_wall_us(void); /* since 1970-01-01T00:00:00Z */

/* For simulations of a machine whose clock is wrong: time_wall_us() tells that much more. */
void time_shift(int64_t us);

/* "2026-01-31T12:00:00.123456+00:00" (RFC 3339, the form Ironic answers). Returns buf. */
const char *time_format(int64_t wall_us, char *buf, size_t size);

/* Reads what time_format() writes, also with 'Z' and without fraction. 0 or -EINVAL. */
int time_parse(const char *text, int64_t *ret_wall_us);

#endif
