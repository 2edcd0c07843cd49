/* From a JSON patch to a changed record; see nodes.h. */
#include "conductor/api/mask.h"
#include "conductor/api/nodes.h"
#include "conductor/api/patch.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>

static int check_root(const struct schema *s, int version, const json_t *operation, struct err *e)
{
	_cleanup_free_ char *root = patch_root(operation);
	const struct schema_field *f = schema_field(s, root);
	char removed[80];

	if (!f)
		return err_set(e, EINVAL,
			"Adding a new attribute (/%.64s) to the root of the resource is not "
			"allowed",
			root);
	if (f->flags & S_NO_PATCH)
		return err_set(
			e, EINVAL, "'/%s' is an internal attribute and can not be updated", root);
	if (!str_eq(json_str(operation, "op"), "remove"))
		return version_check(version, s->name, root, e);
	snprintf(removed, sizeof(removed), "%.64s removed", root);
	return version_check(version, s->name, removed, e);
}

int patch_check_roots(const struct schema *s, int version, const json_t *patch, struct err *e)
{
	json_t *o;
	size_t i;
	int r;

	json_array_foreach (patch, i, o) {
		r = check_root(s, version, o, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The value a removed attribute falls back to. */
static json_t *cleared(const struct schema_field *f, const struct field *field)
{
	if (field->type != FIELD_BOOL)
		return json_null();
	return json_boolean(f->flags & S_TRUE);
}

static int set_field(const struct schema *s, const struct record_type *t, void *rec,
	const char *name, json_t *after, json_t *before, bool masked, struct err *e)
{
	const struct schema_field *f = schema_field(s, name);
	const struct field *field = record_field(t, name);
	json_t *value = json_incref(json_object_get(after, name));
	int r = value ? schema_value(f, &value, e) : 0;

	if (!value && (f->flags & (S_REQUIRED | S_KEEP)))
		return err_set(e, EINVAL, "%s: may not be removed", name);
	if (!value || (r == 0 && json_is_null(value)))
		value = cleared(f, field);
	if (r == 0 && masked)
		mask_keep(name, value, json_object_get(before, name));
	if (r == 0)
		r = record_field_from_json(field, rec, value, e);
	json_decref(value);
	return r;
}

int patch_record(const struct schema *s, const struct record_type *t, void *rec,
	const json_t *patch, const char *const *masked, struct err *e)
{
	_cleanup_json_ json_t *before = record_to_json(t, rec);
	_cleanup_json_ json_t *after = json_incref(before);
	json_t *o;
	size_t i;
	int r;

	r = patch_apply(&after, patch, e);
	if (r < 0)
		return r;
	json_array_foreach (patch, i, o) {
		_cleanup_free_ char *root = patch_root(o);
		bool secret = false;

		for (const char *const *m = masked; m && *m; m++)
			secret |= str_eq(*m, root);
		r = set_field(s, t, rec, root, after, before, secret, e);
		if (r < 0)
			return r;
	}
	return 0;
}
