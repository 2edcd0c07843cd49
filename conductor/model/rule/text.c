/* Values as texts: what rules put in place of {...}, written as Python's str() writes it. */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A text inside of a list or an object: in quotes. */
static void quoted(struct buf *b, const char *s)
{
	char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';

	buf_append(b, &quote, 1);
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(b, "\\n");
		else if (*s == '\t')
			buf_puts(b, "\\t");
		else if (*s == '\r')
			buf_puts(b, "\\r");
		else if (*s == '\\' || *s == quote)
			buf_printf(b, "\\%c", *s);
		else
			buf_append(b, s, 1);
	}
	buf_append(b, &quote, 1);
}

/* The shortest digits that give the same number again, with ".0" where there is no fraction. */
static void real(struct buf *b, double d)
{
	char text[40];

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_puts(b, text);
	if (!strpbrk(text, ".en"))
		buf_puts(b, ".0");
}

static void value_text(struct buf *b, const json_t *value, bool inside, rule_hide hide);

static void object_text(struct buf *b, const json_t *object, rule_hide hide)
{
	const char *key, *between = "";
	json_t *member;

	buf_puts(b, "{");
	json_object_foreach ((json_t *)object, key, member) {
		buf_puts(b, between);
		quoted(b, key);
		buf_puts(b, ": ");
		if (hide && hide(key))
			buf_puts(b, "'***'");
		else
			value_text(b, member, true, hide);
		between = ", ";
	}
	buf_puts(b, "}");
}

static void array_text(struct buf *b, const json_t *array, rule_hide hide)
{
	json_t *element;
	size_t i;

	buf_puts(b, "[");
	json_array_foreach ((json_t *)array, i, element) {
		buf_puts(b, i ? ", " : "");
		value_text(b, element, true, hide);
	}
	buf_puts(b, "]");
}

static void value_text(struct buf *b, const json_t *value, bool inside, rule_hide hide)
{
	if (b->overflow)
		return;
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		if (inside)
			quoted(b, json_string_value(value));
		else
			buf_puts(b, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		real(b, json_real_value(value));
		break;
	case JSON_TRUE:
		buf_puts(b, "True");
		break;
	case JSON_FALSE:
		buf_puts(b, "False");
		break;
	case JSON_NULL:
		buf_puts(b, "None");
		break;
	case JSON_OBJECT:
		object_text(b, value, hide);
		break;
	case JSON_ARRAY:
		array_text(b, value, hide);
		break;
	}
}

void rule_text(struct buf *b, const json_t *value, rule_hide hide)
{
	value_text(b, value, false, hide);
}

char *rule_text_of(const json_t *value)
{
	struct buf b = BUF_INIT(RULE_TEXT_MAX);

	rule_text(&b, value, NULL);
	if (b.overflow) {
		buf_done(&b);
		return NULL;
	}
	return b.data ? buf_take(&b) : xstrdup("");
}
