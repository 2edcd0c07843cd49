/* The deployed system's reader of meta_data.json, against RFC 8259. */
#include "tests/unit/tap.h"

#include <errno.h>

#include "tests/vrack/system/meta.h"

static struct meta m;

static int parse(const char *text)
{
	return meta_parse(text, strlen(text), &m);
}

static void test_what_is_wanted(void)
{
	is_int(parse("{\"uuid\": \"u-1\", \"name\": \"n\", \"hostname\": \"h\\u00e9\\/\\n\","
		     " \"keys\": [{\"name\": \"k\", \"data\": [1, -2.5e3, true, null]}, []],"
		     " \"meta\": {\"ingot_nonce\": \"x\\\"y\", \"other\": {},\n\t"
		     "\"ingot_phone_home\": \"http:\\/\\/10.0.0.1\\/a\"}}\n"),
		0, "a config drive's meta data is read");
	is_str(m.hostname, "h\xc3\xa9/\n", "hostname, its escapes");
	is_str(m.uuid, "u-1", "uuid");
	is_str(m.nonce, "x\"y", "nonce");
	is_str(m.phone_home, "http://10.0.0.1/a", "URL");
	is_int(parse("{\"hostname\":\"h\",\"name\":\"n\"}"), 0, "hostname and name");
	is_str(m.hostname, "h", "hostname wins, also when it comes first");
	is_int(parse("{\"name\":\"n\",\"x\":{\"uuid\":\"not this\"},\"uuid\":5}"), 0, "name only");
	is_str(m.hostname, "n", "name serves");
	is_str(m.uuid, "", "only a string, only in its place");
	is_int(parse("{\"name\":\"\\ud83d\\ude00\"}"), 0, "a surrogate pair");
	is_str(m.hostname, "\xf0\x9f\x98\x80", "is one character");
	is_int(parse("{}"), 0, "an empty object");
}

static void test_what_is_refused(void)
{
	static const char *const bad[] = {"", "[]", "{", "{\"name\":\"a\"", "{\"name\":\"a\"}x",
		"{\"name\" \"a\"}", "{\"name\":}", "{name:\"a\"}", "{\"name\":\"a\",}",
		"{\"name\":\"\\q\"}", "{\"name\":\"\\u12\"}", "{\"name\":\"\\ud83d\"}",
		"{\"name\":\"\\u0000\"}", "{\"name\":\"a\nb\"}", "{\"name\":[1,]}"};
	char deep[200], big[2000];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(parse(bad[i]), -EINVAL, "refused: text %zu", i);
	memset(deep, '[', sizeof(deep) - 1);
	memcpy(deep, "{\"a\":", 5);
	deep[sizeof(deep) - 1] = '\0';
	is_int(parse(deep), -EINVAL, "nested too deep");
	memset(big, 'x', sizeof(big));
	memcpy(big, "{\"name\":\"", 9);
	strcpy(big + sizeof(big) - 3, "\"}");
	is_int(parse(big), 0, "a name that is too long");
	is_str(m.hostname, "", "is not kept");
}

static void test_quote(void)
{
	char out[32];

	is_int(meta_quote("a\"b\\c\n\xc3\xa9", out, sizeof(out)), 0, "a string is quoted");
	is_str(out, "\"a\\u0022b\\u005cc\\u000a\xc3\xa9\"", "its special characters escaped");
	is_int(meta_quote("0123456789", out, 12), -ENOSPC, "what does not fit is refused");
}

int main(void)
{
	test_what_is_wanted();
	test_what_is_refused();
	test_quote();
	return done_testing();
}
