/* The actions of rules: what each of them takes, and what it changes in the JSON of a node. */
#include "conductor/model/node.h"
#include "conductor/model/parts.h"
#include "conductor/model/rule/internal.h"
#include "conductor/model/trait.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3))) did(struct rule_run *run, const char *fmt, ...)
{
	struct buf *b = &run->work->did;
	va_list ap;

	if (json_flag(run->rule, "sensitive", false))
		return;
	buf_puts(b, b->len && b->data[b->len - 1] != ' ' ? ", " : "");
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

static void say(struct rule_run *run, const char *level, const char *text)
{
	if (run->work->log)
		run->work->log(run->work->data, level, text);
}

/* --- talking -----------------------------------------------------------------------------------
 */

static int fail(struct rule_run *run, const json_t *args, struct err *e)
{
	_cleanup_free_ char *text = rule_text_of(json_object_get(args, "msg"));

	return err_set(e, EREMOTEIO, "%.600s", text ? text : "(a message that is too long)");
}

static const char *const log_levels[] = {"debug", "info", "warning", "error", "critical"};

static int check_level(const json_t *args, struct err *e)
{
	const json_t *level = json_object_get(args, "level");

	for (size_t i = 0; i < ARRAY_SIZE(log_levels); i++)
		if (!level || str_ieq(json_string_value(level), log_levels[i]))
			return 0;
	return err_set(e, EINVAL, "level: expected debug, info, warning, error or critical");
}

static int act_log(struct rule_run *run, const json_t *args, struct err *e)
{
	_cleanup_free_ char *text = rule_text_of(json_object_get(args, "msg"));
	const char *level = json_str(args, "level");
	int r = check_level(args, e);

	if (r == 0)
		say(run, level ? level : "info", text ? text : "(a message that is too long)");
	return r;
}

/* --- attributes --------------------------------------------------------------------------------
 */

/* What a client could patch, too; the rest is the conductor's. */
static const char *const node_attributes[] = {"automated_clean", "chassis_uuid", "conductor_group",
	"description", "disable_power_off", "driver", "driver_info", "extra", "instance_info",
	"instance_name", "instance_uuid", "lessee", "maintenance", "maintenance_reason", "name",
	"network_data", "owner", "parent_node", "properties", "protected", "protected_reason",
	"resource_class", "retired", "retired_reason", "shard", NULL};

static const char *const port_attributes[] = {"category", "description", "extra", "is_smartnic",
	"local_link_connection", "name", "physical_network", "pxe_enabled", "vendor", NULL};

static bool attribute_known(const char *const *names, const char *name)
{
	for (int i = 0; names == node_attributes && i < IF_COUNT; i++) {
		size_t len = strlen(interface_names[i]);

		if (!strncmp(name, interface_names[i], len) && str_eq(name + len, "_interface"))
			return true;
	}
	for (; *names; names++)
		if (str_eq(name, *names))
			return true;
	return false;
}

static int attribute_check(const char *const *names, const struct rule_path *p, struct err *e)
{
	if (attribute_known(names, p->parts[0]))
		return 0;
	return err_set(e, EINVAL, "path: %.64s is no attribute that rules can change", p->parts[0]);
}

static int attribute_path(
	const json_t *args, const char *const *names, struct rule_path *p, struct err *e)
{
	int r = path_split(json_object_get(args, "path"), false, p, e);

	if (r == 0)
		r = attribute_check(names, p, e);
	if (r < 0)
		path_done(p);
	return r;
}

static int check_path_of(const json_t *args, const char *const *names, struct err *e)
{
	const char *text = json_str(args, "path");
	struct rule_path p = {0};
	int r;

	if (text && strchr(text, '{'))
		return 0;
	r = attribute_path(args, names, &p, e);
	path_done(&p);
	return r;
}

static int check_node_path(const json_t *args, struct err *e)
{
	return check_path_of(args, node_attributes, e);
}

static int check_port_path(const json_t *args, struct err *e)
{
	return check_path_of(args, port_attributes, e);
}

/* Interpolated values are texts; those of a flag become one. */
static json_t *fitting(const struct record_type *type, const struct rule_path *p, json_t *value)
{
	const struct field *f = p->n == 1 ? record_field(type, p->parts[0]) : NULL;
	bool flag;

	if (f && (f->type == FIELD_BOOL || f->type == FIELD_TRI) && json_is_string(value) &&
		str_to_bool(json_string_value(value), &flag) == 0)
		return json_boolean(flag);
	return json_incref(value);
}

/* What is changed: the node's JSON or that of one of its ports. */
struct target {
	const struct record_type *type;
	const char *const *names;
	json_t *json;
	struct rule_path path;
	char what[64]; /* in front of the path, for people */
};

static int target_node(struct rule_run *run, const json_t *args, struct target *t, struct err *e)
{
	*t = (struct target){.type = &node_type, .names = node_attributes, .json = run->work->node};
	return attribute_path(args, t->names, &t->path, e);
}

static int target_port(struct rule_run *run, const json_t *args, struct target *t, struct err *e)
{
	const char *id = json_str(args, "port_id");
	json_t *port;
	size_t i;

	*t = (struct target){.type = &port_type, .names = port_attributes};
	json_array_foreach (run->work->ports, i, port) {
		if (id && str_eq(json_str(port, "uuid"), id))
			t->json = port;
	}
	if (!t->json)
		return err_set(e, EINVAL, "port_id: the node has no port %.64s", id ? id : "");
	snprintf(t->what, sizeof(t->what), "port %.40s ", id);
	return attribute_path(args, t->names, &t->path, e);
}

static void target_did(struct rule_run *run, const struct target *t, const char *verb)
{
	struct buf path = BUF_INIT(400);

	for (int i = 0; i < t->path.n; i++)
		buf_printf(&path, "%s%s", i ? "/" : "", t->path.parts[i]);
	did(run, "%s %s%s", verb, t->what, buf_str(&path));
	buf_done(&path);
}

typedef int (*target_find)(
	struct rule_run *run, const json_t *args, struct target *t, struct err *e);

static int set_one(struct rule_run *run, const json_t *args, target_find find, struct err *e)
{
	struct target t;
	int r = find(run, args, &t, e);

	if (r < 0)
		return r;
	r = path_set(
		t.json, &t.path, 0, fitting(t.type, &t.path, json_object_get(args, "value")), e);
	if (r == 0)
		target_did(run, &t, "set");
	path_done(&t.path);
	return r;
}

static int extend_one(struct rule_run *run, const json_t *args, target_find find, struct err *e)
{
	struct target t;
	int r = find(run, args, &t, e);

	if (r < 0)
		return r;
	r = path_extend(t.json, &t.path, 0, json_incref(json_object_get(args, "value")),
		json_flag(args, "unique", false), e);
	if (r == 0)
		target_did(run, &t, "extended");
	path_done(&t.path);
	return r;
}

/* A whole attribute becomes what it is in a new record. */
static int clear(const struct target *t)
{
	_cleanup_free_ void *blank = xcalloc(1, t->type->size);
	const struct field *f = record_field(t->type, t->path.parts[0]);

	record_init(t->type, blank);
	json_object_set_new(t->json, f->name, record_field_to_json(f, blank));
	record_done(t->type, blank);
	return 0;
}

static int delete_one(struct rule_run *run, const json_t *args, target_find find, struct err *e)
{
	struct target t;
	int r = find(run, args, &t, e);

	if (r < 0)
		return r;
	r = t.path.n == 1 ? clear(&t) : path_remove(t.json, &t.path, 0);
	if (r == 0)
		target_did(run, &t, "removed");
	else
		r = err_set(e, EINVAL, "path: there is no %.64s to be removed",
			t.path.parts[t.path.n - 1]);
	path_done(&t.path);
	return r;
}

static int set_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return set_one(run, args, target_node, e);
}

static int extend_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return extend_one(run, args, target_node, e);
}

static int del_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return delete_one(run, args, target_node, e);
}

static int set_port_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return set_one(run, args, target_port, e);
}

static int extend_port_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return extend_one(run, args, target_port, e);
}

static int del_port_attribute(struct rule_run *run, const json_t *args, struct err *e)
{
	return delete_one(run, args, target_port, e);
}

/* --- capabilities and traits --------------------------------------------------------------------
 */

/* "key:value" out of a list of them, and, with a value, another one in. */
static int change_capability(
	struct rule_run *run, const char *name, const char *value, struct err *e)
{
	json_t *properties = json_object_get(run->work->node, "properties");
	const char *old = json_str(properties, "capabilities");
	struct buf b = BUF_INIT(RULE_TEXT_MAX);
	size_t len;

	if (str_empty(name) || strpbrk(name, ":,") || (value && strchr(value, ',')))
		return err_set(e, EINVAL,
			"name: expected a capability's name and value without ':' "
			"and ','");
	len = strlen(name);
	for (const char *p = old ? old : ""; *p; p += strspn(p, ",")) {
		size_t item = strcspn(p, ",");

		if (item && !(item > len && p[len] == ':' && !strncmp(p, name, len)))
			buf_printf(&b, "%s%.*s", b.len ? "," : "", (int)item, p);
		p += item;
	}
	if (value)
		buf_printf(&b, "%s%s:%s", b.len ? "," : "", name, value);
	if (b.overflow) {
		buf_done(&b);
		return err_set(e, EINVAL, "properties/capabilities: is too long");
	}
	json_put_str(properties, "capabilities", buf_str(&b));
	buf_done(&b);
	did(run, "%s capability %.64s", value ? "set" : "removed", name);
	return 0;
}

static int set_capability(struct rule_run *run, const json_t *args, struct err *e)
{
	_cleanup_free_ char *value = rule_text_of(json_object_get(args, "value"));

	return change_capability(run, json_str(args, "name"), value ? value : "", e);
}

static int unset_capability(struct rule_run *run, const json_t *args, struct err *e)
{
	return change_capability(run, json_str(args, "name"), NULL, e);
}

static int check_trait_name(const json_t *args, struct err *e)
{
	const char *name = json_str(args, "name");

	if ((name && strchr(name, '{')) || trait_valid(name))
		return 0;
	return err_set(e, EINVAL,
		"name: expected a standard trait or CUSTOM_ and capitals, digits "
		"and '_', not %.64s",
		name ? name : "something that is no text");
}

static ssize_t trait_at(const json_t *traits, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)traits, i, one) {
		if (str_eq(json_string_value(one), name))
			return (ssize_t)i;
	}
	return -1;
}

static int add_trait(struct rule_run *run, const json_t *args, struct err *e)
{
	json_t *traits = json_object_get(run->work->node, "traits");
	const char *name = json_str(args, "name");

	if (!trait_valid(name))
		return err_set(e, EINVAL, "name: %.64s is no trait", name ? name : "");
	if (trait_at(traits, name) >= 0)
		return 0;
	if (json_array_size(traits) >= TRAITS_MAX)
		return err_set(e, EINVAL, "a node has at most %d traits", TRAITS_MAX);
	json_array_append_new(traits, json_string(name));
	traits_sort(traits);
	did(run, "added trait %s", name);
	return 0;
}

static int remove_trait(struct rule_run *run, const json_t *args, struct err *e)
{
	json_t *traits = json_object_get(run->work->node, "traits");
	const char *name = json_str(args, "name");
	ssize_t at = trait_at(traits, name);

	if (at >= 0) {
		json_array_remove(traits, (size_t)at);
		did(run, "removed trait %s", name);
	} else {
		say(run, "warning", "remove-trait: the node has no such trait");
	}
	return 0;
}

/* --- plugin data -------------------------------------------------------------------------------
 */

static int check_plugin_path(const json_t *args, struct err *e)
{
	struct rule_path p;
	int r = path_split(json_object_get(args, "path"), true, &p, e);

	if (r == 0)
		path_done(&p);
	return r;
}

static int set_plugin_data(struct rule_run *run, const json_t *args, struct err *e)
{
	struct rule_path p;
	int r = path_split(json_object_get(args, "path"), true, &p, e);

	if (r < 0)
		return r;
	r = path_set(run->work->plugin_data, &p, 0, json_incref(json_object_get(args, "value")), e);
	path_done(&p);
	return r;
}

static int extend_plugin_data(struct rule_run *run, const json_t *args, struct err *e)
{
	struct rule_path p;
	int r = path_split(json_object_get(args, "path"), true, &p, e);

	if (r < 0)
		return r;
	r = path_extend(run->work->plugin_data, &p, 0, json_incref(json_object_get(args, "value")),
		json_flag(args, "unique", false), e);
	path_done(&p);
	return r;
}

/* An object that had nothing else in it goes, too. */
static int unset_plugin_data(struct rule_run *run, const json_t *args, struct err *e)
{
	struct rule_path p;
	json_t *holder = run->work->plugin_data;
	int r = path_split(json_object_get(args, "path"), true, &p, e);

	if (r < 0)
		return r;
	for (int i = 0; i < p.n - 1; i++)
		holder = json_object_get(holder, p.parts[i]);
	if (!json_object_get(holder, p.parts[p.n - 1]))
		say(run, "warning", "unset-plugin-data: there is no such path");
	else if (p.n > 1 && json_object_size(holder) == 1)
		p.n--;
	path_remove(run->work->plugin_data, &p, 0);
	path_done(&p);
	return 0;
}

#define PATH                                                                                       \
	{                                                                                          \
		"path", ARG_REQUIRED                                                               \
	}
#define NAME                                                                                       \
	{                                                                                          \
		"name", ARG_REQUIRED                                                               \
	}
#define VALUE                                                                                      \
	{                                                                                          \
		"value", ARG_REQUIRED | ARG_FILLED                                                 \
	}
#define MSG                                                                                        \
	{                                                                                          \
		"msg", ARG_REQUIRED | ARG_FILLED | ARG_TOLD                                        \
	}
#define PORT                                                                                       \
	{                                                                                          \
		"port_id", ARG_REQUIRED                                                            \
	}
#define UNIQUE                                                                                     \
	{                                                                                          \
		"unique", 0                                                                        \
	}
#define A(n, check_, act_, ...)                                                                    \
	{                                                                                          \
		.name = (n), .args = {__VA_ARGS__}, .check = (check_), .act = (act_)               \
	}

const struct rule_operation rule_actions[] = {
	A("fail", NULL, fail, MSG),
	A("log", check_level, act_log, MSG, {"level", 0}),
	A("set-attribute", check_node_path, set_attribute, PATH, VALUE),
	A("extend-attribute", check_node_path, extend_attribute, PATH, VALUE, UNIQUE),
	A("del-attribute", check_node_path, del_attribute, PATH),
	A("set-capability", NULL, set_capability, NAME, VALUE),
	A("unset-capability", NULL, unset_capability, NAME),
	A("add-trait", check_trait_name, add_trait, NAME),
	A("remove-trait", NULL, remove_trait, NAME),
	A("set-plugin-data", check_plugin_path, set_plugin_data, PATH, VALUE),
	A("extend-plugin-data", check_plugin_path, extend_plugin_data, PATH, VALUE, UNIQUE),
	A("unset-plugin-data", check_plugin_path, unset_plugin_data, PATH),
	A("set-port-attribute", check_port_path, set_port_attribute, PORT, PATH, VALUE),
	A("extend-port-attribute", check_port_path, extend_port_attribute, PORT, PATH, VALUE,
		UNIQUE),
	A("del-port-attribute", check_port_path, del_port_attribute, PORT, PATH),
	{.name = NULL},
};
