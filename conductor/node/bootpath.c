/* Who boots what, and the machines that belong to no node; see bootpath.h. */
#include "conductor/flow/steps.h"
#include "conductor/node/bootpath.h"
#include "conductor/node/records.h"
#include "conductor/node/enode.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define MACS_MAX 20000 /* strangers remembered */

void waiting_free(struct engine *en)
{
	struct waiting *w;
	void *value;

	for (size_t pos = 0; map_next(&en->waiting, &pos, NULL, &value);) {
		w = value;
		record_done(&waiting_type, w);
		free(w);
	}
	map_done(&en->waiting);
}

/* How many hexadecimal digits differ. */
static int mac_distance(const char *a, const char *b)
{
	int n = 0;

	for (; *a && *b; a++, b++)
		n += *a != *b;
	return n;
}

void stranger_hint(struct engine *en, const char *mac, int64_t since_us, char *buf, size_t size)
{
	const struct waiting *best = NULL;
	char when[TIME_TEXT_MAX];
	int nearest = 0;
	void *value;

	buf[0] = '\0';
	for (size_t pos = 0; map_next(&en->waiting, &pos, NULL, &value);) {
		const struct waiting *w = value;
		int d = mac ? mac_distance(mac, w->address) : 0;

		if (w->ignored || w->updated_at < since_us)
			continue;
		if (best && (d > nearest || (d == nearest && w->updated_at < best->updated_at)))
			continue;
		best = w;
		nearest = d;
	}
	if (best)
		snprintf(buf, size,
			"a machine with %s, which is no node's, asked at %s: is that this node's? "
			"then "
			"correct the address of the node's port",
			best->address, boot_clock(best->updated_at, when, sizeof(when)));
}

/* A MAC of no node asks: it is remembered, shown, and told to wait. */
static void note_stranger(struct engine *en, const struct boot_question *q, struct boot_decision *d)
{
	struct waiting *w = map_get(&en->waiting, q->mac);
	char uuid[UUID_TEXT_MAX];
	struct store_txn *txn;
	bool new = !w;

	if (new && en->waiting.n >= MACS_MAX)
		return;
	if (new) {
		w = xmalloc(sizeof(*w));
		record_init(&waiting_type, w);
		uuid_new(uuid);
		w->uuid = xstrdup(uuid);
		w->address = xstrdup(q->mac);
		w->created_at = time_wall_us();
		map_put(&en->waiting, q->mac, w);
	}
	w->asked++;
	w->updated_at = time_wall_us();
	if (q->facts && !json_equal(w->facts, q->facts)) {
		json_decref(w->facts);
		w->facts = json_deep_copy(q->facts);
		new = true;
	}
	if (new) {
		txn = store_txn_new();
		store_txn_put(txn, &waiting_type, w);
		store_submit(en->store, txn, NULL, NULL);
	}
	snprintf(d->reason, sizeof(d->reason), "%s",
		w->ignored ? "unknown machine, ignored by an operator"
			   : "unknown machine; accept it with 'ingot waiting accept' or create a "
			     "port with its MAC");
}

static char *local_path(const struct node *n, const char *key)
{
	const char *v = json_str(n->driver_info, key);

	if (str_empty(v))
		return NULL;
	return xstrdup(str_starts(v, "file://") ? v + 7 : v);
}

/* What the node's own ramdisk is made of; a rescue may have another one. */
static char *ramdisk_path(
	const struct enode *e, const struct node *n, const char *rescue, const char *deploy)
{
	char *path = e->run->flow->kind == FLOW_RESCUE ? local_path(n, rescue) : NULL;

	return path ? path : local_path(n, deploy);
}

/* The node's flow wants its agent: in these states the machine boots it. */
static bool wants_agent(const struct enode *e, const struct node *n)
{
	static const bool no[FLOW_KIND_COUNT] = {[FLOW_DELETE] = true,
		[FLOW_ADOPT] = true,
		[FLOW_VERIFY] = true,
		[FLOW_UNRESCUE] = true};

	return e->run && !no[e->run->flow->kind] && !steps_no_ramdisk(n, e->run->flow->kind);
}

void engine_boot_decide(struct engine *en, const struct boot_question *q, struct boot_decision *ret)
{
	struct enode *e = enode_of_mac(en, q->mac);
	const struct node *n;

	*ret = (struct boot_decision){.choice = BOOT_CHOICE_WAIT};
	if (!e) {
		note_stranger(en, q, ret);
		return;
	}
	n = enode_get(e);
	if (e->slot_wanted == SLOT_BOOT) {
		snprintf(ret->reason, sizeof(ret->reason),
			"node %s waits for a boot slot: not before its turn",
			e->name ? e->name : e->uuid);
	} else if (wants_agent(e, n)) {
		ret->choice = BOOT_CHOICE_AGENT;
		ret->rescue = e->run->flow->kind == FLOW_RESCUE;
		ret->cmdline = flow_agent_cmdline(n, en->flow);
		ret->kernel = ramdisk_path(e, n, "rescue_kernel", "deploy_kernel");
		ret->ramdisk = ramdisk_path(e, n, "rescue_ramdisk", "deploy_ramdisk");
		snprintf(ret->reason, sizeof(ret->reason), "node %s is %s: agent",
			e->name ? e->name : e->uuid, provision_state_name(e->state));
	} else if (e->state == PS_ACTIVE || e->state == PS_RESCUE || e->state == PS_ERROR ||
		   e->state == PS_ADOPTING) {
		ret->choice = BOOT_CHOICE_DISK;
		snprintf(ret->reason, sizeof(ret->reason), "node %s is %s: local disk",
			e->name ? e->name : e->uuid, provision_state_name(e->state));
	} else {
		snprintf(ret->reason, sizeof(ret->reason), "node %s is %s: nothing to boot",
			e->name ? e->name : e->uuid, provision_state_name(e->state));
	}
}

static int load_waiting(void *data, const void *rec)
{
	struct engine *en = data;
	struct waiting *w = xmalloc(sizeof(*w));

	record_copy(&waiting_type, w, rec);
	map_put(&en->waiting, w->address, w);
	return 0;
}

int waiting_load(struct engine *en, struct err *e)
{
	return store_list(en->store, &waiting_type, &(struct store_query){0}, load_waiting, en, e);
}

void waiting_forget(struct engine *en, struct store_txn *txn, const char *mac)
{
	struct waiting *w = map_remove(&en->waiting, mac);

	if (!w)
		return;
	store_txn_delete(txn, &waiting_type, w->uuid);
	record_done(&waiting_type, w);
	free(w);
}

void on_waiting_list(struct engine *en, struct request *r)
{
	json_t *list = json_array();
	void *value;

	for (size_t pos = 0; map_next(&en->waiting, &pos, NULL, &value);) {
		struct waiting *w = value;
		json_t *j = record_to_json(&waiting_type, w);

		json_object_set_new(j, "records", bootlog_of_mac(en, w->address, 3));
		json_array_append_new(list, j);
	}
	r->answer = json_pack("{s:o}", "waiting", list);
	request_finish(r, 0, NULL);
}

static void ignore_durable(void *data, int r, const struct err *e)
{
	request_finish(data, r, e);
}

void on_waiting_ignore(struct engine *en, struct request *r)
{
	struct waiting *w = map_get(&en->waiting, r->ident);
	struct store_txn *txn;
	struct err err;

	if (!w) {
		err_set(&err, ENOENT, "%s is not on the waiting list", r->ident);
		request_finish(r, -ENOENT, &err);
		return;
	}
	w->ignored = r->flag;
	txn = store_txn_new();
	store_txn_put(txn, &waiting_type, w);
	store_submit(en->store, txn, ignore_durable, r);
}

struct acceptance {
	struct request *request;
	struct node *node;
	struct port port;
};

static void accepted(struct commit *c, void *data)
{
	struct acceptance *a = data;
	struct request *r = a->request;
	struct waiting *w;

	if (c->r == 0) {
		request_answer(r, record_to_json(&node_type, a->node));
		w = map_remove(&c->en->waiting, a->port.address);
		if (w) {
			record_done(&waiting_type, w);
			free(w);
		}
	}
	node_done(a->node);
	free(a->node);
	record_done(&port_type, &a->port);
	free(a);
	request_finish(r, c->r, &c->err);
}

static int accepted_node(struct engine *en, struct request *r, struct node *n, struct err *err)
{
	int ret = r->args ? record_from_json(&node_type, n, r->args, err) : 0;
	char uuid[UUID_TEXT_MAX];

	if (ret == 0)
		ret = flow_node_complete(n, en->flow, err);
	if (ret < 0)
		return ret;
	uuid_new(uuid);
	str_replace(&n->uuid, uuid);
	n->provision_state = PS_ENROLL;
	n->conductor_group = xstrdup("");
	n->created_at = time_wall_us();
	return 0;
}

/* Node and port in one transaction: a machine is accepted whole or not at all. */
static int accept_machine(
	struct engine *en, struct acceptance *a, const struct waiting *w, struct err *err)
{
	struct commit *c = commit_bare(en);
	char uuid[UUID_TEXT_MAX];
	int ret;

	uuid_new(uuid);
	a->port.uuid = xstrdup(uuid);
	a->port.node_uuid = xstrdup(a->node->uuid);
	a->port.address = xstrdup(w->address);
	a->port.pxe_enabled = true;
	a->port.created_at = a->node->created_at;
	c->born = a->node;
	store_txn_insert(c->txn, &node_type, a->node);
	ret = commit_pin_chassis(c, a->node, err);
	if (ret == 0)
		ret = record_put(c, &port_type, &a->port, err);
	if (ret < 0) {
		commit_drop(c);
		return ret;
	}
	store_txn_delete(c->txn, &waiting_type, w->uuid);
	commit_submit(c, accepted, a);
	return 0;
}

void on_waiting_accept(struct engine *en, struct request *r)
{
	struct waiting *w = map_get(&en->waiting, r->ident);
	struct acceptance *a;
	struct err err;
	int ret = 0;

	if (!w)
		ret = err_set(&err, ENOENT, "%s is not on the waiting list", r->ident);
	a = xcalloc(1, sizeof(*a));
	a->request = r;
	a->node = xmalloc(sizeof(*a->node));
	node_init(a->node);
	record_init(&port_type, &a->port);
	if (ret == 0)
		ret = accepted_node(en, r, a->node, &err);
	if (ret == 0)
		ret = accept_machine(en, a, w, &err);
	if (ret < 0) {
		node_done(a->node);
		free(a->node);
		record_done(&port_type, &a->port);
		free(a);
		request_finish(r, ret, &err);
	}
}
