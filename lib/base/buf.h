/* A growing byte buffer with a ceiling given at birth. */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * An append that would pass the ceiling changes nothing, returns -ENOSPC and sets `overflow`, so a
 * caller may append many times and look once at the end. `data` is always NUL-terminated once
 * anything was appended; `len` does not count that NUL.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b); /* frees; b may be used again after buf_init() */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_consume(struct buf *b, size_t n); /* drops n bytes at the front */
void buf_truncate(struct buf *b, size_t len);
const char *buf_str(const struct buf *b); /* never NULL */
char *buf_take(struct buf *b);		  /* the caller frees; b is empty afterwards */

#define BUF_INIT(max_bytes)                                                                        \
	{                                                                                          \
		.max = (max_bytes)                                                                 \
	}

#endif
