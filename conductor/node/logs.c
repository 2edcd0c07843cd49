/*
 * Before a flow fails, the logs of its agent are collected: the machine is powered off next, and
 * they go with it. The node stays in its state meanwhile, for seconds at most; a restart of the
 * conductor in between finds the failure again.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/time.h"

#include <errno.h>

#define COLLECT_S 20

/* What an agent posted with its inspection. */
static const char *posted_logs(const struct enode *e)
{
	return json_str(e->run->data, "logs");
}

bool logs_wanted(struct enode *e)
{
	if (e->failing || !e->run || e->unsaved || e->en->stopping ||
		e->en->flow->logs == LOGS_NEVER)
		return false;
	return posted_logs(e) || flow_agent_known(enode_get(e));
}

void logs_collect(struct enode *e, const struct err *why)
{
	const char *what = flow_kind_names[e->run->flow->kind], *posted = posted_logs(e);
	struct flow_env *env = e->en->flow;

	e->generation++; /* an answer that is still on its way is too late */
	e->failing = xmalloc(sizeof(*e->failing));
	*e->failing = *why;
	e->op = op_new(e, "collect the agent's logs", COLLECT_S);
	enode_arm(e, COLLECT_S * 1000 + 500);
	enode_waits(e, e->op->deadline_ms, "the agent's logs, before it fails: %.120s", why->text);
	if (posted)
		flow_keep_logs(env, enode_get(e), what, posted, e->op);
	else
		flow_agent_logs(env, enode_get(e), what, e->op);
}

void logs_done(struct enode *e, const struct op *op)
{
	struct err why = *e->failing;
	const char *file = op ? json_str(op->value, "file") : NULL;

	free(TAKE_PTR(e->failing));
	if (!file)
		log_warning("node %s: the agent's logs could not be kept: %s", e->uuid,
			op ? op->err.text : "no answer in time");
	run_fail_now(e, &why, file);
}
