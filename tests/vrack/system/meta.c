/*
 * A JSON reader that keeps four strings. The system image has no libraries, so it does not use the
 * product's; the text comes from a config drive and is not trusted.
 */
#include "tests/vrack/system/meta.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX    32
#define PATH_MAX_LEN 128

struct reader {
	const char *p, *end;
	struct meta *meta;
	char name[META_VALUE_MAX];
	bool bad;
};

static const struct {
	const char *path;
	size_t offset;
} wanted[] = {
	{".name", offsetof(struct meta, hostname)},
	{".hostname", offsetof(struct meta, hostname)},
	{".uuid", offsetof(struct meta, uuid)},
	{".meta.ingot_nonce", offsetof(struct meta, nonce)},
	{".meta.ingot_phone_home", offsetof(struct meta, phone_home)},
};

static void read_value(struct reader *r, const char *path, unsigned depth);

static int fail(struct reader *r)
{
	r->bad = true;
	r->p = r->end;
	return -1;
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool accept(struct reader *r, char c)
{
	skip_space(r);
	if (r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static int read_hex4(struct reader *r)
{
	int v = 0;

	if (r->end - r->p < 4)
		return fail(r);
	for (int i = 0; i < 4; i++) {
		char c = *r->p++;
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			return fail(r);
		v = v << 4 | d;
	}
	return v;
}

/* A code point beyond the basic plane comes as two escapes (RFC 8259 section 7). */
static long read_code_point(struct reader *r)
{
	long hi = read_hex4(r), lo;

	if (hi < 0xd800 || hi > 0xdfff)
		return hi;
	if (hi > 0xdbff || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
		return fail(r);
	r->p += 2;
	lo = read_hex4(r);
	if (lo < 0xdc00 || lo > 0xdfff)
		return fail(r);
	return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
}

static size_t utf8_put(long c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The character after a backslash; its bytes go to out (at most 4). Returns their number. */
static size_t read_escape(struct reader *r, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	long c;

	if (r->p >= r->end)
		return fail(r), 0;
	if (*r->p == 'u') {
		r->p++;
		c = read_code_point(r);
		if (c <= 0) /* a NUL would cut the string short */
			return fail(r), 0;
		return utf8_put(c, out);
	}
	at = *r->p ? strchr(from, *r->p++) : NULL;
	if (!at)
		return fail(r), 0;
	out[0] = to[at - from];
	return 1;
}

/* Reads a string whose opening quote was taken; one that is too long becomes empty. */
static void read_string(struct reader *r, char *dst, size_t size)
{
	size_t len = 0;
	bool fits = true;

	dst[0] = '\0';
	while (r->p < r->end && *r->p != '"') {
		char bytes[4];
		size_t n = 1;

		bytes[0] = *r->p++;
		if ((unsigned char)bytes[0] < 0x20) {
			fail(r);
			return;
		}
		if (bytes[0] == '\\')
			n = read_escape(r, bytes);
		fits = fits && len + n < size;
		if (fits)
			memcpy(dst + len, bytes, n);
		len += n;
	}
	if (r->p >= r->end) {
		fail(r);
		return;
	}
	r->p++;
	dst[fits ? len : 0] = '\0';
}

static void keep(struct reader *r, const char *path, const char *value)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char *dst = (char *)r->meta + wanted[i].offset;

		if (strcmp(path, wanted[i].path) != 0)
			continue;
		/* "hostname" wins over "name", in whatever order they come */
		if (strcmp(path, ".name") == 0 && dst[0])
			return;
		strcpy(dst, value);
	}
}

static void read_object(struct reader *r, const char *path, unsigned depth)
{
	char below[PATH_MAX_LEN];

	if (accept(r, '}'))
		return;
	do {
		if (!accept(r, '"')) {
			fail(r);
			return;
		}
		read_string(r, r->name, sizeof(r->name));
		if (snprintf(below, sizeof(below), "%s.%s", path, r->name) >= (int)sizeof(below))
			strcpy(below, "?");
		if (!accept(r, ':')) {
			fail(r);
			return;
		}
		read_value(r, below, depth);
	} while (!r->bad && accept(r, ','));
	if (!accept(r, '}'))
		fail(r);
}

static void read_array(struct reader *r, unsigned depth)
{
	if (accept(r, ']'))
		return;
	do
		read_value(r, "[]", depth);
	while (!r->bad && accept(r, ','));
	if (!accept(r, ']'))
		fail(r);
}

/* Numbers and literals are not wanted, so their letters are skipped and not judged. */
static void skip_word(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *r->p))
		r->p++;
	if (r->p == start)
		fail(r);
}

static void read_value(struct reader *r, const char *path, unsigned depth)
{
	char value[META_VALUE_MAX];

	if (depth >= DEPTH_MAX) {
		fail(r);
	} else if (accept(r, '{')) {
		read_object(r, path, depth + 1);
	} else if (accept(r, '[')) {
		read_array(r, depth + 1);
	} else if (accept(r, '"')) {
		read_string(r, value, sizeof(value));
		if (!r->bad)
			keep(r, path, value);
	} else {
		skip_word(r);
	}
}

int meta_parse(const char *text, size_t len, struct meta *ret)
{
	struct reader r = {.p = text, .end = text + len, .meta = ret};

	memset(ret, 0, sizeof(*ret));
	if (!accept(&r, '{'))
		return -EINVAL;
	read_object(&r, "", 1);
	skip_space(&r);
	if (r.bad || r.p != r.end) {
		memset(ret, 0, sizeof(*ret));
		return -EINVAL;
	}
	return 0;
}

int meta_quote(const char *s, char *dst, size_t size)
{
	size_t n = 0;

	if (size < 3)
		return -ENOSPC;
	dst[n++] = '"';
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (n + 8 > size)
			return -ENOSPC;
		if (c < 0x20 || c == '"' || c == '\\')
			n += (size_t)snprintf(dst + n, size - n, "\\u%04x", c);
		else
			dst[n++] = (char)c;
	}
	dst[n++] = '"';
	dst[n] = '\0';
	return 0;
}
