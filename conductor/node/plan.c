/*
 * The steps that a request for a provision state brings: its own, those of the runbook it names, or
 * those of the deploy templates that the instance's traits name. They are put into the request's
 * body, so that what follows knows only lists of steps.
 */
#include "conductor/flow/steps.h"
#include "conductor/model/plans.h"
#include "conductor/node/records.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>

static bool has_text(const json_t *list, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one)
		if (str_eq(json_string_value(one), text))
			return true;
	return false;
}

static int64_t order_of(const json_t *step)
{
	const char *text = json_str(step, "order");

	return text ? strtoll(text, NULL, 10) : json_int(step, "order", 0);
}

/* By rising order, which the steps themselves do not keep. */
static json_t *in_order(const json_t *steps)
{
	json_t *sorted = json_array(), *step, *mine;
	size_t i, k;

	json_array_foreach ((json_t *)steps, i, step) {
		for (k = json_array_size(sorted); k > 0; k--)
			if (order_of(json_array_get(sorted, k - 1)) <= order_of(step))
				break;
		json_array_insert(sorted, k, step);
	}
	json_array_foreach (sorted, i, step) {
		mine = json_deep_copy(step);
		json_object_del(mine, "order");
		json_array_set_new(sorted, i, mine);
	}
	return sorted;
}

/* The request's body is shared with who asked: it gets one of its own. */
static json_t *own_args(struct request *r)
{
	json_t *args = json_copy(r->args);

	json_decref(r->args);
	r->args = args;
	return args;
}

static int may_run(const struct node *n, const struct runbook *book, struct err *err)
{
	json_t *trait;
	size_t i;

	json_array_foreach (book->traits, i, trait)
		if (has_text(n->traits, json_string_value(trait)))
			return 0;
	return has_text(n->traits, book->name)
		       ? 0
		       : err_set(err, EINVAL,
				 "runbook %s is not approved for node %s: the node has none of "
				 "its traits",
				 book->name, n->uuid);
}

static int take_runbook(struct enode *e, struct request *r, const char *ident, struct err *err)
{
	const char *member = r->verb == VERB_CLEAN ? "clean_steps" : "service_steps";
	const struct resident *found = resident_find(e->en, &runbook_type, ident);
	struct runbook book;
	json_t *args;
	int ret;

	if (!found)
		return err_set(err, ENOENT, "Runbook %.255s could not be found.", ident);
	if (json_array_size(json_object_get(r->args, member)))
		return err_set(err, EINVAL, "%s: give either steps or a runbook, not both", member);
	resident_read(found, &book);
	ret = may_run(enode_get(e), &book, err);
	if (ret == 0) {
		args = own_args(r);
		json_object_set_new(args, member, in_order(book.steps));
		json_object_set_new(args, "disable_ramdisk", json_boolean(book.disable_ramdisk));
	}
	record_done(&runbook_type, &book);
	return ret;
}

static bool has_step(const json_t *steps, const json_t *wanted)
{
	json_t *step;
	size_t i;

	json_array_foreach ((json_t *)steps, i, step)
		if (str_eq(json_str(step, "step"), json_str(wanted, "step")) &&
			str_eq(json_str(step, "interface"), json_str(wanted, "interface")))
			return true;
	return false;
}

/* A client's own step goes before its namesake of a template. */
static void add_template(json_t *all, const json_t *own, const struct deploy_template *t)
{
	json_t *step;
	size_t i;

	json_array_foreach (t->steps, i, step)
		if (!has_step(own, step))
			json_array_append_new(all, json_deep_copy(step));
}

static int take_templates(struct enode *e, struct request *r, struct err *err)
{
	const struct node *n = enode_get(e);
	const json_t *traits = json_object_get(n->instance_info, "traits");
	const json_t *own = json_object_get(r->args, "deploy_steps");
	_cleanup_json_ json_t *all = json_is_array(own) ? json_copy((json_t *)own) : json_array();
	json_t *trait;
	size_t i;

	json_array_foreach ((json_t *)traits, i, trait) {
		const char *name = json_string_value(trait);
		const struct resident *found =
			name ? resident_find(e->en, &deploy_template_type, name) : NULL;
		struct deploy_template t;

		if (!has_text(n->traits, name))
			return err_set(err, EINVAL,
				"instance_info traits: node %s does not have %.255s", n->uuid,
				name ? name : "one that is no text");
		if (!found)
			continue;
		resident_read(found, &t);
		add_template(all, own, &t);
		record_done(&deploy_template_type, &t);
	}
	if (json_array_size(all) > json_array_size(own))
		json_object_set(own_args(r), "deploy_steps", all);
	return 0;
}

int plan_take(struct enode *e, struct request *r, struct err *err)
{
	const char *runbook = json_str(r->args, "runbook");

	if (runbook && (r->verb == VERB_CLEAN || r->verb == VERB_SERVICE))
		return take_runbook(e, r, runbook, err);
	if (r->verb == VERB_DEPLOY || r->verb == VERB_REBUILD)
		return take_templates(e, r, err);
	return 0;
}
