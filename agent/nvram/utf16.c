/* UTF-16 to UTF-8 and back; see utf16.h. */
#include "agent/nvram/utf16.h"
#include "lib/base/bytes.h"
#include "lib/base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SURROGATE(c) (((c)&0xf800) == 0xd800)

static uint32_t unit(const uint8_t *p, size_t i)
{
	return get_le16(p + 2 * i);
}

static void put_utf8(struct buf *out, uint32_t c)
{
	char s[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (char)(0x80 | (c & 0x3f));
	s[0] = (char)(first[n] | c);
	buf_append(out, s, n);
}

size_t utf16_decode(const uint8_t *p, size_t n, struct buf *out)
{
	size_t i = 0;

	while (i < n && unit(p, i)) {
		uint32_t c = unit(p, i++);

		if ((c & 0xfc00) == 0xd800 && i < n && (unit(p, i) & 0xfc00) == 0xdc00)
			c = 0x10000 + ((c & 0x3ff) << 10) + (unit(p, i++) & 0x3ff);
		put_utf8(out, c < 0x20 || c == 0x7f || SURROGATE(c) ? '?' : c);
	}
	return i;
}

static void put_unit(struct buf *out, uint32_t c)
{
	uint8_t two[2];

	put_le16(two, (uint16_t)c);
	buf_append(out, two, 2);
}

int utf16_encode(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	while (len) {
		int n = utf8_character(text, len);
		uint32_t c = (uint8_t)text[0];

		if (n <= 0)
			return -EINVAL;
		if (n > 1)
			c &= 0x7fu >> n;
		for (int i = 1; i < n; i++)
			c = c << 6 | ((uint8_t)text[i] & 0x3f);
		if (c >= 0x10000) {
			put_unit(out, 0xd800 | (c - 0x10000) >> 10);
			put_unit(out, 0xdc00 | ((c - 0x10000) & 0x3ff));
		} else {
			put_unit(out, c);
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}
