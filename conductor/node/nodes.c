/* Creating, changing and deleting node records, by the contract's rules (2.3, 2.7). */
#include "conductor/model/parts.h"
#include "conductor/node/records.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

struct creation {
	struct request *request;
	struct node *node;
};

static void answer_with(struct request *r, const struct record_type *t, const void *rec)
{
	request_answer(r, record_to_json(t, rec));
}

/* The name in a -EEXIST error of the store becomes the API's sentence. */
static void duplicate_error(struct err *err, const struct node *n)
{
	if (strstr(err->text, "name"))
		err_set(err, EEXIST, "A node with name %s already exists.", n->name);
	else if (strstr(err->text, "instance"))
		err_set(err, EEXIST, "Instance %s is already associated with another node.",
			n->instance_uuid);
	else
		err_set(err, EEXIST, "A node with UUID %s already exists.", n->uuid);
}

static void created(struct commit *c, void *data)
{
	struct creation *cr = data;
	struct request *r = cr->request;

	if (c->r == 0)
		answer_with(r, &node_type, cr->node);
	else if (c->r == -EEXIST)
		duplicate_error(&c->err, cr->node);
	node_done(cr->node);
	free(cr->node);
	free(cr);
	request_finish(r, c->r, &c->err);
}

int commit_pin_chassis(struct commit *c, const struct node *n, struct err *err)
{
	struct resident *chassis = resident_find(c->en, &chassis_type, n->chassis_uuid);

	if (chassis)
		record_pin(c, chassis);
	else if (n->chassis_uuid)
		return err_set(err, EINVAL, "chassis_uuid: Chassis %s could not be found.",
			n->chassis_uuid);
	return 0;
}

void on_node_create(struct engine *en, struct request *r)
{
	struct node *n = TAKE_PTR(r->record);
	struct creation *cr;
	struct commit *c = commit_bare(en);
	char uuid[UUID_TEXT_MAX];
	struct err err;
	int ret = commit_pin_chassis(c, n, &err);

	if (ret == 0)
		ret = flow_node_complete(n, en->flow, &err);
	if (ret < 0) {
		commit_drop(c);
		node_done(n);
		free(n);
		request_finish(r, ret, &err);
		return;
	}
	if (!n->uuid) {
		uuid_new(uuid);
		n->uuid = xstrdup(uuid);
	}
	if (!n->provision_state)
		n->provision_state = PS_ENROLL;
	if (!n->conductor_group)
		n->conductor_group = xstrdup("");
	n->created_at = time_wall_us(); /* updated_at is null until it is, as in Ironic */
	cr = xcalloc(1, sizeof(*cr));
	cr->request = r;
	cr->node = n;
	c->born = n;
	store_txn_insert(c->txn, &node_type, n);
	commit_news(c, NEWS_NODE_CREATED, NULL,
		provision_state_name((enum provision_state)n->provision_state), "created");
	c->news.node = n;
	commit_submit(c, created, cr);
}

static void updated(struct commit *c, void *data)
{
	struct request *r = data;

	if (c->r == 0)
		answer_with(r, &node_type, enode_get(c->node));
	else if (c->r == -EEXIST && c->next)
		duplicate_error(&c->err, c->next);
	request_finish(r, c->r, &c->err);
}

static bool only_frees_instance(const struct node *old, const struct node *new)
{
	return old->maintenance && old->instance_uuid && !new->instance_uuid;
}

/* States in which a node has no system that somebody uses. */
static bool unused(enum provision_state s)
{
	return s == PS_ENROLL || s == PS_INSPECTING || s == PS_INSPECT_WAIT || s == PS_MANAGEABLE ||
	       s == PS_AVAILABLE;
}

/*
 * Interfaces of a machine in use stay what they are. They may follow a new driver, which resets
 * them (NULL).
 */
static int interfaces_allowed(
	struct enode *e, const struct node *old, const struct node *new, struct err *err)
{
	bool allowed = unused(e->state) || new->maintenance;
	bool moved = !str_eq(old->driver, new->driver);

	for (enum interface i = 0; !allowed && i < IF_COUNT; i++)
		if (!str_eq(old->interfaces[i], new->interfaces[i]) &&
			(new->interfaces[i] || !moved))
			return err_set(err, ESTALE,
				"Node %s: %s_interface can be changed in enroll, inspecting, "
				"inspect wait, manageable, available, or in maintenance; it is %s",
				e->uuid, interface_names[i], provision_state_name(e->state));
	return 0;
}

/* May a client change the record now? */
static int update_allowed(
	struct enode *e, const struct node *old, const struct node *new, struct err *err)
{
	if (old->target_provision_state && !fsm_update_allowed(e->state) &&
		!only_frees_instance(old, new))
		return err_set(err, ESTALE,
			"Node %s can not be updated while a state transition is in progress.",
			e->uuid);
	if (e->state == PS_INSPECTING)
		return err_set(err, ESTALE, "Node %s can not be updated while in state inspecting.",
			e->uuid);
	if (old->instance_uuid && new->instance_uuid &&
		!str_eq(old->instance_uuid, new->instance_uuid))
		return err_set(err, EEXIST, "Node %s is already associated with instance %s.",
			e->uuid, old->instance_uuid);
	if (old->allocation_uuid && !new->instance_uuid && !e->maintenance && !unused(e->state))
		return err_set(err, ESTALE,
			"Node %s has allocation %s: its instance_uuid can only be removed in "
			"enroll, inspecting, inspect wait, manageable and available, or in "
			"maintenance.",
			e->uuid, old->allocation_uuid);
	if (!str_eq(old->driver, new->driver) && old->console_enabled)
		return err_set(err, ESTALE,
			"Node %s: its driver cannot be changed while the console is enabled; "
			"disable it first",
			e->uuid);
	return interfaces_allowed(e, old, new, err);
}

void on_node_update(struct enode *e, struct request *r)
{
	struct commit *c = commit_new(e);
	struct err err;
	int ret = r->edit(r->data, c->next, &err);

	if (ret == 0)
		ret = update_allowed(e, enode_get(e), c->next, &err);
	if (ret == 0)
		ret = commit_pin_chassis(c, c->next, &err);
	if (ret == 0)
		ret = flow_node_complete(c->next, e->en->flow, &err);
	if (ret < 0) {
		commit_drop(c);
		request_finish(r, ret, &err);
		return;
	}
	commit_submit(c, updated, r);
}

static void deleted(struct commit *c, void *data)
{
	struct request *r = data;
	struct engine *en = c->en;
	struct enode *e = map_get(&en->nodes, r->ident);

	if (!e)
		e = map_get(&en->names, r->ident);
	if (c->r == 0 && e) {
		enode_free(e);
	} else if (e) {
		e->committing = e->leaving = false;
		enode_ready(e);
	}
	request_finish(r, c->r, &c->err);
}

static int delete_allowed(struct enode *e, struct err *err)
{
	const struct node *n = enode_get(e);

	if (n->is_protected)
		return err_set(err, EPERM,
			"Node %s is protected and can not be undeployed, rebuilt or "
			"deleted.",
			e->uuid);
	if (n->maintenance)
		return 0;
	if (n->instance_uuid)
		return err_set(err, ESTALE, "Node %s is associated with instance %s.", e->uuid,
			n->instance_uuid);
	if (!fsm_delete_allowed(e->state))
		return err_set(err, ESTALE,
			"Can not delete node \"%s\" while it is in provision state \"%s\"; it is "
			"allowed in "
			"enroll, manageable, available and adopt failed, or in maintenance.",
			e->uuid, provision_state_name(e->state));
	return 0;
}

void on_node_delete(struct enode *e, struct request *r)
{
	struct commit *c;
	struct err err;
	int ret = delete_allowed(e, &err);

	if (ret < 0 || r->would) {
		request_finish(r, ret, ret < 0 ? &err : NULL);
		return;
	}
	if (e->arriving) {
		list_append(&e->en->record_waits, &r->link);
		return;
	}
	c = commit_bare(e->en);
	store_txn_delete(c->txn, &node_type, e->uuid);
	store_txn_delete(c->txn, &inventory_type, e->uuid);
	store_txn_delete_where(c->txn, &past_inspection_type, "node_uuid", e->uuid, 0);
	for (struct resident *res = e->residents; res; res = res->sibling)
		record_remove(c, res);
	store_txn_delete_where(c->txn, &node_event_type, "node_uuid", e->uuid, 0);
	store_txn_delete_where(c->txn, &disk_record_type, "node_uuid", e->uuid, 0);
	settings_delete(c, e->uuid);
	e->committing = e->leaving = true; /* nothing else happens to it meanwhile */
	str_replace(&r->ident, e->uuid);
	commit_news(c, NEWS_NODE_DELETED, provision_state_name(e->state), NULL, "deleted");
	c->news.node = enode_get(e); /* not cooled while committing */
	commit_submit(c, deleted, r);
}

static void plain_done(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

void on_maintenance(struct enode *e, struct request *r)
{
	struct commit *c = commit_new(e);

	c->next->maintenance = r->flag;
	str_replace(&c->next->maintenance_reason, r->flag ? r->text : NULL);
	if (!r->flag)
		str_replace(&c->next->fault, NULL);
	if (r->flag != e->maintenance) {
		commit_news(c, NEWS_MAINTENANCE, NULL, r->flag ? "maintenance" : "in service",
			r->text ? r->text : "asked for");
		history_add(c, "INFO", "maintenance", NULL, NULL, 0, r->user,
			r->flag ? (r->text ? r->text : "maintenance set") : "maintenance unset");
	}
	e->power_failures = 0;
	commit_submit(c, plain_done, r);
}

void on_traits(struct enode *e, struct request *r)
{
	struct commit *c = commit_new(e);

	json_decref(c->next->traits);
	c->next->traits = json_incref(r->args);
	commit_submit(c, plain_done, r);
}

void on_raid_target(struct enode *e, struct request *r)
{
	struct err err;
	struct commit *c;
	int ret = json_object_size(r->args) ? flow_raid_check(enode_get(e), r->args, &err) : 0;

	if (ret == 0 && (power_changing(e) || (e->run && !provision_state_is_wait(e->state))))
		ret = enode_locked(e, &err);
	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	c = commit_new(e);
	json_decref(c->next->target_raid_config);
	c->next->target_raid_config = json_incref(r->args);
	commit_submit(c, plain_done, r);
}

int enode_interface_check(struct enode *e, enum interface i, struct err *err)
{
	int r = flow_interface_check(enode_get(e), i, err);

	if (r == 0 && i == IF_BOOT && flow_boots_by_network(enode_get(e)) &&
		!resident_of_node(e, &port_type, NULL))
		return err_set(err, EINVAL,
			"Node %s has no port: give it one with the MAC address it boots by",
			e->uuid);
	return r;
}

/* Like Ironic: all but vendor; an interface that the node does without is false, with a reason. */
void on_validate(struct enode *e, struct request *r)
{
	r->answer = json_object();
	for (enum interface i = 0; i < IF_VENDOR; i++) {
		struct err err = {0};
		int ret = enode_interface_check(e, i, &err);
		json_t *one = json_object();

		json_object_set_new(one, "result", json_boolean(ret == 0));
		if (ret < 0)
			json_put_str(one, "reason", err.text);
		json_object_set_new(r->answer, interface_names[i], one);
	}
	if (!e->run && !e->committing)
		enode_cool(e);
	request_finish(r, 0, NULL);
}

void on_drivers_list(struct engine *en, struct request *r)
{
	json_t *list = flow_drivers(en->flow), *d;
	size_t i;

	json_array_foreach (list, i, d) {
		json_put_str(d, "type", "dynamic");
		json_object_set_new(d, "hosts", json_pack("[s]", en->hostname));
	}
	r->answer = json_pack("{s:o, s:o}", "drivers", list, "raid", flow_raid_properties());
	request_finish(r, 0, NULL);
}
