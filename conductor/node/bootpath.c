/* Who boots what, and what each machine did on its way; see bootpath.h. */
#include "conductor/node/bootpath.h"
#include "conductor/node/enode.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define MACS_MAX 20000 /* MACs remembered; the oldest of strangers goes first */

struct boot_record {
	int64_t wall_us, mono_ms;
	uint64_t bytes;
	bool ok;
	char kind[20];
	char ip[46];
	char detail[160];
};

/* The last steps of one MAC, newest at (next - 1). */
struct bootlog {
	unsigned next, n;
	struct boot_record records[BOOTLOG_MAX];
};

void bootlogs_free(struct engine *en)
{
	struct waiting *w;
	void *value;

	for (size_t pos = 0; map_next(&en->bootlogs, &pos, NULL, &value);)
		free(value);
	map_done(&en->bootlogs);
	for (size_t pos = 0; map_next(&en->waiting, &pos, NULL, &value);) {
		w = value;
		record_done(&waiting_type, w);
		free(w);
	}
	map_done(&en->waiting);
}

void engine_boot_event(struct engine *en, const char *mac, const char *ip, const char *kind,
	const char *detail, bool ok, uint64_t bytes, int64_t wall_us)
{
	struct bootlog *log;
	struct boot_record *rec;

	if (str_empty(mac))
		return;
	log = map_get(&en->bootlogs, mac);
	if (!log) {
		if (en->bootlogs.n >= MACS_MAX)
			return;
		log = xcalloc(1, sizeof(*log));
		map_put(&en->bootlogs, mac, log);
	}
	rec = &log->records[log->next];
	log->next = (log->next + 1) % BOOTLOG_MAX;
	if (log->n < BOOTLOG_MAX)
		log->n++;
	*rec = (struct boot_record){
		.wall_us = wall_us, .mono_ms = time_mono_ms(), .ok = ok, .bytes = bytes};
	str_copy(rec->kind, sizeof(rec->kind), kind);
	str_copy(rec->ip, sizeof(rec->ip), ip ? ip : "");
	str_copy(rec->detail, sizeof(rec->detail), detail ? detail : "");
}

static const struct boot_record *record_at(const struct bootlog *log, unsigned i)
{
	return &log->records[(log->next + BOOTLOG_MAX - log->n + i) % BOOTLOG_MAX];
}

static json_t *record_json(const struct boot_record *rec)
{
	char when[TIME_TEXT_MAX];
	json_t *j = json_object();

	json_put_str(j, "at", time_format(rec->wall_us, when, sizeof(when)));
	json_put_str(j, "step", rec->kind);
	json_put_bool(j, "ok", rec->ok);
	if (*rec->ip)
		json_put_str(j, "ip", rec->ip);
	if (*rec->detail)
		json_put_str(j, "detail", rec->detail);
	if (rec->bytes)
		json_put_int(j, "bytes", (int64_t)rec->bytes);
	return j;
}

static json_t *records_json(const struct bootlog *log, unsigned most)
{
	json_t *list = json_array();
	unsigned n = log ? log->n : 0;

	for (unsigned i = n > most ? n - most : 0; i < n; i++)
		json_array_append_new(list, record_json(record_at(log, i)));
	return list;
}

void on_boot_records(struct engine *en, struct request *r)
{
	const char *uuid = node_of_mac(en, r->ident);
	const struct enode *e = uuid ? map_get(&en->nodes, uuid) : NULL;
	struct waiting *w = map_get(&en->waiting, r->ident);

	r->answer = json_object();
	json_put_str(r->answer, "address", r->ident);
	json_put_str(r->answer, "node_uuid", uuid);
	json_put_str(r->answer, "node_name", e ? e->name : NULL);
	json_put_bool(r->answer, "waiting", w && !w->ignored);
	json_object_set_new(
		r->answer, "records", records_json(map_get(&en->bootlogs, r->ident), BOOTLOG_MAX));
	request_finish(r, 0, NULL);
}

/* The log of a node's NIC that was seen last; NULL when none was. */
static struct bootlog *newest_log(struct enode *e, const char **ret_mac)
{
	struct bootlog *best = NULL, *log;
	int64_t at = 0;
	const char *mac;
	void *uuid;

	for (size_t pos = 0; map_next(&e->en->macs, &pos, &mac, &uuid);) {
		if (!str_eq(uuid, e->uuid))
			continue;
		log = map_get(&e->en->bootlogs, mac);
		if (!*ret_mac)
			*ret_mac = mac;
		if (log && log->n && record_at(log, log->n - 1)->mono_ms > at) {
			best = log;
			at = record_at(log, log->n - 1)->mono_ms;
			*ret_mac = mac;
		}
	}
	return best;
}

json_t *bootlog_of_node(struct enode *e, int most)
{
	const char *mac = NULL;
	struct bootlog *log = newest_log(e, &mac);

	return records_json(log, (unsigned)most);
}

void bootlog_last(struct enode *e, char *buf, size_t size)
{
	const char *mac = NULL;
	struct bootlog *log = newest_log(e, &mac);
	const struct boot_record *rec = log ? record_at(log, log->n - 1) : NULL;
	char when[TIME_TEXT_MAX];

	if (!mac) {
		snprintf(buf, size,
			"the node has no port, so no machine that boots is known to be it; "
			"create a port with its MAC address");
	} else if (!rec && !e->flow_since_ms) {
		snprintf(buf, size,
			"nothing was seen from %s on the boot path since the conductor was "
			"restarted at %s; look at the machine's console, the cable and the boot "
			"order",
			mac, time_format(e->en->started_us, when, sizeof(when)));
	} else if (!rec || rec->mono_ms < e->flow_since_ms) {
		snprintf(buf, size,
			"nothing was seen from %s on the boot path, not even a DHCP request; look "
			"at the "
			"cable, the switch port, the boot order and the MAC address",
			mac);
	} else {
		snprintf(buf, size,
			"last seen on the boot path of %s: %s %s at %s, nothing since; see 'ingot "
			"boot "
			"explain %s'",
			mac, rec->kind, rec->detail, time_format(rec->wall_us, when, sizeof(when)),
			mac);
	}
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

/* The node's flow wants its agent: in these states the machine boots it. */
static bool wants_agent(const struct enode *e)
{
	return e->run && e->run->flow->kind != FLOW_DELETE && e->run->flow->kind != FLOW_ADOPT &&
	       e->run->flow->kind != FLOW_VERIFY;
}

void engine_boot_decide(struct engine *en, const struct boot_question *q, struct boot_decision *ret)
{
	struct enode *e = engine_find(en, node_of_mac(en, q->mac));
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
	} else if (wants_agent(e)) {
		ret->choice = BOOT_CHOICE_AGENT;
		ret->cmdline = flow_agent_cmdline(n, en->flow);
		ret->kernel = local_path(n, "deploy_kernel");
		ret->ramdisk = local_path(n, "deploy_ramdisk");
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
		struct bootlog *log = map_get(&en->bootlogs, w->address);

		json_object_set_new(j, "records", records_json(log, 3));
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
		enode_new(c->en, a->node);
		port_index(c->en, a->port.uuid, a->port.address, a->node->uuid);
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
	n->created_at = n->updated_at = time_wall_us();
	return 0;
}

/* Node and port in one transaction: a machine is accepted whole or not at all. */
void on_waiting_accept(struct engine *en, struct request *r)
{
	struct waiting *w = map_get(&en->waiting, r->ident);
	struct acceptance *a;
	struct commit *c;
	char uuid[UUID_TEXT_MAX];
	struct err err;
	int ret = 0;

	if (!w)
		ret = err_set(&err, ENOENT, "%s is not on the waiting list", r->ident);
	a = xcalloc(1, sizeof(*a));
	a->node = xmalloc(sizeof(*a->node));
	node_init(a->node);
	record_init(&port_type, &a->port);
	if (ret == 0)
		ret = accepted_node(en, r, a->node, &err);
	if (ret < 0) {
		node_done(a->node);
		free(a->node);
		record_done(&port_type, &a->port);
		free(a);
		request_finish(r, ret, &err);
		return;
	}
	a->request = r;
	uuid_new(uuid);
	a->port.uuid = xstrdup(uuid);
	a->port.node_uuid = xstrdup(a->node->uuid);
	a->port.address = xstrdup(w->address);
	a->port.pxe_enabled = true;
	a->port.created_at = a->port.updated_at = a->node->created_at;
	c = commit_bare(en);
	store_txn_insert(c->txn, &node_type, a->node);
	store_txn_insert(c->txn, &port_type, &a->port);
	store_txn_delete(c->txn, &waiting_type, w->uuid);
	commit_submit(c, accepted, a);
}
