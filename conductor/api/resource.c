/* Rendering records and reading single ones; see resource.h. */
#include "conductor/api/resource.h"
#include "conductor/api/mask.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RESOURCES_MAX	 32
#define FIELDS_ASKED_MAX 200

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

/* What rendering has to know of each field of a resource, found once. */
struct plan {
	const struct resource *res;
	struct {
		int since;
		bool hidden, masked, conductor, state;
	} fields[RESOURCE_FIELDS_MAX];
};

static struct plan *plan_new(const struct resource *res)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->res = res;
	for (int i = 0; i < res->type->n_fields && i < RESOURCE_FIELDS_MAX; i++) {
		const char *name = res->type->fields[i].name;

		p->fields[i].since = version_since(res->name, name);
		p->fields[i].hidden = listed(res->hidden, name);
		p->fields[i].masked = listed(res->masked, name);
		p->fields[i].conductor = res == &node_resource && str_eq(name, "conductor");
		p->fields[i].state = str_eq(name, "provision_state");
	}
	return p;
}

/* The plan of a resource: made at its first rendering, by whichever thread, and kept. */
static const struct plan *plan_of(const struct resource *res)
{
	static _Atomic(struct plan *) plans[RESOURCES_MAX];

	for (int i = 0; i < RESOURCES_MAX; i++) {
		struct plan *p = atomic_load(&plans[i]), *made;

		if (!p) {
			made = plan_new(res);
			if (atomic_compare_exchange_strong(&plans[i], &p, made))
				return made;
			free(made);
		}
		if (p->res == res)
			return p;
	}
	abort(); /* more resources than RESOURCES_MAX */
}

static json_t *default_of(const struct field *f)
{
	if (f->type == FIELD_BOOL)
		return json_false();
	if (f->type == FIELD_OBJECT)
		return json_object();
	return f->type == FIELD_ARRAY ? json_array() : json_null();
}

static json_t *field_value(
	const struct call *c, const struct plan *plan, int i, const json_t *stored)
{
	const struct field *f = &plan->res->type->fields[i];
	json_t *value = json_object_get(stored, f->name);
	const char *state;

	if (plan->fields[i].conductor)
		return json_string(engine_hostname(call_engine(c)));
	if (!value)
		return default_of(f);
	if (plan->fields[i].masked)
		return mask_object(f->name, value);
	if (plan->fields[i].state && json_is_string(value)) {
		state = version_state_name(c->version, json_string_value(value));
		return state ? json_string(state) : json_null();
	}
	return json_incref(value);
}

json_t *resource_render(const struct call *c, const struct resource *res, const json_t *stored,
	const char *const *fields)
{
	const struct plan *plan = plan_of(res);
	const char *uuid = json_str(stored, "uuid");
	json_t *out = json_object();

	for (int i = 0; i < res->type->n_fields; i++) {
		const struct field *f = &res->type->fields[i];

		if (plan->fields[i].hidden || c->version < plan->fields[i].since ||
			(fields && !listed(fields, f->name)))
			continue;
		json_object_set_new(out, f->name, field_value(c, plan, i, stored));
	}
	if (!res->no_links && (!fields || listed(fields, "links")))
		json_object_set_new(out, "links", call_links(c, res->plural, uuid, NULL));
	for (const char *const *s = res->sublinks; s && *s; s++)
		if ((!fields || listed(fields, *s)) && c->version >= version_since(res->name, *s))
			json_object_set_new(out, *s, call_links(c, res->plural, uuid, *s));
	return out;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
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
	return version_check(c->version, res->name, name, e);
}

/* Names are lower case; links come with any of them. */
int resource_fields(const struct call *c, const struct resource *res, const char *text, char ***ret,
	struct err *e)
{
	_cleanup_free_ char *copy = xasprintf("%s,links", text);
	char *save = NULL, **v = xcalloc(1, sizeof(*v));
	size_t n = 0;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		int r;

		s = str_trim(s);
		if (!*s)
			continue;
		lower(s);
		r = n < FIELDS_ASKED_MAX ? check_field(c, res, s, e)
					 : err_set(e, EINVAL, "fields: too many of them");
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

const char *resource_kind(const struct resource *res, char kind[static RESOURCE_KIND_MAX])
{
	snprintf(kind, RESOURCE_KIND_MAX, "%s?", res->name);
	return kind;
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
		str_copy(uuid, sizeof(uuid), ident);
		lower(uuid);
		return resource_read(c, &node_resource, "uuid", uuid, ret, e);
	}
	if (node_name_valid(ident) && c->version < version_since("node", "name"))
		return err_set(e, ENOENT, "Node %.64s could not be found.", ident);
	if (!node_name_known(c->version, ident))
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
	char **fields = NULL, kind[RESOURCE_KIND_MAX];
	json_t *out = NULL;
	int r = 0;

	if (text) {
		r = version_check(c->version, resource_kind(res, kind), "fields", e);
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
