/* The agent protocol's messages and its token rule (contract sections 4.3 to 4.6). */
#include "tests/unit/tap.h"

#include "agent/report/messages.h"
#include "lib/base/str.h"

#include <errno.h>

#define TOKEN "0123456789012345678901234567890123456789abc"
#define OTHER "abcdefghijabcdefghijabcdefghijabcdefghijxyz"
#define UUID  "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"
#define NODE  "\"node\":{\"uuid\":\"" UUID "\",\"name\":\"r1\"}"

static int lookup(const char *body, struct lookup *l)
{
	return lookup_parse(body, strlen(body), l, NULL);
}

static void test_lookup(void)
{
	struct lookup l;

	is_int(lookup("{" NODE ",\"config\":{\"heartbeat_timeout\":120,\"agent_token\":\"" TOKEN
		      "\",\"ingot\":{\"progress_url\":\"http://c/p\",\"interval_ms\":250}}}",
		       &l),
		0, "a conductor's answer");
	is_str(l.uuid, UUID, "node");
	is_int(l.heartbeat_timeout_s, 120, "heartbeat timeout");
	is_str(l.agent_token, TOKEN, "token");
	is_str(l.progress_url, "http://c/p", "progress");
	is_int(l.progress_interval_ms, 250, "interval");
	is_str(json_str(l.node, "name"), "r1", "the whole node is kept");
	lookup_done(&l);
	is_int(lookup("{" NODE ",\"config\":{}}", &l), 0, "a bare answer");
	is_int(l.heartbeat_timeout_s, 300, "Ironic's default");
	is_str(l.progress_url, "", "Ironic wants no progress");
	lookup_done(&l);
	is_int(lookup("{" NODE ",\"config\":{\"ingot\":{\"progress_url\":\"file:///etc/x\"}}}", &l),
		0, "progress to a file");
	is_str(l.progress_url, "", "is not done");
	lookup_done(&l);
}

static void test_lookup_broken(void)
{
	static const char *const bodies[] = {"", "[]", "{}", "{\"node\":{}}",
		"{\"node\":{\"uuid\":\"../../etc\"}}", "{\"node\":\"" UUID "\"}", "{\"node\":"};
	struct lookup l;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		is_int(lookup(bodies[i], &l), -EBADMSG, "refused: %s", bodies[i]);
}

static void test_token(void)
{
	char have[TOKEN_TEXT_MAX] = "";
	struct err e;

	is_int(token_adopt(have, "******", &e), -EACCES, "hidden, and none of our own: lock down");
	ok(strstr(e.text, "given out before"), "says why: %s", e.text);
	is_int(token_adopt(have, NULL, &e), -EACCES, "none at all");
	is_int(token_adopt(have, "short", &e), -EACCES, "too short to be a secret");
	is_str(have, "", "nothing was taken");
	is_int(token_adopt(have, TOKEN, &e), 0, "the first lookup reveals it");
	is_str(have, TOKEN, "taken");
	is_int(token_adopt(have, "******", &e), 0, "the second hides it");
	is_str(have, TOKEN, "kept");
	is_int(token_adopt(have, NULL, &e), 0, "baked in, and not mentioned");
	is_int(token_adopt(have, OTHER, &e), 0, "a new one after a restart of the conductor");
	is_str(have, OTHER, "replaces it");
	ok(token_valid(have, OTHER), "right");
	ok(!token_valid(have, TOKEN), "wrong");
	ok(!token_valid(have, NULL), "absent");
	ok(!token_valid("", "") && !token_valid("", NULL), "no token is never right");
}

static int minor_of(const char *body)
{
	return api_minor_use(api_minor_parse(body, strlen(body)));
}

static void test_versions(void)
{
	is_int(minor_of("{\"default_version\":{\"version\":\"1.115\"}}"), 68, "capped");
	is_int(minor_of("{\"default_version\":{\"version\":\"1.46\"}}"), 46, "an old conductor");
	is_int(minor_of("{\"default_version\":{}}"), 31, "does not say");
	is_int(minor_of("<html>"), 31, "not JSON");
	is_int(minor_of("{\"default_version\":{\"version\":\"2.0\"}}"), 31, "not ours");
}

static void test_heartbeat(void)
{
	struct heartbeat h = {.callback_url = "https://10.0.0.2:9999",
		.agent_token = TOKEN,
		.agent_verify_ca = "PEM",
		.minor = 68};
	_cleanup_json_ json_t *body = heartbeat_body(&h);
	_cleanup_json_ json_t *old = NULL;

	is_str(json_str(body, "callback_url"), "https://10.0.0.2:9999", "callback");
	is_str(json_str(body, "agent_token"), TOKEN, "token");
	is_str(json_str(body, "agent_verify_ca"), "PEM", "certificate");
	ok(json_str(body, "agent_version"), "version");
	h.minor = 61;
	old = heartbeat_body(&h);
	ok(!json_object_get(old, "agent_token"), "no token before 1.62");
	ok(!json_object_get(old, "agent_verify_ca"), "no certificate before 1.68");
	ok(json_object_get(old, "agent_version"), "version since 1.36");
}

static void test_times(void)
{
	int64_t ms = 0, s;

	is_int(heartbeat_interval_ms(300, 0), 90000, "the least: 0.3 of the timeout");
	is_int(heartbeat_interval_ms(300, 300), 180000, "the most: 0.6");
	is_int(heartbeat_interval_ms(1, 0), 1000, "never under a second");
	is_int(backoff_next(&ms, 200, 10000), 200, "starts fast");
	is_int(backoff_next(&ms, 200, 10000), 400, "doubles");
	for (int i = 0; i < 10; i++)
		backoff_next(&ms, 200, 10000);
	is_int(ms, 10000, "and ends at its ceiling");
	is_int(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &s), 0, "RFC 9110's example");
	is_int(s, 784111777, "in seconds");
	is_int(http_date_parse("Sun Nov  6 08:49:37 1994", &s), -EINVAL, "not the old form");
	is_int(http_date_parse("Sun, 06 Foo 1994 08:49:37 GMT", &s), -EINVAL, "no such month");
	is_int(http_date_parse("Sun, 06 anF 1994 08:49:37 GMT", &s), -EINVAL, "between two months");
}

static void test_urls(void)
{
	_cleanup_free_ char *one = url_with_arg("http://a/x", "boot_token", "a b/&=+%");
	_cleanup_free_ char *two = url_with_arg(one, "addresses", "52:54:00:00:00:01,x");
	char uuid[UUID_TEXT_MAX];

	is_str(one, "http://a/x?boot_token=a%20b%2F%26%3D%2B%25", "encoded");
	is_str(two, "http://a/x?boot_token=a%20b%2F%26%3D%2B%25&addresses=52:54:00:00:00:01,x",
		"a second one");
	ok(inspection_uuid("{\"uuid\":\"" UUID "\"}", 47, uuid), "inspection's answer");
	is_str(uuid, UUID, "names the node");
	ok(inspection_uuid("{" NODE "}", strlen("{" NODE "}"), uuid), "its newer form");
	ok(!inspection_uuid("{\"uuid\":7}", 10, uuid), "not a UUID");
}

int main(void)
{
	test_lookup();
	test_lookup_broken();
	test_token();
	test_versions();
	test_heartbeat();
	test_times();
	test_urls();
	return done_testing();
}
