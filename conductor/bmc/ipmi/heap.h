/* A heap of due times: who is next among 10,000, at the cost of a few compares. */
#ifndef CONDUCTOR_BMC_IPMI_HEAP_H
#define CONDUCTOR_BMC_IPMI_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in its owner, zeroed at birth. */
struct heap_item {
	int64_t due_ms;
	size_t place; /* index + 1; 0: not in the heap */
};

struct heap {
	struct heap_item **items;
	size_t n, cap;
};

void heap_done(struct heap *h); /* does not touch the items */
void heap_set(struct heap *h, struct heap_item *item, int64_t due_ms); /* inserts or moves */
void heap_remove(struct heap *h, struct heap_item *item);	       /* absent is fine */
struct heap_item *heap_first(const struct heap *h);		       /* NULL when empty */

#endif
