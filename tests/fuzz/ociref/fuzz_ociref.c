/* What a registry and its token server send, and references: the first byte says which it is. */
#include <stdlib.h>
#include <string.h>

#include "agent/image/fetch/ociref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void manifest(const char *text, size_t len)
{
	struct oci_pick pick;
	char algo[8];

	if (oci_manifest_parse(text, len, "x86_64", &pick, NULL) == 0 &&
		!oci_digest_valid(pick.digest, algo))
		abort();
}

static void reference(const char *text, size_t len)
{
	struct oci_ref ref;
	char algo[8];

	if (oci_ref_parse(text, &ref, NULL) == 0 &&
		(!ref.registry[0] || !ref.repository[0] || strstr(ref.repository, "..") ||
			(ref.digest && !oci_digest_valid(ref.reference, algo))))
		abort();
}

static void challenge(const char *text, size_t len)
{
	struct oci_challenge c;

	if (oci_challenge_parse(text, &c) && c.bearer && !c.realm[0])
		abort();
}

static void token(const char *text, size_t len)
{
	char *t = NULL;

	if (oci_token_parse(text, len, &t, NULL) == 0 && strpbrk(t, "\r\n "))
		abort();
	free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *text, size_t len) = {
		manifest, reference, challenge, token};
	char *text;

	if (!size)
		return 0;
	text = calloc(1, size);
	memcpy(text, data + 1, size - 1);
	parsers[data[0] % 4](text, size - 1);
	free(text);
	return 0;
}
