/* Ranges; see range.h. */
#include "lib/cli/range.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 1024

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->list[i], name))
			return true;
	return false;
}

void names_append(struct names *names, const char *name)
{
	if (!(names->n & (names->n - 1)))
		names->list =
			xrealloc(names->list, (names->n ? names->n * 2 : 1) * sizeof(*names->list));
	names->list[names->n++] = xstrdup(name);
}

void names_add(struct names *names, const char *name)
{
	if (!names_have(names, name))
		names_append(names, name);
}

void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

bool name_is_glob(const char *word)
{
	return strpbrk(word, "*?") != NULL;
}

/* "01-40" or "7" from *p on; leaves p behind it. */
static int parse_part(const char **p, unsigned *from, unsigned *to, int *width)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	*from = *to = (unsigned)strtoul(*p, &end, 10);
	*width = (int)(end - *p);
	if (*width > 9)
		return -EINVAL;
	*p = end;
	if (**p != '-')
		return 0;
	++*p;
	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	*to = (unsigned)strtoul(*p, &end, 10);
	if (end - *p > 9 || *to < *from)
		return -EINVAL;
	*p = end;
	return 0;
}

static int expand(const char *done, const char *rest, struct names *names, struct err *e);

/* One number in place of the brackets, then the rest of the word. */
static int expand_numbers(
	const char *done, const char *inside, const char *after, struct names *names, struct err *e)
{
	unsigned from, to;
	int width, r = 0;

	while (r == 0) {
		if (parse_part(&inside, &from, &to, &width) < 0)
			return err_set(
				e, EINVAL, "expected [01-40] or [1,3,5-7] at '%.32s'", inside);
		for (unsigned i = from; r == 0 && i <= to; i++) {
			_cleanup_free_ char *word = xasprintf("%s%0*u", done, width, i);

			r = expand(word, after, names, e);
		}
		if (*inside == ']')
			break;
		if (*inside++ != ',')
			return err_set(e, EINVAL, "expected ',' or ']' at '%.32s'", inside - 1);
	}
	return r;
}

static int expand(const char *done, const char *rest, struct names *names, struct err *e)
{
	const char *open = strchr(rest, '['), *close = open ? strchr(open, ']') : NULL;
	_cleanup_free_ char *word =
		xasprintf("%s%.*s", done, open ? (int)(open - rest) : WORD_MAX, rest);

	if (names->n >= RANGE_NAMES_MAX)
		return err_set(e, EINVAL, "more than %d names", RANGE_NAMES_MAX);
	if (!open) {
		names_append(names, word);
		return 0;
	}
	if (!close)
		return err_set(e, EINVAL, "'[' without ']' in '%.64s'", rest);
	return expand_numbers(word, open + 1, close + 1, names, e);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each once, in the order given. */
static void unite(struct names *names, const struct names *more)
{
	char **sorted = xmalloc((names->n + 1) * sizeof(*sorted));
	size_t n = names->n;

	if (n)
		memcpy(sorted, names->list, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < more->n; i++)
		if (!bsearch(&more->list[i], sorted, n, sizeof(*sorted), by_text) &&
			!(i && str_eq(more->list[i], more->list[i - 1])))
			names_append(names, more->list[i]);
	free(sorted);
}

int range_expand(const char *word, struct names *names, struct err *e)
{
	struct names more = {0};
	int r = 0;

	if (strlen(word) >= WORD_MAX)
		r = err_set(e, EINVAL, "'%.32s...' is too long", word);
	if (r == 0)
		r = expand("", word, &more, e);
	if (r == 0)
		unite(names, &more);
	else
		err_prefix(e, "%.64s", word);
	names_done(&more);
	return r;
}

/* Where the digits at the end of a name begin. */
static size_t stem(const char *name)
{
	size_t len = strlen(name);

	while (len && isdigit((unsigned char)name[len - 1]) && strlen(name) - len < 9)
		len--;
	return len;
}

/* Are these two next to each other in one range? */
static bool follows(const char *a, const char *b)
{
	size_t n = stem(a);

	return a[n] && stem(b) == n && strlen(a) == strlen(b) && !strncmp(a, b, n) &&
	       atoi(b + n) == atoi(a + n) + 1;
}

/* Do they differ in their last number alone? */
static bool akin(const char *a, const char *b)
{
	size_t n = stem(a);

	return a[n] && stem(b) == n && strlen(a) == strlen(b) && !strncmp(a, b, n);
}

/* By what stands before the last number, then by its digits: u9 before u10. */
static int by_number(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t m = stem(x), n = stem(y);
	int r = strncmp(x, y, m < n ? m : n);

	if (r)
		return r;
	if (m != n)
		return m < n ? -1 : 1;
	if (strlen(x) != strlen(y))
		return strlen(x) < strlen(y) ? -1 : 1;
	return strcmp(x, y);
}

/* "r12u[01-18,20]" of names that are akin. */
static void put_folded(struct buf *b, char **v, size_t n)
{
	size_t at = stem(v[0]);

	buf_printf(b, "%.*s[", (int)at, v[0]);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && follows(v[k - 1], v[k]);)
			k++;
		buf_printf(b, "%s%s", i ? "," : "", v[i] + at);
		if (k - i > 1)
			buf_printf(b, "-%s", v[k - 1] + at);
	}
	buf_puts(b, "]");
}

char *range_fold(const struct names *names)
{
	struct buf b = BUF_INIT((size_t)16 * 1024 * 1024);
	char **v = xmalloc((names->n + 1) * sizeof(*v));

	if (names->n)
		memcpy(v, names->list, names->n * sizeof(*v));
	qsort(v, names->n, sizeof(*v), by_number);
	for (size_t i = 0, k; i < names->n; i = k) {
		for (k = i + 1; k < names->n && akin(v[k - 1], v[k]);)
			k++;
		buf_puts(&b, i ? " " : "");
		if (k - i > 1)
			put_folded(&b, v + i, k - i);
		else
			buf_puts(&b, v[i]);
	}
	free(v);
	return b.data ? buf_take(&b) : xstrdup("");
}
