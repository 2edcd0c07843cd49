/* The sweep's pace: evenly over its interval, at its start as later, and never all at once. */
#include "conductor/node/enode.h"
#include "tests/unit/tap.h"

#define TICK_MS 250

static void test_even(size_t n, int64_t interval_ms)
{
	int64_t credit = 0;
	size_t total = 0, least = SIZE_MAX, most = 0;

	for (int64_t at = 0; at < interval_ms; at += TICK_MS) {
		size_t due = sweep_share(&credit, n, TICK_MS, interval_ms);

		total += due;
		least = due < least ? due : least;
		most = due > most ? due : most;
	}
	ok(total == n, "%zu nodes in %lld s: each is asked once", n, (long long)interval_ms / 1000);
	ok(most - least <= 1, "and each tick asks as many: %zu to %zu", least, most);
}

static void test_pause(void)
{
	int64_t credit = 0;
	size_t due;

	due = sweep_share(&credit, 10000, 3600000, 60000);
	ok(due <= 84, "after an hour's pause %zu of 10,000 are asked at once, not all", due);
	due = sweep_share(&credit, 10000, TICK_MS, 60000);
	ok(due <= 42, "and %zu by the next tick", due);
}

int main(void)
{
	test_even(10000, 60000);
	test_even(1, 60000);
	test_even(7, 60000);
	test_even(333, 1000);
	test_pause();
	is_int((int)sweep_share(&(int64_t){0}, 0, TICK_MS, 60000), 0, "no nodes, no work");
	return done_testing();
}
