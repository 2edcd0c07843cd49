/* The heap of due times: whatever is put in, moved and taken out, the earliest comes first. */
#include <stdlib.h>

#include "conductor/bmc/ipmi/heap.h"
#include "tests/unit/tap.h"

#define ITEMS 500

static struct heap_item items[ITEMS];

/* The earliest by looking at all. */
static int64_t earliest(void)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < ITEMS; i++)
		if (items[i].place && items[i].due_ms < due)
			due = items[i].due_ms;
	return due;
}

int main(void)
{
	struct heap h = {0};
	unsigned wrong = 0, taken = 0, inside = 0;
	int64_t last = -1;

	ok(heap_first(&h) == NULL, "an empty heap has no first");
	heap_remove(&h, &items[0]);
	ok(heap_first(&h) == NULL, "what is not there may be removed");
	srand(1);
	for (int i = 0; i < 20000; i++) {
		struct heap_item *item = &items[rand() % ITEMS];

		if (rand() % 3)
			heap_set(&h, item, rand() % 1000);
		else
			heap_remove(&h, item);
		if (heap_first(&h) ? heap_first(&h)->due_ms != earliest() : earliest() != INT64_MAX)
			wrong++;
	}
	is_int(wrong, 0, "the first is the earliest after each of 20000 changes (seed 1)");
	for (int i = 0; i < ITEMS; i++)
		inside += items[i].place != 0;
	wrong = 0;
	while (heap_first(&h)) {
		wrong += heap_first(&h)->due_ms < last;
		last = heap_first(&h)->due_ms;
		heap_remove(&h, heap_first(&h));
		taken++;
	}
	ok(taken > 0 && taken == inside && wrong == 0, "all come out, in order");
	heap_done(&h);
	return done_testing();
}
