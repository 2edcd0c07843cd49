/*
 * The rules of ports and port groups: when they may change (contract 2.3), and what those of one
 * group have in common.
 */
#include "conductor/node/rules.h"
#include "conductor/model/parts.h"
#include "lib/base/str.h"

#include <errno.h>

struct enode *enode_of_mac(struct engine *en, const char *mac)
{
	struct resident *r = resident_by(en, &port_type, "address", mac);

	return r ? r->node : NULL;
}

json_t *port_addresses(const struct enode *e)
{
	json_t *list = json_array();
	struct resident *r = NULL;
	struct port p;

	while ((r = resident_of_node(e, &port_type, r))) {
		resident_read(r, &p);
		json_array_append_new(list, json_string(p.address));
		record_done(&port_type, &p);
	}
	return list;
}

/* How a node is wired may change in these states, and in maintenance. */
static bool settled(const struct enode *e)
{
	return e->maintenance || e->state == PS_ENROLL || e->state == PS_INSPECTING ||
	       e->state == PS_INSPECT_WAIT || e->state == PS_MANAGEABLE;
}

static int not_settled(const struct record_change *ch, const char *what, struct err *e)
{
	return err_set(e, ESTALE,
		"%s %s: %s can not be changed while node %s is in state %s; allowed are enroll, "
		"inspecting, inspect wait and manageable, or maintenance",
		ch->kind->called, ch->resident->uuid, what, ch->node->uuid,
		provision_state_name(ch->node->state));
}

static int not_inspecting(const struct record_change *ch, struct err *e)
{
	if (!ch->node || ch->node->state != PS_INSPECTING)
		return 0;
	return err_set(e, ESTALE, "%s %s can not be changed while node %s is in state inspecting",
		ch->kind->called, ch->resident->uuid, ch->node->uuid);
}

/* Networks that Ingot does not manage (noop) do not care who boots from what. */
static bool managed_network(struct enode *e)
{
	return e && !str_eq(enode_get(e)->interfaces[IF_NETWORK], "noop");
}

static bool standalone(const struct resident *group)
{
	struct portgroup pg;
	bool yes;

	resident_read(group, &pg);
	yes = pg.standalone_ports_supported;
	record_done(&portgroup_type, &pg);
	return yes;
}

/* All ports of a group are in one physical network. */
static int same_network(const struct record_change *ch, const struct port *p, struct err *e)
{
	struct resident *r = NULL;
	struct port other;
	int ret = 0;

	while (ret == 0 && (r = resident_of_node(ch->parent->node, &port_type, r))) {
		if (r->parent != ch->parent || r == ch->resident)
			continue;
		resident_read(r, &other);
		if (!str_eq(other.physical_network, p->physical_network))
			ret = err_set(e, ESTALE,
				"A port with physical network %s can not be in port group %s, "
				"whose "
				"ports are in physical network %s",
				p->physical_network ? p->physical_network : "(none)",
				ch->parent->uuid,
				other.physical_network ? other.physical_network : "(none)");
		record_done(&port_type, &other);
	}
	return ret;
}

/* r->flag of a creation: the client itself wants to boot by this port. */
static int membership(
	const struct record_change *ch, const struct port *old, const struct port *p, struct err *e)
{
	bool joins = !old || !str_eq(old->portgroup_uuid, p->portgroup_uuid);
	bool boots =
		old ? p->pxe_enabled && (joins || !old->pxe_enabled) && managed_network(ch->node)
		    : p->pxe_enabled && ch->request->flag;

	if (!ch->parent)
		return 0;
	if (ch->parent->node != ch->node)
		return err_set(e, EINVAL,
			"portgroup_uuid: port group %s is of another node than the port",
			ch->parent->uuid);
	if (boots && !standalone(ch->parent))
		return err_set(e, ESTALE,
			"Port group %s does not support standalone ports: pxe_enabled has to be "
			"false",
			ch->parent->uuid);
	if (joins || !str_eq(old->physical_network, p->physical_network))
		return same_network(ch, p, e);
	return 0;
}

/* Contract 2.3: what may not change under a system that runs, or while the node is in use. */
static int port_update_allowed(
	const struct record_change *ch, const struct port *old, const struct port *p, struct err *e)
{
	struct enode *n = ch->node;
	bool wiring = !json_equal(old->local_link_connection, p->local_link_connection) ||
		      !str_eq(old->portgroup_uuid, p->portgroup_uuid) ||
		      !str_eq(old->physical_network, p->physical_network) ||
		      old->pxe_enabled != p->pxe_enabled;

	if (!n)
		return 0;
	if (!str_eq(old->address, p->address) && !n->maintenance &&
		(n->state == PS_ACTIVE || enode_get(n)->instance_uuid))
		return err_set(e, ESTALE,
			"Port %s: its address can not be changed while node %s is active or has an "
			"instance; set maintenance first",
			old->uuid, n->uuid);
	if (wiring && !settled(n))
		return not_settled(ch, "how it is connected", e);
	return not_inspecting(ch, e);
}

static int port_deletion_allowed(
	const struct record_change *ch, const struct port *p, struct err *e)
{
	static const char *const uses[] = {
		"tenant", "cleaning", "provisioning", "rescuing", "inspection"};
	char key[40];

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		const char *vif;

		snprintf(key, sizeof(key), "%s_vif_port_id", uses[i]);
		vif = json_str(p->internal_info, key);
		if (vif && ch->node && !ch->node->maintenance)
			return err_set(e, ESTALE,
				"Port %s is bound to VIF %.64s for %s use; detach that first",
				p->uuid, vif, uses[i]);
	}
	return 0;
}

int port_check(struct record_change *ch, struct err *e)
{
	const struct port *old = ch->old, *p = ch->new;
	int r;

	if (!p)
		return port_deletion_allowed(ch, old, e);
	if (p->physical_network && !*p->physical_network)
		return err_set(e, EINVAL, "physical_network: expected a name or null");
	if (!old && p->is_smartnic && json_object_size(p->local_link_connection) &&
		!(json_str(p->local_link_connection, "port_id") &&
			json_str(p->local_link_connection, "hostname")))
		return err_set(e, EINVAL,
			"local_link_connection: a Smart NIC's needs port_id and hostname");
	r = membership(ch, old, p, e);
	return r == 0 && old ? port_update_allowed(ch, old, p, e) : r;
}

void port_with(struct record_change *ch, struct commit *c)
{
	const struct port *p = ch->new;

	if (p)
		waiting_forget(ch->en, c->txn, p->address);
}

/* A group whose ports stop being usable one by one must have none that boots. */
static int none_boots(const struct record_change *ch, struct err *e)
{
	struct resident *r = NULL;
	struct port p;
	bool boots = false;

	while (!boots && (r = resident_of_node(ch->node, &port_type, r))) {
		if (r->parent != ch->resident)
			continue;
		resident_read(r, &p);
		boots = p.pxe_enabled;
		record_done(&port_type, &p);
	}
	if (!boots)
		return 0;
	return err_set(e, ESTALE,
		"standalone_ports_supported: port group %s has ports with pxe_enabled",
		ch->resident->uuid);
}

int portgroup_check(struct record_change *ch, struct err *e)
{
	const struct portgroup *old = ch->old, *pg = ch->new;

	if (!old || !pg)
		return 0;
	if (!str_eq(old->node_uuid, pg->node_uuid)) {
		if (!settled(ch->node))
			return not_settled(ch, "its node", e);
		if (ch->resident->users)
			return err_set(e, EINVAL,
				"Portgroup %s can not go to another node: it contains ports",
				pg->uuid);
	}
	if (old->standalone_ports_supported && !pg->standalone_ports_supported &&
		managed_network(ch->node) && none_boots(ch, e) < 0)
		return -ESTALE;
	return not_inspecting(ch, e);
}
