/* PUT states/provision: guards of each verb (contract 2.3, 3), then the table decides. */
#include "conductor/node/enode.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a verb checks before the table is asked; NULL: nothing. */
typedef int (*guard_fn)(struct enode *e, const struct request *r, struct err *err);

static int not_in_maintenance(struct enode *e, const struct request *r, struct err *err)
{
	if (!e->maintenance)
		return 0;
	return err_set(err, EINVAL,
		"The %s operation can't be performed on node %s because it's in maintenance mode.",
		fsm_event_names[fsm_event_of_verb(r->verb)], e->uuid);
}

static int not_protected(struct enode *e, const struct request *r, struct err *err)
{
	if (!enode_get(e)->is_protected)
		return 0;
	return err_set(err, EPERM,
		"Node %s is protected and can not be undeployed, rebuilt or deleted.", e->uuid);
}

/* States that can be aborted only since some microversion, and how a client is told. */
static int guard_abort(struct enode *e, const struct request *r, struct err *err)
{
	static const struct {
		enum provision_state state;
		int since, code;
	} rows[] = {
		{PS_INSPECT_WAIT, 41, EPROTONOSUPPORT},
		{PS_DEPLOY_WAIT, 110, EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (e->state == rows[i].state && r->version && r->version < rows[i].since)
			return err_set(err, rows[i].code,
				"abort of a node in state \"%s\" needs API version 1.%d",
				provision_state_name(e->state), rows[i].since);
	return 0;
}

static int validated(struct enode *e, enum flow_kind kind, struct err *err)
{
	int r = kind == FLOW_DEPLOY ? enode_interface_check(e, IF_BOOT, err) : 0;

	if (r == 0)
		r = flow_validate(kind, enode_get(e), e->en->flow, err);
	return r < 0 ? err_set(err, EINVAL, "Failed to validate %s for node %s: %s",
			       flow_kind_names[kind], e->uuid, err->text)
		     : 0;
}

/* The steps of a kind that the request brings; NULL: none. Borrowed. */
static json_t *steps_of(const struct request *r, enum flow_kind kind)
{
	static const char *const members[FLOW_KIND_COUNT] = {[FLOW_CLEAN] = "clean_steps",
		[FLOW_DEPLOY] = "deploy_steps",
		[FLOW_SERVICE] = "service_steps"};
	json_t *steps = json_object_get(r->args, members[kind]);

	return json_array_size(steps) ? steps : NULL;
}

static int guard_deploy(struct enode *e, const struct request *r, struct err *err)
{
	int ret = not_in_maintenance(e, r, err);

	if (ret == 0 && r->verb == VERB_REBUILD)
		ret = not_protected(e, r, err);
	if (ret == 0 && enode_get(e)->retired && r->verb == VERB_DEPLOY)
		ret = err_set(err, EINVAL,
			"The deploy operation can't be performed on node %s because "
			"it is retired.",
			e->uuid);
	if (ret == 0)
		ret = validated(e, FLOW_DEPLOY, err);
	return ret < 0 ? ret
		       : flow_steps_check(FLOW_DEPLOY, enode_get(e), steps_of(r, FLOW_DEPLOY), err);
}

static int guard_provide(struct enode *e, const struct request *r, struct err *err)
{
	if (enode_get(e)->retired)
		return err_set(err, EINVAL,
			"The provide operation can't be performed on node %s because it is "
			"retired.",
			e->uuid);
	return validated(e, FLOW_CLEAN, err);
}

static int guard_clean(struct enode *e, const struct request *r, struct err *err)
{
	if (!steps_of(r, FLOW_CLEAN))
		return err_set(err, EINVAL,
			"clean_steps: required when setting target provision state "
			"to clean");
	return validated(e, FLOW_CLEAN, err);
}

static int guard_inspect(struct enode *e, const struct request *r, struct err *err)
{
	return validated(e, FLOW_INSPECT, err);
}

static int guard_rescue(struct enode *e, const struct request *r, struct err *err)
{
	const char *password = json_str(r->args, "rescue_password");
	int ret = not_in_maintenance(e, r, err);

	if (ret == 0 && r->verb == VERB_RESCUE &&
		(!password || !password[strspn(password, " \t\r\n")]))
		ret = err_set(err, EINVAL,
			"rescue_password: required when setting target provision "
			"state to rescue");
	return ret < 0 ? ret : validated(e, FLOW_RESCUE, err);
}

static int guard_service(struct enode *e, const struct request *r, struct err *err)
{
	int ret = not_in_maintenance(e, r, err);

	if (ret == 0 && !steps_of(r, FLOW_SERVICE))
		ret = err_set(err, EINVAL,
			"service_steps: required when setting target provision "
			"state to service");
	return ret < 0 ? ret : validated(e, FLOW_SERVICE, err);
}

/* manage from enroll checks the BMC itself; what is wrong with driver_info shows in last_error */
static const guard_fn guards[VERB_COUNT] = {
	[VERB_PROVIDE] = guard_provide,
	[VERB_INSPECT] = guard_inspect,
	[VERB_DEPLOY] = guard_deploy,
	[VERB_REBUILD] = guard_deploy,
	[VERB_DELETE] = not_protected,
	[VERB_ABORT] = guard_abort,
	[VERB_CLEAN] = guard_clean,
	[VERB_RESCUE] = guard_rescue,
	[VERB_UNRESCUE] = guard_rescue,
	[VERB_SERVICE] = guard_service,
};

/* What a deploy order leaves in the record. */
static void take_deploy(struct node *n, const struct request *r)
{
	json_t *drive = json_object_get(r->args, "configdrive");

	if (drive && !json_is_null(drive))
		json_object_set(n->instance_info, "configdrive", drive);
	if (str_empty(n->instance_uuid) && r->verb == VERB_DEPLOY)
		json_object_del(n->driver_internal_info, "phone_home");
	steps_want(n, FLOW_DEPLOY, steps_of(r, FLOW_DEPLOY), false);
}

/* One command clears what a failure set; what an operator set stays. */
static void clear_fault(struct node *n, const char *fault)
{
	if (!str_eq(n->fault, fault))
		return;
	n->maintenance = false;
	str_replace(&n->fault, NULL);
	str_replace(&n->maintenance_reason, NULL);
}

/* What the request's body leaves in the node's record. */
static int with_args(
	struct enode *e, const struct request *r, struct node **ret_next, struct err *err)
{
	bool no_ramdisk = json_flag(r->args, "disable_ramdisk", false);
	struct node *n = xmalloc(sizeof(*n));
	int ret = 0;

	node_copy(n, enode_get(e));
	if (r->verb == VERB_DEPLOY || r->verb == VERB_REBUILD)
		take_deploy(n, r);
	else if (r->verb == VERB_CLEAN || r->verb == VERB_PROVIDE)
		steps_want(n, FLOW_CLEAN, steps_of(r, FLOW_CLEAN), no_ramdisk);
	else if (r->verb == VERB_SERVICE)
		steps_want(n, FLOW_SERVICE, steps_of(r, FLOW_SERVICE), no_ramdisk);
	else if (r->verb == VERB_RESCUE)
		ret = rescue_password_keep(n, json_str(r->args, "rescue_password"), err);
	else if (r->verb == VERB_MANAGE && n->provision_state == PS_CLEAN_FAILED)
		clear_fault(n, FAULT_CLEAN);
	if (ret < 0) {
		node_done(n);
		free(n);
		return ret;
	}
	*ret_next = n;
	return 0;
}

static int refuse_state(struct enode *e, struct request *r, struct err *err)
{
	bool rests = provision_state_is_stable(e->state) || provision_state_is_wait(e->state) ||
		     fsm_limit_of(e->state) == LIMIT_HOLD;

	if (!rests || e->power_request || power_changing(e))
		return enode_locked(e, err);
	return err_set(err, EINVAL,
		"The requested action \"%s\" can not be performed on node \"%s\" while it is in "
		"state "
		"\"%s\".",
		verb_names[r->verb], e->uuid, provision_state_name(e->state));
}

static int allowed(struct enode *e, struct request *r, struct err *err)
{
	const struct transition *row = fsm_find(e->state, fsm_event_of_verb(r->verb));
	int ret;

	if (!row || e->power_request || power_changing(e))
		return refuse_state(e, r, err);
	ret = plan_take(e, r, err);
	return ret == 0 && guards[r->verb] ? guards[r->verb](e, r, err) : ret;
}

/* Whether it would be taken, with the record as the request would have changed it before. */
static int would_be_allowed(struct enode *e, struct request *r, struct err *err)
{
	struct node changed, *hot;
	int ret;

	if (!r->edit)
		return allowed(e, r, err);
	node_copy(&changed, enode_get(e));
	ret = r->edit(r->data, &changed, err);
	if (ret == 0) {
		hot = e->hot;
		e->hot = &changed;
		ret = allowed(e, r, err);
		e->hot = hot;
	}
	node_done(&changed);
	return ret;
}

/* A clean step that must not be interrupted is at work: an abort waits for its end. */
static bool step_runs_on(struct enode *e)
{
	const json_t *step = enode_get(e)->clean_step;

	return e->state == PS_CLEAN_WAIT && e->slot_wanted == SLOT_NONE && json_object_size(step) &&
	       !json_flag(step, "abortable", false) && !step_is_built_in(step);
}

static void aborts_later(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

static void abort_later(struct enode *e, struct request *r)
{
	struct commit *c = commit_new(e);

	json_object_set_new(c->next->clean_step, "abort_after", json_true());
	history_add(c, "INFO", "provisioning", NULL, NULL, 0, r->user,
		"abort asked for: it waits for the end of the clean step, which cannot be "
		"interrupted");
	commit_submit(c, aborts_later, r);
}

static const char *abort_text(struct enode *e, char *buf, size_t size)
{
	const struct node *n = enode_get(e);
	const json_t *step = e->state == PS_CLEAN_WAIT || e->state == PS_CLEAN_HOLD ? n->clean_step
			     : e->state == PS_SERVICE_WAIT || e->state == PS_SERVICE_HOLD
				     ? n->service_step
				     : n->deploy_step;
	char name[128];

	if (json_object_size(step))
		snprintf(buf, size, "aborted by request in step %s",
			step_name(step, name, sizeof(name)));
	else
		snprintf(buf, size, "aborted by request");
	return buf;
}

void on_provision(struct enode *e, struct request *r)
{
	char cause[64], text[256];
	struct state_change s = {
		.event = fsm_event_of_verb(r->verb), .cause = cause, .user = r->user, .request = r};
	struct err err;
	int ret;

	if (r->would) {
		ret = would_be_allowed(e, r, &err);
		request_finish(r, ret, ret < 0 ? &err : NULL);
		return;
	}
	snprintf(cause, sizeof(cause), "%s asked for", fsm_event_names[s.event]);
	ret = allowed(e, r, &err);
	if (ret == 0 && r->verb == VERB_ABORT && step_runs_on(e)) {
		abort_later(e, r);
		return;
	}
	if (ret == 0)
		ret = with_args(e, r, &s.next, &err);
	if (ret == 0) {
		if (r->verb == VERB_ABORT)
			s.error = abort_text(e, text, sizeof(text));
		ret = state_apply(e, &s, &err);
	}
	if (ret < 0) {
		e->en->stats.refused++;
		request_finish(r, ret, &err);
	}
}
