/* Records by table; see record.h. */
#include "conductor/model/record.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

void record_init(const struct record_type *t, void *rec)
{
	memset(rec, 0, t->size);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++) {
		if (f->type == FIELD_OBJECT)
			FIELD_AT(rec, f, json_t *) = json_object();
		else if (f->type == FIELD_ARRAY)
			FIELD_AT(rec, f, json_t *) = json_array();
		else if (f->type == FIELD_TRI)
			FIELD_AT(rec, f, int) = -1;
	}
}

void record_done(const struct record_type *t, void *rec)
{
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++) {
		if (f->type == FIELD_OBJECT || f->type == FIELD_ARRAY)
			json_decref(FIELD_AT(rec, f, json_t *));
		else if (f->type == FIELD_STR)
			free(FIELD_AT(rec, f, char *));
	}
	memset(rec, 0, t->size);
}

void record_copy(const struct record_type *t, void *dst, const void *src)
{
	memcpy(dst, src, t->size);
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++) {
		if (f->type == FIELD_OBJECT || f->type == FIELD_ARRAY)
			FIELD_AT(dst, f, json_t *) =
				json_deep_copy(FIELD_AT_CONST(src, f, json_t *));
		else if (f->type == FIELD_STR)
			FIELD_AT(dst, f, char *) = xstrdup(FIELD_AT_CONST(src, f, char *));
	}
}

static json_t *time_to_json(int64_t us)
{
	char text[TIME_TEXT_MAX];

	return us ? json_string(time_format(us, text, sizeof(text))) : json_null();
}

json_t *record_field_to_json(const struct field *f, const void *rec)
{
	int v;

	switch (f->type) {
	case FIELD_STR:
		return json_string_or_null(FIELD_AT_CONST(rec, f, char *));
	case FIELD_BOOL:
		return json_boolean(FIELD_AT_CONST(rec, f, bool));
	case FIELD_TRI:
		v = FIELD_AT_CONST(rec, f, int);
		return v < 0 ? json_null() : json_boolean(v);
	case FIELD_INT:
		return json_integer(FIELD_AT_CONST(rec, f, int64_t));
	case FIELD_TIME:
		return time_to_json(FIELD_AT_CONST(rec, f, int64_t));
	case FIELD_ENUM:
		v = FIELD_AT_CONST(rec, f, int);
		return json_string_or_null(v > 0 && v < f->n_names ? f->names[v] : NULL);
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		return json_incref(FIELD_AT_CONST(rec, f, json_t *));
	case FIELD_TYPE_COUNT:
		break;
	}
	return json_null();
}

json_t *record_to_json(const struct record_type *t, const void *rec)
{
	json_t *object = json_object();

	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		json_object_set_new(object, f->name, record_field_to_json(f, rec));
	return object;
}

static bool as_new(const struct field *f, const void *rec)
{
	switch (f->type) {
	case FIELD_STR:
		return !FIELD_AT_CONST(rec, f, char *);
	case FIELD_BOOL:
		return !FIELD_AT_CONST(rec, f, bool);
	case FIELD_TRI:
		return FIELD_AT_CONST(rec, f, int) < 0;
	case FIELD_INT:
	case FIELD_TIME:
		return !FIELD_AT_CONST(rec, f, int64_t);
	case FIELD_ENUM:
		return !FIELD_AT_CONST(rec, f, int);
	case FIELD_OBJECT:
		return !json_object_size(FIELD_AT_CONST(rec, f, json_t *));
	case FIELD_ARRAY:
		return !json_array_size(FIELD_AT_CONST(rec, f, json_t *));
	case FIELD_TYPE_COUNT:
		break;
	}
	return false;
}

json_t *record_to_json_brief(const struct record_type *t, const void *rec)
{
	json_t *object = json_object();

	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (!as_new(f, rec))
			json_object_set_new(object, f->name, record_field_to_json(f, rec));
	return object;
}

static int expected(const struct field *f, const char *what, struct err *e)
{
	return err_set(e, EINVAL, "%s: expected %s", f->name, what);
}

static int enum_from_json(const struct field *f, void *rec, const json_t *v, struct err *e)
{
	const char *text = json_string_value(v);

	if (json_is_null(v)) {
		FIELD_AT(rec, f, int) = 0;
		return 0;
	}
	for (int i = 1; text && i < f->n_names; i++) {
		if (f->names[i] && str_eq(f->names[i], text)) {
			FIELD_AT(rec, f, int) = i;
			return 0;
		}
	}
	return expected(f, "one of its known names or null", e);
}

static int container_from_json(const struct field *f, void *rec, const json_t *v, struct err *e)
{
	bool object = f->type == FIELD_OBJECT;
	json_t *copy;

	if (json_is_null(v))
		copy = object ? json_object() : json_array();
	else if (object ? json_is_object(v) : json_is_array(v))
		copy = json_deep_copy(v);
	else
		return expected(f, object ? "an object" : "an array", e);
	json_decref(FIELD_AT(rec, f, json_t *));
	FIELD_AT(rec, f, json_t *) = copy;
	return 0;
}

int record_field_from_json(const struct field *f, void *rec, const json_t *v, struct err *e)
{
	switch (f->type) {
	case FIELD_STR:
		if (!json_is_string(v) && !json_is_null(v))
			return expected(f, "a string or null", e);
		str_replace(&FIELD_AT(rec, f, char *), json_string_value(v));
		return 0;
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return expected(f, "true or false", e);
		FIELD_AT(rec, f, bool) = json_is_true(v);
		return 0;
	case FIELD_TRI:
		if (!json_is_boolean(v) && !json_is_null(v))
			return expected(f, "true, false or null", e);
		FIELD_AT(rec, f, int) = json_is_null(v) ? -1 : json_is_true(v);
		return 0;
	case FIELD_INT:
		if (!json_is_integer(v))
			return expected(f, "an integer", e);
		FIELD_AT(rec, f, int64_t) = json_integer_value(v);
		return 0;
	case FIELD_TIME:
		if (json_is_null(v)) {
			FIELD_AT(rec, f, int64_t) = 0;
			return 0;
		}
		if (!json_is_string(v) ||
			time_parse(json_string_value(v), &FIELD_AT(rec, f, int64_t)) < 0)
			return expected(f, "an RFC 3339 time or null", e);
		return 0;
	case FIELD_ENUM:
		return enum_from_json(f, rec, v, e);
	case FIELD_OBJECT:
	case FIELD_ARRAY:
		return container_from_json(f, rec, v, e);
	case FIELD_TYPE_COUNT:
		break;
	}
	return expected(f, "a known type", e);
}

int record_from_json(const struct record_type *t, void *rec, const json_t *object, struct err *e)
{
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(object))
		return err_set(e, EINVAL, "%s: expected an object", t->name);
	json_object_foreach ((json_t *)object, key, value) {
		const struct field *f = record_field(t, key);

		if (!f)
			return err_set(e, EINVAL, "%s: unknown field", key);
		r = record_field_from_json(f, rec, value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct field *record_field(const struct record_type *t, const char *name)
{
	for (const struct field *f = t->fields; f < t->fields + t->n_fields; f++)
		if (str_eq(f->name, name))
			return f;
	return NULL;
}

const char *record_uuid(const struct record_type *t, const void *rec)
{
	return FIELD_AT_CONST(rec, &t->fields[0], char *);
}
