/* Texts out of the pages that disks give, which are bytes of any kind. */
#ifndef AGENT_INSPECT_FIELDTEXT_H
#define AGENT_INSPECT_FIELDTEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Text of a field of fixed width: what cannot be printed becomes a space, spaces at the ends go,
 * and runs of them become one, as lsblk(8) shows it. ret holds len + 1 bytes.
 */
static inline void field_text(const uint8_t *p, size_t len, char *ret)
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
