/* Names, challenges, tokens and manifests of OCI registries; see ociref.h. */
#include "agent/image/fetch/ociref.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/json/json.h"

#define SCHEME	  "oci://"
#define TAG_MAX	  128
#define DEPTH_MAX 16

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool only(const char *s, const char *set)
{
	return *s && s[strspn(s, set)] == 0;
}

bool oci_digest_valid(const char *digest, char *ret_algo)
{
	static const struct {
		const char *name;
		size_t digits;
	} algos[] = {{"sha256", 64}, {"sha512", 128}};

	for (size_t i = 0; i < ARRAY_SIZE(algos); i++) {
		const char *hex = digest + 7;

		if (strncmp(digest, algos[i].name, 6) != 0 || digest[6] != ':')
			continue;
		if (strlen(hex) != algos[i].digits || !only(hex, DIGITS "abcdef"))
			return false;
		memcpy(ret_algo, algos[i].name, 7);
		return true;
	}
	return false;
}

/* Parts of lower-case letters and digits, joined by "/", ".", "_" or "-". */
static bool repository_valid(const char *s)
{
	if (!only(s, LOWER DIGITS "._-/") || strstr(s, ".."))
		return false;
	for (; s; s = strchr(s, '/'), s = s ? s + 1 : NULL)
		if (!isalnum((unsigned char)*s))
			return false;
	return true;
}

static bool tag_valid(const char *s)
{
	return strlen(s) <= TAG_MAX && only(s, LOWER UPPER DIGITS "._-") && *s != '.' && *s != '-';
}

static int ref_bad(const char *url, const char *what, struct err *e)
{
	return err_set(e, EINVAL,
		"%.200s: %s; it has to be oci://REGISTRY/REPOSITORY@sha256:DIGEST or :TAG", url,
		what);
}

/* Takes what follows the repository off it. */
static bool split_reference(char *rest, struct oci_ref *ret)
{
	char *at = strchr(rest, '@'), *colon, algo[8];
	const char *tag = "latest";

	if (at)
		*at++ = 0;
	colon = strrchr(rest, ':');
	if (colon) {
		*colon = 0;
		tag = colon + 1;
	}
	for (char *p = at; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	ret->digest = at != NULL;
	if (!str_copy(ret->reference, sizeof(ret->reference), at ? at : tag) || !tag_valid(tag))
		return false;
	return !at || oci_digest_valid(at, algo);
}

int oci_ref_parse(const char *url, struct oci_ref *ret, struct err *e)
{
	_cleanup_free_ char *copy = NULL;
	struct oci_ref ref = {0};
	char *slash;

	if (!str_starts(url, SCHEME))
		return ref_bad(url, "is no OCI reference", e);
	copy = xstrdup(url + strlen(SCHEME));
	slash = strchr(copy, '/');
	if (!slash)
		return ref_bad(url, "names no repository", e);
	*slash++ = 0;
	if (!only(copy, LOWER UPPER DIGITS ".-:[]") ||
		!str_copy(ref.registry, sizeof(ref.registry), copy))
		return ref_bad(url, "names no registry", e);
	if (!split_reference(slash, &ref))
		return ref_bad(url, "has a wrong tag or digest", e);
	if (!repository_valid(slash) || !str_copy(ref.repository, sizeof(ref.repository), slash))
		return ref_bad(url, "has a wrong repository", e);
	*ret = ref;
	return 0;
}

/* Challenges */

/* One name="value" or name=value of a challenge; *text moves behind it. false: none or too long. */
static bool challenge_item(
	const char **text, char *name, size_t name_size, char *value, size_t size)
{
	const char *p = *text + strspn(*text, " \t,");
	size_t n = strcspn(p, "= \t,"), len = 0;
	bool quoted;

	if (!n || n >= name_size || p[n] != '=')
		return false;
	memcpy(name, p, n);
	name[n] = 0;
	p += n + 1;
	quoted = *p == '"';
	for (p += quoted; *p && (quoted ? *p != '"' : !strchr(" \t,", *p)); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		if (len + 1 >= size || (unsigned char)*p < 0x20)
			return false;
		value[len++] = *p;
	}
	value[len] = 0;
	if (quoted && *p++ != '"')
		return false;
	*text = p;
	return true;
}

bool oci_challenge_parse(const char *value, struct oci_challenge *ret)
{
	struct oci_challenge c = {0};
	char name[32], text[512];
	const struct {
		const char *name;
		char *to;
		size_t size;
	} wanted[] = {
		{"realm", c.realm, sizeof(c.realm)},
		{"service", c.service, sizeof(c.service)},
		{"scope", c.scope, sizeof(c.scope)},
	};
	size_t scheme = strcspn(value, " \t");

	c.bearer = scheme == 6 && !strncasecmp(value, "Bearer", 6);
	if (!c.bearer && (scheme != 5 || strncasecmp(value, "Basic", 5) != 0))
		return false;
	value += scheme;
	while (challenge_item(&value, name, sizeof(name), text, sizeof(text)))
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			if (str_ieq(name, wanted[i].name) &&
				!str_copy(wanted[i].to, wanted[i].size, text))
				return false;
	*ret = c;
	return !c.bearer || c.realm[0];
}

int oci_token_parse(const char *json, size_t len, char **ret, struct err *e)
{
	_cleanup_json_ json_t *o = NULL;
	const char *token;
	int r = json_parse(json, len, DEPTH_MAX, &o, e);

	if (r < 0)
		return r;
	token = json_str(o, "token");
	if (str_empty(token))
		token = json_str(o, "access_token");
	if (str_empty(token) || !only(token, LOWER UPPER DIGITS "-._~+/="))
		return err_set(e, EINVAL, "the token server gave no token");
	*ret = xstrdup(token);
	return 0;
}

/* Manifests */

/* Kinds of disks, as Ironic names and prefers them where the agent gets the image itself. */
static int disk_rank(const json_t *manifest)
{
	static const char *const names[] = {"raw", "applehv", "qcow2", "qemu"};
	const char *type = json_str(json_object_get(manifest, "annotations"), "disktype");

	if (!type)
		return 100;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(type, names[i]))
			return (int)i;
	return -1;
}

/* Go's names of architectures and the kernel's; registries hold both. */
static bool for_machine(const json_t *manifest, const char *machine)
{
	static const char *const same[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};
	const char *arch = json_str(json_object_get(manifest, "platform"), "architecture");

	if (str_empty(arch) || str_eq(arch, machine))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (str_eq(machine, same[i][0]) && str_eq(arch, same[i][1]))
			return true;
	return false;
}

static const json_t *choose(const json_t *manifests, const char *machine)
{
	const json_t *best = NULL, *m;
	int best_rank = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)manifests, i, m) {
		int rank = disk_rank(m);

		if (rank < 0 || !for_machine(m, machine) || (best && best_rank <= rank))
			continue;
		best = m;
		best_rank = rank;
	}
	return best;
}

int oci_manifest_parse(
	const char *json, size_t len, const char *machine, struct oci_pick *ret, struct err *e)
{
	_cleanup_json_ json_t *o = NULL;
	const json_t *list, *one;
	const char *digest;
	char algo[8];
	int64_t size;
	int r = json_parse(json, len, DEPTH_MAX, &o, e);

	if (r < 0)
		return err_prefix(e, "manifest");
	list = json_object_get(o, "manifests");
	one = list ? choose(list, machine) : json_array_get(json_object_get(o, "layers"), 0);
	if (!one)
		return err_set(e, EINVAL, "the manifest %s %s",
			list ? "lists no disk image for" : "has no layers",
			list ? machine : "that could be an image");
	digest = json_str(one, "digest");
	if (!digest || !oci_digest_valid(digest, algo))
		return err_set(e, EINVAL, "the manifest names no digest that is known");
	size = json_int(one, "size", 0);
	*ret = (struct oci_pick){.index = list != NULL, .size = size > 0 ? (uint64_t)size : 0};
	str_copy(ret->digest, sizeof(ret->digest), digest);
	return 0;
}
