/*
 * Numbers in the bytes of files, disks and packets, which have an order of their own and stand at
 * any address: "le" has the lowest byte first, "be" the highest. The caller has checked that so
 * many bytes are there. What is put returns the place behind it, for the next one.
 */
#ifndef LIB_BASE_BYTES_H
#define LIB_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline uint8_t *put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	return p + 2;
}

static inline uint8_t *put_le32(uint8_t *p, uint32_t v)
{
	return put_le16(put_le16(p, (uint16_t)v), (uint16_t)(v >> 16));
}

static inline uint8_t *put_le64(uint8_t *p, uint64_t v)
{
	return put_le32(put_le32(p, (uint32_t)v), (uint32_t)(v >> 32));
}

static inline uint8_t *put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static inline uint8_t *put_be32(uint8_t *p, uint32_t v)
{
	return put_be16(put_be16(p, (uint16_t)(v >> 16)), (uint16_t)v);
}

static inline uint8_t *put_be64(uint8_t *p, uint64_t v)
{
	return put_be32(put_be32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

/* Fields of another width: n bytes, at most 8. */
static inline uint64_t get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static inline uint8_t *put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (; n; n--, v >>= 8)
		*p++ = (uint8_t)v;
	return p;
}

static inline uint8_t *put_be(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = n; i--; v >>= 8)
		p[i] = (uint8_t)v;
	return p + n;
}

#endif
