/*
 * A flow that waits: for an agent, an operator or a moment; how it goes on, and what happens when
 * nothing comes. See run.h.
 */
#include "conductor/node/run.h"
#include "conductor/flow/steps.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <errno.h>

void run_waits(struct enode *e)
{
	const struct flow_call *call = e->run ? run_call(e) : NULL;
	int pause_s = run_pause_s(e);
	char what[160] = "the agent";

	if (call)
		flow_what(e->run, enode_get(e), call, what, sizeof(what));
	enode_waits(e, 0, "%s", what);
	enode_wait_set(e, boot_is_awaited(e) ? WAIT_BOOT : pause_s ? WAIT_NOTHING : WAIT_AGENT);
	state_timer(e);
	if (!pause_s)
		return;
	enode_waits(
		e, time_mono_ms() + (int64_t)pause_s * 1000, "a pause of %d s to be over", pause_s);
	enode_arm(e, (int64_t)pause_s * 1000);
}

void run_holds(struct enode *e)
{
	enum flow_kind kind = e->run ? e->run->flow->kind : FLOW_KIND_COUNT;
	const json_t *step = e->run ? steps_current(enode_get(e), kind) : NULL;
	char name[128];

	if (step)
		enode_waits(e, 0, "an operator to unhold or abort (%s step %s)",
			flow_kind_names[kind], step_name(step, name, sizeof(name)));
	else
		enode_waits(e, 0, "an operator to unhold or abort");
	enode_wait_set(e, WAIT_OPERATOR);
}

/* Continues after a wait, now in the working state. */
static void resumed(struct enode *e)
{
	const struct flow_call *call = run_call(e);

	run_work_on(e);
	if (call->kind == CALL_AGENT)
		run_ask_outcome(e, e->en->flow->agent_timeout_s);
	else if (call->kind == CALL_INSPECTION)
		run_call_succeeded(e, e->run->data);
	else {
		run_pass(e);
		run_next(e);
	}
}

int run_pause_s(struct enode *e)
{
	const struct flow_call *call = e->run ? run_call(e) : NULL;

	return call && call->kind == CALL_PAUSE ? flow_pause_s(e->run, enode_get(e)) : 0;
}

void run_resume(struct enode *e)
{
	if (e->slot_wanted != SLOT_NONE || e->slot_admitted)
		return; /* what it waits for is no agent */
	e->heartbeat = false;
	if (e->failing)
		return;
	if (!e->run || !provision_state_is_wait(e->state))
		e->heartbeat = e->run != NULL;
	else if (!run_pause_s(e) && run_call(e)->kind != CALL_INSPECTION)
		run_resume_for(e, NULL); /* an inspection is awaited for what it brings */
}

void run_apply(struct enode *e, enum fsm_event event, const char *cause)
{
	struct state_change s = {.event = event, .cause = cause};
	struct err err;

	if (state_apply(e, &s, &err) < 0)
		log_error("node %s: %s", run_label(e), err.text);
}

void run_resume_for(struct enode *e, struct request *r)
{
	char way[200], cause[256];
	struct state_change s = {.event = EV_RESUME, .cause = cause, .request = r};
	struct err err;
	int ret;

	boot_way(e, way, sizeof(way));
	snprintf(cause, sizeof(cause), "the agent reported%s%s", *way ? ": " : "", way);
	ret = state_apply(e, &s, &err);

	if (ret < 0)
		log_error("node %s: %s", run_label(e), err.text);
	if (ret < 0 && r)
		request_finish(r, ret, &err);
}

void run_continue(struct enode *e)
{
	if (!e->run)
		recover_unknown(e);
	else if (provision_state_is_wait(e->state))
		run_apply(e, EV_RESUME, "it is held no more");
	else if (run_call(e) && run_call(e)->kind != CALL_OP)
		resumed(e);
	else
		run_next(e);
}

void run_wait_failed(struct enode *e)
{
	char last[600] = "no sign of it", what[160] = "the agent";
	int64_t s = (time_mono_ms() - e->state_since_ms) / 1000;
	struct err err;

	if (e->run && run_call(e))
		flow_what(e->run, enode_get(e), run_call(e), what, sizeof(what));
	if (boot_is_awaited(e))
		bootlog_last(e, last, sizeof(last));
	else
		agent_last(e, last, sizeof(last));
	err_set(&err, ETIME,
		"Timeout reached while waiting for callback for node %s: waited %lld s for %s%s; "
		"%s",
		e->uuid, (long long)s, what,
		e->boots ? ", after the boot device was set again and the machine restarted" : "",
		last);
	run_count_failure(e, boot_is_awaited(e) ? CAUSE_BOOT : CAUSE_AGENT);
	run_fail(e, &err);
}

void run_timeout(struct enode *e)
{
	struct err err;

	if (e->unsaved) {
		unsaved_retry(e);
	} else if (e->pausing) {
		e->pausing = false;
		run_start_call(e);
	} else if (e->failing) {
		e->op = NULL;
		e->generation++;
		logs_done(e, NULL);
	} else if (e->op) {
		err_set(&err, ETIME, "no answer within its time limit");
		e->op = NULL;
		e->generation++;
		if (run_call(e)->optional) {
			run_leave_out(e, &err);
			return;
		}
		run_fail_call(e, &err);
	} else if (provision_state_is_wait(e->state)) {
		if (run_pause_s(e))
			run_apply(e, EV_RESUME, "the pause is over");
		else if (e->waits_until_ms && time_mono_ms() >= e->waits_until_ms)
			run_wait_failed(e);
		else
			boot_look(e);
	}
}
