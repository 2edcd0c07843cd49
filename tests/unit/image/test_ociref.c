/*
 * References, challenges, tokens and manifests. The forms are those of the OCI distribution and
 * image specifications 1.1 and of RFC 9110 section 11.6.1; the choice of a disk is Ironic's.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/image/fetch/ociref.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_reference(void)
{
	static const char *const wrong[] = {"http://reg/a", "oci://reg", "oci:///a", "oci://reg/",
		"oci://reg/A", "oci://reg/a/../b", "oci://reg/a//b", "oci://reg/a/",
		"oci://reg/a:", "oci://reg/a:-x", "oci://reg/a@sha256:12", "oci://reg/a@md5:" HEX,
		"oci://r@g/a", "oci://reg/a@sha512:" HEX};
	struct oci_ref ref;
	struct err e;

	is_int(oci_ref_parse("oci://quay.io/podman/machine-os:5.3", &ref, &e), 0, "by tag");
	is_str(ref.registry, "quay.io", "registry");
	is_str(ref.repository, "podman/machine-os", "repository");
	ok(!ref.digest && str_eq(ref.reference, "5.3"), "tag");
	is_int(oci_ref_parse("oci://[fd00::1]:5000/a:v1@sha256:" HEX, &ref, &e), 0, "by digest");
	is_str(ref.registry, "[fd00::1]:5000", "address and port");
	ok(ref.digest && str_eq(ref.reference, "sha256:" HEX), "the digest counts");
	is_int(oci_ref_parse("oci://reg/a", &ref, &e), 0, "without either");
	is_str(ref.reference, "latest", "is the latest");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(oci_ref_parse(wrong[i], &ref, &e) < 0, "wrong: %s", wrong[i]);
}

static void test_challenge(void)
{
	struct oci_challenge c;

	ok(oci_challenge_parse("Bearer realm=\"https://auth.docker.io/token\",service=\"registry\""
			       ",scope=\"repository:a/b:pull\"",
		   &c),
		"a registry's challenge");
	ok(c.bearer && str_eq(c.realm, "https://auth.docker.io/token") &&
			str_eq(c.service, "registry") && str_eq(c.scope, "repository:a/b:pull"),
		"its parts");
	ok(oci_challenge_parse("bearer REALM=x", &c) && str_eq(c.realm, "x"), "any case, a token");
	ok(oci_challenge_parse("Bearer realm=\"a\\\"b\"", &c) && str_eq(c.realm, "a\"b"),
		"escaped");
	ok(oci_challenge_parse("Basic realm=\"x\"", &c) && !c.bearer, "Basic");
	ok(!oci_challenge_parse("Bearer service=\"x\"", &c), "Bearer without a realm");
	ok(!oci_challenge_parse("Bearer realm=\"x", &c), "an open quote");
	ok(!oci_challenge_parse("Negotiate", &c) && !oci_challenge_parse("", &c), "others");
}

static void test_token(void)
{
	char *t = NULL;
	struct err e;

	is_int(oci_token_parse("{\"token\":\"a.b\"}", 15, &t, &e), 0, "token");
	is_str(t, "a.b", "is it");
	free(t);
	is_int(oci_token_parse("{\"access_token\":\"c\"}", 20, &t, &e), 0, "OAuth 2's name");
	free(t);
	ok(oci_token_parse("{\"token\":\"a\\r\\nX: y\"}", 21, &t, &e) < 0, "no header within");
	ok(oci_token_parse("{}", 2, &t, &e) < 0, "none");
}

static int parse(const char *text, struct oci_pick *ret)
{
	struct err e;

	return oci_manifest_parse(text, strlen(text), "x86_64", ret, &e);
}

static void test_manifest(void)
{
	struct oci_pick p;

	is_int(parse("{\"layers\":[{\"digest\":\"sha256:" HEX "\",\"size\":7}]}", &p), 0,
		"manifest");
	ok(!p.index && p.size == 7 && str_eq(p.digest, "sha256:" HEX), "its first layer");
	is_int(parse("{\"manifests\":["
		     "{\"digest\":\"sha256:a\",\"platform\":{\"architecture\":\"arm64\"}},"
		     "{\"digest\":\"sha256:b\",\"annotations\":{\"disktype\":\"qcow2\"}},"
		     "{\"digest\":\"sha256:" HEX "\",\"platform\":{\"architecture\":\"amd64\"},"
		     "\"annotations\":{\"disktype\":\"raw\"}}]}",
		       &p),
		0, "index");
	ok(p.index && str_eq(p.digest, "sha256:" HEX), "its raw disk for this machine");
	ok(parse("{\"layers\":[]}", &p) < 0, "no layers");
	ok(parse("{\"manifests\":[{\"annotations\":{\"disktype\":\"vdi\"}}]}", &p) < 0, "no disk");
	ok(parse("{\"layers\":[{\"digest\":\"../../x\"}]}", &p) < 0, "a digest that is none");
	ok(parse("[]", &p) < 0 && parse("", &p) < 0, "nothing");
}

int main(void)
{
	test_reference();
	test_challenge();
	test_token();
	test_manifest();
	return done_testing();
}
