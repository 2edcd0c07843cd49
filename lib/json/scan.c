/* JSON text by its members; see scan.h. */
#include "lib/json/scan.h"

#include <errno.h>
#include <string.h>

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* p is at a quote; behind the one that ends the string, or NULL. Strings may be megabytes. */
static const char *skip_string(const char *p, const char *end)
{
	const char *from = ++p;

	while ((p = memchr(p, '"', (size_t)(end - p)))) {
		const char *back = p;

		while (back > from && back[-1] == '\\')
			back--;
		p++;
		if ((p - back) & 1) /* the quote and an even number of backslashes */
			return p;
	}
	return NULL;
}

/* p is at a bracket; behind the one that closes it, or NULL. */
static const char *skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p && p < end) {
		char c = *p;

		if (c == '"') {
			p = skip_string(p, end);
			continue;
		}
		p++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return p;
	}
	return NULL;
}

static const char *skip_plain(const char *p, const char *end)
{
	for (; p < end; p++)
		switch (*p) {
		case ',':
		case ']':
		case '}':
		case ' ':
		case '\n':
		case '\t':
		case '\r':
			return p;
		}
	return p;
}

static int take_value(struct json_walk *w, struct json_span *ret)
{
	const char *p = skip_space(w->at, w->end), *behind;

	if (p == w->end)
		return -EINVAL;
	if (*p == '"')
		behind = skip_string(p, w->end);
	else if (*p == '{' || *p == '[')
		behind = skip_nested(p, w->end);
	else
		behind = skip_plain(p, w->end);
	if (!behind || behind == p)
		return -EINVAL;
	*ret = (struct json_span){p, (size_t)(behind - p)};
	w->at = behind;
	return 0;
}

int json_walk_init(struct json_walk *w, struct json_span text, char open)
{
	*w = (struct json_walk){.at = text.at, .end = text.at + text.len};
	if (!text.len || *w->at++ != open)
		return -EINVAL;
	return 0;
}

/* What stands before the next one: 1, 0 when it is the closing bracket. */
static int step(struct json_walk *w, char close)
{
	w->at = skip_space(w->at, w->end);
	if (w->at == w->end)
		return -EINVAL;
	if (*w->at == close)
		return 0;
	if (w->begun && *w->at++ != ',')
		return -EINVAL;
	w->begun = true;
	return 1;
}

int json_walk_member(struct json_walk *w, struct json_span *ret_key, struct json_span *ret_value)
{
	int r = step(w, '}');

	if (r <= 0)
		return r;
	if (take_value(w, ret_key) < 0 || *ret_key->at != '"')
		return -EINVAL;
	w->at = skip_space(w->at, w->end);
	if (w->at == w->end || *w->at++ != ':')
		return -EINVAL;
	r = take_value(w, ret_value);
	return r < 0 ? r : 1;
}

int json_walk_item(struct json_walk *w, struct json_span *ret_value)
{
	int r = step(w, ']');

	if (r > 0)
		r = take_value(w, ret_value) < 0 ? -EINVAL : 1;
	return r;
}
