/*
 * A step that is done on the nodes below its node (contract 1.2: execute_on_child_nodes): their
 * power, one child after the other, in the order of their uuids. How far it came is kept in the
 * parent's record; after a restart the child at hand is done once more.
 */
#include "conductor/flow/steps.h"
#include "conductor/node/run.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define CHILD "ingot_child" /* in driver_internal_info: uuid of the child at hand */

static const struct {
	const char *step;
	enum power_action action, when_off;
	enum power_state becomes;
} powers[] = {
	{"power_on", ACTION_ON, ACTION_ON, POWER_ON},
	{"power_off", ACTION_OFF, ACTION_OFF, POWER_OFF},
	{"reboot", ACTION_RESET, ACTION_ON, POWER_ON},
};

static size_t power_row(const json_t *step)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(powers) && !str_eq(powers[i].step, json_str(step, "step")))
		i++;
	return i;
}

static bool is_listed(const json_t *step, const char *uuid)
{
	const json_t *only = json_object_get(step, "limit_child_node_execution");
	json_t *one;
	size_t i;

	if (!json_array_size(only))
		return true;
	json_array_foreach ((json_t *)only, i, one)
		if (str_ieq(json_string_value(one), uuid))
			return true;
	return false;
}

static bool is_child(struct enode *e, const char *parent)
{
	bool hot = e->hot != NULL, is;

	if (!strstr(e->doc, parent))
		return false;
	is = str_eq(enode_get(e)->parent_node, parent);
	if (!hot && !e->run && !e->committing)
		enode_cool(e);
	return is;
}

/* The child whose uuid comes next after that; NULL: none is left. */
static struct enode *child_after(struct enode *e, const json_t *step, const char *after)
{
	struct enode *next = NULL;
	size_t pos = 0;
	void *value;

	while (map_next(&e->en->nodes, &pos, NULL, &value)) {
		struct enode *c = value;

		if ((!after || strcmp(c->uuid, after) > 0) &&
			(!next || strcmp(c->uuid, next->uuid) < 0) && is_listed(step, c->uuid) &&
			is_child(c, e->uuid))
			next = c;
	}
	return next;
}

static int child_check(struct enode *child, size_t row, struct err *err)
{
	if (row == ARRAY_SIZE(powers))
		return err_set(err, EINVAL,
			"only power_on, power_off and reboot can be done on child nodes");
	if (child->run || child->op || child->committing || power_changing(child))
		return enode_locked(child, err);
	if (!flow_power_known(enode_get(child)))
		return err_set(
			err, EINVAL, "child node %s: its power cannot be changed", child->uuid);
	if (powers[row].becomes == POWER_OFF && enode_get(child)->disable_power_off)
		return err_set(err, EPERM, "child node %s: disable_power_off is set", child->uuid);
	return 0;
}

void children_start(struct enode *e, struct op *op)
{
	struct node *n = run_work_on(e);
	json_t *internal = n->driver_internal_info;
	const json_t *step = steps_current(n, e->run->flow->kind);
	struct enode *child = child_after(e, step, json_str(internal, CHILD));
	size_t row = power_row(step);
	struct err err;

	if (!child) {
		json_object_del(internal, CHILD);
		op_done(op, NULL);
		return;
	}
	json_put_str(internal, CHILD, child->uuid);
	if (child_check(child, row, &err) < 0) {
		op_fail(op, &err);
		return;
	}
	flow_power_set(e->en->flow, enode_get(child),
		child->power == POWER_OFF ? powers[row].when_off : powers[row].action, op);
}

/* The child's record follows; when it is busy, the sweep finds out. */
static void child_is(struct enode *child, enum power_state now)
{
	struct commit *c;

	if (!child || child->committing || child->power == now)
		return;
	c = commit_new(child);
	c->next->power_state = (int)now;
	history_add(c, "INFO", "power", NULL, NULL, 0, NULL, "switched by a step of its parent");
	commit_submit(c, NULL, NULL);
}

bool children_done(struct enode *e)
{
	struct node *n = run_work_on(e);
	const char *uuid = json_str(n->driver_internal_info, CHILD);
	size_t row = power_row(steps_current(n, e->run->flow->kind));

	if (uuid && row < ARRAY_SIZE(powers))
		child_is(map_get(&e->en->nodes, uuid), powers[row].becomes);
	return uuid == NULL;
}
