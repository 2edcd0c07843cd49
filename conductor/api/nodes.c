/* Nodes: create, list, show, update, delete, validate. */
#include "conductor/api/nodes.h"
#include "conductor/api/handlers.h"
#include "conductor/api/patch.h"
#include "conductor/api/resource.h"
#include "conductor/api/version.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define STR_NULL  (T_STR | T_NULL)
#define OBJ_NULL  (T_OBJ | T_NULL)
#define BOOL_NULL (T_BOOL | T_NULL)

static const struct schema_field node_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"name", STR_NULL, 0, 0, check_node_name},
	{"driver", T_STR, S_REQUIRED, 0, NULL},
	{"driver_info", OBJ_NULL, 0, 0, NULL},
	{"properties", OBJ_NULL, 0, 0, check_node_properties},
	{"instance_info", OBJ_NULL, 0, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
	{"network_data", OBJ_NULL, 0, 0, check_network_data},
	{"instance_uuid", STR_NULL, 0, 0, check_uuid},
	{"instance_name", STR_NULL, 0, 0, NULL},
	{"chassis_uuid", STR_NULL, 0, 0, check_uuid},
	{"resource_class", STR_NULL, 0, 80, NULL},
	{"bios_interface", STR_NULL, 0, 0, NULL},
	{"boot_interface", STR_NULL, 0, 0, NULL},
	{"console_interface", STR_NULL, 0, 0, NULL},
	{"deploy_interface", STR_NULL, 0, 0, NULL},
	{"firmware_interface", STR_NULL, 0, 0, NULL},
	{"inspect_interface", STR_NULL, 0, 0, NULL},
	{"management_interface", STR_NULL, 0, 0, NULL},
	{"network_interface", STR_NULL, 0, 0, NULL},
	{"power_interface", STR_NULL, 0, 0, NULL},
	{"raid_interface", STR_NULL, 0, 0, NULL},
	{"rescue_interface", STR_NULL, 0, 0, NULL},
	{"storage_interface", STR_NULL, 0, 0, NULL},
	{"vendor_interface", STR_NULL, 0, 0, NULL},
	{"automated_clean", BOOL_NULL, 0, 0, NULL},
	{"conductor_group", STR_NULL, 0, 0, check_word},
	{"description", STR_NULL, 0, 4096, NULL},
	{"disable_power_off", BOOL_NULL, 0, 0, NULL},
	{"owner", STR_NULL, 0, 0, NULL},
	{"lessee", STR_NULL, 0, 0, NULL},
	{"shard", STR_NULL, 0, 0, NULL},
	{"parent_node", STR_NULL, 0, 0, NULL},
	{"maintenance", T_BOOL, 0, 0, NULL},
	{"boot_mode", STR_NULL, S_NO_PATCH, 0, NULL},
	{"secure_boot", BOOL_NULL, S_NO_PATCH, 0, NULL},
	{"console_enabled", BOOL_NULL, S_NO_PATCH, 0, NULL}, /* taken, and off all the same */
	{"protected", BOOL_NULL, S_NO_CREATE, 0, NULL},
	{"protected_reason", STR_NULL, S_NO_CREATE, 4096, NULL},
	{"retired", BOOL_NULL, 0, 0, NULL},
	{"retired_reason", STR_NULL, 0, 4096, NULL},
};
const struct schema node_schema = {.name = "node",
	.fields = node_fields,
	.n_fields = ARRAY_SIZE(node_fields),
	.lenient = true};

static const char *const node_summary[] = {"uuid", "name", "instance_uuid", "power_state",
	"provision_state", "maintenance", "links", NULL};
static const char *const node_sublinks[] = {"ports", "portgroups", "states", "volume", NULL};
static const char *const node_masked[] = {
	"driver_info", "driver_internal_info", "instance_info", NULL};
static const struct query_arg node_args[] = {
	{"instance_uuid", ARG_UUID, NULL},
	{"chassis_uuid", ARG_CHASSIS, NULL},
	{"associated", ARG_PRESENT, "instance_uuid"},
	{"maintenance", ARG_BOOL, NULL},
	{"provision_state", ARG_STATE, NULL},
	{"driver", ARG_TEXT, NULL},
	{"resource_class", ARG_TEXT, NULL},
	{"fault", ARG_FAULT, NULL},
	{"conductor_group", ARG_TEXT, NULL},
	{"conductor", ARG_CONDUCTOR, NULL},
	{"owner", ARG_TEXT, NULL},
	{"lessee", ARG_TEXT, NULL},
	{"project", ARG_PROJECT, NULL},
	{"description_contains", ARG_CONTAINS, "description"},
	{"retired", ARG_BOOL, NULL},
	{"shard", ARG_LIST, NULL},
	{"sharded", ARG_PRESENT, "shard"},
	{"parent_node", ARG_NODE, NULL},
	{"include_children", ARG_BOOL, NULL},
	{"instance_name", ARG_TEXT, NULL},
};

static void put_conductor(const struct call *c, struct json_span uuid, struct buf *out)
{
	buf_printf(out, "\"%s\"", engine_hostname(call_engine(c)));
}

static const struct live_field node_live[] = {{"conductor", put_conductor}, {0}};

const struct resource node_resource = {
	.name = "node",
	.plural = "nodes",
	.type = &node_type,
	.summary = node_summary,
	.sublinks = node_sublinks,
	.masked = node_masked,
	.live = node_live,
	.args = node_args,
	.n_args = ARRAY_SIZE(node_args),
	.not_found = "Node",
};

int nodes_list(struct call *c, struct err *e)
{
	return resource_list(c, &node_resource, false, NULL, e);
}

int nodes_detail(struct call *c, struct err *e)
{
	return resource_list(c, &node_resource, true, NULL, e);
}

static void finish_created(struct call *c, struct request *r)
{
	_cleanup_free_ char *location =
		xasprintf("%s/v1/nodes/%s", c->base, json_str(r->answer, "uuid"));

	http_reply_header(c->req, "Location", location);
	resource_reply(c, 201, &node_resource, r->answer);
}

/* Parents have to exist; so do chassis, but that the engine checks. */
static int check_relations(struct call *c, json_t *body, struct err *e)
{
	const char *parent = json_str(body, "parent_node");
	_cleanup_free_ char *uuid = NULL;

	if (!parent)
		return 0;
	if (node_uuid(c, parent, &uuid, e) < 0)
		return err_set(e, EINVAL, "parent_node: Node %.64s could not be found.", parent);
	json_object_set_new(body, "parent_node", json_string(uuid));
	return 0;
}

static void lower(char *s)
{
	for (; s && *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

static int build_node(struct call *c, struct node *n, struct err *e)
{
	char uuid[UUID_TEXT_MAX];
	const char *key;
	json_t *value;
	int r;

	json_object_foreach (c->body, key, value) {
		if (json_is_null(value) || str_eq(key, "console_enabled"))
			continue;
		r = record_field_from_json(record_field(&node_type, key), n, value, e);
		if (r < 0)
			return r;
	}
	uuid_new(uuid);
	if (!n->uuid)
		n->uuid = xstrdup(uuid);
	lower(n->uuid);
	lower(n->conductor_group);
	/* Contract 2.5, version 11: before it new nodes were available at once. */
	n->provision_state = c->version < 11 ? PS_AVAILABLE : PS_ENROLL;
	return 0;
}

/* Names are narrower in old versions: of the body, or of the patch. */
static int check_new_name(const struct call *c, struct err *e)
{
	const char *name = json_str(c->body, "name");
	json_t *o;
	size_t i;

	json_array_foreach (c->body, i, o)
		if (str_eq(json_str(o, "path"), "/name") && json_str(o, "value"))
			name = json_str(o, "value");
	if (!name || node_name_known(c->version, name))
		return 0;
	return err_set(e, EINVAL, "name: '%.64s' is no name in API version 1.%d", name, c->version);
}

int nodes_create(struct call *c, struct err *e)
{
	struct node *n = xcalloc(1, sizeof(*n));
	struct request *r;

	node_init(n);
	if (check_new_name(c, e) < 0 || check_relations(c, c->body, e) < 0 ||
		build_node(c, n, e) < 0) {
		node_done(n);
		free(n);
		return -e->code;
	}
	r = call_request(c, REQ_NODE_CREATE, NULL);
	r->record = n;
	return call_submit(c, r, finish_created);
}

int node_get(struct call *c, struct err *e)
{
	struct node_key key;
	int r = node_key(c, c->params[0], &key, e);

	return r < 0 ? r : resource_show(c, &node_resource, key.column, key.value, NULL, e);
}

/* Interfaces that the patch does not name are chosen anew when the driver changes. */
static void reset_interfaces(struct node *n, const json_t *patch)
{
	for (int i = 0; i < IF_COUNT; i++) {
		bool named = false;
		json_t *o;
		size_t k;

		json_array_foreach (patch, k, o) {
			const char *path = json_str(o, "path");
			size_t len = strlen(interface_names[i]);

			named |= !strncmp(path + 1, interface_names[i], len) &&
				 str_eq(path + 1 + len, "_interface");
		}
		if (!named)
			str_replace(&n->interfaces[i], NULL);
	}
}

/* A reason goes with what it is the reason for, and cannot be without it. */
static int check_reason(const char *name, bool before, bool now, char **reason, struct err *e)
{
	if (before && !now)
		str_replace(reason, NULL);
	if (*reason && !now)
		return err_set(e, EINVAL, "%s_reason: can only be set when %s is true", name, name);
	return 0;
}

/* On the engine's thread. */
static int edit_node(void *data, void *record, struct err *e)
{
	struct call *c = data;
	struct node *n = record;
	_cleanup_free_ char *driver = xstrdup(n->driver);
	bool was_protected = n->is_protected, was_retired = n->retired;
	int r = patch_record(&node_schema, &node_type, n, c->body, node_masked, e);

	if (r == 0)
		r = check_reason(
			"protected", was_protected, n->is_protected, &n->protected_reason, e);
	if (r == 0)
		r = check_reason("retired", was_retired, n->retired, &n->retired_reason, e);
	if (r == 0 && n->is_protected && !was_protected && n->provision_state != PS_ACTIVE &&
		n->provision_state != PS_RESCUE)
		r = err_set(e, ESTALE, "protected: only in active and rescue, the node is in %s",
			provision_state_names[n->provision_state]);
	if (r == 0 && n->retired && !was_retired && n->provision_state == PS_AVAILABLE)
		r = err_set(
			e, EEXIST, "retired: not in available; take the node to manageable first");
	if (r < 0)
		return r;
	if (!n->driver)
		return err_set(e, EINVAL, "driver: may not be removed");
	if (!n->conductor_group)
		n->conductor_group = xstrdup("");
	lower(n->conductor_group);
	if (c->flag && !str_eq(driver, n->driver))
		reset_interfaces(n, c->body);
	return 0;
}

int node_patched(void *data, void *record, struct err *e)
{
	struct call *c = data;

	return patch_record(&node_schema, &node_type, record, c->json, node_masked, e);
}

static void finish_updated(struct call *c, struct request *r)
{
	resource_reply(c, 200, &node_resource, r->answer);
}

/* The same relations as at creation, for what a patch sets whole. */
static int check_patch_relations(struct call *c, struct err *e)
{
	json_t *o, *value;
	size_t i;
	int r = 0;

	json_array_foreach (c->body, i, o) {
		_cleanup_free_ char *root = patch_root(o);
		_cleanup_json_ json_t *set = NULL;

		value = json_object_get(o, "value");
		if (str_eq(json_str(o, "op"), "remove") || !json_is_string(value))
			continue;
		set = json_pack("{s:O}", root, value);
		r = check_relations(c, set, e);
		if (r < 0)
			return r;
		json_object_set(o, "value", json_object_get(set, root));
	}
	return r;
}

static bool patch_names(const json_t *patch, const char *root)
{
	json_t *o;
	size_t i;

	json_array_foreach ((json_t *)patch, i, o) {
		_cleanup_free_ char *named = patch_root(o);

		if (str_eq(named, root))
			return true;
	}
	return false;
}

int node_patch(struct call *c, struct err *e)
{
	struct request *r;

	if (check_patch_relations(c, e) < 0 ||
		call_arg_bool(c, "reset_interfaces", false, &c->flag, e) < 0)
		return -e->code;
	if (http_arg(c->req, "reset_interfaces") &&
		version_check(c->version, "node?", "reset_interfaces", e) < 0)
		return -e->code;
	if (c->flag && !patch_names(c->body, "driver"))
		return err_set(e, EINVAL, "reset_interfaces: only with a change of driver");
	if (check_new_name(c, e) < 0)
		return -e->code;
	r = call_request(c, REQ_NODE_UPDATE, c->params[0]);
	r->edit = edit_node;
	return call_submit(c, r, finish_updated);
}

int node_delete(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_NODE_DELETE, c->params[0]);

	r->would = c->would;
	return call_submit(c, r, finish_no_content);
}

int node_validate(struct call *c, struct err *e)
{
	const char *ident = c->params[0] ? c->params[0] : http_arg(c->req, "node");

	if (!ident)
		ident = http_arg(c->req, "node_uuid");
	if (!ident)
		return err_set(e, EINVAL, "node: name the node to validate");
	return call_submit(c, call_request(c, REQ_VALIDATE, ident), finish_answer);
}
