/* Memory: cleanup by attribute, and allocation of small things that cannot sensibly fail. */
#ifndef LIB_BASE_MEM_H
#define LIB_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#define _cleanup_(f)		      __attribute__((cleanup(f)))
#define _cleanup_free_		      _cleanup_(mem_freep)
#define _cleanup_close_		      _cleanup_(mem_closep)
#define ARRAY_SIZE(a)		      (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

/* Gives the pointer away: the variable is NULL afterwards, so its cleanup does nothing. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *_pp = &(p);                                                         \
		__typeof__(p) _v = *_pp;                                                           \
		*_pp = NULL;                                                                       \
		_v;                                                                                \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *_pf = &(fd);                                                                  \
		int _f = *_pf;                                                                     \
		*_pf = -1;                                                                         \
		_f;                                                                                \
	})

/* Defines NAMEp(), for use as _cleanup_(NAMEp), out of void NAME(TYPE *). */
#define DEFINE_CLEANUP(type, name)                                                                 \
	static inline void name##p(type **p)                                                       \
	{                                                                                          \
		if (*p)                                                                            \
			name(*p);                                                                  \
	}

void mem_freep(void *p);
void mem_closep(int *fd);

/*
 * For sizes the program itself decides; out of memory ends the program with a message. A size that
 * came from a wire is bounded first and allocated with malloc(), which may fail.
 */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t n) __attribute__((returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Replaces the string *p by a copy of s (NULL allowed), freeing the old one. */
void str_replace(char **p, const char *s);

/* Overwrites a secret in a way the compiler keeps. */
void mem_wipe(void *p, size_t len);

#endif
