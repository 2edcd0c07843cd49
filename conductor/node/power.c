/*
 * Power and boot device outside a flow: what clients ask for, and the sweep that compares what BMCs
 * say with what the records say (contract section 6, power synchronisation).
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define SWEEP_TICK_MS	   250
#define SWEEP_FAILURES_MAX 3
#define SWEEP_TIMEOUT_S	   20

/* What a client may ask for: the state that results, and the first action. */
static const struct {
	enum power_state ask, becomes;
	enum power_action action, action_when_off;
} targets[] = {
	{POWER_ON, POWER_ON, ACTION_ON, ACTION_ON},
	{POWER_OFF, POWER_OFF, ACTION_OFF, ACTION_OFF},
	{POWER_REBOOT, POWER_ON, ACTION_RESET, ACTION_ON},
	{POWER_SOFT_OFF, POWER_OFF, ACTION_SOFT_OFF, ACTION_OFF},
	{POWER_SOFT_REBOOT, POWER_ON, ACTION_SOFT_OFF, ACTION_ON},
};

bool power_changing(const struct enode *e)
{
	return e->asked || (e->power_op && !e->power_sweep);
}

/* A command does not wait for a sweep's question; its answer is dropped when it comes. */
static void pass_sweep(struct enode *e)
{
	if (!e->power_sweep)
		return;
	e->power_op = NULL;
	e->power_sweep = false;
}

static int power_allowed(struct enode *e, const struct request *r, struct err *err)
{
	bool off = r->power == POWER_OFF || r->power == POWER_SOFT_OFF;

	if (fsm_power_refused(e->state))
		return err_set(err, EINVAL,
			"The requested action \"%s\" can not be performed on node \"%s\" while it "
			"is in "
			"state \"%s\".",
			power_state_names[r->power], e->uuid, provision_state_name(e->state));
	if (off && enode_get(e)->disable_power_off)
		return err_set(err, ESTALE,
			"Node %s: disable_power_off is set, it is never powered off", e->uuid);
	if (!flow_power_known(enode_get(e)))
		return err_set(
			err, EINVAL, "Node %s: its power_interface cannot change power", e->uuid);
	if (power_changing(e) || e->op)
		return enode_locked(e, err);
	return flow_interface_check(enode_get(e), IF_POWER, err);
}

static void start_power(struct enode *e, enum power_action action, const char *what)
{
	int64_t s = e->power_request ? json_int(e->power_request->args, "timeout", 0) : 0;

	if (s <= 0)
		s = action == ACTION_SOFT_OFF ? 600 : e->en->flow->call_timeout_s;
	e->power_op = op_new(e, what, (unsigned)s);
	flow_power_set(e->en->flow, enode_get(e), action, e->power_op);
}

/* Whether it happened is for the sweep to find out; as in Ironic the client is told. */
void power_recover(struct enode *e)
{
	static const char lost[] =
		"Pending power operation was aborted due to conductor restart; look at the power "
		"state, then try again";
	struct commit *c;

	if (!enode_get(e)->target_power_state)
		return;
	c = commit_new(e);
	c->next->target_power_state = POWER_NONE;
	str_replace(&c->next->last_error, lost);
	history_add(c, "ERROR", "power", NULL, NULL, 0, NULL, lost);
	commit_submit(c, NULL, NULL);
}

static size_t target_row(enum power_state ask)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(targets) && targets[i].ask != ask)
		i++;
	return i;
}

/* The client has its 202 now; how it ends shows in the record. */
static void power_begun(struct commit *c, void *data)
{
	struct enode *e = c->node;
	struct request *r = data;
	enum power_state ask = r->power;
	size_t i = target_row(ask);

	if (c->r == 0 && !e->en->stopping) {
		e->power_target = ask;
		pass_sweep(e);
		start_power(e,
			e->power == POWER_OFF ? targets[i].action_when_off : targets[i].action,
			power_state_names[ask]);
	}
	e->power_request = NULL;
	request_finish(r, c->r, &c->err);
}

void on_power(struct enode *e, struct request *r)
{
	struct commit *c;
	struct err err;
	size_t i = target_row(r->power);
	int ret;

	if (i == ARRAY_SIZE(targets)) {
		err_set(&err, EINVAL,
			"target: expected power on, power off, rebooting, soft power off or "
			"soft rebooting");
		request_finish(r, -EINVAL, &err);
		return;
	}
	ret = power_allowed(e, r, &err);
	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	e->power_request = r;
	c = commit_new(e);
	c->next->target_power_state = (int)targets[i].becomes;
	str_replace(&c->next->last_error, NULL);
	history_add(c, "INFO", "power", NULL, NULL, 0, r->user, power_state_names[r->power]);
	commit_submit(c, power_begun, r);
}

/* "power on -> power off: the BMC says so" */
static const char *power_text(
	char text[static 160], const char *from, const char *to, const char *why)
{
	snprintf(text, 160, "%s -> %s: %s", from ? from : "unknown", to ? to : "unknown", why);
	return text;
}

static void set_power(struct enode *e, enum power_state now, const char *cause, const char *error)
{
	struct commit *c = commit_new(e);
	const char *from = power_state_names[e->power];
	char text[160];

	c->next->power_state = (int)now;
	c->next->target_power_state = POWER_NONE;
	if (error)
		str_replace(&c->next->last_error, error);
	if (now != e->power) {
		commit_news(c, NEWS_POWER_STATE, from, power_state_names[now], cause);
		history_add(c, "INFO", "power", NULL, NULL, 0, NULL,
			power_text(text, from, power_state_names[now], cause));
	}
	if (error)
		history_add(c, "ERROR", "power", NULL, NULL, 0, NULL, error);
	if (now == POWER_OFF)
		flow_agent_forget(c->next);
	else if (!error)
		flow_boot_device_used(c->next);
	commit_submit(c, NULL, NULL);
}

static void change_answered(struct enode *e, struct op *op)
{
	size_t i = target_row(e->power_target);

	if (op->result < 0) {
		err_prefix(&op->err, "%s", power_state_names[e->power_target]);
		log_warning("node %s: %s", e->name ? e->name : e->uuid, op->err.text);
		set_power(e, e->power, "power change failed", op->err.text);
	} else if (e->power_target == POWER_SOFT_REBOOT) {
		e->power_target = POWER_ON; /* it is off: now on again */
		start_power(e, ACTION_ON, "power on after the soft power off");
		return;
	} else {
		set_power(e, targets[i].becomes, "asked for", NULL);
	}
	e->power_target = POWER_NONE;
}

static void give_up(struct enode *e, enum power_state seen, const struct err *err)
{
	struct commit *c = commit_new(e);
	char reason[900];

	snprintf(reason, sizeof(reason), "During sync_power_state, max retries exceeded: %s",
		err ? err->text : "the power state does not stay what it should be");
	c->next->power_state = (int)seen;
	c->next->maintenance = true;
	str_replace(&c->next->fault, FAULT_POWER);
	str_replace(&c->next->maintenance_reason, reason);
	str_replace(&c->next->last_error, reason);
	history_add(c, "ERROR", "power", NULL, NULL, 0, NULL, reason);
	commit_news(c, NEWS_MAINTENANCE, NULL, "maintenance", reason);
	commit_submit(c, NULL, NULL);
}

/* The BMC answers again: what the sweep set is taken back (contract: power fault recovery). */
static void recovered(struct enode *e, enum power_state seen)
{
	struct commit *c = commit_new(e);

	c->next->power_state = (int)seen;
	c->next->maintenance = false;
	str_replace(&c->next->fault, NULL);
	str_replace(&c->next->maintenance_reason, NULL);
	history_add(c, "INFO", "power", NULL, NULL, 0, NULL, "the BMC answers again");
	commit_news(c, NEWS_MAINTENANCE, "maintenance", "in service", "the BMC answers again");
	commit_submit(c, NULL, NULL);
}

static void sweep_answered(struct enode *e, struct op *op)
{
	enum power_state seen = power_state_parse(json_string_value(op->value));

	if (e->run || e->power_request || e->committing)
		return; /* something began meanwhile: the answer is old */
	if (op->result < 0) {
		str_replace(&e->power_error, op->err.text);
		if (!e->power_fault && ++e->power_failures > SWEEP_FAILURES_MAX)
			give_up(e, POWER_NONE, &op->err);
	} else if (e->power_fault) {
		e->power_failures = 0;
		recovered(e, seen);
	} else if (e->power_pending) {
		set_power(e, seen, "the BMC says so", NULL); /* the store refused how it ended */
	} else if (seen == e->power) {
		e->power_failures = 0;
		health_chassis(e, op->chassis);
	} else if (e->power == POWER_NONE || e->power == POWER_ERROR ||
		   enode_get(e)->disable_power_off) {
		set_power(e, seen, "the BMC says so", NULL);
	} else if (++e->power_failures > SWEEP_FAILURES_MAX) {
		give_up(e, seen, NULL);
	} else {
		log_warning("node %s: is %s, should be %s", e->name ? e->name : e->uuid,
			power_state_names[seen], power_state_names[e->power]);
		e->power_target = e->power;
		e->power_sweep = false;
		start_power(e, e->power == POWER_ON ? ACTION_ON : ACTION_OFF,
			"restore the power state");
	}
}

void power_answer(struct enode *e, struct op *op)
{
	bool sweep = e->power_sweep;

	e->power_op = NULL;
	e->power_sweep = false;
	if (sweep)
		sweep_answered(e, op);
	else
		change_answered(e, op);
	op_free(op);
}

/* Contract section 6: whose power is looked at. */
bool power_swept(struct enode *e)
{
	bool left_out = e->state == PS_ENROLL || e->state == PS_VERIFYING ||
			e->state == PS_ADOPT_FAILED || !provision_state_is_stable(e->state);

	if (left_out || e->run || e->op || e->power_op || e->committing)
		return false;
	return !e->maintenance || e->power_fault;
}

/* Parsing the record costs more than asking the BMC: it is done once per change of the record. */
static void sweep_ask(struct enode *e)
{
	e->power_sweep = true;
	e->power_op = op_new(e, "power sweep", SWEEP_TIMEOUT_S);
	e->en->stats.power_polls++;
	if (e->power_asked && flow_power_get_again(e->en->flow, e->uuid, e->power_op))
		return;
	flow_power_get(e->en->flow, enode_get(e), true, e->power_op);
	e->power_asked = true;
}

static void sweep_one(struct enode *e)
{
	if (!power_swept(e))
		return;
	if (e->power_asked && flow_bmc_rests(e->en->flow, e->uuid))
		e->en->stats.power_polls_spared++; /* known to be dead: it costs nothing */
	else if (e->power_asked || flow_power_known(enode_get(e)))
		sweep_ask(e);
	enode_cool(e);
}

size_t sweep_share(int64_t *credit, size_t n, int64_t past_ms, int64_t interval_ms)
{
	size_t due;

	if (past_ms > 2 * SWEEP_TICK_MS)
		past_ms = 2 * SWEEP_TICK_MS;
	*credit += (int64_t)n * past_ms;
	due = (size_t)(*credit / interval_ms);
	*credit %= interval_ms;
	return due;
}

static void on_tick(uv_timer_t *t)
{
	struct engine *en = t->data;
	int64_t interval_ms = (int64_t)en->config.power_sync_interval_s * 1000;
	int64_t now = time_mono_ms(), past_ms = now - en->sweep_at_ms;
	void *value;

	en->sweep_at_ms = now;
	for (size_t due = sweep_share(&en->sweep_credit, en->nodes.n, past_ms, interval_ms);
		due > 0; due--) {
		if (map_next(&en->nodes, &en->sweep_pos, NULL, &value))
			sweep_one(value);
		else
			en->sweep_pos = 0; /* next time the first one again */
	}
}

void sweep_start(struct engine *en)
{
	en->sweep_at_ms = time_mono_ms();
	if (en->config.power_sync_interval_s > 0)
		uv_timer_start(&en->sweep, on_tick, SWEEP_TICK_MS, SWEEP_TICK_MS);
}
