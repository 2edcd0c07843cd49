/*
 * Vendor methods (contract 2.3, vendor passthru). As in Ironic most are asynchronous: the client
 * has its answer when the method is begun, and how it ended stands in the node's history.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <errno.h>

struct passthru {
	struct op op;
	struct request *request; /* NULL: answered already */
	char method[64];
};

static void tell_failure(struct enode *e, const char *method, const struct err *err)
{
	_cleanup_free_ char *text = xasprintf("%s: %s", method, err->text);
	struct commit *c;

	log_warning("node %s: %s", e->name ? e->name : e->uuid, text);
	if (e->committing || e->en->stopping)
		return;
	c = commit_new(e);
	history_add(c, "ERROR", "vendor", NULL, NULL, 0, NULL, text);
	commit_submit(c, NULL, NULL);
}

static void passed(struct op *op)
{
	struct passthru *p = container_of(op, struct passthru, op);
	struct engine *en = op->engine;
	struct enode *e = map_get(&en->nodes, op->node);

	if (op->result < 0)
		en->stats.ops_failed++;
	if (p->request) {
		p->request->answer = op->result < 0 ? NULL : TAKE_PTR(op->value);
		request_finish(p->request, op->result, &op->err);
	} else if (op->result < 0 && e) {
		tell_failure(e, p->method, &op->err);
	}
	json_decref(op->value);
	free(p);
}

static void pass(struct enode *e, struct request *r, bool waits)
{
	struct passthru *p = xcalloc(1, sizeof(*p));
	struct op *pattern = op_new(e, "vendor method", e->en->flow->call_timeout_s);

	p->op = *pattern;
	op_free(pattern);
	list_init(&p->op.link);
	p->op.post = passed;
	p->request = waits ? r : NULL;
	str_copy(p->method, sizeof(p->method), r->text);
	flow_vendor_call(e->en->flow, enode_get(e), r->text, r->args, &p->op);
}

static void recorded(struct commit *c, void *data)
{
	struct request *r = data;
	struct enode *e = c->node;
	bool waits = flow_vendor_waits(enode_get(e), r->text);

	if (c->r == 0 && !c->en->stopping) {
		pass(e, r, waits);
		if (waits)
			return;
	}
	request_finish(r, c->r, &c->err);
}

void on_vendor(struct enode *e, struct request *r)
{
	struct commit *c;
	char text[128];
	struct err err;
	int ret = flow_vendor_check(enode_get(e), r->text, r->args, &err);

	if (ret == 0 && !flow_vendor_shares(enode_get(e), r->text) && (e->run || power_changing(e)))
		ret = enode_locked(e, &err);
	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	c = commit_new(e);
	snprintf(text, sizeof(text), "vendor method %.64s: asked for", r->text);
	history_add(c, "INFO", "vendor", NULL, NULL, 0, r->user, text);
	commit_submit(c, recorded, r);
}

void on_vendor_methods(struct enode *e, struct request *r)
{
	r->answer = flow_vendor_methods(enode_get(e));
	if (!e->run && !e->committing)
		enode_cool(e);
	request_finish(r, 0, NULL);
}
