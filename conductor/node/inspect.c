/* Inspection rules at work; see inspect.h. What rules mean is in model/rule. */
#include "conductor/node/inspect.h"
#include "conductor/model/inspection.h"
#include "conductor/model/parts.h"
#include "conductor/model/rule/rule.h"
#include "conductor/node/rules.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define RULES_MAX	 1000
#define DID_MAX		 16384
#define INSPECTIONS_KEPT 4

int inspection_rule_check(struct record_change *ch, struct err *e)
{
	struct resident *r;
	size_t n = 0;

	if (ch->old || !ch->new)
		return 0;
	for (size_t pos = 0; (r = resident_next(ch->en, &inspection_rule_type, &pos));)
		n++;
	if (n < RULES_MAX)
		return 0;
	return err_set(
		e, EINVAL, "there are %zu inspection rules already; %d can be kept", n, RULES_MAX);
}

struct placed {
	json_t *rule;
	int64_t created_at;
};

static int by_age(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->created_at < y->created_at ? -1 : x->created_at > y->created_at;
}

/* Those that are kept in the order they were made, then the built-in ones. */
static json_t *all_rules(struct engine *en)
{
	struct placed *kept = xcalloc(RULES_MAX + 1, sizeof(*kept));
	struct inspection_rule rule;
	json_t *rules = json_array(), *one;
	struct resident *r;
	size_t n = 0, i;

	for (size_t pos = 0; n < RULES_MAX && (r = resident_next(en, &inspection_rule_type, &pos));
		n++) {
		resident_read(r, &rule);
		kept[n].rule = record_to_json(&inspection_rule_type, &rule);
		kept[n].created_at = r->created_at;
		record_done(&inspection_rule_type, &rule);
	}
	qsort(kept, n, sizeof(*kept), by_age);
	for (i = 0; i < n; i++)
		json_array_append_new(rules, kept[i].rule);
	free(kept);
	json_array_foreach ((json_t *)en->config.built_in_rules, i, one)
		json_array_append(rules, one);
	return rules;
}

static json_t *ports_json(const struct enode *e)
{
	json_t *ports = json_array();
	struct resident *r = NULL;
	struct port p;

	while ((r = resident_of_node(e, &port_type, r))) {
		resident_read(r, &p);
		json_array_append_new(ports, record_to_json(&port_type, &p));
		record_done(&port_type, &p);
	}
	return ports;
}

static void told(void *data, const char *level, const char *text)
{
	const struct node *n = data;
	bool bad = str_ieq(level, "error") || str_ieq(level, "critical");

	log_line(bad			     ? LOG_LEVEL_ERROR
		 : str_ieq(level, "warning") ? LOG_LEVEL_WARNING
		 : str_ieq(level, "debug")   ? LOG_LEVEL_DEBUG
					     : LOG_LEVEL_INFO,
		"node %s: inspection rule: %s", n->name ? n->name : n->uuid, text);
}

static int name_allowed(struct engine *en, const struct node *n, struct err *err)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const char *name = n->name;
	struct enode *other = name ? map_get(&en->names, name) : NULL;

	if (!name)
		return 0;
	if (!*name || strlen(name) > 255 || name[strspn(name, letters)])
		return err_set(err, EINVAL, "name: %.64s is no name of a node", name);
	if (other && !str_eq(other->uuid, n->uuid))
		return err_set(
			err, EINVAL, "name: node %s has the name %.64s already", other->uuid, name);
	return 0;
}

/* A changed driver brings its own defaults for interfaces that the rules did not set, too. */
static void reset_interfaces(const struct node *old, struct node *new)
{
	for (enum interface i = 0; i < IF_COUNT; i++)
		if (!str_eq(old->driver, new->driver) &&
			str_eq(old->interfaces[i], new->interfaces[i]))
			str_replace(&new->interfaces[i], NULL);
}

/* Takes over what the rules changed; what they left alone may be newer in the node. */
static int take_node(struct engine *en, struct flow_run *run, const json_t *before,
	const json_t *after, struct err *err)
{
	struct node *n = run->node, old;
	int r = 0;

	node_copy(&old, n);
	for (int i = 0; i < node_type.n_fields && r == 0; i++) {
		const struct field *f = &node_type.fields[i];
		json_t *value = json_object_get(after, f->name);

		if (value && !json_equal(value, json_object_get(before, f->name)))
			r = record_field_from_json(f, n, value, err);
	}
	if (r == 0)
		r = name_allowed(en, n, err);
	if (r == 0) {
		reset_interfaces(&old, n);
		r = flow_node_complete(n, en->flow, err);
	}
	node_done(&old);
	return r < 0 ? err_prefix(err, "inspection rules") : 0;
}

static json_t *changed_ports(const json_t *before, const json_t *after)
{
	json_t *changed = json_array(), *port;
	size_t i;

	json_array_foreach ((json_t *)after, i, port) {
		if (!json_equal(port, json_array_get(before, i)))
			json_array_append(changed, port);
	}
	return changed;
}

/* Where a port hangs, unless somebody has said so already. */
static void link_port(json_t *port, const json_t *links)
{
	const char *mac = json_str(port, "address");
	json_t *link = mac ? json_object_get(links, mac) : NULL,
	       *known = json_object_get(port, "local_link_connection");

	if (json_object_size(link) && !json_object_get(known, "switch_id") &&
		!json_object_get(known, "port_id"))
		json_object_set_new(port, "local_link_connection", json_deep_copy(link));
}

static json_t *linked(const json_t *ports, const json_t *links)
{
	json_t *copy = json_deep_copy(ports), *port;
	size_t i;

	json_array_foreach (copy, i, port)
		link_port(port, links);
	return copy;
}

int inspect_run_rules(struct engine *en, struct enode *e, struct flow_run *run, struct err *err)
{
	_cleanup_json_ json_t *rules = all_rules(en), *ports = NULL, *before = NULL;
	struct rule_work w = {.mask = en->config.rule_mask,
		.log = told,
		.data = run->node,
		.did = BUF_INIT(DID_MAX)};
	int r;

	ports = e ? ports_json(e) : json_array();
	w.ports = linked(ports, run->found.links);
	if (!json_array_size(rules)) {
		run->found.ports = changed_ports(ports, w.ports);
		json_decref(w.ports);
		return 0;
	}
	before = record_to_json(&node_type, run->node);
	w.node = json_deep_copy(before);
	w.inventory = run->found.inventory;
	w.plugin_data = json_deep_copy(run->found.plugin_data);
	r = rules_run(rules, &w, err);
	if (r == 0)
		r = take_node(en, run, before, w.node, err);
	if (r == 0) {
		json_decref(run->found.plugin_data);
		run->found.plugin_data = TAKE_PTR(w.plugin_data);
		run->found.ports = changed_ports(ports, w.ports);
		run->found.rules = w.did.len ? buf_take(&w.did) : NULL;
	}
	json_decref(w.node);
	json_decref(w.ports);
	json_decref(w.plugin_data);
	buf_done(&w.did);
	return r;
}

static void add_port_change(struct commit *c, const json_t *json)
{
	struct port port;
	struct err err;
	int r;

	record_init(&port_type, &port);
	r = record_from_json(&port_type, &port, json, &err);
	if (r == 0)
		r = record_put(c, &port_type, &port, &err);
	if (r < 0)
		log_warning("node %s: inspection rules: %s", commit_node(c)->uuid, err.text);
	record_done(&port_type, &port);
}

static void add_changes(struct commit *c, const struct flow_found *f)
{
	char *save = NULL;
	json_t *port;
	size_t i;

	json_array_foreach (f->ports, i, port)
		add_port_change(c, port);
	if (!f->rules)
		return;
	_cleanup_free_ char *copy = xstrdup(f->rules);

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		history_add(c, "INFO", "inspection", NULL, NULL, 0, NULL, line);
}

/* Of a NIC that no node has yet; one that a port is being made for elsewhere is left to that. */
static void add_port(struct commit *c, const char *mac, const json_t *links)
{
	const json_t *link = json_object_get(links, mac);
	char uuid[UUID_TEXT_MAX];
	struct port port;

	uuid_new(uuid);
	record_init(&port_type, &port);
	port.uuid = xstrdup(uuid);
	port.node_uuid = xstrdup(commit_node(c)->uuid);
	port.address = xstrdup(mac);
	if (json_object_size(link)) {
		json_decref(port.local_link_connection);
		port.local_link_connection = json_deep_copy(link);
	}
	port.pxe_enabled = true;
	port.created_at = time_wall_us();
	if (record_put(c, &port_type, &port, NULL) == 0)
		waiting_forget(c->en, c->txn, port.address);
	record_done(&port_type, &port);
}

/* The latest, and those before it, so that one can see what was changed in a machine. */
static void add_inventory(struct commit *c, struct inventory *inv)
{
	char uuid[UUID_TEXT_MAX];
	struct past_inspection past = {.uuid = uuid,
		.node_uuid = inv->uuid,
		.inventory = inv->inventory,
		.created_at = inv->created_at};

	uuid_new(uuid);
	store_txn_put(c->txn, &inventory_type, inv);
	store_txn_insert(c->txn, &past_inspection_type, &past);
	store_txn_delete_where(
		c->txn, &past_inspection_type, "node_uuid", inv->uuid, INSPECTIONS_KEPT);
}

void inspect_add_found(struct commit *c, const struct flow_found *f)
{
	struct inventory inv = {.uuid = commit_node(c)->uuid,
		.inventory = f->inventory,
		.plugin_data = f->plugin_data,
		.created_at = time_wall_us()};
	json_t *mac;
	size_t i;

	inv.updated_at = inv.created_at;
	if (f->inventory)
		add_inventory(c, &inv);
	json_array_foreach (f->macs, i, mac)
		add_port(c, json_string_value(mac), f->links);
	add_changes(c, f);
}
