/* Running rules: in order of priority, conditions first, each with its loop. */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* What this thread has worked: a busy machine makes no rule fail. */
static int64_t worked_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One more condition or action; rules and data may be made to cost much. */
static int spend(struct rule_run *run, struct err *e)
{
	if (++run->steps > RULE_STEPS_MAX)
		return err_set(e, ETIME, "more than %d conditions and actions in one inspection",
			RULE_STEPS_MAX);
	if (worked_ms() > run->until_ms)
		return err_set(e, ETIME, "rules took more than %d ms of work in one inspection",
			RULE_TIME_MAX_MS);
	return 0;
}

static int fill_args(struct rule_run *run, const struct rule_operation *op, const json_t *given,
	const json_t *item, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *named = NULL, *filled = json_object();
	int r = rule_args(op, given, &named, e);

	for (int i = 0; r == 0 && i < RULE_ARGS_MAX && op->args[i].name; i++) {
		json_t *value = json_object_get(named, op->args[i].name), *out = NULL;
		unsigned flags = op->args[i].flags;

		if (!value)
			continue;
		if ((flags & ARG_FILLED) || item)
			r = rule_fill(run, value, item, flags & ARG_TOLD, &out, e);
		else
			out = json_deep_copy(value);
		if (r == 0)
			json_object_set_new(filled, op->args[i].name, out);
	}
	/* in a loop numbers may have become texts on one side only */
	if (item && op->spread)
		json_object_set_new(filled, "force_strings", json_true());
	if (r == 0)
		*ret = TAKE_PTR(filled);
	return r;
}

/* One condition or action, for one item of its loop or without. ret: a condition's. */
static int once(struct rule_run *run, const struct rule_operation *op, const json_t *operation,
	const json_t *item, bool *ret, struct err *e)
{
	_cleanup_json_ json_t *args = NULL;
	int r = spend(run, e);

	if (r == 0)
		r = fill_args(run, op, json_object_get(operation, "args"), item, &args, e);
	if (r == 0)
		r = op->holds ? op->holds(run, args, ret, e) : op->act(run, args, e);
	if (r < 0 && r != -EREMOTEIO)
		return err_prefix(e, "%s", op->name);
	return r;
}

static int holds_in_loop(struct rule_run *run, const struct rule_operation *op, bool inverted,
	const json_t *condition, const json_t *loop, bool *ret, struct err *e)
{
	const char *multiple = json_str(condition, "multiple");
	bool all = str_eq(multiple, "all"), last = str_eq(multiple, "last"), one = false;
	json_t *item;
	size_t i;
	int r;

	*ret = all;
	json_array_foreach ((json_t *)loop, i, item) {
		r = once(run, op, condition, item, &one, e);
		if (r < 0)
			return r;
		one ^= inverted;
		*ret = last ? one : all ? *ret && one : *ret || one;
		if (*ret && str_eq(multiple, "first"))
			return 0;
	}
	return 0;
}

static int holds(struct rule_run *run, const json_t *condition, bool *ret, struct err *e)
{
	const json_t *loop = json_object_get(condition, "loop");
	bool inverted;
	const struct rule_operation *op =
		rule_operation_find(rule_conditions, json_str(condition, "op"), &inverted);
	int r;

	if (json_array_size(loop))
		return holds_in_loop(run, op, inverted, condition, loop, ret, e);
	r = once(run, op, condition, json_object_size(loop) ? loop : NULL, ret, e);
	*ret ^= inverted;
	return r;
}

static int act(struct rule_run *run, const json_t *action, struct err *e)
{
	const json_t *loop = json_object_get(action, "loop");
	bool unused;
	const struct rule_operation *op =
		rule_operation_find(rule_actions, json_str(action, "op"), &unused);
	json_t *item;
	size_t i;
	int r;

	if (!json_array_size(loop))
		return once(run, op, action, json_object_size(loop) ? loop : NULL, NULL, e);
	json_array_foreach ((json_t *)loop, i, item) {
		r = once(run, op, action, item, NULL, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* As in ironic-inspector: a scope is compared with the node's property inspection_scope. */
static bool in_scope(const struct rule_run *run)
{
	const char *scope = json_str(run->rule, "scope");

	return !scope || str_eq(scope, json_str(json_object_get(run->work->node, "properties"),
					       "inspection_scope"));
}

static int run_rule(struct rule_run *run, struct err *e)
{
	bool sensitive = json_flag(run->rule, "sensitive", false), go_on = in_scope(run);
	json_t *one;
	size_t i;
	int r = 0;

	run->mask = run->work->mask == RULE_MASK_ALWAYS ||
		    (run->work->mask == RULE_MASK_SENSITIVE && !sensitive);
	json_array_foreach (json_object_get(run->rule, "conditions"), i, one) {
		if (go_on && r == 0)
			r = holds(run, one, &go_on, e);
	}
	if (r < 0 || !go_on)
		return r;
	buf_printf(&run->work->did, "%srule %s: ", run->work->did.len ? "\n" : "",
		json_str(run->rule, "description") ? json_str(run->rule, "description")
		: json_str(run->rule, "uuid")	   ? json_str(run->rule, "uuid")
						   : "without a name");
	json_array_foreach (json_object_get(run->rule, "actions"), i, one) {
		r = act(run, one, e);
		if (r < 0)
			return r;
	}
	return 0;
}

struct place {
	const json_t *rule;
	int64_t priority;
	size_t at;
};

static int by_priority(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

int rules_run(const json_t *rules, struct rule_work *w, struct err *e)
{
	size_t n = json_array_size(rules);
	_cleanup_free_ struct place *places = xcalloc(n + 1, sizeof(*places));
	struct rule_run run = {.work = w, .until_ms = worked_ms() + RULE_TIME_MAX_MS};
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		places[i].rule = json_array_get(rules, i);
		places[i].priority = json_int(places[i].rule, "priority", 0);
		places[i].at = i;
	}
	qsort(places, n, sizeof(*places), by_priority);
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *uuid = json_str(places[i].rule, "uuid");

		run.rule = places[i].rule;
		r = run_rule(&run, e);
		if (r < 0)
			err_prefix(e, "inspection rule %.64s", uuid ? uuid : "without a UUID");
	}
	return r;
}
