/* Runs a node's flow call by call, and keeps its time; see run.h and enode.h. */
#include "conductor/node/run.h"
#include "conductor/flow/steps.h"
#include "conductor/node/inspect.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <string.h>

/* The calls the flow is in the middle of: those of a step, else its own. */
static const struct flow_part *part_of(const struct enode *e)
{
	return e->run->step.calls ? &e->run->step : &e->run->flow->part;
}

static int place_of(const struct enode *e)
{
	return e->run->step.calls ? e->sub : e->call;
}

static void set_place(struct enode *e, int place)
{
	if (e->run->step.calls)
		e->sub = place;
	else
		e->call = place;
}

const struct flow_call *run_call(const struct enode *e)
{
	const struct flow_part *part = part_of(e);

	return place_of(e) < part->n_calls ? &part->calls[place_of(e)] : NULL;
}

const struct flow_call *run_call_before(const struct enode *e)
{
	return place_of(e) > 0 ? &part_of(e)->calls[place_of(e) - 1] : NULL;
}

void run_pass(struct enode *e)
{
	set_place(e, place_of(e) + 1);
}

/* Where a call to a BMC went wrong: what the driver says of it, or here. */
static enum cause cause_of(const struct err *err)
{
	return err->code == EINTR || err->code == ENOSPC ? CAUSE_CONDUCTOR : CAUSE_BMC;
}

void run_count_failure(struct enode *e, enum cause cause)
{
	e->en->stats.failures[cause]++;
}

static bool agent_is_fresh(const struct enode *e)
{
	int64_t age = time_mono_ms() - e->agent_seen_ms;

	return e->agent_seen_ms && age < (int64_t)e->en->flow->fast_track_timeout_s * 1000;
}

void found_done(struct flow_found *f)
{
	json_decref(f->inventory);
	json_decref(f->plugin_data);
	json_decref(f->macs);
	json_decref(f->links);
	json_decref(f->disks);
	json_decref(f->bios);
	json_decref(f->firmware);
	json_decref(f->ports);
	free(f->rules);
	memset(f, 0, sizeof(*f));
}

void run_drop(struct enode *e)
{
	e->generation++;
	e->op = NULL; /* a late answer finds its generation over */
	slot_leave(e);
	e->recovered = false;
	e->heartbeat = false;
	unsaved_forget(e);
	free(TAKE_PTR(e->failing));
	uv_timer_stop(&e->timer);
	e->timed_out = false;
	e->pausing = false;
	if (!e->run)
		return;
	if (e->run->node) {
		node_done(e->run->node);
		free(e->run->node);
	}
	found_done(&e->run->found);
	json_decref(e->run->data);
	free(e->run->note);
	free(TAKE_PTR(e->run));
}

/* The working copy that calls change; made anew from the record after each commit. */
struct node *run_work_on(struct enode *e)
{
	if (!e->run->node) {
		e->run->node = xmalloc(sizeof(struct node));
		node_copy(e->run->node, enode_get(e));
	}
	return e->run->node;
}

void run_fail_now(struct enode *e, const struct err *err, const char *logs)
{
	struct state_change s = {.event = EV_FAIL, .cause = "failed", .error = err->text};
	struct err ignored;

	log_warning("node %s: %s: %s", run_label(e), provision_state_name(e->state), err->text);
	if (logs) {
		s.next = xmalloc(sizeof(*s.next));
		node_copy(s.next, enode_get(e));
		json_put_str(s.next->driver_internal_info, AGENT_LOGS, logs);
	}
	if (state_apply(e, &s, &ignored) < 0)
		run_drop(e);
}

void run_fail(struct enode *e, const struct err *err)
{
	if (logs_wanted(e))
		logs_collect(e, err);
	else
		run_fail_now(e, err, NULL);
}

/* "deploy: write the image: <cause>" */
void run_fail_call(struct enode *e, struct err *err)
{
	const struct flow_call *call = run_call(e);
	char what[160];

	run_count_failure(e, !call		     ? CAUSE_CONDUCTOR
			     : call->kind == CALL_OP ? cause_of(err)
						     : CAUSE_AGENT);
	if (call)
		err_prefix(err, "%s", flow_what(e->run, enode_get(e), call, what, sizeof(what)));
	err_prefix(err, "%s", flow_kind_names[e->run->flow->kind]);
	run_fail(e, err);
}

static void put_cursor(struct enode *e, struct node *n, bool queued)
{
	json_object_set_new(n->driver_internal_info, FLOW_CURSOR,
		json_pack("{s:s, s:i, s:i, s:b, s:b, s:i, s:I}", "flow", e->run->flow->name, "call",
			e->call, "sub", e->run->step.calls ? e->sub : -1, "manual", e->run->manual,
			"queued", queued, "boots", e->boots, "at_us", (json_int_t)time_wall_us()));
}

void run_start_call(struct enode *e)
{
	const struct flow_call *call = run_call(e);
	struct flow_env *env = e->en->flow;
	bool agent = call->agent || call->kind == CALL_AGENT;
	unsigned limit = call->limit_s ? call->limit_s
			 : agent       ? env->agent_timeout_s
				       : env->call_timeout_s;
	char what[160];

	e->op = op_new(e, call->what ? call->what : "a step", limit);
	enode_arm(e, (int64_t)limit * 1000 + 500);
	enode_waits(e, e->op->deadline_ms, "%s",
		flow_what(e->run, enode_get(e), call, what, sizeof(what)));
	enode_wait_set(e, agent ? WAIT_AGENT : WAIT_BMC);
	if (call->boots == BOOTS_POWER) {
		boot_begins(e);
		e->heartbeat = false; /* of the agent that ends now */
	}
	if (call->kind == CALL_CHILDREN)
		children_start(e, e->op);
	else
		call->start(e->run, e->op);
}

static void cursor_durable(struct commit *c, void *data)
{
	struct enode *e = c->node;

	if (!e->run || e->en->stopping)
		return;
	if (c->r == 0)
		run_start_call(e);
	else if (c->store_away)
		unsaved_call(e);
	else
		run_fail_call(e, &c->err);
}

static void go_wait(struct enode *e, enum fsm_event event)
{
	char what[160];
	struct state_change s = {.event = event, .cause = what, .next = TAKE_PTR(e->run->node)};
	struct err err;

	flow_what(e->run, s.next, run_call(e), what, sizeof(what));
	put_cursor(e, s.next, false);
	if (state_apply(e, &s, &err) < 0)
		run_fail_call(e, &err);
}

/* The call at hand needs a slot, and none is free. */
static void go_queue(struct enode *e)
{
	char cause[64];
	struct state_change s = {.event = EV_QUEUE, .cause = cause, .next = TAKE_PTR(e->run->node)};
	struct err err;

	snprintf(cause, sizeof(cause), "waits for a %s slot", flow_slot_names[run_call(e)->slot]);
	put_cursor(e, s.next, true);
	if (state_apply(e, &s, &err) < 0)
		run_fail_call(e, &err);
}

void run_queued(struct enode *e)
{
	slot_queue(e, run_call(e)->slot);
	enode_wait_set(e, WAIT_QUEUE);
}

/* A node that already waits for its agent is not held up any more: it only keeps what it has. */
static bool admitted(struct enode *e, const struct flow_call *call)
{
	bool waits = call->kind == CALL_HEARTBEAT || call->kind == CALL_INSPECTION;

	return slot_take(e, waits && e->slot_held != call->slot ? SLOT_NONE : call->slot);
}

static void flow_done(struct enode *e)
{
	bool to_manageable =
		e->run->flow->kind == FLOW_CLEAN && (e->run->manual || enode_get(e)->retired);
	enum fsm_event event = e->run->flow->kind == FLOW_DELETE ? EV_CLEAN
			       : to_manageable			 ? EV_MANAGE
								 : EV_DONE;
	char cause[96];
	struct state_change s = {.event = event,
		.cause = cause,
		.next = TAKE_PTR(e->run->node),
		.found = &e->run->found};
	struct err err;

	snprintf(cause, sizeof(cause), "%s: done", flow_kind_names[e->run->flow->kind]);
	if (state_apply(e, &s, &err) < 0)
		log_error("node %s: %s", run_label(e), err.text);
}

/* An abort that waited for the step at hand to end; only when there is more to come. */
static bool abort_is_due(struct enode *e)
{
	struct node *n = e->run->node;
	enum flow_kind kind = e->run->flow->kind;
	json_t *step = steps_shown(n, kind);
	char name[128], text[256];
	struct state_change s = {.event = EV_FAIL, .cause = "aborted", .error = text};
	struct err err;

	if (!json_flag(step, "abort_after", false) || !steps_current(n, kind))
		return false;
	snprintf(text, sizeof(text), "aborted by request, after step %s",
		step_name(step, name, sizeof(name)));
	json_object_clear(step); /* it ended well: nothing is wrong with the machine */
	s.next = TAKE_PTR(e->run->node);
	if (state_apply(e, &s, &err) < 0)
		log_error("node %s: %s", run_label(e), err.text);
	return true;
}

/*
 * Goes to the next call to be made: steps are entered and left, what is skipped is passed. False:
 * it failed, or was aborted.
 */
static bool seek_call(struct enode *e)
{
	const struct flow_call *call;
	struct err err;
	int r;

	for (;;) {
		call = run_call(e);
		if (!call && e->run->step.calls) {
			flow_step_leave(e->run);
			if (abort_is_due(e))
				return false;
		} else if (call && call->kind == CALL_STEPS) {
			r = flow_step_enter(e->run, &err);
			e->sub = 0;
			if (r == 0)
				e->call++;
			if (r < 0)
				run_fail_call(e, &err);
			if (r < 0)
				return false;
		} else if (call && call->skip && call->skip(e->run)) {
			run_pass(e);
		} else {
			return true;
		}
	}
}

/* Durable before it starts: after a restart it is known what may have happened. */
static void note_and_start(struct enode *e, const struct flow_call *call)
{
	struct commit *c = commit_new(e);
	char what[160], text[256];

	snprintf(text, sizeof(text), "%s: %s", flow_kind_names[e->run->flow->kind],
		flow_what(e->run, e->run->node, call, what, sizeof(what)));
	node_done(c->next);
	free(c->next);
	c->next = TAKE_PTR(e->run->node);
	put_cursor(e, c->next, false);
	disks_note(c, e->run);
	settings_note(c, e->run);
	if (e->run->note)
		history_add(c, "INFO", "management", NULL, NULL, 0, NULL, e->run->note);
	str_replace(&e->run->note, NULL);
	if (call->kept) /* "clean: power off": not what somebody asked for */
		history_add(c, "INFO", call->kept, NULL, NULL, 0, NULL, text);
	run_work_on(e);
	node_done(e->run->node);
	node_copy(e->run->node, c->next);
	commit_submit(c, cursor_durable, NULL);
}

void run_next(struct enode *e)
{
	const struct flow_call *call;

	if (!e->run)
		return;
	e->run->agent_alive = agent_is_fresh(e) && flow_agent_known(enode_get(e));
	e->run->agent_starting = agent_is_fresh(e) && flow_agent_expected(enode_get(e));
	run_work_on(e);
	if (!seek_call(e))
		return;
	call = run_call(e);
	if (!call)
		flow_done(e);
	else if (!admitted(e, call))
		go_queue(e);
	else if (call->kind == CALL_HOLD)
		go_wait(e, EV_HOLD);
	else if (call->kind == CALL_HEARTBEAT || call->kind == CALL_INSPECTION ||
		 call->kind == CALL_PAUSE)
		go_wait(e, EV_WAIT);
	else
		note_and_start(e, call);
}

void run_start(struct enode *e, enum flow_kind kind, bool manual)
{
	const struct flow *flow;
	struct err err;

	if (flow_choose(kind, enode_get(e), manual, e->en->flow, &flow, &err) < 0) {
		run_fail(e, &err);
		return;
	}
	e->run = xcalloc(1, sizeof(*e->run));
	e->run->flow = flow;
	e->run->env = e->en->flow;
	e->run->manual = manual;
	e->call = e->sub = 0;
	e->boots = 0;
	e->silent_since_ms = 0;
	free(TAKE_PTR(e->progress));
	boot_begins(e);
	e->powered_us = 0;
	run_next(e);
}

void run_boot_again(struct enode *e, const char *cause)
{
	struct state_change s = {.event = EV_RESUME, .cause = cause};
	struct err err;

	while (run_call_before(e) && run_call_before(e)->boots)
		set_place(e, place_of(e) - 1);
	e->boots++;
	e->agent_seen_ms = 0; /* of the boot that came to nothing */
	s.next = xmalloc(sizeof(*s.next));
	node_copy(s.next, enode_get(e));
	put_cursor(e, s.next, false);
	if (state_apply(e, &s, &err) < 0)
		log_error("node %s: %s", run_label(e), err.text);
}

void run_call_succeeded(struct enode *e, json_t *value)
{
	const struct flow_call *call = run_call(e);
	struct err err = {0};
	int r;

	/* of a driver alone: what an agent says is not for the history */
	str_replace(&e->run->note,
		call->boots && json_is_object(value) ? json_str(value, "note") : NULL);
	r = call->finish ? call->finish(e->run, value, &err) : 0;
	if (r == 0 && call->kind == CALL_INSPECTION)
		r = inspect_run_rules(e->en, e, e->run, &err);

	if (r < 0) {
		run_fail_call(e, &err);
		return;
	}
	if (call->kind != CALL_CHILDREN || children_done(e))
		run_pass(e);
	run_next(e);
}

void run_leave_out(struct enode *e, const struct err *err)
{
	log_warning("node %s: %s: %s", run_label(e), run_call(e)->what, err->text);
	free(e->run->note);
	e->run->note = xasprintf("%s: %s", run_call(e)->what, err->text);
	run_pass(e);
	run_next(e);
}

/* Asks the agent how the command ended that it was given; in its own commit-free call. */
void run_ask_outcome(struct enode *e, unsigned limit_s)
{
	e->op = op_new(e, "ask the agent how it went", limit_s);
	enode_arm(e, (int64_t)limit_s * 1000 + 500);
	enode_waits(e, e->op->deadline_ms, "%s", e->op->what);
	flow_agent_ask(e->en->flow, enode_get(e), run_call(e)->command, e->op);
}

static void agent_answered(struct enode *e, json_t *command)
{
	struct err err = {0};
	int r = flow_agent_outcome(command, &err);

	run_work_on(e);
	if (r == -EAGAIN) {
		go_wait(e, EV_WAIT);
		return;
	}
	flow_note_disks(e->run, command);
	if (r < 0)
		run_fail_call(e, &err);
	else
		run_call_succeeded(e, command);
}

void run_answer(struct enode *e, struct op *op)
{
	bool over = op->generation != e->generation || !e->run, recovered = e->recovered;

	e->op = NULL;
	e->recovered = false;
	if (over) {
		op_free(op);
		return;
	}
	uv_timer_stop(&e->timer);
	e->timed_out = false;
	if (op->result >= 0)
		e->silent_since_ms = 0;
	if (op->result >= 0 && e->run->node) /* none while the flow fails */
		health_first(e->run->node, op->chassis);
	if (e->failing)
		logs_done(e, op);
	else if (recovered && run_call(e)->kind == CALL_OP)
		recover_once(e, op->result >= 0 || op->result == -ENOENT);
	else if (op->result == -ENOENT && recovered)
		run_start_call(e); /* it never got the command: the restart came before */
	else if (op->result < 0 && run_has_patience(e, op))
		; /* it is begun again in a while */
	else if (op->result < 0 && run_call(e)->optional)
		run_leave_out(e, &op->err);
	else if (op->result < 0)
		run_fail_call(e, &op->err);
	else if (run_call(e)->kind == CALL_AGENT)
		agent_answered(e, op->value);
	else
		run_call_succeeded(e, op->value);
	op_free(op);
}
