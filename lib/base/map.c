/* Open addressing with linear probing and deletion by shifting back; see map.h. */
#include "lib/base/map.h"
#include "lib/base/mem.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* Keys may come from a wire, so the hash is keyed once per process (FNV-1a with a random basis). */
static unsigned hash_of(const char *key)
{
	static uint64_t basis;
	uint64_t h = __atomic_load_n(&basis, __ATOMIC_RELAXED);

	if (!h) {
		uint64_t fresh = 0, none = 0;

		if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh) || !fresh)
			fresh = 0xcbf29ce484222325u;
		h = __atomic_compare_exchange_n(
			    &basis, &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
			    ? fresh
			    : none;
	}
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return (unsigned)(h ^ (h >> 32));
}

static size_t find(const struct map *m, const char *key, unsigned hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key && (m->slots[i].hash != hash || strcmp(m->slots[i].key, key) != 0))
		i = (i + 1) & (m->cap - 1);
	return i;
}

static void grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? old.cap * 2 : 16;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key)
			m->slots[find(m, old.slots[i].key, old.slots[i].hash)] = old.slots[i];
	free(old.slots);
}

void map_done(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){0};
}

void *map_get(const struct map *m, const char *key)
{
	return m->cap ? m->slots[find(m, key, hash_of(key))].value : NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
	unsigned hash = hash_of(key);
	struct map_slot *s;
	void *old;

	if ((m->n + 1) * 4 > m->cap * 3)
		grow(m);
	s = &m->slots[find(m, key, hash)];
	old = s->value;
	if (!s->key) {
		s->key = xstrdup(key);
		s->hash = hash;
		m->n++;
	}
	s->value = value;
	return old;
}

void *map_remove(struct map *m, const char *key)
{
	size_t hole, i;
	void *old;

	if (!m->cap)
		return NULL;
	hole = find(m, key, hash_of(key));
	if (!m->slots[hole].key)
		return NULL;
	old = m->slots[hole].value;
	free(m->slots[hole].key);
	m->n--;
	for (i = (hole + 1) & (m->cap - 1); m->slots[i].key; i = (i + 1) & (m->cap - 1)) {
		size_t home = m->slots[i].hash & (m->cap - 1);

		/* an entry moves into the hole unless its home lies after the hole */
		if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = (struct map_slot){0};
	return old;
}

bool map_next(const struct map *m, size_t *pos, const char **ret_key, void **ret_value)
{
	for (; *pos < m->cap; (*pos)++) {
		if (!m->slots[*pos].key)
			continue;
		if (ret_key)
			*ret_key = m->slots[*pos].key;
		if (ret_value)
			*ret_value = m->slots[*pos].value;
		(*pos)++;
		return true;
	}
	return false;
}
