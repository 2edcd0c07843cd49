/* JSON patch: the examples of RFC 6902 appendix A that use add, remove and replace, one level down.
 */
#include "conductor/api/patch.h"
#include "tests/unit/tap.h"

#include <stdlib.h>

static json_t *load(const char *text)
{
	json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!j) {
		fprintf(stderr, "bad JSON in test: %s\n", text);
		abort();
	}
	return j;
}

/* Documents stand below /doc, because Ironic adds no attributes to a resource itself. */
static const struct {
	const char *what, *doc, *patch, *want; /* want NULL: refused */
} cases[] = {
	{"A.1 add an object member", "{\"foo\": \"bar\"}",
		"[{\"op\": \"add\", \"path\": \"/doc/baz\", \"value\": \"qux\"}]",
		"{\"baz\": \"qux\", \"foo\": \"bar\"}"},
	{"A.2 add an array element", "{\"foo\": [\"bar\", \"baz\"]}",
		"[{\"op\": \"add\", \"path\": \"/doc/foo/1\", \"value\": \"qux\"}]",
		"{\"foo\": [\"bar\", \"qux\", \"baz\"]}"},
	{"A.3 remove an object member", "{\"baz\": \"qux\", \"foo\": \"bar\"}",
		"[{\"op\": \"remove\", \"path\": \"/doc/baz\"}]", "{\"foo\": \"bar\"}"},
	{"A.4 remove an array element", "{\"foo\": [\"bar\", \"qux\", \"baz\"]}",
		"[{\"op\": \"remove\", \"path\": \"/doc/foo/1\"}]",
		"{\"foo\": [\"bar\", \"baz\"]}"},
	{"A.5 replace a value", "{\"baz\": \"qux\", \"foo\": \"bar\"}",
		"[{\"op\": \"replace\", \"path\": \"/doc/baz\", \"value\": \"boo\"}]",
		"{\"baz\": \"boo\", \"foo\": \"bar\"}"},
	{"A.10 add a nested member", "{\"foo\": \"bar\"}",
		"[{\"op\": \"add\", \"path\": \"/doc/child\", \"value\": {\"grandchild\": {}}}]",
		"{\"foo\": \"bar\", \"child\": {\"grandchild\": {}}}"},
	{"A.12 add to a target that is not there", "{\"foo\": \"bar\"}",
		"[{\"op\": \"add\", \"path\": \"/doc/baz/bat\", \"value\": \"qux\"}]", NULL},
	{"A.14 ~01 is ~1, not /", "{\"/\": 9, \"~1\": 10}",
		"[{\"op\": \"replace\", \"path\": \"/doc/~01\", \"value\": 11}]",
		"{\"/\": 9, \"~1\": 11}"},
	{"~1 is /", "{\"/\": 9, \"~1\": 10}",
		"[{\"op\": \"replace\", \"path\": \"/doc/~1\", \"value\": 8}]",
		"{\"/\": 8, \"~1\": 10}"},
	{"A.16 add an array to an array", "{\"foo\": [\"bar\"]}",
		"[{\"op\": \"add\", \"path\": \"/doc/foo/-\", \"value\": [\"abc\", \"def\"]}]",
		"{\"foo\": [\"bar\", [\"abc\", \"def\"]]}"},
	{"add to a member that is there replaces it", "{\"foo\": 1}",
		"[{\"op\": \"add\", \"path\": \"/doc/foo\", \"value\": 2}]", "{\"foo\": 2}"},
	{"remove of what is not there", "{\"foo\": 1}",
		"[{\"op\": \"remove\", \"path\": \"/doc/bar\"}]", NULL},
	{"replace of what is not there", "{\"foo\": 1}",
		"[{\"op\": \"replace\", \"path\": \"/doc/bar\", \"value\": 1}]", NULL},
	{"an index beyond the end", "{\"foo\": [1]}",
		"[{\"op\": \"add\", \"path\": \"/doc/foo/2\", \"value\": 1}]", NULL},
	{"an index with a leading zero", "{\"foo\": [1, 2]}",
		"[{\"op\": \"remove\", \"path\": \"/doc/foo/01\"}]", NULL},
	{"remove from an empty array", "{\"foo\": []}",
		"[{\"op\": \"remove\", \"path\": \"/doc/foo/0\"}]", NULL},
	{"remove of '-', which names no element", "{\"foo\": [1]}",
		"[{\"op\": \"remove\", \"path\": \"/doc/foo/-\"}]", NULL},
	{"a path through a string", "{\"foo\": \"bar\"}",
		"[{\"op\": \"add\", \"path\": \"/doc/foo/a\", \"value\": 1}]", NULL},
	{"operations see what those before them did", "{}",
		"[{\"op\": \"add\", \"path\": \"/doc/a\", \"value\": {}},"
		" {\"op\": \"add\", \"path\": \"/doc/a/b\", \"value\": 1}]",
		"{\"a\": {\"b\": 1}}"},
};

static void test_apply(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *doc = json_pack("{s:o}", "doc", load(cases[i].doc));
		json_t *before = json_deep_copy(doc), *patch = load(cases[i].patch), *want;
		struct err e = {0};
		int r = patch_check(patch, 110, &e);

		if (r == 0)
			r = patch_apply(&doc, patch, &e);
		want = cases[i].want ? load(cases[i].want)
				     : json_incref(json_object_get(before, "doc"));
		ok((r == 0) == (cases[i].want != NULL), "%s: %s", cases[i].what,
			r ? e.text : "applied");
		ok(json_equal(json_object_get(doc, "doc"), want), "%s: result", cases[i].what);
		json_decref(doc);
		json_decref(before);
		json_decref(patch);
		json_decref(want);
	}
}

static void test_all_or_nothing(void)
{
	json_t *doc = load("{\"a\": {\"x\": 1}, \"b\": 2}"), *before = json_deep_copy(doc);
	json_t *patch = load("[{\"op\": \"replace\", \"path\": \"/b\", \"value\": 3},"
			     " {\"op\": \"remove\", \"path\": \"/a/y\"}]");
	struct err e;

	is_int(patch_apply(&doc, patch, &e), -22, "a failing second operation fails the patch");
	ok(json_equal(doc, before), "and the first is undone");
	ok(strstr(e.text, "patch[1]") && strstr(e.text, "/a/y"), "the text names it: %s", e.text);
	json_decref(doc);
	json_decref(before);
	json_decref(patch);
}

static void test_form(void)
{
	static const char *const bad[] = {
		"{}",
		"[1]",
		"[{\"op\": \"add\", \"path\": \"/a\"}]",
		"[{\"op\": \"frob\", \"path\": \"/a\", \"value\": 1}]",
		"[{\"op\": \"move\", \"from\": \"/a\", \"path\": \"/b\"}]",
		"[{\"op\": \"add\", \"value\": 1}]",
		"[{\"op\": \"add\", \"path\": \"a\", \"value\": 1}]",
		"[{\"op\": \"add\", \"path\": \"/\", \"value\": 1}]",
		"[{\"op\": \"add\", \"path\": \"\", \"value\": 1}]",
		"[{\"op\": \"add\", \"path\": \"/a~2\", \"value\": 1}]",
		"[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1, \"x\": 1}]",
		"[{\"path\": \"/a\", \"value\": 1}]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *patch = load(bad[i]);
		struct err e = {0};

		ok(patch_check(patch, 110, &e) == -22 && e.text[0], "refused: %s: %s", bad[i],
			e.text);
		json_decref(patch);
	}
}

/* Contract 2.5, version 98: until then Ironic's paths were made of letters, digits, '_' and '-'. */
static void test_keys(void)
{
	static const struct {
		const char *path;
		int version, want;
	} keys[] = {
		{"/extra/a_b-C1", 1, 0},
		{"/extra/a~1b", 97, -22},
		{"/extra/a~1b", 98, 0},
		{"/extra/a.b", 97, -22},
		{"/extra/a.b", 98, 0},
		{"/extra//a", 97, -22},
		{"/extra/\xc3\xa4", 97, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *patch = json_pack("[{s:s, s:s}]", "op", "remove", "path", keys[i].path);

		struct err e = {0};

		is_int(patch_check(patch, keys[i].version, &e), keys[i].want, "%s in 1.%d",
			keys[i].path, keys[i].version);
		json_decref(patch);
	}
}

static void test_new_attribute(void)
{
	json_t *doc = load("{\"a\": 1}");
	json_t *patch = load("[{\"op\": \"add\", \"path\": \"/b\", \"value\": 3}]");
	struct err e;

	is_int(patch_apply(&doc, patch, &e), -22, "no attributes are added to the resource itself");
	json_decref(doc);
	json_decref(patch);
}

int main(void)
{
	test_apply();
	test_all_or_nothing();
	test_form();
	test_keys();
	test_new_attribute();
	return done_testing();
}
