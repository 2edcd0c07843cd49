/* JSON patch; see patch.h. */
#include "conductor/api/patch.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_CHARS 1024
#define ANY_KEY	       "a path with other characters than A-Z a-z 0-9 _ -"

/* One name of a path, from *p (which stands on '/') on; ~1 and ~0 are undone. */
static char *next_token(const char **p)
{
	size_t len = strcspn(*p + 1, "/");
	char *token = xstrndup(*p + 1, len), *out = token;

	for (const char *in = token; *in; in++) {
		char c = *in;

		if (c == '~' && (in[1] == '0' || in[1] == '1'))
			c = *++in == '1' ? '/' : '~';
		*out++ = c;
	}
	*out = 0;
	*p += 1 + len;
	return token;
}

/* Keys as all versions know them. Bytes of other scripts are letters. */
static bool plain_keys(const char *path)
{
	for (const char *p = path; *p; p++)
		if (*p == '/' ? !p[1] || p[1] == '/'
			      : !isalnum((unsigned char)*p) && !strchr("_-", *p) && !(*p & 0x80))
			return false;
	return true;
}

static int check_path(const char *path, int version, struct err *e)
{
	if (!path || path[0] != '/' || !path[1])
		return err_set(e, EINVAL, "path: expected \"/name\" or \"/name/key\"");
	if (strlen(path) > PATH_MAX_CHARS)
		return err_set(e, EINVAL, "path: expected at most %d characters", PATH_MAX_CHARS);
	for (const char *p = path; (p = strchr(p, '~')); p++)
		if (p[1] != '0' && p[1] != '1')
			return err_set(e, EINVAL, "path: '~' has to be written ~0 in %s", path);
	if (plain_keys(path))
		return 0;
	return version_check(version, "patch", ANY_KEY, e) < 0 ? err_prefix(e, "path: %s", path)
							       : 0;
}

static int check_operation(const json_t *o, int version, struct err *e)
{
	const char *op = json_str(o, "op"), *key;
	json_t *value;

	if (!json_is_object(o))
		return err_set(e, EINVAL, "expected an object {op, path, value}");
	json_object_foreach ((json_t *)o, key, value)
		if (!str_eq(key, "op") && !str_eq(key, "path") && !str_eq(key, "value"))
			return err_set(e, EINVAL, "%.64s: unexpected field", key);
	if (!str_eq(op, "add") && !str_eq(op, "replace") && !str_eq(op, "remove"))
		return err_set(e, EINVAL, "op: expected add, replace or remove");
	if (!str_eq(op, "remove") && !json_object_get(o, "value"))
		return err_set(e, EINVAL, "value: is required for %s", op);
	return check_path(json_str(o, "path"), version, e);
}

int patch_check(const json_t *patch, int version, struct err *e)
{
	json_t *o;
	size_t i;

	if (!json_is_array(patch))
		return err_set(e, EINVAL, "patch: expected an array of operations");
	if (json_array_size(patch) > PATCH_OPS_MAX)
		return err_set(e, EINVAL, "patch: at most %d operations", PATCH_OPS_MAX);
	json_array_foreach (patch, i, o)
		if (check_operation(o, version, e) < 0)
			return err_prefix(e, "patch[%zu]", i);
	return 0;
}

char *patch_root(const json_t *operation)
{
	const char *path = json_str(operation, "path");

	return next_token(&path);
}

/* The index a token names in an array: -1 when it is none. add may name the end, or "-". */
static ssize_t array_index(const json_t *array, const char *token, bool add)
{
	size_t n = json_array_size(array);
	uint64_t i;

	if (add && str_eq(token, "-"))
		return (ssize_t)n;
	if (token[0] == '0' && token[1]) /* RFC 6901 section 4: no leading zeros */
		return -1;
	if (str_to_u64(token, 0, add ? n : n - 1, &i) < 0 || (!add && !n))
		return -1;
	return (ssize_t)i;
}

static json_t *child(json_t *parent, const char *token)
{
	if (json_is_object(parent))
		return json_object_get(parent, token);
	if (json_is_array(parent)) {
		ssize_t i = array_index(parent, token, false);

		return i < 0 ? NULL : json_array_get(parent, (size_t)i);
	}
	return NULL;
}

static int missing(const char *path, struct err *e)
{
	return err_set(e, EINVAL, "%s does not exist", path);
}

static int apply_object(json_t *o, const char *op, const char *token, json_t *value,
	const char *path, struct err *e)
{
	if (!str_eq(op, "add") && !json_object_get(o, token))
		return missing(path, e);
	if (str_eq(op, "remove"))
		json_object_del(o, token);
	else
		json_object_set_new(o, token, json_deep_copy(value));
	return 0;
}

static int apply_array(json_t *a, const char *op, const char *token, json_t *value,
	const char *path, struct err *e)
{
	ssize_t i = array_index(a, token, str_eq(op, "add"));

	if (i < 0)
		return missing(path, e);
	if (str_eq(op, "add"))
		json_array_insert_new(a, (size_t)i, json_deep_copy(value));
	else if (str_eq(op, "replace"))
		json_array_set_new(a, (size_t)i, json_deep_copy(value));
	else
		json_array_remove(a, (size_t)i);
	return 0;
}

static int apply_one(json_t *doc, const json_t *o, struct err *e)
{
	const char *op = json_str(o, "op"), *path = json_str(o, "path"), *p = path;
	json_t *value = json_object_get(o, "value"), *at = doc;

	for (;;) {
		_cleanup_free_ char *token = next_token(&p);

		if (!*p) {
			if (at == doc && !json_object_get(doc, token))
				return err_set(e, EINVAL,
					"%s: an attribute that the resource does not have", path);
			if (json_is_object(at))
				return apply_object(at, op, token, value, path, e);
			if (json_is_array(at))
				return apply_array(at, op, token, value, path, e);
			return missing(path, e);
		}
		at = child(at, token);
		if (!at)
			return missing(path, e);
	}
}

int patch_apply(json_t **doc, const json_t *patch, struct err *e)
{
	_cleanup_json_ json_t *work = json_deep_copy(*doc);
	json_t *o;
	size_t i;

	json_array_foreach (patch, i, o)
		if (apply_one(work, o, e) < 0)
			return err_prefix(
				e, "Couldn't apply patch[%zu] '%s'", i, json_str(o, "op"));
	json_decref(*doc);
	*doc = TAKE_PTR(work);
	return 0;
}
