/* A binary heap whose items know their place; see heap.h. */
#include "conductor/bmc/ipmi/heap.h"

#include "lib/base/mem.h"

void heap_done(struct heap *h)
{
	free(h->items);
	*h = (struct heap){0};
}

static void put(struct heap *h, size_t i, struct heap_item *item)
{
	h->items[i] = item;
	item->place = i + 1;
}

static void up(struct heap *h, size_t i, struct heap_item *item)
{
	while (i > 0 && h->items[(i - 1) / 2]->due_ms > item->due_ms) {
		put(h, i, h->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(h, i, item);
}

static void down(struct heap *h, size_t i, struct heap_item *item)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->items[child + 1]->due_ms < h->items[child]->due_ms)
			child++;
		if (h->items[child]->due_ms >= item->due_ms)
			break;
		put(h, i, h->items[child]);
		i = child;
	}
	put(h, i, item);
}

void heap_set(struct heap *h, struct heap_item *item, int64_t due_ms)
{
	int64_t was = item->due_ms;

	item->due_ms = due_ms;
	if (item->place == 0) {
		if (h->n == h->cap) {
			h->cap = h->cap ? 2 * h->cap : 64;
			h->items = xrealloc(h->items, h->cap * sizeof(struct heap_item *));
		}
		up(h, h->n++, item);
	} else if (due_ms < was) {
		up(h, item->place - 1, item);
	} else {
		down(h, item->place - 1, item);
	}
}

void heap_remove(struct heap *h, struct heap_item *item)
{
	struct heap_item *last;
	size_t i;

	if (item->place == 0)
		return;
	i = item->place - 1;
	item->place = 0;
	last = h->items[--h->n];
	if (last == item)
		return;
	if (i > 0 && h->items[(i - 1) / 2]->due_ms > last->due_ms)
		up(h, i, last);
	else
		down(h, i, last);
}

struct heap_item *heap_first(const struct heap *h)
{
	return h->n ? h->items[0] : NULL;
}
