/* The one place where a provision state changes; see enode.h. */
#include "conductor/flow/steps.h"
#include "conductor/node/inspect.h"
#include "conductor/node/records.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define AGENT_REPORTS_MS 300000 /* an agent sends a heartbeat at least so often (contract 4.5) */

/* What is left to do once the new state is durable. */
struct pending_change {
	const struct transition *row;
	enum provision_state from;
	struct request *request;
	bool to_system; /* the machine is in an agent, and is brought back to its own system */
	bool power_off; /* the machine is not left running after the failure */
};

void enode_waits(struct enode *e, int64_t until_ms, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_replace(&e->waits_for, text);
	e->waits_since_ms = time_mono_ms();
	e->waits_until_ms = until_ms;
}

int state_limit_s(const struct enode *e)
{
	const struct engine_config *c = &e->en->config;

	switch (fsm_limit_of(e->state)) {
	case LIMIT_VERIFY:
	case LIMIT_WORK:
		return 0; /* each call has its own */
	case LIMIT_DEPLOY_WAIT:
		return c->deploy_timeout_s;
	case LIMIT_CLEAN_WAIT:
		return c->clean_timeout_s;
	case LIMIT_INSPECT_WAIT:
		return c->inspect_timeout_s;
	case LIMIT_RESCUE_WAIT:
		return c->rescue_timeout_s;
	case LIMIT_SERVICE_WAIT:
		return c->service_timeout_s;
	case LIMIT_NONE:
	case LIMIT_HOLD:
	case LIMIT_COUNT:
		break;
	}
	return 0;
}

void enode_wait_set(struct enode *e, enum wait_kind kind)
{
	e->en->stats.waiting[e->wait]--;
	e->wait = kind;
	e->en->stats.waiting[e->wait]++;
}

void state_look_again(struct enode *e)
{
	int64_t now = time_mono_ms(), due = boot_due_ms(e), until = e->waits_until_ms;

	uv_timer_stop(&e->timer);
	if (due && due <= now) /* it was due, but is given more time */
		due = now + (int64_t)e->en->config.boot_retry_s * 1000;
	if (due && (!until || due < until))
		enode_arm(e, due - now);
	else if (until)
		enode_arm(e, until - now);
}

/* The state ends after so long, 0: never; before that a machine that is to come is looked at. */
static void arm_state(struct enode *e, int64_t left_ms)
{
	e->waits_until_ms = left_ms > 0 ? time_mono_ms() + left_ms : 0;
	state_look_again(e);
}

/* The second try of a boot has what the first one left. */
static int64_t limit_ms_of(const struct enode *e)
{
	int64_t limit_ms = (int64_t)state_limit_s(e) * 1000;
	int64_t retry_ms = (int64_t)e->en->config.boot_retry_s * 1000;
	bool second = e->boots && boot_is_awaited(e) && limit_ms > 2 * retry_ms;

	return second ? limit_ms - retry_ms : limit_ms;
}

void state_timer(struct enode *e)
{
	arm_state(e, limit_ms_of(e));
}

/*
 * Only the wall clock tells how long nobody was here, and it may have been set meanwhile. Set back,
 * it must not make the node wait for more than its limit; set forward, it must not fail everything
 * that waits at once. So what waits gets the time in which each agent that lives reports again.
 */
void state_timer_again(struct enode *e)
{
	int64_t limit_ms = limit_ms_of(e);
	int64_t least_ms = limit_ms < AGENT_REPORTS_MS ? limit_ms : AGENT_REPORTS_MS;
	int64_t left_ms = limit_ms - (time_wall_us() - enode_get(e)->provision_updated_at) / 1000;

	if (left_ms > limit_ms)
		left_ms = limit_ms;
	if (left_ms < least_ms)
		left_ms = least_ms;
	arm_state(e, limit_ms ? left_ms : 0);
}

static bool starts_flow(const struct transition *row)
{
	return row->action != ACT_NONE && row->action != ACT_CONTINUE && row->action != ACT_UNDO &&
	       row->action != ACT_QUEUE && row->action != ACT_ADMIT;
}

/*
 * A step was running: a disk may be half erased, firmware half written. Nobody may use the machine
 * by chance.
 */
static void note_fault(struct node *n, enum provision_state to, const char *error)
{
	bool clean = to == PS_CLEAN_FAILED && json_object_size(n->clean_step);
	bool service = to == PS_SERVICE_FAILED && json_object_size(n->service_step);

	if (!clean && !service)
		return;
	str_replace(&n->fault, clean ? FAULT_CLEAN : FAULT_SERVICE);
	if (!n->maintenance_reason)
		str_replace(&n->maintenance_reason, error);
	n->maintenance = true;
}

/* The next record: state, target, time, last_error. */
static void fill_next(struct node *n, const struct transition *row, const struct state_change *s)
{
	bool verb = row->event <= EV_SERVICE;

	n->provision_state = (int)row->to;
	if (row->target != TARGET_KEEP)
		n->target_provision_state = row->target;
	n->provision_updated_at = time_wall_us();
	if (s->error || verb)
		str_replace(&n->last_error, s->error);
	if (row->action == ACT_INSPECT) {
		n->inspection_started_at = n->provision_updated_at;
		n->inspection_finished_at = 0;
	}
	if (row->to == PS_MANAGEABLE && row->from == PS_INSPECTING) {
		n->inspection_started_at = 0; /* of one that runs, as in Ironic */
		n->inspection_finished_at = n->provision_updated_at;
	}
	if (row->event == EV_FAIL)
		note_fault(n, row->to, s->error);
	if (row->to == PS_ADOPT_FAILED)
		n->power_state = POWER_NONE; /* what was read of it may be wrong */
	if (row->to == PS_RESCUE_FAILED || row->from == PS_UNRESCUING)
		rescue_password_forget(n);
	if (row->action == ACT_DEPLOY || row->action == ACT_UNDO ||
		provision_state_is_stable(row->to)) {
		json_object_clear(n->deploy_step);
		json_object_clear(n->clean_step);
		json_object_clear(n->service_step);
		if (!starts_flow(row))
			steps_forget(n, row->action == ACT_UNDO);
	}
	if (provision_state_is_stable(row->to) || starts_flow(row))
		json_object_del(n->driver_internal_info, FLOW_CURSOR); /* it was another flow's */
	str_replace(&n->conductor, NULL);
}

static const enum flow_kind flow_of_action[ACT_COUNT] = {
	[ACT_VERIFY] = FLOW_VERIFY,
	[ACT_CLEAN] = FLOW_CLEAN,
	[ACT_INSPECT] = FLOW_INSPECT,
	[ACT_DEPLOY] = FLOW_DEPLOY,
	[ACT_DELETE] = FLOW_DELETE,
	[ACT_ADOPT] = FLOW_ADOPT,
	[ACT_RESCUE] = FLOW_RESCUE,
	[ACT_UNRESCUE] = FLOW_UNRESCUE,
	[ACT_SERVICE] = FLOW_SERVICE,
};

static void act(struct enode *e, const struct pending_change *p)
{
	bool manual = p->row->target == PS_MANAGEABLE;

	if (e->en->stopping)
		return; /* the next start goes on from the record */
	switch (p->row->action) {
	case ACT_NONE:
		if (e->run && provision_state_is_wait(e->state)) {
			run_waits(e);
			if (e->heartbeat)
				run_resume(e);
		} else if (fsm_limit_of(e->state) == LIMIT_HOLD) {
			run_holds(e);
		} else {
			run_drop(e);
		}
		break;
	case ACT_CONTINUE:
		run_continue(e);
		break;
	case ACT_QUEUE:
		run_queued(e);
		break;
	case ACT_ADMIT:
		run_next(e);
		break;
	case ACT_UNDO:
		run_drop(e);
		if (p->power_off)
			run_undo_power_off(e);
		break;
	default:
		run_drop(e);
		run_start(e, flow_of_action[p->row->action], manual);
		break;
	}
}

static void refused(struct commit *c, struct pending_change *p)
{
	struct enode *e = c->node;

	if (p->request)
		request_finish(p->request, c->r, &c->err);
	else if (c->store_away || p->row->event == EV_FAIL)
		unsaved_transition(e, p->row->event, c->cause, c);
	else
		run_fail(e, &c->err);
}

static void durable(struct commit *c, void *data)
{
	struct pending_change *p = data;
	struct enode *e = c->node;

	if (c->r < 0) {
		refused(c, p);
		free(p);
		return;
	}
	unsaved_forget(e);
	log_info("node %s: %s -> %s: %s", e->name ? e->name : e->uuid,
		provision_state_name(p->from), provision_state_name(p->row->to), c->cause);
	e->state_since_ms = time_mono_ms();
	free(TAKE_PTR(e->waits_for));
	e->waits_until_ms = 0;
	if (provision_state_is_stable(p->row->to) && !provision_state_is_failed(p->row->to))
		free(TAKE_PTR(e->progress)); /* after a failure it says how far the work came */
	enode_wait_set(e, WAIT_NOTHING);
	e->en->stats.transitions++;
	uv_timer_stop(&e->timer);
	e->timed_out = false;
	if (p->request)
		request_finish(p->request, 0, NULL);
	act(e, p);
	if (p->row->event == EV_ABORT && p->row->to == PS_SERVICE_FAILED)
		run_undo_service(e, p->to_system);
	free(p);
}

int state_apply(struct enode *e, const struct state_change *s, struct err *err)
{
	const struct transition *row = fsm_find(e->state, s->event);
	struct pending_change *p;
	struct commit *c;
	bool power_off, to_system;

	if (!row) {
		if (s->next) {
			node_done(s->next);
			free(s->next);
		}
		return err_set(err, EINVAL,
			"The requested action \"%s\" can not be performed on node \"%s\" while it "
			"is in "
			"state \"%s\".",
			fsm_event_names[s->event], e->uuid, provision_state_name(e->state));
	}
	c = commit_new(e);
	if (s->next) {
		node_done(c->next);
		free(c->next);
		c->next = s->next;
	}
	to_system = flow_left_system(c->next);
	fill_next(c->next, row, s);
	power_off = row->action == ACT_UNDO && run_undo_powers_off(e, row->from);
	if (power_off) {
		c->next->power_state = POWER_OFF;
		flow_agent_forget(c->next);
	}
	disks_note(c, e->run);
	settings_note(c, e->run);
	commit_news(c, NEWS_PROVISION_STATE, provision_state_name(row->from),
		provision_state_name(row->to), s->error ? s->error : s->cause);
	history_add(c, s->error ? "ERROR" : "INFO", "provisioning", provision_state_name(row->from),
		provision_state_name(row->to), c->news.duration_ms, s->user,
		s->error ? s->error : s->cause);
	p = xcalloc(1, sizeof(*p));
	if (s->found)
		inspect_add_found(c, s->found);
	p->row = row;
	p->from = row->from;
	p->request = s->request;
	p->power_off = power_off;
	p->to_system = to_system;
	commit_submit(c, durable, p);
	return 0;
}
