/*
 * What clients ask of a node's interfaces: boot mode, secure boot, NMI, indicators, virtual media,
 * VIFs (contract 2.6). Reading holds up nothing. What changes something has the node for itself
 * until its answer is there, is in the history with who asked for it, and ends with the record:
 * changed, or with the reason in last_error where the client has its answer already.
 */
#include "conductor/node/enode.h"
#include "lib/base/str.h"

#include <errno.h>

static const struct rule {
	const char *what; /* for people; of a change also for the history */
	bool changes;
	bool at_once; /* the client has its answer when it is begun */
	bool settled; /* refused while the node changes its state by itself */
} rules[ASK_COUNT] = {
	[ASK_BOOT_MODE] = {"set the boot mode", true, true, true},
	[ASK_SECURE_BOOT] = {"set secure boot", true, true, true},
	[ASK_NMI] = {"inject an NMI", true, false, false},
	[ASK_INDICATORS] = {"list the indicators", false, false, false},
	[ASK_INDICATOR] = {"read an indicator", false, false, false},
	[ASK_INDICATOR_SET] = {"set an indicator", true, false, false},
	[ASK_VMEDIA] = {"list the virtual media", false, false, false},
	[ASK_VMEDIA_ATTACH] = {"attach virtual media", true, true, false},
	[ASK_VMEDIA_DETACH] = {"detach virtual media", true, true, false},
	[ASK_VIFS] = {"list the VIFs", false, false, false},
	[ASK_VIF_ATTACH] = {"attach a VIF", true, false, false},
	[ASK_VIF_DETACH] = {"detach a VIF", true, false, false},
};

/* One that was begun. */
struct asking {
	struct op op;
	enum node_ask ask;
	json_t *args;
	struct request *client; /* NULL: answered already */
	struct request *turn;	/* for its turn among what happens to the node */
};

/* States that a node leaves without anybody asking for it. */
static bool moves(enum provision_state s)
{
	return !provision_state_is_stable(s) && fsm_limit_of(s) != LIMIT_HOLD;
}

/* A flow has the node for itself, but for the time in which it waits. */
static bool works(const struct enode *e)
{
	return e->run && !provision_state_is_wait(e->state);
}

static void asking_free(struct asking *a)
{
	json_decref(a->op.value);
	json_decref(a->args);
	request_free(a->turn);
	free(a);
}

static void answer(struct asking *a, int result, const struct err *err)
{
	struct request *client = TAKE_PTR(a->client);

	if (client && result == 0)
		client->answer = TAKE_PTR(a->op.value);
	if (client)
		request_finish(client, result, err);
}

/* Its turn is over, or the node is gone, or the conductor stops. */
static void turn_over(struct request *turn)
{
	struct asking *a = turn->data;
	struct engine *en = a->op.engine;
	struct enode *e = map_get(&en->nodes, a->op.node);

	if (e)
		e->asked = false;
	answer(a, turn->result, &turn->err);
	asking_free(a);
}

static void answered(struct op *op)
{
	struct asking *a = container_of(op, struct asking, op);
	struct engine *en = op->engine;
	struct enode *e = map_get(&en->nodes, op->node);
	struct err gone;

	if (op->result < 0)
		en->stats.ops_failed++;
	if (e && rules[a->ask].changes) {
		list_append(&e->requests, &a->turn->link);
		enode_ready(e);
		return;
	}
	if (!e) {
		err_set(&gone, ENOENT, "Node %s could not be found.", op->node);
		answer(a, -ENOENT, &gone);
	} else {
		answer(a, op->result, &op->err);
	}
	asking_free(a);
}

static void begin(struct enode *e, enum node_ask ask, json_t *args, struct request *client)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	struct op *pattern = op_new(e, rules[ask].what, e->en->flow->call_timeout_s);

	a->op = *pattern;
	op_free(pattern);
	list_init(&a->op.link);
	a->op.post = answered;
	a->ask = ask;
	a->args = json_incref(args);
	a->client = client;
	a->turn = request_new(REQ_ASKED, turn_over, a);
	e->asked |= rules[ask].changes; /* a look meanwhile is no end of it */
	flow_ask_start(e->en->flow, enode_get(e), ask, args, &a->op);
}

static void noted(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

/* How it ended goes into the record. */
void on_asked(struct enode *e, struct request *r)
{
	struct asking *a = r->data;
	struct commit *c;
	char text[900];

	if (a->op.result < 0 && a->client) {
		request_finish(r, a->op.result, &a->op.err);
		return;
	}
	c = commit_new(e);
	if (a->op.result == 0) {
		flow_ask_done(c->next, a->ask, a->args);
	} else {
		snprintf(text, sizeof(text), "%s: %s", rules[a->ask].what, a->op.err.text);
		str_replace(&c->next->last_error, text);
		history_add(c, "ERROR", "management", NULL, NULL, 0, NULL, text);
	}
	commit_submit(c, noted, r);
}

/* The history says what was asked for: now it is done. */
static void recorded(struct commit *c, void *data)
{
	struct request *r = data;
	struct enode *e = c->node;
	bool at_once = rules[r->ask].at_once;
	struct err err;

	if (c->r == 0 && c->en->stopping) {
		err_set(&err, EAGAIN, "this conductor is stopping; try again in a moment");
		request_finish(r, -EAGAIN, &err);
		return;
	}
	if (c->r == 0 && flow_ask_check(enode_get(e), r->ask, r->args, &err) == 0) {
		begin(e, r->ask, r->args, at_once ? NULL : r);
		if (!at_once)
			return;
	}
	request_finish(r, c->r, &c->err);
}

/* An interface that cannot is told like Ironic tells it: the client has its answer before. */
static void record(struct enode *e, struct request *r)
{
	const struct rule *rule = &rules[r->ask];
	struct commit *c = commit_new(e);
	char text[900];
	struct err err;

	snprintf(text, sizeof(text), "%s: asked for", rule->what);
	history_add(c, "INFO", "management", NULL, NULL, 0, r->user, text);
	if (rule->at_once)
		str_replace(&c->next->last_error, NULL);
	if (flow_ask_check(enode_get(e), r->ask, r->args, &err) < 0) {
		snprintf(text, sizeof(text), "%s: %s", rule->what, err.text);
		str_replace(&c->next->last_error, text);
	}
	commit_submit(c, recorded, r);
}

static int allowed(struct enode *e, const struct request *r, struct err *err)
{
	const struct rule *rule = &rules[r->ask];
	int ret;

	if (rule->settled && moves(e->state))
		return err_set(err, ESTALE,
			"Node %s: cannot %s while it is in state %s; try again later", e->uuid,
			rule->what, provision_state_name(e->state));
	if (rule->changes && (works(e) || power_changing(e)))
		return enode_locked(e, err);
	ret = flow_interface_check(enode_get(e), flow_ask_interface(r->ask), err);
	if (ret == 0 && !rule->at_once)
		ret = flow_ask_check(enode_get(e), r->ask, r->args, err);
	return ret;
}

void on_ask(struct enode *e, struct request *r)
{
	struct err err;
	int ret = allowed(e, r, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
	} else if (!rules[r->ask].at_once && !flow_ask_starts(enode_get(e), r->ask)) {
		r->answer = flow_ask_answer(enode_get(e), r->ask, r->args);
		request_finish(r, 0, NULL);
	} else if (rules[r->ask].changes) {
		record(e, r);
	} else {
		begin(e, r->ask, r->args, r);
	}
}
