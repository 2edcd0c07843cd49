/*
 * The head of a request as a hostile client sends it: who it says it is, and which version of the
 * API it wants. The first byte chooses; the first line is the header, the rest the other text: the
 * password file, or the second header.
 */
#include "conductor/api/api.h"
#include "conductor/api/htpasswd.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read out of a header that says the same is the same. */
static void said_again(const char *pair)
{
	const char *password = pair + strlen(pair) + 1;
	_cleanup_free_ char *plain = xasprintf("%s:%s", pair, password);
	_cleanup_free_ char *b64 = b64_encode(plain, strlen(plain));
	_cleanup_free_ char *header = xasprintf("Basic %s", b64);
	_cleanup_free_ char *again = NULL;

	if (htpasswd_credentials(header, &again, NULL) < 0 || strchr(pair, ':') ||
		!str_eq(again, pair) || !str_eq(again + strlen(again) + 1, password))
		abort();
}

/* An entry that is found is a line of the file, and not one that is commented out. */
static void is_entry(const char *file, const char *user, const char *hash)
{
	_cleanup_free_ char *entry = xasprintf("\n%s:%s", user, hash);

	if (*user == '#' || hash[0] != '$' || hash[1] != '2' ||
		(!str_starts(file, entry + 1) && !strstr(file, entry)))
		abort();
}

static void fuzz_user(const char *header, const char *file)
{
	_cleanup_free_ char *pair = NULL, *hash = NULL, *any = htpasswd_any(file);
	struct err e;

	(void)htpasswd_credentials(header, &pair, NULL);
	hash = htpasswd_find(file, pair ? pair : header);
	if (hash && !any)
		abort();
	(void)htpasswd_check("htpasswd", file, &e);
	if (hash)
		is_entry(file, pair ? pair : header, hash);
	if (pair)
		said_again(pair);
}

static void fuzz_version(const char *ironic, const char *openstack)
{
	const char *state = version_state_name(API_MINOR_MAX, ironic);
	int minor = -1;
	struct err e;

	if (version_parse(ironic, *openstack ? openstack : NULL, &minor, &e) == 0 &&
		(minor < API_MINOR_MIN || minor > API_MINOR_MAX))
		abort();
	if (version_need(API_MINOR_MAX, version_since("node", ironic), ironic, &e) < 0)
		abort();
	if (version_need(API_MINOR_MIN, version_since("provision", ironic), ironic, &e) < 0)
		state = version_state_name(API_MINOR_MIN, ironic);
	if (!state)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *rest;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	rest = text + strcspn(text, "\n");
	if (*rest)
		*rest++ = '\0';
	if (data[0] == 'u')
		fuzz_user(text, rest);
	else if (data[0] == 'v')
		fuzz_version(text, rest);
	free(text);
	return 0;
}
