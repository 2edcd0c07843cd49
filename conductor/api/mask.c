/* Masking; see mask.h and contract section 2.7. */
#include "conductor/api/mask.h"
#include "lib/base/str.h"

#include <string.h>
#include <strings.h>

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

bool mask_is_secret(const char *field, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_parts); i++)
		if (strcasestr(key, secret_parts[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(secret_keys); i++)
		if (str_eq(secret_keys[i].field, field) && !strcasecmp(secret_keys[i].key, key))
			return true;
	return false;
}

static json_t *mask_value(const char *field, const json_t *value)
{
	json_t *copy, *item;
	size_t i;

	if (json_is_object(value))
		return mask_object(field, value);
	if (!json_is_array(value))
		return json_incref((json_t *)value);
	copy = json_array();
	json_array_foreach (value, i, item)
		json_array_append_new(copy, mask_value(field, item));
	return copy;
}

json_t *mask_object(const char *field, const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)object, key, value)
		json_object_set_new(copy, key,
			mask_is_secret(field, key) ? json_string(MASK_TEXT)
						   : mask_value(field, value));
	return copy;
}

void mask_keep(const char *field, json_t *now, const json_t *before)
{
	const char *key;
	json_t *value, *old;
	void *tmp;

	json_object_foreach_safe(now, tmp, key, value)
	{
		old = json_object_get(before, key);
		if (!old)
			continue;
		if (json_is_object(value) && json_is_object(old))
			mask_keep(field, value, old);
		else if (mask_is_secret(field, key) && str_eq(json_string_value(value), MASK_TEXT))
			json_object_set(now, key, old);
	}
}
