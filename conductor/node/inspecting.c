/* Whose the data is that an agent posts after an inspection, and taking it (contract 4.6). */
#include "conductor/node/agents.h"
#include "conductor/node/inspect.h"
#include "conductor/node/run.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define HOST_MAX 256

static void inspection_told(struct commit *c, void *data)
{
	struct enode *e = c->node;

	if (c->r == 0 && e->run && e->state == PS_INSPECT_WAIT)
		run_resume_for(e, data);
	else
		request_finish(data, c->r, &c->err);
}

/* Answered when it is durable that the agent has reported: otherwise it has to send it again. */
static void inspection_take(struct enode *e, struct request *r)
{
	struct commit *c;

	e->agent_seen_ms = time_mono_ms();
	if (!r->flag) {
		r->answer = json_pack("{s:s}", "uuid", e->uuid);
		run_resume_for(e, r);
		return;
	}
	/* as a lookup: the agent gets its token with the answer, before the flow goes on */
	c = commit_new(e);
	request_answer(r, agent_introduce(e, c, r->text));
	commit_submit(c, inspection_told, r);
}

static json_t *macs_of(const json_t *inventory)
{
	json_t *macs = json_array(), *nic;
	size_t i;

	json_array_foreach (json_object_get(inventory, "interfaces"), i, nic)
		json_array_append(macs, json_object_get(nic, "mac_address"));
	return macs;
}

/* "https://[fd00::1]:443/redfish" -> "fd00::1"; what is no URL is taken as it is. */
static void host_of(const char *address, char host[static HOST_MAX])
{
	const char *p = strstr(address, "//");
	size_t len;

	p = p ? p + 2 : address;
	if (*p == '[') {
		p++;
		len = strcspn(p, "]");
	} else {
		bool v6 = strchr(p, ':') && strchr(strchr(p, ':') + 1, ':');

		len = strcspn(p, v6 ? "/" : ":/");
	}
	snprintf(host, HOST_MAX, "%.*s", (int)(len < HOST_MAX ? len : HOST_MAX - 1), p);
}

static bool same_address(const char *a, const char *b)
{
	unsigned char x[16], y[16];

	if (inet_pton(AF_INET, a, x) == 1)
		return inet_pton(AF_INET, b, y) == 1 && !memcmp(x, y, 4);
	return inet_pton(AF_INET6, a, x) == 1 && inet_pton(AF_INET6, b, y) == 1 &&
	       !memcmp(x, y, 16);
}

/* Whether the node's BMC has this address. A host's name is not looked up: it is no evidence. */
static bool has_bmc(struct enode *e, const char *address)
{
	const json_t *info = enode_get(e)->driver_info;
	const char *key, *bridging = json_str(info, "ipmi_bridging");
	bool bridged = bridging && !str_eq(bridging, "no");
	char host[HOST_MAX];
	json_t *value;

	json_object_foreach ((json_t *)info, key, value) {
		if (!str_ends(key, "_address") || !json_is_string(value) ||
			(bridged && str_starts(key, "ipmi_")))
			continue;
		host_of(json_string_value(value), host);
		if (same_address(host, address))
			return true;
	}
	return false;
}

/* What a BMC's address says of whose it is. */
struct owners {
	struct enode *one;
	unsigned n;
	bool known; /* the node that is known already is among them */
};

static void owners_of(
	struct engine *en, const char *address, const struct enode *known, struct owners *o)
{
	void *value;

	if (str_empty(address) || str_starts(address, "127.") || str_eq(address, "::1"))
		return;
	for (size_t pos = 0; map_next(&en->nodes, &pos, NULL, &value);) {
		struct enode *e = value;

		if (e->state != PS_INSPECT_WAIT || !has_bmc(e, address))
			continue;
		o->n += e != o->one;
		o->one = e;
		o->known |= e == known;
	}
}

/*
 * The node that the data is of: by UUID, MAC addresses and the BMC's address, none of which may
 * contradict another. NULL, and *ret_strange: nothing of it is known.
 */
static struct enode *node_of_inventory(
	struct engine *en, const char *uuid, const json_t *inventory, bool *ret_strange)
{
	_cleanup_json_ json_t *macs = macs_of(inventory);
	struct enode *named = uuid ? map_get(&en->nodes, uuid) : NULL, *e;
	struct owners o = {0};
	bool several;

	*ret_strange = false;
	e = node_of_addresses(en, macs, &several);
	if (several || (uuid && !named) || (e && named && e != named))
		return NULL;
	e = e ? e : named;
	if (e && e->state != PS_INSPECT_WAIT)
		return e;
	owners_of(en, json_str(inventory, "bmc_address"), e, &o);
	owners_of(en, json_str(inventory, "bmc_v6address"), e, &o);
	if (e)
		return o.n && !o.known ? NULL : e;
	*ret_strange = !o.n;
	return o.n == 1 ? o.one : NULL;
}

/* A node that is made for a machine which nobody knew. */
struct discovery {
	struct request *request;
	struct node *node;
	struct flow_found found;
	json_t *answer;
};

static void discovery_free(struct discovery *d)
{
	node_done(d->node);
	free(d->node);
	found_done(&d->found);
	json_decref(d->answer);
	free(d);
}

static void discovered(struct commit *c, void *data)
{
	struct discovery *d = data;
	struct request *r = d->request;

	if (c->r == 0) {
		log_info("node %s: discovered and enrolled", d->node->uuid);
		request_answer(r, TAKE_PTR(d->answer));
	}
	discovery_free(d);
	request_finish(r, c->r, &c->err);
}

/* The node as the inspection and its rules make it; it stays in enroll. */
static int discover_node(struct engine *en, struct discovery *d, json_t *data, struct err *err)
{
	struct flow_run run = {.env = en->flow, .node = d->node, .data = data};
	char uuid[UUID_TEXT_MAX];
	int r;

	uuid_new(uuid);
	d->node->uuid = xstrdup(uuid);
	d->node->driver = xstrdup(en->config.discovery_driver);
	d->node->conductor_group = xstrdup("");
	d->node->provision_state = PS_ENROLL;
	d->node->created_at = time_wall_us();
	r = flow_node_complete(d->node, en->flow, err);
	if (r == 0)
		r = inspection_apply(&run, NULL, err);
	if (r == 0) {
		json_put_bool(run.found.plugin_data, "auto_discovered", true);
		r = inspect_run_rules(en, NULL, &run, err);
	}
	d->node->power_state = POWER_NONE;
	d->found = run.found;
	return r;
}

static void discover(struct engine *en, struct request *r)
{
	struct discovery *d = xcalloc(1, sizeof(*d));
	struct commit *c;
	struct err err;

	d->request = r;
	d->node = xmalloc(sizeof(*d->node));
	node_init(d->node);
	if (discover_node(en, d, json_object_get(r->args, "data"), &err) < 0) {
		log_warning(
			"a machine that is no node's was inspected and not enrolled: %s", err.text);
		discovery_free(d);
		refuse_lookup(r);
		return;
	}
	d->answer = r->flag ? flow_agent_lookup(d->node, en->flow)
			    : json_pack("{s:s}", "uuid", d->node->uuid);
	c = commit_bare(en);
	c->born = d->node;
	store_txn_insert(c->txn, &node_type, d->node);
	inspect_add_found(c, &d->found);
	history_add(c, "INFO", "inspection", NULL, NULL, 0, NULL,
		"discovered: an agent that no node was known for reported what it found");
	commit_news(c, NEWS_NODE_CREATED, NULL, provision_state_name(PS_ENROLL), "discovered");
	c->news.node = d->node;
	commit_submit(c, discovered, d);
}

void on_inspection(struct engine *en, struct request *r)
{
	const json_t *data = json_object_get(r->args, "data");
	const char *uuid = json_str(r->args, "node_uuid");
	struct enode *e;
	struct err err;
	bool strange;
	int ret = inspection_check(data, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	e = node_of_inventory(
		en, str_empty(uuid) ? NULL : uuid, json_object_get(data, "inventory"), &strange);
	if (!e && strange && en->config.discovery_driver) {
		discover(en, r);
		return;
	}
	if (e && (e->committing || e->state == PS_INSPECTING)) {
		/* an agent that is faster than its BMC's answer: it tries again */
		request_locked(e, r);
		return;
	}
	if (!e || e->state != PS_INSPECT_WAIT || !e->run || e->slot_wanted != SLOT_NONE) {
		refuse_lookup(r);
		return;
	}
	json_decref(e->run->data);
	e->run->data = json_incref((json_t *)data);
	inspection_take(e, r);
}
