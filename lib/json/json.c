/* JSON helpers; see json.h. */
#include "lib/json/json.h"
#include "lib/base/utf8.h"

#include <errno.h>
#include <string.h>

/*
 * Depth of nesting, by counting brackets outside strings: jansson's own limit (2048) is fixed, and
 * a body is refused before its tree is built.
 */
static bool too_deep(const char *text, size_t len, unsigned max)
{
	bool string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
			continue;
		}
		if (c == '"')
			string = true;
		else if ((c == '{' || c == '[') && ++depth > max)
			return true;
		else if ((c == '}' || c == ']') && depth)
			depth--;
	}
	return false;
}

int json_parse(const char *text, size_t len, unsigned max_depth, json_t **ret, struct err *e)
{
	json_error_t je;
	json_t *json;

	if (too_deep(text, len, max_depth))
		return err_set(e, E2BIG, "JSON is nested deeper than %u levels", max_depth);
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!json)
		return err_set(
			e, EINVAL, "JSON line %d column %d: %s", je.line, je.column, je.text);
	*ret = json;
	return 0;
}

char *json_text(const json_t *json)
{
	char *text =
		json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
		     : NULL;

	return text ? text : xstrdup("null");
}

const char *json_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t json_int(const json_t *object, const char *key, int64_t dflt)
{
	const json_t *v = json_object_get(object, key);

	return json_is_integer(v) ? json_integer_value(v) : dflt;
}

bool json_flag(const json_t *object, const char *key, bool dflt)
{
	const json_t *v = json_object_get(object, key);

	return json_is_boolean(v) ? json_is_true(v) : dflt;
}

json_t *json_string_or_null(const char *text)
{
	json_t *j = text ? json_string(text) : json_null();
	_cleanup_free_ char *clean = j ? NULL : xstrdup(text);

	if (j)
		return j;
	utf8_clean(clean);
	return json_string(clean);
}

void json_put_str(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string_or_null(value));
}

void json_put_int(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

void json_put_bool(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

bool json_array_has(const json_t *array, const json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)array, i, one) {
		if (json_equal(one, value))
			return true;
	}
	return false;
}
