/* A flow's way through the steps of its node; see flow.h and steps.h. */
#include "conductor/flow/offers.h"
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PAUSE_MAX_S 30 /* as Ironic's max_conductor_wait_step_seconds */

/* What an agent would offer is not known here: a deploy flow asks it in its first step. */
static int make_list(struct flow_run *run, struct err *e)
{
	enum flow_kind kind = run->flow->kind;
	struct node *n = run->node;
	_cleanup_json_ json_t *offered = offers_list(n, kind);
	const json_t *wanted = kind == FLOW_CLEAN && !run->manual ? NULL : steps_wanted(n, kind);
	json_t *list = NULL;
	int r = steps_choose(kind, wanted, offered, kind == FLOW_DEPLOY && offers_by_agent(n),
		steps_no_ramdisk(n, kind), &list, e);

	if (r == 0)
		steps_begin(n, kind, list);
	return r;
}

int flow_step_enter(struct flow_run *run, struct err *e)
{
	enum flow_kind kind = run->flow->kind;
	json_t *step;
	int r = steps_begun(run->node, kind) ? 0 : make_list(run, e);

	if (r < 0)
		return r;
	step = steps_current(run->node, kind);
	steps_show(run->node, kind);
	if (!step)
		return 0;
	r = offers_calls(run->node, kind, step, &run->step, e);
	return r < 0 ? r : 1;
}

void flow_step_leave(struct flow_run *run)
{
	run->step = (struct flow_part){NULL, 0};
	steps_next(run->node, run->flow->kind);
}

int flow_step_restore(struct flow_run *run, const struct node *n, struct err *e)
{
	json_t *step = steps_current(n, run->flow->kind);

	return step ? offers_calls(n, run->flow->kind, step, &run->step, e) : -EINVAL;
}

const char *flow_what(const struct flow_run *run, const struct node *n,
	const struct flow_call *call, char *buf, size_t size)
{
	enum flow_kind kind = run->flow->kind;
	char name[128];

	if (call->what || !steps_of_kind(kind))
		snprintf(buf, size, "%s", call->what ? call->what : "a step");
	else
		snprintf(buf, size, "step %s",
			step_name(steps_current(n, kind), name, sizeof(name)));
	return buf;
}

bool flow_left_system(const struct node *n)
{
	return offers_by_agent(n) && !steps_no_ramdisk(n, FLOW_SERVICE);
}

int flow_pause_s(const struct flow_run *run, const struct node *n)
{
	const json_t *args = json_object_get(steps_current(n, run->flow->kind), "args");
	const char *text = json_str(args, "seconds");
	int64_t s = text ? strtoll(text, NULL, 10) : json_int(args, "seconds", 0);

	return s <= 0 ? 0 : s > PAUSE_MAX_S ? PAUSE_MAX_S : (int)s;
}

int flow_steps_check(enum flow_kind kind, const struct node *n, const json_t *wanted, struct err *e)
{
	_cleanup_json_ json_t *offered = offers_list(n, kind);

	return steps_check(kind, wanted, offered, true, false, e);
}
