/* Small string helpers. */
#ifndef LIB_BASE_STR_H
#define LIB_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_ieq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_empty(const char *s); /* NULL or "" */

/* Copies with a NUL always; false when it had to cut. */
bool str_copy(char *dst, size_t size, const char *src);

/* Trims white space at both ends, in place; returns the new start. */
char *str_trim(char *s);

/* Whole string must be a number in [min, max], decimal. 0, -EINVAL or -ERANGE. */
int str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);
int str_to_int(const char *s, int min, int max, int *ret);

/* "1", "true", "yes", "on", "t", "y" and their opposites, any case. 0 or -EINVAL. */
int str_to_bool(const char *s, bool *ret);

/* Bytes to lower-case hex (dst holds 2*len+1) and back (returns the length or -EINVAL). */
char *hex_encode(const void *src, size_t len, char *dst);
int hex_decode(const char *src, void *dst, size_t max);

/* Base64 (RFC 4648). The result is allocated; decoding ignores white space. */
char *b64_encode(const void *src, size_t len);
int b64_decode(const char *src, size_t len, void **ret, size_t *ret_len);

/* Compares secrets of any length in a time that depends on b's length only. */
bool secret_eq(const char *a, const char *b);

/* n random bytes as URL-safe base64 without padding, allocated. 32 bytes give 43 characters. */
char *secret_new(size_t n);

#endif
