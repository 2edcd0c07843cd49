/* clouds.yaml: the forms that baremetal's and openstacksdk's documents show. */
#include "conductor/cli/clouds.h"
#include "lib/base/mem.h"
#include "tests/unit/tap.h"

#include <errno.h>

static const char text[] =
	"clouds:\n"
	"  bifrost:\n"
	"    auth_type: none\n"
	"    baremetal_endpoint_override: http://10.0.0.1:6385\n"
	"  basic:\n"
	"    auth_type: \"http_basic\"\n"
	"    auth: {endpoint: 'https://h:6385/', username: admin, password: 'a: b'}\n"
	"    cacert: /etc/ca.pem\n"
	"    verify: false\n"
	"    baremetal_default_microversion: '1.82'\n"
	"    regions: [{name: a}]\n"
	"  split:\n"
	"    auth_type: http_basic\n"
	"    auth: {endpoint: http://h}\n"
	"  nobody:\n"
	"    auth_type: none\n"
	"    auth: {endpoint: http://h, username: admin}\n"
	"  v3:\n"
	"    auth_type: v3password\n"
	"    auth: {endpoint: http://h}\n"
	"  keystone:\n"
	"    auth:\n"
	"      auth_url: http://k:5000\n";

static int parse(const char *name, struct cloud *c, struct err *e)
{
	return cloud_parse(text, sizeof(text) - 1, name, c, e);
}

static void test_found(void)
{
	struct cloud c = {0};
	struct err e = {0};

	is_int(parse("bifrost", &c, &e), 0, "a cloud without passwords: %s", e.text);
	is_str(c.endpoint, "http://10.0.0.1:6385", "its endpoint");
	is_str(c.username, NULL, "no name");
	cloud_done(&c);
	is_int(parse("basic", &c, &e), 0, "a cloud with one: %s", e.text);
	is_str(c.endpoint, "https://h:6385/", "auth.endpoint");
	is_str(c.username, "admin", "name");
	is_str(c.password, "a: b", "password");
	is_str(c.cacert, "/etc/ca.pem", "certificate");
	ok(c.insecure, "verify: false");
	is_str(c.version, "1.82", "the version of the API");
	ok(c.regions, "regions are seen");
	cloud_done(&c);
	is_int(parse("nobody", &c, &e), 0, "auth_type none");
	ok(c.open && !c.username, "needs no name, and gives none");
	cloud_done(&c);
}

static void test_secrets(void)
{
	static const char secure[] = "clouds:\n  split:\n    auth: {username: u, password: 123}\n"
				     "  basic:\n    auth: {password: other}\n";
	struct cloud c = {0};
	struct err e = {0};

	is_int(parse("split", &c, &e), 0, "a cloud whose secrets are elsewhere");
	is_int(cloud_add_secrets(secure, sizeof(secure) - 1, "split", &c, &e), 0, "are read");
	is_str(c.username, "u", "the name");
	is_str(c.password, "123", "a password of digits is text");
	cloud_done(&c);
	parse("basic", &c, &e);
	cloud_add_secrets(secure, sizeof(secure) - 1, "basic", &c, &e);
	is_str(c.password, "a: b", "what clouds.yaml says stays");
	cloud_done(&c);
}

static void test_refused(void)
{
	static const char *const bad[] = {"clouds: [a]", "x: y", "clouds: {c: {}}", "{", "\t- a",
		"", "clouds:\n  c: &a\n    auth: *b\n"};
	struct cloud c = {0};
	struct err e = {0};

	ok(parse("none", &c, &e) == -ENOENT && strstr(e.text, "none"), "no such cloud: %s", e.text);
	ok(parse("keystone", &c, &e) == -EINVAL && strstr(e.text, "endpoint"),
		"a cloud without an endpoint for us: %s", e.text);
	ok(parse("v3", &c, &e) == -EINVAL && strstr(e.text, "http_basic"),
		"an auth_type of Keystone's: %s", e.text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(cloud_parse(bad[i], strlen(bad[i]), "c", &c, &e) < 0, "refused: %s", e.text);
}

int main(void)
{
	test_found();
	test_secrets();
	test_refused();
	return done_testing();
}
