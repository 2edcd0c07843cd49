/* Checking bodies against tables; see schema.h. */
#include "conductor/api/schema.h"
#include "conductor/api/version.h"
#include "conductor/model/trait.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"
#include "lib/hwid/mac.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define STRING_MAX_DEFAULT 255

static const struct {
	unsigned bit;
	const char *text;
} type_names[] = {
	{T_STR, "a string"},
	{T_BOOL, "true or false"},
	{T_INT, "an integer"},
	{T_OBJ, "an object"},
	{T_ARR, "an array"},
	{T_NULL, "null"},
};

static unsigned type_of(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return T_STR;
	case JSON_NULL:
		return T_NULL;
	case JSON_TRUE:
	case JSON_FALSE:
		return T_BOOL;
	case JSON_INTEGER:
		return T_INT;
	case JSON_OBJECT:
		return T_OBJ;
	case JSON_ARRAY:
		return T_ARR;
	case JSON_REAL:
		break;
	}
	return 0;
}

static int wrong_type(const struct schema_field *f, struct err *e)
{
	char text[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
		if (!(f->types & type_names[i].bit))
			continue;
		if (text[0])
			strncat(text, " or ", sizeof(text) - strlen(text) - 1);
		strncat(text, type_names[i].text, sizeof(text) - strlen(text) - 1);
	}
	return err_set(e, EINVAL, "%s: expected %s", f->name, text);
}

int schema_value(const struct schema_field *f, json_t **value, struct err *e)
{
	size_t max = f->max ? f->max : STRING_MAX_DEFAULT;
	unsigned type = type_of(*value);
	bool b;

	if ((f->types & T_BOOL) && type == T_STR && !(f->types & T_STR)) {
		if (str_to_bool(json_string_value(*value), &b) < 0)
			return wrong_type(f, e);
		json_decref(*value);
		*value = json_boolean(b);
		type = T_BOOL;
	}
	if (!(f->types & type))
		return wrong_type(f, e);
	if (type == T_STR && json_string_length(*value) > max)
		return err_set(e, EINVAL, "%s: expected at most %zu characters", f->name, max);
	if (type == T_ARR && f->max && json_array_size(*value) > f->max)
		return err_set(e, EINVAL, "%s: expected at most %zu elements", f->name, f->max);
	return f->check && type != T_NULL ? f->check(f->name, *value, e) : 0;
}

const struct schema_field *schema_field(const struct schema *s, const char *name)
{
	for (int i = 0; i < s->n_fields; i++)
		if (str_eq(s->fields[i].name, name))
			return &s->fields[i];
	return NULL;
}

/* "a, b, c" of what may be created, for the message about an unknown field. */
static const char *known_fields(const struct schema *s, char *text, size_t size)
{
	text[0] = 0;
	for (int i = 0; i < s->n_fields; i++) {
		if (s->fields[i].flags & S_NO_CREATE)
			continue;
		if (text[0])
			strncat(text, ", ", size - strlen(text) - 1);
		strncat(text, s->fields[i].name, size - strlen(text) - 1);
	}
	return text;
}

static bool is_nothing(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && !json_string_length(value));
}

static int body_field(
	const struct schema *s, int version, json_t *body, const char *name, struct err *e)
{
	const struct schema_field *f = schema_field(s, name);
	json_t *value = json_incref(json_object_get(body, name));
	char known[600];
	int r;

	if (!f || (f->flags & S_NO_CREATE))
		r = err_set(e, EINVAL, "%.64s: unexpected field; %s takes %s", name, s->name,
			known_fields(s, known, sizeof(known)));
	else
		r = s->lenient && is_nothing(value) ? 0 : version_check(version, s->name, name, e);
	if (r == 0)
		r = schema_value(f, &value, e);
	if (r == 0 && value != json_object_get(body, name))
		json_object_set(body, name, value);
	json_decref(value);
	return r;
}

int schema_body(const struct schema *s, int version, json_t *body, struct err *e)
{
	const char *name;
	json_t *value;
	void *tmp;
	int r;

	if (!json_is_object(body))
		return err_set(e, EINVAL, "%s: expected an object", s->name);
	json_object_foreach_safe(body, tmp, name, value)
	{
		r = body_field(s, version, body, name, e);
		if (r < 0)
			return r;
	}
	for (int i = 0; i < s->n_fields; i++)
		if ((s->fields[i].flags & S_REQUIRED) && !json_object_get(body, s->fields[i].name))
			return err_set(
				e, EINVAL, "%s: '%s' is required", s->name, s->fields[i].name);
	return 0;
}

int check_uuid(const char *name, json_t *value, struct err *e)
{
	if (uuid_valid(json_string_value(value)))
		return 0;
	return err_set(e, EINVAL, "%s: expected a UUID but received %.64s", name,
		json_string_value(value));
}

int check_mac(const char *name, json_t *value, struct err *e)
{
	char text[MAC_TEXT_MAX];

	if (mac_normalise(json_string_value(value), text) < 0)
		return err_set(e, EINVAL, "%s: expected a MAC address but received %.64s", name,
			json_string_value(value));
	json_string_set(value, text);
	return 0;
}

/* Words that are parts of paths, so that no node may be called so. */
static const char *const reserved[] = {"allocation", "bios", "children", "detail", "firmware",
	"history", "inventory", "maintenance", "management", "portgroups", "ports", "states",
	"traits", "validate", "vendor_passthru", "vifs", "vmedia", "volume"};

bool logical_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._~", text[i]))
			return false;
	return len && len <= STRING_MAX_DEFAULT;
}

bool node_name_valid(const char *text)
{
	if (!logical_name(text) || uuid_valid(text))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(text, reserved[i]))
			return false;
	return true;
}

static bool host_char(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* One part of a host name between dots. */
static bool host_label(const char *s, size_t len, bool first)
{
	if (!len || len > 63 || !host_char(s[len - 1]) || (first && !host_char(s[0])))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!host_char(s[i]) && s[i] != '-' && (first || s[i] != '_'))
			return false;
	return true;
}

/* What a host name may look like, which is all that names were before version 10. */
static bool host_name(const char *text)
{
	const char *p = text;

	for (;;) {
		size_t len = strcspn(p, ".");

		if (!host_label(p, len, p == text))
			return false;
		p += len;
		if (!*p || !p[1]) /* one dot may end it */
			return true;
		p++;
	}
}

bool node_name_known(int version, const char *text)
{
	return node_name_valid(text) && (version >= 10 || host_name(text));
}

int check_node_name(const char *name, json_t *value, struct err *e)
{
	if (node_name_valid(json_string_value(value)))
		return 0;
	return err_set(e, EINVAL,
		"%s: expected letters, digits and -._~, not a UUID or a reserved word, but "
		"received %.64s",
		name, json_string_value(value));
}

/* As Ironic: what counts things is a number, and not below 0; as text it will do. */
int check_node_properties(const char *name, json_t *value, struct err *e)
{
	static const char *const counts[] = {"local_gb", "memory_mb"};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const json_t *v = json_object_get(value, counts[i]);
		int64_t n = json_is_number(v) ? (int64_t)json_number_value(v) : -1;
		int number;

		if (json_is_string(v) &&
			str_to_int(json_string_value(v), 0, INT32_MAX, &number) == 0)
			n = number;
		if (v && !json_is_null(v) && n < 0)
			return err_set(
				e, EINVAL, "%s: %s: expected a number, 0 or more", name, counts[i]);
	}
	return 0;
}

int check_word(const char *name, json_t *value, struct err *e)
{
	for (const char *p = json_string_value(value); *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return err_set(
				e, EINVAL, "%s: expected letters, digits, '_', '-' and '.'", name);
	return 0;
}

/* CUSTOM_ names, and the standard ones by their namespaces (os-traits). */
int check_trait(const char *name, json_t *value, struct err *e)
{
	const char *text = json_string_value(value);

	if (trait_valid(text))
		return 0;
	return err_set(e, EINVAL,
		"%s: expected a standard trait or CUSTOM_ and capitals, digits and '_', but "
		"received %.64s",
		name, text ? text : "no string");
}

int check_traits(const char *name, json_t *value, struct err *e)
{
	size_t i, k;
	json_t *item;
	int r;

	if (json_array_size(value) > TRAITS_MAX)
		return err_set(e, EINVAL, "%s: a node has at most %d traits", name, TRAITS_MAX);
	json_array_foreach (value, i, item) {
		r = check_trait(name, item, e);
		if (r < 0)
			return r;
	}
	for (i = json_array_size(value); i-- > 0;) /* the same twice is once */
		for (k = 0; k < i; k++)
			if (json_equal(json_array_get(value, i), json_array_get(value, k))) {
				json_array_remove(value, i);
				break;
			}
	return 0;
}

/* A whole number of at least 0, or its digits. */
static int check_rank(const char *name, json_t *value, struct err *e)
{
	const char *text = json_string_value(value);

	if (text ? *text && !text[strspn(text, "0123456789")] : json_integer_value(value) >= 0)
		return 0;
	return err_set(e, EINVAL, "%s: expected a number of at least 0", name);
}

static int check_step_name(const char *name, json_t *value, struct err *e)
{
	return json_string_length(value) ? 0 : err_set(e, EINVAL, "%s: is empty", name);
}

static int check_uuids(const char *name, json_t *value, struct err *e)
{
	json_t *one;
	size_t i;

	json_array_foreach (value, i, one)
		if (!uuid_valid(json_string_value(one)))
			return err_set(e, EINVAL, "%s[%zu]: expected the UUID of a node", name, i);
	return 0;
}

static const struct schema_field step_fields[] = {
	{"interface", T_STR, S_REQUIRED, 0, NULL},
	{"step", T_STR, S_REQUIRED, 0, check_step_name},
	{"args", T_OBJ, 0, 0, NULL},
	{"order", T_INT | T_STR, 0, 0, check_rank},
	{"execute_on_child_nodes", T_BOOL, 0, 0, NULL},
	{"limit_child_node_execution", T_ARR, 0, 1000, check_uuids},
};
static SCHEMA(step_schema, "step", step_fields);

static const struct schema_field deploy_step_fields[] = {
	{"interface", T_STR, S_REQUIRED, 0, NULL},
	{"step", T_STR, S_REQUIRED, 0, check_step_name},
	{"args", T_OBJ, S_REQUIRED, 0, NULL},
	{"priority", T_INT | T_STR, S_REQUIRED, 0, check_rank},
};
static SCHEMA(deploy_step_schema, "step", deploy_step_fields);

static int check_interface(const json_t *step, struct err *e)
{
	static const char *const interfaces[] = {
		"bios", "deploy", "firmware", "management", "power", "raid", "vendor"};

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (str_eq(json_str(step, "interface"), interfaces[i]))
			return 0;
	return err_set(e, EINVAL,
		"interface: expected bios, deploy, firmware, management, power, raid or vendor");
}

static int check_list(const struct schema *s, const char *name, json_t *list, struct err *e)
{
	json_t *step;
	size_t i;

	json_array_foreach (list, i, step)
		if (schema_body(s, 1 << 20, step, e) < 0 || check_interface(step, e) < 0)
			return err_prefix(e, "%s[%zu]", name, i);
	return 0;
}

int check_steps(const char *name, json_t *value, struct err *e)
{
	return check_list(&step_schema, name, value, e);
}

int check_deploy_steps(const char *name, json_t *value, struct err *e)
{
	return check_list(&deploy_step_schema, name, value, e);
}
