/* Rendering records and reading single ones; see resource.h. */
#include "conductor/api/resource.h"
#include "conductor/api/mask.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static bool visible(const struct call *c, const struct resource *res, const char *name)
{
	return c->version >= version_since(res->name, name);
}

static json_t *default_of(const struct field *f)
{
	if (f->type == FIELD_BOOL)
		return json_false();
	if (f->type == FIELD_OBJECT)
		return json_object();
	return f->type == FIELD_ARRAY ? json_array() : json_null();
}

static json_t *field_value(const struct call *c, const struct resource *res, const struct field *f,
	const json_t *stored)
{
	json_t *value = json_object_get(stored, f->name);
	const char *state;

	if (res == &node_resource && str_eq(f->name, "conductor"))
		return json_string(engine_hostname(call_engine(c)));
	if (!value)
		return default_of(f);
	if (listed(res->masked, f->name))
		return mask_object(f->name, value);
	if (str_ends(f->name, "provision_state") && json_is_string(value)) {
		state = version_state_name(c->version, json_string_value(value));
		return state ? json_string(state) : json_null();
	}
	return json_incref(value);
}

json_t *resource_render(const struct call *c, const struct resource *res, const json_t *stored,
	const char *const *fields)
{
	const char *uuid = json_str(stored, "uuid");
	json_t *out = json_object();

	for (int i = 0; i < res->type->n_fields; i++) {
		const struct field *f = &res->type->fields[i];

		if ((fields && !listed(fields, f->name)) || listed(res->hidden, f->name) ||
			!visible(c, res, f->name))
			continue;
		json_object_set_new(out, f->name, field_value(c, res, f, stored));
	}
	if (!res->no_links && (!fields || listed(fields, "links")))
		json_object_set_new(out, "links", call_links(c, res->plural, uuid, NULL));
	for (const char *const *s = res->sublinks; s && *s; s++)
		if ((!fields || listed(fields, *s)) && visible(c, res, *s))
			json_object_set_new(out, *s, call_links(c, res->plural, uuid, *s));
	return out;
}

void strv_free(char **v)
{
	for (char **p = v; p && *p; p++)
		free(*p);
	free(v);
}

static int check_field(
	const struct call *c, const struct resource *res, const char *name, struct err *e)
{
	bool known = (record_field(res->type, name) && !listed(res->hidden, name)) ||
		     str_eq(name, "links") || listed(res->sublinks, name);

	if (!known)
		return err_set(e, EINVAL, "Field(s) \"%.64s\" are not valid", name);
	return version_need(c->version, version_since(res->name, name), name, e);
}

int resource_fields(const struct call *c, const struct resource *res, const char *text, char ***ret,
	struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL, **v = xcalloc(1, sizeof(*v));
	size_t n = 0;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		int r;

		s = str_trim(s);
		r = n < 200 ? check_field(c, res, s, e) : err_set(e, EINVAL, "too many fields");
		if (r < 0) {
			strv_free(v);
			return r;
		}
		v = xrealloc(v, (n + 2) * sizeof(*v));
		v[n++] = xstrdup(s);
		v[n] = NULL;
	}
	*ret = v;
	return 0;
}

static int take_first(void *data, const char *uuid, const char *json, size_t len)
{
	return json_parse(json, len, 64, data, NULL);
}

int resource_read(const struct call *c, const struct resource *res, const char *column,
	const char *value, json_t **ret, struct err *e)
{
	struct store_filter filter = {column, STORE_EQ, value};
	struct store_query q = {.filters = &filter, .n_filters = 1, .limit = 1};
	json_t *found = NULL;
	int r;

	r = store_list_text(call_store(c), res->type, &q, take_first, &found, e);
	if (r < 0)
		return r;
	if (!found)
		return err_set(e, ENOENT, "%s %.64s could not be found.", res->not_found, value);
	*ret = found;
	return 0;
}

int node_read(const struct call *c, const char *ident, json_t **ret, struct err *e)
{
	char uuid[UUID_TEXT_MAX];

	if (uuid_valid(ident)) {
		for (int i = 0; i < UUID_TEXT_MAX; i++)
			uuid[i] = (char)tolower((unsigned char)ident[i]);
		return resource_read(c, &node_resource, "uuid", uuid, ret, e);
	}
	if (c->version < version_since("node", "name"))
		return err_set(e, EINVAL, "Expected a UUID but received %.64s.", ident);
	if (!node_name_valid(ident))
		return err_set(
			e, EINVAL, "Expected a logical name or UUID but received %.64s.", ident);
	return resource_read(c, &node_resource, "name", ident, ret, e);
}

int node_uuid(const struct call *c, const char *ident, char **ret, struct err *e)
{
	_cleanup_json_ json_t *node = NULL;
	int r = node_read(c, ident, &node, e);

	if (r == 0)
		*ret = xstrdup(json_str(node, "uuid"));
	return r;
}

int resource_show(struct call *c, const struct resource *res, json_t *stored, struct err *e)
{
	const char *text = http_arg(c->req, "fields");
	char **fields = NULL;
	json_t *out = NULL;
	int r = 0;

	if (text) {
		r = version_need(c->version, 8, "fields", e);
		if (r == 0)
			r = resource_fields(c, res, text, &fields, e);
	}
	if (r == 0)
		out = resource_render(c, res, stored, (const char *const *)fields);
	json_decref(stored);
	strv_free(fields);
	if (r == 0)
		call_reply_json(c, 200, out);
	return r;
}
