/* String helpers; see str.h. */
#include "lib/base/str.h"
#include "lib/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <nettle/base64.h>

bool str_eq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_ieq(const char *a, const char *b)
{
	return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_empty(const char *s)
{
	return !s || !*s;
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src), m = n < size ? n : size - 1;

	memcpy(dst, src, m);
	dst[m] = '\0';
	return m == n;
}

char *str_trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	for (n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		;
	s[n] = '\0';
	return s;
}

int str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (str_empty(s))
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_to_int(const char *s, int min, int max, int *ret)
{
	bool negative = s && *s == '-';
	uint64_t v;
	int64_t n;
	int r = str_to_u64(s && negative ? s + 1 : s, 0, INT32_MAX, &v);

	if (r < 0)
		return r;
	n = negative ? -(int64_t)v : (int64_t)v;
	if (n < min || n > max)
		return -ERANGE;
	*ret = (int)n;
	return 0;
}

int str_to_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "t", "y"};
	static const char *const no[] = {"0", "false", "no", "off", "f", "n"};

	for (size_t i = 0; s && i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(s, yes[i]) || !strcasecmp(s, no[i])) {
			*ret = !strcasecmp(s, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

char *hex_encode(const void *src, size_t len, char *dst)
{
	const unsigned char *p = src;

	for (size_t i = 0; i < len; i++) {
		dst[2 * i] = "0123456789abcdef"[p[i] >> 4];
		dst[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
	dst[2 * len] = '\0';
	return dst;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(const char *src, void *dst, size_t max)
{
	unsigned char *p = dst;
	size_t n = strlen(src);

	if (n % 2 || n / 2 > max)
		return -EINVAL;
	for (size_t i = 0; i < n / 2; i++) {
		int hi = hex_digit(src[2 * i]), lo = hex_digit(src[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -EINVAL;
		p[i] = (unsigned char)(hi << 4 | lo);
	}
	return (int)(n / 2);
}

char *b64_encode(const void *src, size_t len)
{
	char *dst = xmalloc(BASE64_ENCODE_RAW_LENGTH(len) + 1);

	base64_encode_raw(dst, len, src);
	dst[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
	return dst;
}

int b64_decode(const char *src, size_t len, void **ret, size_t *ret_len)
{
	struct base64_decode_ctx ctx;
	size_t n = BASE64_DECODE_LENGTH(len);
	uint8_t *dst = malloc(n + 1);

	if (!dst)
		return -ENOMEM;
	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, dst, len, src) || !base64_decode_final(&ctx)) {
		free(dst);
		return -EINVAL;
	}
	dst[n] = '\0';
	*ret = dst;
	*ret_len = n;
	return 0;
}

bool secret_eq(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned char diff = n != m;

	for (size_t i = 0; i < m; i++)
		diff |= (unsigned char)((n ? a[i % n] : 0) ^ b[i]);
	return diff == 0;
}

char *secret_new(size_t n)
{
	_cleanup_free_ unsigned char *raw = xmalloc(n);
	char *text;
	size_t len;

	/* getrandom() gives up to 256 bytes whole and cannot fail once the pool is ready */
	for (size_t got = 0; got < n;) {
		ssize_t r = getrandom(raw + got, n - got > 256 ? 256 : n - got, 0);

		if (r > 0)
			got += (size_t)r;
	}
	text = b64_encode(raw, n);
	mem_wipe(raw, n);
	for (len = strlen(text); len && text[len - 1] == '='; len--)
		text[len - 1] = '\0';
	for (char *p = text; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	return text;
}
