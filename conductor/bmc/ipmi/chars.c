/* Text of SDRs and FRUs as UTF-8; see chars.h. */
#include "conductor/bmc/ipmi/chars.h"
#include "lib/base/bytes.h"

#include <string.h>

struct output {
	char *out;
	size_t size, len;
	int full;
};

/* One character of the basic plane; nothing that could command a terminal. */
static void put(struct output *o, unsigned c)
{
	char utf8[3];
	size_t n;

	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
		c = '?';
	if (c < 0x80) {
		utf8[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		utf8[0] = (char)(0xc0 | c >> 6);
		utf8[1] = (char)(0x80 | (c & 0x3f));
		n = 2;
	} else {
		utf8[0] = (char)(0xe0 | c >> 12);
		utf8[1] = (char)(0x80 | (c >> 6 & 0x3f));
		utf8[2] = (char)(0x80 | (c & 0x3f));
		n = 3;
	}
	if (o->full || o->len + n >= o->size) {
		o->full = 1;
		return;
	}
	memcpy(o->out + o->len, utf8, n);
	o->len += n;
}

static void put_binary(struct output *o, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(o, (unsigned)"0123456789abcdef"[p[i] >> 4]);
		put(o, (unsigned)"0123456789abcdef"[p[i] & 0x0f]);
	}
}

/* Two digits a byte, the high half first; above nine: space, dash, dot, and three without meaning.
 */
static void put_bcd_plus(struct output *o, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(o, (unsigned)"0123456789 -.???"[p[i] >> 4]);
		put(o, (unsigned)"0123456789 -.???"[p[i] & 0x0f]);
	}
}

/* Four characters in three bytes, the first in the lowest bits; 0 is the space. */
static void put_six_bit(struct output *o, const uint8_t *p, size_t len)
{
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits |= (unsigned)p[i] << have;
		for (have += 8; have >= 6; have -= 6, bits >>= 6)
			put(o, 0x20 + (bits & 0x3f));
	}
}

static void put_latin1(struct output *o, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len && p[i]; i++)
		put(o, p[i]);
}

static void put_ucs2(struct output *o, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len && get_le16(p + i); i += 2)
		put(o, get_le16(p + i));
}

char *chars_decode(enum chars_code code, const uint8_t *p, size_t len, char *out, size_t size)
{
	static void (*const ways[])(struct output *, const uint8_t *, size_t) = {
		put_binary, put_bcd_plus, put_six_bit, put_latin1, put_ucs2};
	struct output o = {.out = out, .size = size};

	ways[code](&o, p, len);
	while (o.len && out[o.len - 1] == ' ')
		o.len--;
	out[o.len] = '\0';
	return out;
}
