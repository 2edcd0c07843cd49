/* Walking over zstd frames; see zframe.h. */
#include "agent/image/format/zframe.h"
#include "lib/base/bytes.h"

#include <errno.h>
#include <string.h>

enum { MAGIC, SKIPPABLE, DESCRIPTOR, HEADER, BLOCK, END };

#define MAGIC_FRAME	0xfd2fb528U
#define MAGIC_SKIPPABLE 0x184d2a50U /* and the 15 after it */

static void expect(struct zframe *z, int state, unsigned need)
{
	z->state = state;
	z->need = need;
}

void zframe_init(struct zframe *z)
{
	*z = (struct zframe){0};
	expect(z, MAGIC, 4);
}

static int take_magic(struct zframe *z)
{
	uint32_t magic = get_le32(z->head);

	if (magic == MAGIC_FRAME)
		expect(z, DESCRIPTOR, 5);
	else if ((magic & ~15U) == MAGIC_SKIPPABLE)
		expect(z, SKIPPABLE, 8);
	else
		return -EBADMSG;
	return 0;
}

/* Section 3.1.1.1.1: which fields follow. */
static unsigned content_len(uint8_t descriptor)
{
	static const unsigned len[] = {0, 2, 4, 8};
	unsigned n = len[descriptor >> 6];

	return n || !(descriptor & 0x20) ? n : 1;
}

static unsigned dictionary_len(uint8_t descriptor)
{
	static const unsigned len[] = {0, 1, 2, 4};

	return len[descriptor & 3];
}

static void take_header(struct zframe *z)
{
	uint8_t d = z->head[4];
	bool single = d & 0x20;
	unsigned n = content_len(d);
	const uint8_t *content = z->head + 5 + !single + dictionary_len(d);

	z->content = n ? get_le(content, n) + (n == 2 ? 256 : 0) : UINT64_MAX;
	z->window = z->content;
	if (!single) { /* section 3.1.1.1.2 */
		uint64_t base = 1ULL << (10 + (z->head[5] >> 3));

		z->window = base + base / 8 * (z->head[5] & 7);
	}
	z->checksum = d & 4;
	z->headed = true;
	z->have = 0;
	expect(z, BLOCK, 3);
}

/* Section 3.1.1.2. */
static int take_block(struct zframe *z)
{
	uint32_t h = (uint32_t)get_le(z->head, 3);
	unsigned type = h >> 1 & 3;

	if (type == 3)
		return -EBADMSG;
	z->skip = type == 1 ? 1 : h >> 3;
	z->have = 0;
	if (h & 1) {
		z->skip += z->checksum ? 4 : 0;
		z->state = END;
	}
	return 0;
}

static int take(struct zframe *z)
{
	switch (z->state) {
	case MAGIC:
		return take_magic(z);
	case SKIPPABLE:
		z->skippable = z->headed = true;
		z->skip = z->skippable_len = get_le32(z->head + 4);
		z->state = END;
		return 0;
	case DESCRIPTOR:
		expect(z, HEADER,
			5 + !(z->head[4] & 0x20) + dictionary_len(z->head[4]) +
				content_len(z->head[4]));
		return 0;
	case HEADER:
		take_header(z);
		return 0;
	default:
		return take_block(z);
	}
}

ssize_t zframe_scan(struct zframe *z, const uint8_t *bytes, size_t len, bool *ret_end)
{
	size_t at = 0;

	for (;;) {
		size_t left = len - at, n = z->skip < left ? (size_t)z->skip : left;

		at += n;
		z->skip -= n;
		*ret_end = z->state == END && !z->skip;
		if (*ret_end || z->skip)
			return (ssize_t)at;
		while (z->have < z->need && at < len)
			z->head[z->have++] = bytes[at++];
		if (z->have < z->need)
			return (ssize_t)at;
		if (take(z) < 0)
			return -EBADMSG;
	}
}
