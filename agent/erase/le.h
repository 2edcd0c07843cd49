/* Little-endian numbers of on-disk structures. */
#ifndef AGENT_ERASE_LE_H
#define AGENT_ERASE_LE_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

#endif
