/*
 * A flow works on a copy of its node's record while clients, agents and the deployed system may
 * change the record itself. What they changed is brought into the copy here, member by member, so
 * that the flow's next commit does not undo it.
 */
#include "conductor/node/enode.h"
#include "lib/base/log.h"

/* Puts into `work` each member in which `new` differs from `old`; objects in objects likewise. */
static void take_over(json_t *work, const json_t *old, const json_t *new)
{
	const char *key;
	json_t *value, *was, *mine;

	json_object_foreach ((json_t *)new, key, value) {
		was = json_object_get(old, key);
		mine = json_object_get(work, key);
		if (was && json_equal(was, value))
			continue;
		if (json_is_object(was) && json_is_object(value) && json_is_object(mine))
			take_over(mine, was, value);
		else
			json_object_set(work, key, value);
	}
	json_object_foreach ((json_t *)old, key, value) {
		if (!json_object_get(new, key))
			json_object_del(work, key);
	}
}

void run_rebase(struct enode *e, const struct node *old, const struct node *new)
{
	_cleanup_json_ json_t *before = NULL, *after = NULL, *work = NULL;
	struct err err;

	if (!e->run || !e->run->node)
		return;
	before = record_to_json(&node_type, old);
	after = record_to_json(&node_type, new);
	work = record_to_json(&node_type, e->run->node);
	take_over(work, before, after);
	if (record_from_json(&node_type, e->run->node, work, &err) < 0)
		log_error("node %s: a change beside the flow: %s", e->uuid, err.text);
}
