/* JSON text is walked without a tree: what stands where, and that nothing outside is read. */
#include "lib/json/scan.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>

static bool is(struct json_span s, const char *want)
{
	return s.len == strlen(want) && !memcmp(s.at, want, s.len);
}

static void test_members(void)
{
	static const char text[] = "{\"a\":1,\"b\\\"\\\\\":\"x\\\\\",\"c\":{\"d\":[{},\"]}\",[]]} "
				   ", \"e\" : null,\"f\":[]}";
	static const char *const want[][2] = {{"\"a\"", "1"}, {"\"b\\\"\\\\\"", "\"x\\\\\""},
		{"\"c\"", "{\"d\":[{},\"]}\",[]]}"}, {"\"e\"", "null"}, {"\"f\"", "[]"}};
	struct json_span key, value;
	struct json_walk w;

	is_int(json_walk_init(&w, (struct json_span){text, strlen(text)}, '{'), 0, "an object");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		is_int(json_walk_member(&w, &key, &value), 1, "member %zu", i);
		ok(is(key, want[i][0]), "its key is %s", want[i][0]);
		ok(is(value, want[i][1]), "its value is %s", want[i][1]);
	}
	is_int(json_walk_member(&w, &key, &value), 0, "and that is all");
}

static void test_items(void)
{
	static const char text[] = "[ \"a\" ,[1,2],true ]";
	static const char *const want[] = {"\"a\"", "[1,2]", "true"};
	struct json_span value;
	struct json_walk w;

	is_int(json_walk_init(&w, (struct json_span){text, strlen(text)}, '['), 0, "an array");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		ok(json_walk_item(&w, &value) == 1 && is(value, want[i]), "item %s", want[i]);
	is_int(json_walk_item(&w, &value), 0, "and that is all");
}

/* Each text alone in memory, so that a sanitizer sees a read behind it. */
static void test_damaged(void)
{
	static const char *const texts[] = {"", "[", "{", "{\"", "{\"a", "{\"a\"",
		"{\"a\":", "{\"a\":1", "{\"a\":\"\\\"", "{\"a\":{\"b\":1}", "{\"a\":[1}", "{1:2}",
		"{\"a\":,}", "{\"a\":1 2}", "{,}"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = strlen(texts[i]);
		char *alone = malloc(len ? len : 1);
		struct json_span key, value;
		struct json_walk w;
		int r;

		memcpy(alone, texts[i], len);
		r = json_walk_init(&w, (struct json_span){alone, len}, '{');
		for (int n = 0; r == 0 && n < 10; n++) {
			r = json_walk_member(&w, &key, &value);
			r = r == 1 ? 0 : r;
		}
		is_int(r, -EINVAL, "%s is no object", texts[i]);
		free(alone);
	}
}

int main(void)
{
	test_members();
	test_items();
	test_damaged();
	return done_testing();
}
