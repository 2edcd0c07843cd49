/* Printing tables; see table.h. */
#include "lib/cli/table.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <string.h>

/* U+0080 to U+009F, which a terminal obeys as it does escape sequences (ECMA-48, 5.3). */
static bool is_c1(const char *text)
{
	return (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] >= 0x80 &&
	       (unsigned char)text[1] < 0xa0;
}

void text_clean(char *text)
{
	for (; text && *text; text++)
		if (is_c1(text))
			text[0] = text[1] = '?';
		else if (iscntrl((unsigned char)*text))
			*text = *text == '\n' || *text == '\t' ? ' ' : '?';
}

void text_size(struct buf *b, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1000 && u + 1 < ARRAY_SIZE(units)) {
		v /= 1000;
		u++;
	}
	buf_printf(b, u && v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

char *table_text(const json_t *v)
{
	char *text;

	if (!v || json_is_null(v))
		return xstrdup("-");
	if (json_is_boolean(v))
		return xstrdup(json_is_true(v) ? "yes" : "no");
	if (json_is_string(v))
		text = xstrdup(*json_string_value(v) ? json_string_value(v) : "-");
	else
		text = json_text(v);
	text_clean(text);
	return text;
}

const json_t *table_member(const json_t *row, const char *key)
{
	const char *dot = strchr(key, '.');
	_cleanup_free_ char *first = dot ? xstrndup(key, (size_t)(dot - key)) : NULL;

	if (!dot)
		return json_object_get(row, key);
	return table_member(json_object_get(row, first), dot + 1);
}

/* Characters, not bytes. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void cell(FILE *out, const char *text, size_t columns, bool last)
{
	fputs(text, out);
	if (last)
		fputc('\n', out);
	else
		for (size_t i = width(text); i < columns + 2; i++)
			fputc(' ', out);
}

static char *title(const struct table_column *c)
{
	char *text = xstrdup(c->title ? c->title : c->key);

	for (char *p = text; *p; p++)
		*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
	return text;
}

void table_print(FILE *out, const struct table_column *columns, size_t n, const json_t *rows)
{
	size_t lines = json_array_size(rows) + 1;
	char **text = xcalloc(lines * n, sizeof(*text));
	size_t *widths = xcalloc(n, sizeof(*widths));

	for (size_t l = 0; l < lines; l++)
		for (size_t c = 0; c < n; c++) {
			char **t = &text[l * n + c];

			*t = l ? table_text(
					 table_member(json_array_get(rows, l - 1), columns[c].key))
			       : title(&columns[c]);
			if (width(*t) > widths[c])
				widths[c] = width(*t);
		}
	for (size_t i = 0; i < lines * n; i++) {
		cell(out, text[i], widths[i % n], i % n == n - 1);
		free(text[i]);
	}
	free(text);
	free(widths);
}

void table_print_object(FILE *out, const json_t *object)
{
	size_t most = 0;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (width(key) > most)
			most = width(key);
	json_object_foreach ((json_t *)object, key, value) {
		_cleanup_free_ char *text = table_text(value);

		cell(out, key, most, false);
		cell(out, text, 0, true);
	}
}
