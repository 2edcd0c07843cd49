/* TAP output for unit tests: ok() per check, done_testing() at the end of main(). */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

static inline bool tap_report(bool good, const char *file, int line, const char *what)
{
	tap_run++;
	printf("%sok %d - %s\n", good ? "" : "not ", tap_run, what);
	if (!good) {
		tap_failed++;
		printf("#   failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define ok(cond, ...)                                                                              \
	({                                                                                         \
		char _what[1024];                                                                  \
		snprintf(_what, sizeof(_what), __VA_ARGS__);                                       \
		tap_report((cond), __FILE__, __LINE__, _what);                                     \
	})
#define is_int(got, want, ...)                                                                     \
	({                                                                                         \
		long long _g = (long long)(got), _w = (long long)(want);                           \
		bool _r = ok(_g == _w, __VA_ARGS__);                                               \
		if (!_r)                                                                           \
			printf("#   got %lld, want %lld\n", _g, _w);                               \
		_r;                                                                                \
	})
#define is_str(got, want, ...)                                                                     \
	({                                                                                         \
		const char *_g = (got), *_w = (want);                                              \
		bool _r = ok(_g && _w ? !strcmp(_g, _w) : _g == _w, __VA_ARGS__);                  \
		if (!_r)                                                                           \
			printf("#   got  \"%s\"\n#   want \"%s\"\n", _g ? _g : "(null)",           \
				_w ? _w : "(null)");                                               \
		_r;                                                                                \
	})

static inline int done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed || !tap_run;
}

#endif
