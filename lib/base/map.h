/* A hash map from strings to pointers. */
#ifndef LIB_BASE_MAP_H
#define LIB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_slot {
	char *key; /* NULL: empty */
	void *value;
	unsigned hash;
};

/* Keys are copied, values are not owned. Not thread-safe. A zeroed struct is an empty map. */
struct map {
	struct map_slot *slots;
	size_t n, cap;
};

void map_done(struct map *m);
void *map_get(const struct map *m, const char *key);	    /* NULL when absent */
void *map_put(struct map *m, const char *key, void *value); /* gives the value that was there */
void *map_remove(struct map *m, const char *key);	    /* gives the value that was there */

/* Walks all entries in no order; start with *pos = 0. The map must not change meanwhile. */
bool map_next(const struct map *m, size_t *pos, const char **ret_key, void **ret_value);

#endif
