/* Ports: which NIC belongs to which node. The engine keeps MAC -> node in memory for the boot path.
 */
#include "conductor/node/enode.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

struct port_change {
	struct request *request;
	struct port port; /* as it will be */
};

void port_index(struct engine *en, const char *uuid, const char *mac, const char *node_uuid)
{
	port_unindex(en, uuid);
	free(map_put(&en->port_nodes, uuid, xstrdup(mac)));
	free(map_put(&en->macs, mac, xstrdup(node_uuid)));
}

void port_unindex(struct engine *en, const char *uuid)
{
	char *mac = map_remove(&en->port_nodes, uuid);

	if (mac)
		free(map_remove(&en->macs, mac));
	free(mac);
}

const char *node_of_mac(struct engine *en, const char *mac)
{
	return mac ? map_get(&en->macs, mac) : NULL;
}

static int load_port(void *data, const void *rec)
{
	const struct port *p = rec;

	if (p->address && p->node_uuid)
		port_index(data, p->uuid, p->address, p->node_uuid);
	return 0;
}

int ports_load(struct engine *en, struct err *e)
{
	return store_list(en->store, &port_type, &(struct store_query){0}, load_port, en, e);
}

static void port_changed(struct commit *c, void *data)
{
	struct port_change *pc = data;
	struct request *r = pc->request;

	if (c->r == 0) {
		port_index(c->en, pc->port.uuid, pc->port.address, pc->port.node_uuid);
		request_answer(r, record_to_json(&port_type, &pc->port));
		free(map_remove(&c->en->waiting, pc->port.address));
	} else if (c->r == -EEXIST && strstr(c->err.text, "address")) {
		err_set(&c->err, EEXIST, "A port with MAC address %s already exists.",
			pc->port.address);
	}
	record_done(&port_type, &pc->port);
	free(pc);
	request_finish(r, c->r, &c->err);
}

/* Writes pc->port and answers its request. */
static void port_write(struct engine *en, struct port_change *pc)
{
	struct commit *c = commit_bare(en);

	pc->port.updated_at = time_wall_us();
	store_txn_put(c->txn, &port_type, &pc->port);
	waiting_forget(en, c->txn, pc->port.address);
	commit_submit(c, port_changed, pc);
}

static int find_node(struct engine *en, struct port *p, struct err *err)
{
	struct enode *e = engine_find(en, p->node_uuid);

	if (!e)
		return err_set(err, EINVAL, "Node %s could not be found.",
			p->node_uuid ? p->node_uuid : "(none)");
	str_replace(&p->node_uuid, e->uuid);
	return 0;
}

void on_port_create(struct engine *en, struct request *r)
{
	struct port_change *pc = xcalloc(1, sizeof(*pc));
	char uuid[UUID_TEXT_MAX];
	struct err err;
	int ret;

	pc->request = r;
	record_copy(&port_type, &pc->port, r->record);
	ret = find_node(en, &pc->port, &err);
	if (ret == 0 && map_get(&en->macs, pc->port.address))
		ret = err_set(&err, EEXIST, "A port with MAC address %s already exists.",
			pc->port.address);
	if (ret < 0) {
		record_done(&port_type, &pc->port);
		free(pc);
		request_finish(r, ret, &err);
		return;
	}
	if (!pc->port.uuid) {
		uuid_new(uuid);
		pc->port.uuid = xstrdup(uuid);
	}
	pc->port.created_at = time_wall_us();
	port_write(en, pc);
}

static int load_one(struct engine *en, const char *ident, struct port *ret, struct err *err)
{
	int r;

	record_init(&port_type, ret);
	r = store_get(en->store, &port_type, "uuid", ident, ret, err);
	if (r < 0)
		record_done(&port_type, ret);
	return r == -ENOENT ? err_set(err, ENOENT, "Port %s could not be found.", ident) : r;
}

/* Contract 2.3: what may not change under a system that runs, or while the node is in use. */
static int port_update_allowed(
	struct engine *en, const struct port *old, const struct port *new, struct err *err)
{
	struct enode *e = map_get(&en->nodes, old->node_uuid);
	bool wiring = !json_equal(old->local_link_connection, new->local_link_connection) ||
		      !str_eq(old->portgroup_uuid, new->portgroup_uuid) ||
		      !str_eq(old->physical_network, new->physical_network) ||
		      old->pxe_enabled != new->pxe_enabled;
	bool settled = !e || e->state == PS_ENROLL || e->state == PS_INSPECTING ||
		       e->state == PS_INSPECT_WAIT || e->state == PS_MANAGEABLE;

	if (!str_eq(old->address, new->address) && e && e->state == PS_ACTIVE && !e->maintenance)
		return err_set(err, ESTALE,
			"Cannot update the address of port %s: node %s is active; set maintenance "
			"first.",
			old->uuid, e->uuid);
	if (wiring && !settled && !e->maintenance)
		return err_set(err, ESTALE,
			"Port %s can not have its network fields changed while node %s is in state "
			"%s; "
			"allowed are enroll, inspecting, inspect wait and manageable.",
			old->uuid, e->uuid, provision_state_name(e->state));
	return 0;
}

void on_port_update(struct engine *en, struct request *r)
{
	struct port_change *pc;
	struct port old;
	struct err err;
	int ret = load_one(en, r->ident, &old, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	pc = xcalloc(1, sizeof(*pc));
	pc->request = r;
	record_copy(&port_type, &pc->port, &old);
	ret = r->edit(r->data, &pc->port, &err);
	if (ret == 0)
		ret = find_node(en, &pc->port, &err);
	if (ret == 0)
		ret = port_update_allowed(en, &old, &pc->port, &err);
	record_done(&port_type, &old);
	if (ret < 0) {
		record_done(&port_type, &pc->port);
		free(pc);
		request_finish(r, ret, &err);
		return;
	}
	port_write(en, pc);
}

static void port_deleted(struct commit *c, void *data)
{
	struct request *r = data;

	if (c->r == 0)
		port_unindex(c->en, r->ident);
	request_finish(r, c->r, &c->err);
}

void on_port_delete(struct engine *en, struct request *r)
{
	struct commit *c;
	struct err err;

	if (!map_get(&en->port_nodes, r->ident)) {
		err_set(&err, ENOENT, "Port %s could not be found.", r->ident);
		request_finish(r, -ENOENT, &err);
		return;
	}
	c = commit_bare(en);
	store_txn_delete(c->txn, &port_type, r->ident);
	commit_submit(c, port_deleted, r);
}
