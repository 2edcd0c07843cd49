/* What the system wants to know from openstack/latest/meta_data.json of its config drive. */
#ifndef TESTS_VRACK_SYSTEM_META_H
#define TESTS_VRACK_SYSTEM_META_H

#include <stddef.h>

#define META_VALUE_MAX 512

struct meta {
	char hostname[META_VALUE_MAX]; /* "hostname", or "name" when that is absent */
	char uuid[META_VALUE_MAX];
	char nonce[META_VALUE_MAX];	 /* "meta" / "ingot_nonce" */
	char phone_home[META_VALUE_MAX]; /* "meta" / "ingot_phone_home", a URL */
};

/*
 * Reads a JSON text of len bytes (RFC 8259). Members that are absent, not strings or too long leave
 * an empty string. 0, or -EINVAL when it is not one well-formed JSON object (nesting at most 32).
 */
int meta_parse(const char *text, size_t len, struct meta *ret);

/* Writes s as a JSON string with its quotes; -ENOSPC when it does not fit. */
int meta_quote(const char *s, char *dst, size_t size);

#endif
