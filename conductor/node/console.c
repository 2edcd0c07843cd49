/*
 * Consoles as nodes have them: on because an operator said so, or while the node is provisioned.
 * The console itself is the driver's (conductor/driver/console.h).
 */
#include "conductor/node/enode.h"

#include <errno.h>

#define LINES_SHOWN 100

/* States in which the machine boots or is written to; a look at its BMC is no reason. */
static bool boots(enum provision_state s)
{
	return !provision_state_is_stable(s) && s != PS_VERIFYING && s != PS_ADOPTING;
}

unsigned console_wanted(const struct engine *en, const struct node *n)
{
	unsigned wanted = n->console_enabled ? CONSOLE_ENABLED : 0;

	if (en->config.console_in_flows && boots((enum provision_state)n->provision_state))
		wanted |= CONSOLE_FLOW;
	return wanted;
}

void console_follow(struct enode *e, const struct node *before, unsigned wanted_before)
{
	const struct node *n;

	if (e->en->stopping || (!e->console && !wanted_before))
		return;
	n = enode_get(e);
	if (before && e->console == wanted_before &&
		json_equal(before->driver_info, n->driver_info))
		return;
	flow_console_want(e->en->flow, n, e->console);
	if (!before && !e->run && !e->committing)
		enode_cool(e);
}

static void console_set(struct commit *c, void *data)
{
	request_finish(data, c->r, &c->err);
}

void on_console_set(struct enode *e, struct request *r)
{
	struct commit *c;
	struct err err;
	int ret = flow_interface_check(enode_get(e), IF_CONSOLE, &err);

	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	c = commit_new(e);
	c->next->console_enabled = r->flag;
	if (enode_get(e)->console_enabled != r->flag)
		history_add(c, "INFO", "console", NULL, NULL, 0, r->user,
			r->flag ? "console enabled" : "console disabled");
	commit_submit(c, console_set, r);
}

void on_console_get(struct enode *e, struct request *r)
{
	bool hot = e->hot != NULL, enabled = enode_get(e)->console_enabled;
	json_t *console;
	struct err err;
	int ret = enabled ? flow_interface_check(enode_get(e), IF_CONSOLE, &err) : 0;

	if (ret < 0) {
		request_finish(r, ret, &err);
		return;
	}
	console = flow_console_show(e->en->flow, e->uuid, LINES_SHOWN);
	r->answer = json_pack("{s:s, s:b, s:b, s:o}", "uuid", e->uuid, "console_enabled", enabled,
		"fake", !flow_console_real(enode_get(e)), "console",
		console ? console : json_null());
	if (!hot && !e->run && !e->committing)
		enode_cool(e);
	request_finish(r, 0, NULL);
}

void on_console_watch(struct enode *e, struct request *r)
{
	struct err err = {0};
	int ret = flow_console_watch(e->en->flow, e->uuid, r->record, &err);

	request_finish(r, ret, &err);
}

void on_console_leave(struct enode *e, struct request *r)
{
	flow_console_unwatch(e->en->flow, e->uuid, r->text);
	request_finish(r, 0, NULL);
}

void on_console_type(struct enode *e, struct request *r)
{
	struct err err = {0};
	const char *input = json_str(r->args, "input");
	int ret = flow_console_type(e->en->flow, e->uuid, json_str(r->args, "watch"),
		input ? input : "", json_flag(r->args, "take", false), &err);

	request_finish(r, ret, &err);
}
