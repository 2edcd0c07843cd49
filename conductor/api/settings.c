/* A node's BIOS settings and firmware components, as their interfaces last told them. */
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define FIELDS_MAX 16

/* What is told of one: its fields, and which of them without being asked. */
struct parts {
	const char *what; /* kind of its query arguments in the microversion table */
	const char *const *usual, *const *all;
};

static const char *const bios_usual[] = {"name", "value", NULL};
static const char *const bios_all[] = {"name", "value", "attribute_type", "allowable_values",
	"lower_bound", "max_length", "min_length", "read_only", "reset_required", "unique",
	"upper_bound", NULL};
static const char *const firmware_usual[] = {
	"component", "initial_version", "current_version", "last_version_flashed", NULL};
static const struct parts bios_parts = {"bios?", bios_usual, bios_all};
static const struct parts firmware_parts = {"firmware?", firmware_usual, firmware_usual};

static const char *find(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (str_eq(*names, name))
			return *names;
	return NULL;
}

/* ?fields=a,b into chosen, which points into the table. */
static int choose(
	const struct parts *p, const char *text, const char *chosen[FIELDS_MAX], struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;
	size_t n = 0;

	for (char *f = strtok_r(copy, ",", &save); f; f = strtok_r(NULL, ",", &save)) {
		const char *known = find(p->all, str_trim(f));

		if (!known || n + 1 >= FIELDS_MAX)
			return err_set(e, EINVAL, "fields: there is no \"%.64s\"", f);
		chosen[n++] = known;
	}
	chosen[n] = NULL;
	return 0;
}

/* detail and fields: which to show. Below their version both are wrong arguments, not new ones. */
static int asked_for(struct call *c, const struct parts *p, const char *chosen[FIELDS_MAX],
	const char *const **ret, struct err *e)
{
	const char *fields = http_arg(c->req, "fields"), *detail = http_arg(c->req, "detail");
	bool detailed;

	if (call_arg_bool(c, "detail", false, &detailed, e) < 0 ||
		(detail && version_check(c->version, p->what, "detail", e) < 0) ||
		(fields && version_check(c->version, p->what, "fields", e) < 0))
		return -e->code;
	if (fields && detailed)
		return err_set(e, EINVAL, "detail and fields: only one of them");
	*ret = detailed ? p->all : p->usual;
	if (!fields)
		return 0;
	*ret = chosen;
	return choose(p, fields, chosen, e);
}

static json_t *show(const char *const *fields, const json_t *one, const json_t *record)
{
	json_t *out = json_object(), *value;

	for (; *fields; fields++) {
		value = json_object_get(one, *fields);
		json_object_set_new(out, *fields,
			value				      ? json_incref(value)
			: str_eq(*fields, "allowable_values") ? json_array()
							      : json_null());
	}
	json_object_set(out, "created_at", json_object_get(record, "created_at"));
	json_object_set(out, "updated_at", json_object_get(record, "updated_at"));
	return out;
}

/* Ironic's link of one names the node by its UUID, those of the list as it was asked for. */
static json_t *show_setting(const struct call *c, const char *const *fields, const json_t *one,
	const json_t *record, const char *node)
{
	_cleanup_free_ char *below = xasprintf("bios/%s", json_str(one, "name"));
	json_t *out = show(fields, one, record);

	json_object_set_new(out, "links", call_links(c, "nodes", node, below));
	return out;
}

static int take(void *data, const char *uuid, const char *json, size_t len)
{
	json_t *record = NULL;
	int r = json_parse(json, len, 64, &record, NULL);

	if (r == 0)
		json_array_append_new(data, record);
	return r;
}

int bios_list(struct call *c, struct err *e)
{
	const char *chosen[FIELDS_MAX], *const *fields;
	_cleanup_json_ json_t *records = NULL;
	const json_t *record;
	json_t *list, *one;
	size_t i;

	if (asked_for(c, &bios_parts, chosen, &fields, e) < 0 ||
		records_of_node(c, &bios_settings_type, "uuid", take, &records, e) < 0)
		return -e->code;
	list = json_array();
	record = json_array_get(records, 0);
	json_array_foreach (json_object_get(record, "settings"), i, one)
		json_array_append_new(list, show_setting(c, fields, one, record, c->params[0]));
	call_reply_json(c, 200, json_pack("{s:o}", "bios", list));
	return 0;
}

int bios_get(struct call *c, struct err *e)
{
	bool registry = c->version >= version_since("bios?", "fields");
	_cleanup_json_ json_t *records = NULL;
	const json_t *record;
	json_t *one;
	size_t i;
	int r = records_of_node(c, &bios_settings_type, "uuid", take, &records, e);

	if (r < 0)
		return r;
	record = json_array_get(records, 0);
	json_array_foreach (json_object_get(record, "settings"), i, one) {
		if (!str_eq(json_str(one, "name"), c->params[1]))
			continue;
		call_reply_json(c, 200,
			json_pack("{s:o}", c->params[1],
				show_setting(c, registry ? bios_all : bios_usual, one, record,
					json_str(record, "uuid"))));
		return 0;
	}
	return err_set(e, ENOENT, "Node %s has no BIOS setting %.128s", c->params[0], c->params[1]);
}

int firmware_list(struct call *c, struct err *e)
{
	const char *chosen[FIELDS_MAX], *const *fields;
	_cleanup_json_ json_t *records = NULL;
	json_t *list, *one;
	size_t i;

	if (asked_for(c, &firmware_parts, chosen, &fields, e) < 0 ||
		records_of_node(c, &firmware_component_type, "node_uuid", take, &records, e) < 0)
		return -e->code;
	list = json_array();
	json_array_foreach (records, i, one)
		json_array_append_new(list, show(fields, one, one));
	call_reply_json(c, 200, json_pack("{s:o}", "firmware", list));
	return 0;
}
