/* Masking; see mask.h and contract section 2.7. */
#include "conductor/api/mask.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 100 /* the store's records have fewer levels */

/* A key that contains one of these, in any case, is a secret in every field. */
static const char *const secret_parts[] = {"password", "passphrase", "secret", "token", "adminpass",
	"admin_pass", "auth_key", "priv_key", "private_key", "encrypted_key", "sslkey",
	"hex_kg_key", "sys_pswd", "credential"};

static const struct {
	const char *field, *key;
} secret_keys[] = {
	{"instance_info", "configdrive"},
	{"instance_info", "image_url"},
};

static bool contains(const char *key, size_t len, const char *part)
{
	size_t n = strlen(part);

	for (; len >= n; key++, len--)
		if ((*key | 0x20) == *part && !strncasecmp(key, part, n))
			return true;
	return false;
}

static bool is_secret(const char *field, const char *key, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_parts); i++)
		if (contains(key, len, secret_parts[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(secret_keys); i++)
		if (strlen(secret_keys[i].key) == len &&
			!strncasecmp(secret_keys[i].key, key, len) &&
			str_eq(secret_keys[i].field, field))
			return true;
	return false;
}

bool mask_is_secret(const char *field, const char *key)
{
	return is_secret(field, key, strlen(key));
}

/* The key as it is written, with its quotes; an escape may hide what it spells. */
static bool names_secret(const char *field, struct json_span key)
{
	_cleanup_json_ json_t *spelt = NULL;

	if (!memchr(key.at, '\\', key.len))
		return is_secret(field, key.at + 1, key.len - 2);
	spelt = json_loadb(key.at, key.len, JSON_DECODE_ANY, NULL);
	return !spelt || is_secret(field, json_string_value(spelt), json_string_length(spelt));
}

static int mask_value(const char *field, struct json_span value, unsigned depth, struct buf *out);

static int mask_members(const char *field, struct json_walk *w, unsigned depth, struct buf *out)
{
	struct json_span key, value;
	const char *before = "{";
	int r;

	while ((r = json_walk_member(w, &key, &value)) > 0) {
		buf_puts(out, before);
		buf_append(out, key.at, key.len);
		buf_puts(out, ":");
		before = ",";
		if (names_secret(field, key))
			buf_puts(out, "\"" MASK_TEXT "\"");
		else if (mask_value(field, value, depth, out) < 0)
			return -EINVAL;
	}
	buf_puts(out, *before == '{' ? "{}" : "}");
	return r;
}

static int mask_items(const char *field, struct json_walk *w, unsigned depth, struct buf *out)
{
	struct json_span value;
	const char *before = "[";
	int r;

	while ((r = json_walk_item(w, &value)) > 0) {
		buf_puts(out, before);
		before = ",";
		if (mask_value(field, value, depth, out) < 0)
			return -EINVAL;
	}
	buf_puts(out, *before == '[' ? "[]" : "]");
	return r;
}

static int mask_value(const char *field, struct json_span value, unsigned depth, struct buf *out)
{
	struct json_walk w;

	if (depth > DEPTH_MAX)
		return -EINVAL;
	if (json_walk_init(&w, value, '{') == 0)
		return mask_members(field, &w, depth + 1, out);
	if (json_walk_init(&w, value, '[') == 0)
		return mask_items(field, &w, depth + 1, out);
	buf_append(out, value.at, value.len);
	return 0;
}

int mask_text(const char *field, struct json_span value, struct buf *out)
{
	return mask_value(field, value, 0, out);
}

static void keep_items(const char *field, json_t *now, const json_t *before)
{
	json_t *value;
	size_t i;

	json_array_foreach (now, i, value)
		mask_keep(field, value, json_array_get(before, i));
}

void mask_keep(const char *field, json_t *now, const json_t *before)
{
	const char *key;
	json_t *value, *old;
	void *tmp;

	if (json_is_array(now))
		keep_items(field, now, before);
	if (!json_is_object(now))
		return;
	json_object_foreach_safe(now, tmp, key, value)
	{
		old = json_object_get(before, key);
		if (!old)
			continue;
		if (mask_is_secret(field, key) && str_eq(json_string_value(value), MASK_TEXT))
			json_object_set(now, key, old);
		else
			mask_keep(field, value, old);
	}
}
