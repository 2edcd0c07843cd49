/*
 * What clients ask of a node's BMC beside power and boot device. Reading holds up nothing; what
 * changes something is in the history before it is done, with who asked for it.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define READ_TIMEOUT_S 120 /* hundreds of requests, and some BMCs take 100 ms for each */

static bool only_reads(enum bmc_call call)
{
	return call <= BMC_LAN;
}

/* An op that answers a request directly; it belongs to no flow and holds up nothing. */
struct direct {
	struct op op;
	struct request *request;
	enum bmc_call call;
};

static void direct_done(struct op *op)
{
	struct direct *d = container_of(op, struct direct, op);
	struct engine *en = op->engine;
	struct enode *e = map_get(&en->nodes, op->node);
	struct request *r = d->request;

	if (op->result < 0)
		en->stats.ops_failed++;
	if (e && op->result == 0 && d->call == BMC_SENSORS) {
		reading_take(e, op->value);
		health_sensors(e, op->value);
	}
	if (op->result == 0)
		r->answer = TAKE_PTR(op->value);
	request_finish(r, op->result, &op->err);
	json_decref(op->value);
	free(d);
}

struct op *op_direct(struct enode *e, struct request *r, const char *what, unsigned timeout_s)
{
	struct direct *d = xcalloc(1, sizeof(*d));
	struct op *pattern = op_new(e, what, timeout_s);

	d->op = *pattern;
	op_free(pattern);
	list_init(&d->op.link);
	d->op.post = direct_done;
	d->request = r;
	d->call = BMC_CALL_COUNT;
	return &d->op;
}

static void ask(struct enode *e, enum bmc_call call, struct request *r)
{
	unsigned timeout_s = only_reads(call) ? READ_TIMEOUT_S : e->en->flow->call_timeout_s;
	struct op *op = op_direct(e, r, bmc_call_verbs[call], timeout_s);

	container_of(op, struct direct, op)->call = call;
	flow_bmc_ask(e->en->flow, enode_get(e), call, r->args, false, op);
}

static void recorded(struct commit *c, void *data)
{
	struct request *r = data;
	struct err err;

	if (c->r < 0) {
		request_finish(r, c->r, &c->err);
	} else if (c->en->stopping) {
		err_set(&err, EAGAIN, "this conductor is stopping; try again in a moment");
		request_finish(r, -EAGAIN, &err);
	} else {
		ask(c->node, bmc_call_parse(r->text), r);
	}
}

static int allowed(struct enode *e, enum bmc_call call, struct err *err)
{
	int r;

	if (call == BMC_CALL_COUNT)
		return err_set(err, EINVAL, "a BMC cannot be asked for that");
	r = flow_interface_check(enode_get(e), IF_MANAGEMENT, err);
	if (r < 0)
		return r;
	if (!flow_bmc_can(enode_get(e), call))
		return err_set(err, ENOTSUP, "Node %s: its driver %s cannot %s", e->uuid,
			enode_get(e)->driver, bmc_call_verbs[call]);
	if ((call == BMC_RESET || call == BMC_RAW) && (e->run || power_changing(e)))
		return enode_locked(e, err);
	return 0;
}

void on_bmc(struct enode *e, struct request *r)
{
	enum bmc_call call = bmc_call_parse(r->text);
	struct commit *c;
	char text[128];
	struct err err;
	int ret = allowed(e, call, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
	} else if (only_reads(call)) {
		ask(e, call, r);
	} else {
		c = commit_new(e);
		snprintf(text, sizeof(text), "%s: asked for", bmc_call_verbs[call]);
		history_add(c, "INFO", "management", NULL, NULL, 0, r->user, text);
		commit_submit(c, recorded, r);
	}
}
