/* Reading bmaptool's XML, strictly and no more of XML than it uses; see bmap.h. */
#include "agent/image/format/bmap.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"

#define VALUE_MAX  160
#define BLOCK_MAX  (1U << 20)
#define SIZE_MAX_B ((uint64_t)INT64_MAX)

/* One element without children, or the opening of one with some. Texts lie in the map. */
struct element {
	const char *name, *attrs, *text;
	size_t name_len, attrs_len, text_len;
};

/* The next opening tag from *at on; false: there is none, or it does not end. */
static bool next_element(const char **at, const char *end, struct element *ret)
{
	const char *p = *at, *close, *space;

	for (;;) {
		p = memchr(p, '<', (size_t)(end - p));
		if (!p || end - p < 3)
			return false;
		if (end - p >= 7 && !memcmp(p, "<!--", 4)) {
			p = memmem(p + 4, (size_t)(end - p) - 4, "-->", 3);
			if (!p)
				return false;
		} else if (p[1] != '?' && p[1] != '!' && p[1] != '/') {
			break;
		}
		p++;
	}
	p++;
	close = memchr(p, '>', (size_t)(end - p));
	if (!close)
		return false;
	for (space = p; space < close && !strchr(" \t\r\n/", *space); space++)
		;
	ret->name = p;
	ret->name_len = (size_t)(space - p);
	ret->attrs = space;
	ret->attrs_len = (size_t)(close - space);
	ret->text = close + 1;
	p = memchr(close, '<', (size_t)(end - close));
	if (!p)
		return false;
	ret->text_len = (size_t)(p - ret->text);
	*at = p;
	return true;
}

static bool named(const struct element *el, const char *name)
{
	return el->name_len == strlen(name) && !memcmp(el->name, name, el->name_len);
}

/* Copies text without the space around it; false when there is too much of it. */
static bool trimmed(const char *text, size_t len, char *ret)
{
	while (len && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len >= VALUE_MAX || memchr(text, 0, len))
		return false;
	memcpy(ret, text, len);
	ret[len] = 0;
	return true;
}

/* The value of name="value". */
static bool attribute(const struct element *el, const char *name, char *ret)
{
	_cleanup_free_ char *key = xasprintf("%s=", name);
	const char *p = memmem(el->attrs, el->attrs_len, key, strlen(key));
	const char *end = el->attrs + el->attrs_len, *stop;

	if (!p || p == el->attrs || !strchr(" \t\r\n", p[-1]))
		return false;
	p += strlen(key);
	if (p >= end || (*p != '"' && *p != '\''))
		return false;
	stop = memchr(p + 1, *p, (size_t)(end - p) - 1);
	return stop && trimmed(p + 1, (size_t)(stop - p) - 1, ret);
}

static int bad(const char *what, struct err *e)
{
	return err_set(e, EINVAL, "the map of holes is not one that bmaptool made: %s", what);
}

static const struct {
	const char *name;
	gnutls_digest_algorithm_t algo;
} algos[] = {
	{"sha1", GNUTLS_DIG_SHA1},
	{"sha256", GNUTLS_DIG_SHA256},
	{"sha512", GNUTLS_DIG_SHA512},
};

/* What is read before it is known to be consistent. */
struct reading {
	struct bmap map;
	char version[VALUE_MAX];
	uint64_t blocks, mapped_blocks, counted_blocks;
	const char *sum; /* the map's own, in the text */
	size_t sum_len;
	size_t cap;
	uint64_t next; /* the first block that the next range may have */
};

static int digest_value(const struct reading *r, const char *hex, uint8_t *ret)
{
	size_t want = r->map.algo ? gnutls_hash_get_len((gnutls_digest_algorithm_t)r->map.algo) : 0;

	return want && strlen(hex) == 2 * want && hex_decode(hex, ret, 64) == (int)want ? 0
											: -EINVAL;
}

/* "5-9" or "5", rising. */
static int range_blocks(struct reading *r, char *text, uint64_t *ret_first, uint64_t *ret_n)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash)
		*dash++ = 0;
	if (str_to_u64(str_trim(text), 0, INT64_MAX, &first) < 0)
		return -EINVAL;
	last = first;
	if (dash && str_to_u64(str_trim(dash), 0, INT64_MAX, &last) < 0)
		return -EINVAL;
	if (first < r->next || last < first || last >= r->blocks)
		return -EINVAL;
	r->next = last + 1;
	*ret_first = first;
	*ret_n = last - first + 1;
	return 0;
}

static int add_range(struct reading *r, const struct element *el, struct err *e)
{
	char text[VALUE_MAX], sum[VALUE_MAX];
	struct bmap *m = &r->map;
	struct bmap_range range;
	uint64_t first, n;

	if (!m->block_size || !r->blocks)
		return bad("it does not say how large the image and its blocks are", e);
	if (!trimmed(el->text, el->text_len, text) || range_blocks(r, text, &first, &n) < 0)
		return bad("its ranges do not follow each other within the image", e);
	if (!attribute(el, "chksum", sum) && !attribute(el, "sha1", sum))
		return bad("a range has no digest", e);
	if (digest_value(r, sum, range.sum) < 0)
		return bad("a range's digest is not of the kind announced", e);
	range.offset = first * m->block_size;
	range.len = n * m->block_size;
	if (range.len > m->image_size - range.offset) /* the last block may be cut */
		range.len = m->image_size - range.offset;
	if (m->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		m->ranges = xrealloc(m->ranges, r->cap * sizeof(*m->ranges));
	}
	m->ranges[m->n++] = range;
	m->mapped += range.len;
	r->counted_blocks += n;
	return 0;
}

static int set_number(struct reading *r, const struct element *el, const char *text, struct err *e)
{
	uint64_t block = 0;
	const struct {
		const char *name;
		uint64_t max;
		uint64_t *to;
	} numbers[] = {
		{"ImageSize", SIZE_MAX_B, &r->map.image_size},
		{"BlockSize", BLOCK_MAX, &block},
		{"BlocksCount", SIZE_MAX_B, &r->blocks},
		{"MappedBlocksCount", SIZE_MAX_B, &r->mapped_blocks},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (named(el, numbers[i].name) &&
			(r->map.n || str_to_u64(text, 0, numbers[i].max, numbers[i].to) < 0))
			return bad("a number is wrong", e);
	if (block)
		r->map.block_size = (uint32_t)block;
	return 0;
}

static int set_algo(struct reading *r, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(algos); i++)
		if (str_eq(name, algos[i].name) && !r->map.n)
			r->map.algo = (int)algos[i].algo;
	return r->map.algo ? 0 : bad("its kind of digest is not known", e);
}

static int take(struct reading *r, const struct element *el, struct err *e)
{
	char text[VALUE_MAX];

	if (named(el, "Range"))
		return add_range(r, el, e);
	if (named(el, "bmap"))
		return attribute(el, "version", r->version) ? 0 : bad("it has no version", e);
	if (named(el, "BlockMap"))
		return 0;
	if (!trimmed(el->text, el->text_len, text))
		return bad("a value is too long", e);
	if (named(el, "ChecksumType"))
		return set_algo(r, text, e);
	if (named(el, "BmapFileChecksum") || named(el, "BmapFileSHA1")) {
		r->sum = memmem(el->text, el->text_len, text, strlen(text));
		r->sum_len = strlen(text);
		return named(el, "BmapFileSHA1") ? set_algo(r, "sha1", e) : 0;
	}
	return set_number(r, el, text, e);
}

static int check_version(const struct reading *r, struct err *e)
{
	static const char *const known[] = {"1.3", "1.4", "2.0"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(r->version, known[i]))
			return 0;
	return err_set(e, ENOTSUP,
		"the map of holes is of version %.16s; 1.3, 1.4 and 2.0 are known, as bmaptool 3 "
		"makes them",
		r->version[0] ? r->version : "none");
}

/* The digest over the text, with its own place filled by '0'. */
static int check_own_sum(const struct reading *r, const char *text, size_t len, struct err *e)
{
	uint8_t want[64], got[64];
	char hex[VALUE_MAX], zeroes[VALUE_MAX];
	gnutls_hash_hd_t h;

	if (!r->sum || !trimmed(r->sum, r->sum_len, hex) || digest_value(r, hex, want) < 0)
		return bad("it has no digest of its own", e);
	memset(zeroes, '0', sizeof(zeroes));
	if (gnutls_hash_init(&h, (gnutls_digest_algorithm_t)r->map.algo) < 0)
		return err_set(e, ENOTSUP, "the digest of the map of holes is not available");
	gnutls_hash(h, text, (size_t)(r->sum - text));
	gnutls_hash(h, zeroes, r->sum_len);
	gnutls_hash(h, r->sum + r->sum_len, len - (size_t)(r->sum - text) - r->sum_len);
	gnutls_hash_deinit(h, got);
	if (!memcmp(want, got, r->sum_len / 2))
		return 0;
	return err_set(e, EBADMSG,
		"the map of holes was changed after it was made: its own digest is wrong");
}

static int check_whole(const struct reading *r, struct err *e)
{
	const struct bmap *m = &r->map;

	if (!m->n || !m->image_size)
		return bad("it maps nothing", e);
	if (m->block_size < 512 || m->block_size & (m->block_size - 1))
		return bad("its blocks are no multiple of a sector", e);
	if (r->blocks != (m->image_size + m->block_size - 1) / m->block_size)
		return bad("its image has another number of blocks than it says", e);
	if (r->mapped_blocks != r->counted_blocks)
		return bad("it maps another number of blocks than it says", e);
	return 0;
}

int bmap_parse(const char *text, size_t len, struct bmap *ret, struct err *e)
{
	struct reading r = {0};
	const char *at = text;
	struct element el;
	int code = len > BMAP_FILE_MAX ? bad("it is too long", e) : 0;

	while (code == 0 && next_element(&at, text + len, &el))
		code = take(&r, &el, e);
	if (code == 0)
		code = check_version(&r, e);
	if (code == 0)
		code = check_whole(&r, e);
	if (code == 0)
		code = check_own_sum(&r, text, len, e);
	if (code == 0)
		*ret = r.map;
	else
		bmap_done(&r.map);
	return code;
}

void bmap_done(struct bmap *m)
{
	free(m->ranges);
	*m = (struct bmap){0};
}
