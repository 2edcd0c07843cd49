/* Numbers and texts out of a disk's pages, which are bytes of any kind. */
#ifndef AGENT_INSPECT_BYTES_H
#define AGENT_INSPECT_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = (v << 8) | *p++;
	return v;
}

static inline uint64_t bytes_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = (v << 8) | p[n];
	return v;
}

/*
 * Text of a field of fixed width: what cannot be printed becomes a space, spaces at the ends go,
 * and runs of them become one, as lsblk(8) shows it. ret holds len + 1 bytes.
 */
static inline void bytes_text(const uint8_t *p, size_t len, char *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < len && p[i]; i++) {
		char c = p[i] > 0x20 && p[i] < 0x7f ? (char)p[i] : ' ';

		if (c != ' ' || (n && ret[n - 1] != ' '))
			ret[n++] = c;
	}
	while (n && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}

#endif
