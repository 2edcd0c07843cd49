/*
 * Prints the API's tables as JSON: routes, bodies, resources, query arguments, and since when each
 * of them is there. conductor/api/openapi.py compares it with openapi.yaml.
 */
#include "conductor/api/resource.h"
#include "conductor/api/router.h"
#include "conductor/api/version.h"
#include "tests/unit/api/fake_engine.h"

#include <stdio.h>
#include <string.h>

#define BODIES_MAX 100

static const struct {
	unsigned bit;
	const char *name;
} types[] = {{T_STR, "string"}, {T_BOOL, "boolean"}, {T_INT, "integer"}, {T_OBJ, "object"},
	{T_ARR, "array"}, {T_NULL, "null"}};

static const char *const bodies[] = {
	[BODY_NONE] = "none",
	[BODY_REQUIRED] = "required",
	[BODY_OPTIONAL] = "optional",
	[BODY_PATCH] = "patch",
};

static const char *const field_types[FIELD_TYPE_COUNT] = {
	[FIELD_STR] = "string,null",
	[FIELD_BOOL] = "boolean",
	[FIELD_TRI] = "boolean,null",
	[FIELD_INT] = "integer",
	[FIELD_TIME] = "time",
	[FIELD_ENUM] = "string,null",
	[FIELD_OBJECT] = "object",
	[FIELD_ARRAY] = "array",
};

static const char *arg_type(enum arg_kind kind)
{
	switch (kind) {
	case ARG_BOOL:
	case ARG_PRESENT:
		return "boolean";
	case ARG_UUID:
		return "uuid";
	default:
		return "string";
	}
}

static json_t *since_json(const char *kind, const char *name)
{
	const struct since *row = since_find(kind, name);

	return json_pack("{s:i, s:i}", "since", row ? row->minor : 1, "below",
		row && row->code == EINVAL ? 400 : 406);
}

static json_t *schema_json(const struct schema *s)
{
	json_t *out = json_array();

	for (int i = 0; i < s->n_fields; i++) {
		const struct schema_field *f = &s->fields[i];
		json_t *field = since_json(s->name, f->name), *names = json_array();

		if (!f->types)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(types); k++)
			if (f->types & types[k].bit)
				json_array_append_new(names, json_string(types[k].name));
		json_object_update_new(
			field, json_pack("{s:s, s:o, s:b, s:b, s:b, s:i, s:b}", "name", f->name,
				       "types", names, "required", f->flags & S_REQUIRED, "create",
				       !(f->flags & S_NO_CREATE), "patch", !(f->flags & S_NO_PATCH),
				       "max", (int)f->max, "uuid", f->check == check_uuid));
		json_array_append_new(out, field);
	}
	return out;
}

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static void add_member(json_t *list, const struct resource *res, const char *name, const char *type)
{
	json_t *member = since_json(res->name, name);

	json_object_update_new(member, json_pack("{s:s, s:s}", "name", name, "type", type));
	json_array_append_new(list, member);
}

static json_t *members_json(const struct resource *res)
{
	json_t *out = json_array();

	for (int i = 0; i < res->type->n_fields; i++) {
		const struct field *f = &res->type->fields[i];
		bool uuid = str_eq(f->name, "uuid") || str_ends(f->name, "_uuid");

		if (!listed(res->hidden, f->name))
			add_member(out, res, f->name,
				uuid && f->type == FIELD_STR ? "uuid" : field_types[f->type]);
	}
	if (!res->no_links)
		add_member(out, res, "links", "links");
	for (const char *const *s = res->sublinks; s && *s; s++)
		add_member(out, res, *s, "links");
	return out;
}

static void add_arg(json_t *list, const struct resource *res, const char *name, const char *type)
{
	char kind[RESOURCE_KIND_MAX];
	json_t *arg = since_json(resource_kind(res, kind), name);

	json_object_update_new(arg, json_pack("{s:s, s:s}", "name", name, "type", type));
	json_array_append_new(list, arg);
}

static json_t *args_json(const struct resource *res)
{
	json_t *out = json_array();

	add_arg(out, res, "fields", "string");
	add_arg(out, res, "detail", "boolean");
	add_arg(out, res, "limit", "integer");
	add_arg(out, res, "marker", "uuid");
	add_arg(out, res, "sort_key", "string");
	add_arg(out, res, "sort_dir", "string");
	for (int i = 0; i < res->n_args; i++)
		add_arg(out, res, res->args[i].name, arg_type(res->args[i].kind));
	return out;
}

static json_t *names_json(const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text ? text : "");
	json_t *out = json_array();
	char *save = NULL;

	for (char *s = strtok_r(copy, " ", &save); s; s = strtok_r(NULL, " ", &save))
		json_array_append_new(out, json_string(s));
	return out;
}

static json_t *route_json(const struct route *r)
{
	unsigned f = r->flags;

	return json_pack("{s:s, s:s, s:i, s:i, s:b, s:b, s:b, s:s, s:s?, s:s?, s:b, s:o}", "method",
		r->method, "path", r->path, "since", r->since ? r->since : 1, "below",
		f & ROUTE_TOO_OLD_406	? 406
		: f & ROUTE_TOO_OLD_405 ? 405
					: 404,
		"in_1_1", f & ROUTE_IN_1_1, "public", f & ROUTE_PUBLIC, "versioned",
		!(f & ROUTE_UNVERSIONED), "body", bodies[r->body], "schema",
		r->schema ? r->schema->name : NULL, "resource",
		r->resource ? r->resource->name : NULL, "list", r->list, "args",
		names_json(r->args));
}

int main(void)
{
	json_t *rows = json_array(), *schemas = json_object(), *resources = json_object();

	for (size_t i = 0; i < n_routes; i++) {
		const struct route *r = &routes[i];

		json_array_append_new(rows, route_json(r));
		if (r->schema)
			json_object_set_new(schemas, r->schema->name, schema_json(r->schema));
		if (r->resource)
			json_object_set_new(resources, r->resource->name,
				json_pack("{s:s, s:o, s:o}", "plural", r->resource->plural,
					"fields", members_json(r->resource), "args",
					args_json(r->resource)));
	}
	json_dumpf(json_pack("{s:i, s:o, s:o, s:o}", "max", API_MINOR_MAX, "routes", rows,
			   "schemas", schemas, "resources", resources),
		stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
	return 0;
}
