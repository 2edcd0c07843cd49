/* What hangs below a node: traits, history, inventory, children. */
#include "conductor/api/below.h"
#include "conductor/api/handlers.h"
#include "conductor/api/resource.h"
#include "conductor/model/trait.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

int traits_get(struct call *c, struct err *e)
{
	_cleanup_json_ json_t *stored = NULL;
	json_t *traits;
	int r = node_read(c, c->params[0], &stored, e);

	if (r < 0)
		return r;
	traits = json_object_get(stored, "traits");
	call_reply_json(
		c, 200, json_pack("{s:o}", "traits", traits ? json_incref(traits) : json_array()));
	return 0;
}

static const struct schema_field traits_fields[] = {
	{"traits", T_ARR, S_REQUIRED, 0, check_traits},
};
SCHEMA(traits_schema, "traits", traits_fields);

static int set_traits(struct call *c, json_t *traits)
{
	struct request *r = call_request(c, REQ_TRAITS, c->params[0]);

	r->args = traits;
	return call_submit(c, r, finish_no_content);
}

int traits_put(struct call *c, struct err *e)
{
	json_t *traits = json_object_get(c->body, "traits");

	traits_sort(traits);
	return set_traits(c, json_incref(traits));
}

int traits_clear(struct call *c, struct err *e)
{
	return set_traits(c, json_array());
}

static ssize_t trait_index(const json_t *traits, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (traits, i, item)
		if (str_eq(json_string_value(item), name))
			return (ssize_t)i;
	return -1;
}

/* On the engine's thread: one trait more, or (flag) one less. */
static int edit_trait(void *data, void *record, struct err *e)
{
	struct call *c = data;
	struct node *n = record;
	ssize_t i = trait_index(n->traits, c->params[1]);

	if (c->flag && i < 0)
		return err_set(
			e, ENOENT, "Node %s doesn't have a trait '%.64s'", n->uuid, c->params[1]);
	if (c->flag)
		json_array_remove(n->traits, (size_t)i);
	else if (i < 0 && json_array_size(n->traits) >= TRAITS_MAX)
		return err_set(e, EINVAL, "traits: a node has at most %d traits", TRAITS_MAX);
	else if (i < 0)
		json_array_append_new(n->traits, json_string(c->params[1]));
	traits_sort(n->traits);
	return 0;
}

static int change_trait(struct call *c, bool remove)
{
	struct request *r = call_request(c, REQ_NODE_UPDATE, c->params[0]);

	c->flag = remove;
	r->edit = edit_trait;
	return call_submit(c, r, finish_no_content);
}

int trait_add(struct call *c, struct err *e)
{
	_cleanup_json_ json_t *name = json_string(c->params[1]);

	if (!name || check_trait("trait", name, e) < 0)
		return name ? -e->code : err_set(e, EINVAL, "trait: expected UTF-8");
	return change_trait(c, false);
}

int trait_remove(struct call *c, struct err *e)
{
	return change_trait(c, true);
}

static const char *const history_summary[] = {"uuid", "created_at", "severity", "event", NULL};
static const char *const history_hidden[] = {
	"node_uuid", "from_state", "to_state", "duration_ms", "updated_at", NULL};

const struct resource history_resource = {
	.name = "history",
	.plural = "history",
	.type = &node_event_type,
	.summary = history_summary,
	.hidden = history_hidden,
	.no_links = true,
	.not_found = "Node history record",
};

int history_list(struct call *c, struct err *e)
{
	struct list_scope scope = {.column = "node_uuid"};
	_cleanup_free_ char *uuid = NULL;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r < 0)
		return r;
	scope.value = uuid;
	return resource_list(c, &history_resource, false, &scope, e);
}

int history_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL, *below = NULL;
	_cleanup_json_ json_t *stored = NULL;
	json_t *out;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r == 0)
		r = resource_read(c, &history_resource, "uuid", c->params[1], &stored, e);
	if (r < 0)
		return r;
	if (!str_eq(json_str(stored, "node_uuid"), uuid))
		return err_set(
			e, ENOENT, "Node history record %.64s could not be found.", c->params[1]);
	out = resource_render(c, &history_resource, stored, NULL);
	below = xasprintf("history/%s", c->params[1]);
	json_object_set_new(out, "links", call_links(c, "nodes", uuid, below));
	call_reply_json(c, 200, out);
	return 0;
}

int inventory_get(struct call *c, struct err *e)
{
	_cleanup_free_ char *uuid = NULL;
	struct inventory found;
	int r = node_uuid(c, c->params[0], &uuid, e);

	if (r < 0)
		return r;
	record_init(&inventory_type, &found);
	r = store_get(call_store(c), &inventory_type, "uuid", uuid, &found, e);
	if (r == 0)
		call_reply_json(c, 200,
			json_pack("{s:O, s:O}", "inventory", found.inventory, "plugin_data",
				found.plugin_data));
	else if (r == -ENOENT)
		err_set(e, ENOENT, "Inventory of node %s could not be found; inspect it first",
			uuid);
	record_done(&inventory_type, &found);
	return r;
}

static int append_uuid(void *data, const char *uuid, const char *json, size_t len)
{
	json_array_append_new(data, json_string(uuid));
	return 0;
}

int children_get(struct call *c, struct err *e)
{
	json_t *children;
	int r = records_of_node(c, &node_type, "parent_node", append_uuid, &children, e);

	if (r == 0)
		call_reply_json(c, 200, json_pack("{s:o}", "children", children));
	return r;
}

int node_methods(struct call *c, struct err *e)
{
	return call_submit(c, call_request(c, REQ_VENDOR_METHODS, c->params[0]), finish_answer);
}

/* 200 and the value of a method that was waited for, 202 for one that was begun. */
static void finish_passthru(struct call *c, struct request *r)
{
	if (r->answer)
		call_reply_json(c, 200, TAKE_PTR(r->answer));
	else
		call_reply_empty(c, 202);
}

int vendor_passthru(struct call *c, struct err *e)
{
	const char *method = c->params[1] ? c->params[1] : http_arg(c->req, "method");
	struct request *r;

	if (str_empty(method))
		return err_set(e, EINVAL, "Method not specified when calling vendor extension.");
	if (c->route->arg)
		return err_set(e, EINVAL, "The method %.64s does not support HTTP %s", method,
			c->route->arg);
	if (c->body && !json_is_object(c->body))
		return err_set(e, EINVAL, "expected an object with the method's arguments");
	r = call_request(c, REQ_VENDOR, c->params[0]);
	r->text = xstrdup(method);
	r->args = c->body ? json_incref(c->body) : json_object();
	return call_submit(c, r, finish_passthru);
}
