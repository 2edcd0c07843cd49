/* Bounded JSON: depth, duplicates, defaults. */
#include "lib/base/str.h"
#include "lib/json/json.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void refused(const char *text, int code, const char *what)
{
	json_t *json = NULL;
	struct err e;
	int r = json_parse(text, strlen(text), 4, &json, &e);

	is_int(r, -code, "%s: %s", what, e.text);
	json_decref(json);
}

/* An error's text may quote a wire, or be cut within a character; it is told all the same. */
static void test_no_utf8(void)
{
	static const char *const rows[][2] = {{"\xc3\xa4", "\xc3\xa4"}, {"a\xff", "a?"},
		{"cut \xc3", "cut ?"}, {"\xe2\x82x", "??x"}, {"\xed\xa0\x80", "???"},
		{"\xf0\x9f\x98\x80\xc0\xaf", "\xf0\x9f\x98\x80??"}, {"", ""}};
	_cleanup_json_ json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_put_str(o, "s", rows[i][0]);
		is_str(json_str(o, "s"), rows[i][1], "bytes that are no text become '?'");
	}
	json_put_str(o, "s", NULL);
	ok(json_is_null(json_object_get(o, "s")), "no text is null");
}

int main(void)
{
	static const char text[] =
		"{\"s\": \"x\", \"n\": 7, \"t\": true, \"z\": null, \"a\": [[[1]]]}";
	_cleanup_json_ json_t *json = NULL;
	struct err e;

	is_int(json_parse(text, strlen(text), 4, &json, &e), 0, "four levels are four levels");
	is_str(json_str(json, "s"), "x", "a string");
	ok(json_str(json, "n") == NULL && json_str(json, "z") == NULL &&
			json_str(json, "no") == NULL,
		"what is no string is none");
	is_int(json_int(json, "n", 1), 7, "a number");
	is_int(json_int(json, "s", 1), 1, "or the default");
	ok(json_flag(json, "t", false) && json_flag(json, "n", true), "a flag, or the default");
	refused("[[[[[1]]]]]", E2BIG, "five levels");
	refused("{\"a\":1,\"a\":2}", EINVAL, "a key twice");
	refused("{\"a\":1", EINVAL, "cut");
	refused("", EINVAL, "nothing");
	refused("{\"a\\u0000b\":1}", EINVAL, "NUL in a key");
	json_decref(json);
	json = NULL;
	is_int(json_parse("\"[[[[[[\"", 8, 4, &json, &e), 0, "brackets in a string are text");
	json_decref(json);
	json = NULL;
	is_int(json_parse("[\"\\\\\",[[1]]]", 12, 4, &json, &e), 0,
		"an escaped backslash ends nothing");
	test_no_utf8();
	return done_testing();
}
