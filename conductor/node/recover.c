/*
 * After a restart: what the record says a node was doing is gone on with, begun again or failed
 * with a reason; see run.h. It must never repeat what cannot be repeated.
 */
#include "conductor/node/run.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

#define ASK_S	 10		/* an agent that runs answers at once */
#define AGAIN_MS INT64_C(60000) /* a machine that was restarted so lately may be once more */

/* As run_waits(), of a wait that began before a restart. */
static void waits_again(struct enode *e)
{
	run_waits(e);
	if (!run_pause_s(e)) /* that begins again */
		state_timer_again(e);
}

static void fail_once(struct enode *e)
{
	char what[160];
	struct err err;

	err_set(&err, EINTR,
		"the conductor was restarted during \"%s\", which cannot be repeated safely; look "
		"at "
		"the machine, then try again",
		flow_what(e->run, enode_get(e), run_call(e), what, sizeof(what)));
	run_fail_call(e, &err);
}

/* When the call at hand was begun, on the wall's clock; 0: nobody knows. */
static int64_t begun_at(struct enode *e)
{
	return json_int(
		json_object_get(enode_get(e)->driver_internal_info, FLOW_CURSOR), "at_us", 0);
}

/* The deployed system runs: it has reported itself since. One of an earlier deployment may have. */
static bool system_came_home(struct enode *e)
{
	const char *at =
		json_str(json_object_get(enode_get(e)->driver_internal_info, "phone_home"), "at");
	int64_t at_us;

	return at && time_parse(at, &at_us) == 0 && begun_at(e) && at_us >= begun_at(e);
}

/*
 * After a restart in a call that ends the agent. While that answers, nothing has happened. A system
 * that has reported itself is not restarted once more; any other may be when the restart was a
 * moment ago, before it has begun to work.
 */
void recover_once(struct enode *e, bool alive)
{
	int64_t ago_us = time_wall_us() - begun_at(e);

	if (!alive && system_came_home(e))
		run_call_succeeded(e, NULL);
	else if (alive || (ago_us >= 0 && ago_us < AGAIN_MS * 1000))
		run_start_call(e);
	else
		fail_once(e);
}

/* What the node was doing is not known any more. */
void recover_unknown(struct enode *e)
{
	struct err err;

	err_set(&err, EINTR, "the conductor was restarted while the node was %s; try again",
		provision_state_name(e->state));
	run_fail(e, &err);
}

static bool restore_run(struct enode *e)
{
	const json_t *cursor = json_object_get(enode_get(e)->driver_internal_info, FLOW_CURSOR);
	const struct flow *flow = flow_by_name(json_str(cursor, "flow"));
	int64_t call = json_int(cursor, "call", -1), sub = json_int(cursor, "sub", -1);
	struct err err;

	if (!flow || !json_object_get(cursor, "sub") || call < 0 || call > flow->part.n_calls)
		return false;
	e->run = xcalloc(1, sizeof(*e->run));
	e->run->flow = flow;
	e->run->env = e->en->flow;
	e->run->manual = json_flag(cursor, "manual", false);
	e->boots = (uint8_t)json_int(cursor, "boots", 0);
	e->call = (int)call;
	e->sub = sub > 0 ? (int)sub : 0;
	if (sub >= 0 &&
		(flow_step_restore(e->run, enode_get(e), &err) < 0 || sub > e->run->step.n_calls)) {
		run_drop(e);
		return false;
	}
	return true;
}

/* The flow that a working state runs; FLOW_KIND_COUNT: none. */
static enum flow_kind flow_of_state(enum provision_state s)
{
	static const struct {
		enum provision_state state;
		enum flow_kind kind;
	} rows[] = {
		{PS_VERIFYING, FLOW_VERIFY},
		{PS_CLEANING, FLOW_CLEAN},
		{PS_INSPECTING, FLOW_INSPECT},
		{PS_DEPLOYING, FLOW_DEPLOY},
		{PS_DELETING, FLOW_DELETE},
		{PS_ADOPTING, FLOW_ADOPT},
		{PS_RESCUING, FLOW_RESCUE},
		{PS_UNRESCUING, FLOW_UNRESCUE},
		{PS_SERVICING, FLOW_SERVICE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].state == s)
			return rows[i].kind;
	return FLOW_KIND_COUNT;
}

/* A flow without a cursor has not made its first call: it begins. Otherwise nobody knows. */
static void recover_without_run(struct enode *e)
{
	const struct node *n = enode_get(e);
	enum flow_kind kind = flow_of_state(e->state);

	if (kind != FLOW_KIND_COUNT && !json_object_get(n->driver_internal_info, FLOW_CURSOR)) {
		run_start(e, kind, n->target_provision_state == PS_MANAGEABLE);
		return;
	}
	recover_unknown(e);
}

/*
 * Whether what a node waits for may have come without the conductor. An agent is forgotten when its
 * machine is booted, so one that is known has reported: its next heartbeat may be minutes away.
 */
static bool may_be_over(struct enode *e, const struct flow_call *call)
{
	return call->kind == CALL_AGENT ||
	       (call->kind == CALL_HEARTBEAT && !e->maintenance && flow_agent_known(enode_get(e)));
}

void run_recover(struct enode *e)
{
	const struct flow_call *call;
	bool queued, waiting;

	if (provision_state_is_stable(e->state)) {
		power_recover(e);
		enode_cool(e);
		return;
	}
	log_info("node %s: found in state %s after a restart", e->name ? e->name : e->uuid,
		provision_state_name(e->state));
	e->token_unsure = flow_agent_has_token(enode_get(e)) && !flow_agent_known(enode_get(e));
	if (!restore_run(e) && fsm_limit_of(e->state) != LIMIT_HOLD) {
		recover_without_run(e);
		return;
	}
	call = e->run ? run_call(e) : NULL;
	queued = json_flag(
		json_object_get(enode_get(e)->driver_internal_info, FLOW_CURSOR), "queued", false);
	waiting = queued && provision_state_is_wait(e->state);
	if (call && !waiting)
		slot_hold(e, call->slot); /* also when the limit was lowered */
	if (call && waiting) {
		run_queued(e);
	} else if (call && queued) {
		run_next(e); /* it was admitted, and did not get further */
	} else if (fsm_limit_of(e->state) == LIMIT_HOLD) {
		run_holds(e);
	} else if (provision_state_is_wait(e->state) && call && call->kind == CALL_HOLD) {
		run_continue(e); /* an operator has let it go on */
	} else if (provision_state_is_wait(e->state)) {
		waits_again(e);
		if (call && may_be_over(e, call))
			run_resume(e);
	} else if (call && call->kind == CALL_AGENT && flow_agent_known(enode_get(e))) {
		run_work_on(e);
		e->recovered = true;
		run_ask_outcome(e, e->en->flow->agent_timeout_s); /* the agent knows whether it was
								 given the command */
	} else if (call && (call->kind == CALL_HEARTBEAT || call->kind == CALL_HOLD ||
				   call->kind == CALL_PAUSE)) {
		run_pass(e); /* it was waited for, and came */
		run_next(e);
	} else if (call && call->kind == CALL_INSPECTION) {
		e->call = 0; /* what the agent found went with the old conductor: once more */
		run_next(e);
	} else if (call && call->once && call->command && flow_agent_known(enode_get(e))) {
		run_work_on(e);
		e->recovered = true;
		run_ask_outcome(e, ASK_S);
	} else if (call && call->once) {
		fail_once(e);
	} else {
		run_next(e);
	}
}
