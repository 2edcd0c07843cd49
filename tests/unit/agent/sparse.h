/* A disk of tests/fixtures/disks, read in memory: see the README there. */
#ifndef TESTS_UNIT_AGENT_SPARSE_H
#define TESTS_UNIT_AGENT_SPARSE_H

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "agent/erase/parts.h"

struct sparse {
	const uint8_t *data;
	size_t len;
	uint64_t size;
};

static inline uint32_t sparse_number(const uint8_t *p, size_t bytes)
{
	uint32_t v = 0;

	memcpy(&v, p, bytes);
	return le32toh(v);
}

static inline int sparse_read(void *arg, void *buf, size_t len, uint64_t offset)
{
	const struct sparse *s = arg;

	if (offset > s->size || len > s->size - offset)
		return -EIO;
	memset(buf, 0, len);
	for (size_t i = 8; i + 6 <= s->len;) {
		uint64_t at = sparse_number(s->data + i, 4) * 64ull;
		size_t n = sparse_number(s->data + i + 4, 2);
		uint64_t from = at > offset ? at : offset, to;

		i += 6;
		if (n > s->len - i)
			n = s->len - i;
		to = at + n < offset + len ? at + n : offset + len;
		if (from < to)
			memcpy((uint8_t *)buf + (from - offset), s->data + i + (from - at),
				to - from);
		i += n;
	}
	return 0;
}

/* The first byte after the size says whether sectors have 4096 bytes. */
static inline int sparse_open(
	struct sparse *s, const uint8_t *data, size_t len, struct disk_reader *ret)
{
	if (len < 8)
		return -EINVAL;
	*s = (struct sparse){data, len, sparse_number(data, 4) * 4096ull};
	*ret = (struct disk_reader){
		.read = sparse_read, .data = s, .size = s->size, .sector = data[4] ? 4096 : 512};
	return 0;
}

#endif
