/* UTF-8; see utf8.h. */
#include "lib/base/utf8.h"
#include "lib/base/mem.h"

#include <string.h>

int utf8_character(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	static const struct {
		unsigned char first, last, low, high;
		int n;
	} forms[] = {{0x01, 0x7f, 0, 0, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4}};

	for (size_t i = 0; len && i < ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		for (int k = 1; k < forms[i].n; k++) {
			if ((size_t)k >= len)
				return -1;
			if (p[k] < (k == 1 ? forms[i].low : 0x80) ||
				p[k] > (k == 1 ? forms[i].high : 0xbf))
				return 0;
		}
		return forms[i].n;
	}
	return 0;
}

void utf8_clean(char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		int n = utf8_character(text + i, len - i);

		if (n <= 0)
			text[i] = '?';
		i += n > 0 ? (size_t)n : 1;
	}
}
