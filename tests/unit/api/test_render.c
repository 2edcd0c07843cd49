/* Stored text becomes an answer: what is shown since when, hidden, masked, renamed and linked. */
#include "conductor/api/nodes.h"
#include "conductor/api/render.h"
#include "tests/unit/api/fake_engine.h"
#include "tests/unit/tap.h"

#define UUID "11111111-2222-3333-4444-555555555555"

/* The answer, allocated; NULL when the text was refused. */
static char *render(
	const struct resource *res, int version, const char *const *fields, const char *stored)
{
	struct call c = {.version = version, .base = "http://h:1"};
	struct buf out = BUF_INIT(10000);
	struct view v;
	int r;

	view_init(&v, &c, res, fields);
	r = view_render(&v, (struct json_span){stored, strlen(stored)}, &out);
	view_done(&v);
	if (r == 0)
		return buf_take(&out);
	buf_done(&out);
	return NULL;
}

static void gives(const char *what, int version, const char *const *fields, const char *stored,
	const char *want)
{
	_cleanup_free_ char *got = render(&node_resource, version, fields, stored);

	is_str(got, want, "%s", what);
}

static void test_values(void)
{
	static const char *const three[] = {"uuid", "name", "extra", NULL};
	static const char *const mixed[] = {
		"uuid", "driver_info", "retired", "traits", "owner", "properties", NULL};

	gives("members go out as they are", 82, three,
		"{\"uuid\":\"" UUID
		"\",\"name\":\"\\u0001\\\"}\",\"driver\":\"d\",\"extra\":{\"a\":[1.5]}}",
		"{\"uuid\":\"" UUID "\",\"name\":\"\\u0001\\\"}\",\"extra\":{\"a\":[1.5]}}");
	gives("in the order of the fields, whatever theirs is", 82, three,
		"{ \"extra\" : {} , \"frob\": 1, \"name\" : \"n\" , \"uuid\":\"" UUID "\" }",
		"{\"uuid\":\"" UUID "\",\"name\" : \"n\",\"extra\" : {}}");
	gives("what is not stored is empty", 82, mixed, "{\"uuid\":\"" UUID "\"}",
		"{\"uuid\":\"" UUID "\",\"driver_info\":{},\"properties\":{},\"traits\":[],"
		"\"owner\":null,\"retired\":false}");
	gives("secrets are masked", 82, mixed,
		"{\"uuid\":\"" UUID "\",\"driver_info\":{\"a_password\":\"x\",\"b\":[]},"
		"\"properties\":{\"password\":\"shown\"},\"traits\":[\"T\"],\"owner\":\"o\","
		"\"retired\":true}",
		"{\"uuid\":\"" UUID "\",\"driver_info\":{\"a_password\":\"******\",\"b\":[]},"
		"\"properties\":{\"password\":\"shown\"},\"traits\":[\"T\"],\"owner\":\"o\","
		"\"retired\":true}");
}

static void test_versions(void)
{
	static const char *const some[] = {"uuid", "name", "provision_state", "owner", NULL};
	static const char stored[] =
		"{\"uuid\":\"" UUID "\",\"name\":\"n\",\"provision_state\":\"available\","
		"\"owner\":\"o\"}";

	gives("1.50 knows owners", 50, some, stored,
		"{\"uuid\":\"" UUID "\",\"name\":\"n\",\"provision_state\":\"available\","
		"\"owner\":\"o\"}");
	gives("1.49 does not", 49, some, stored,
		"{\"uuid\":\"" UUID "\",\"name\":\"n\",\"provision_state\":\"available\"}");
	gives("1.1 knows no names and no available", 1, some, stored,
		"{\"uuid\":\"" UUID "\",\"provision_state\":null}");
}

static void test_links(void)
{
	static const char *const links[] = {"links", "ports", NULL}, *const none[] = {"frob", NULL};

	gives("links of the record and of a collection below", 82, links, "{\"uuid\":\"" UUID "\"}",
		"{\"links\":[{\"href\":\"http://h:1/v1/nodes/" UUID "\",\"rel\":\"self\"},"
		"{\"href\":\"http://h:1/nodes/" UUID "\",\"rel\":\"bookmark\"}],"
		"\"ports\":[{\"href\":\"http://h:1/v1/nodes/" UUID "/ports\",\"rel\":\"self\"},"
		"{\"href\":\"http://h:1/nodes/" UUID "/ports\",\"rel\":\"bookmark\"}]}");
	gives("nothing is an object, too", 82, none, "{\"uuid\":\"" UUID "\"}", "{}");
}

static void test_damaged(void)
{
	static const char *const texts[] = {
		"", "[]", "{\"uuid\":", "{\"uuid\":\"x\"", "{\"driver_info\":{\"a\":[}}"};
	static const char *const info[] = {"uuid", "driver_info", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *got = render(&node_resource, 82, info, texts[i]);

		ok(!got, "no answer is made of '%s'", texts[i]);
		free(got);
	}
}

int main(void)
{
	test_values();
	test_versions();
	test_links();
	test_damaged();
	return done_testing();
}
