/* What a rule looks like: checks it before it is kept. */
#include "conductor/model/rule/internal.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <string.h>

#define DESCRIPTION_MAX 255
#define SCOPE_MAX	255

const char *const rule_mask_names[RULE_MASK_COUNT] = {"always", "sensitive", "never"};

const struct rule_operation *rule_operation_find(
	const struct rule_operation *table, const char *text, bool *ret_inverted)
{
	*ret_inverted = table == rule_conditions && *text == '!';
	text += *ret_inverted;
	for (; table->name; table++)
		if (str_eq(table->name, text))
			return table;
	return NULL;
}

static int args_of_list(
	const struct rule_operation *op, const json_t *list, json_t *named, struct err *e)
{
	const json_t *first = json_array_get(list, 0);
	json_t *value;
	size_t i;

	if (op->spread && first && !json_is_array(first)) {
		json_object_set(named, op->args[0].name, (json_t *)list);
		return 0;
	}
	json_array_foreach ((json_t *)list, i, value) {
		if (i >= RULE_ARGS_MAX || !op->args[i].name)
			return err_set(e, EINVAL, "args: has %zu elements, expected %zu at most",
				json_array_size(list), i);
		json_object_set(named, op->args[i].name, value);
	}
	return 0;
}

static bool arg_known(const struct rule_operation *op, const char *name)
{
	for (int i = 0; i < RULE_ARGS_MAX && op->args[i].name; i++)
		if (str_eq(op->args[i].name, name))
			return true;
	return false;
}

int rule_args(const struct rule_operation *op, const json_t *given, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *named = json_object();
	const char *key;
	json_t *value;
	int r = 0;

	if (json_is_array(given))
		r = args_of_list(op, given, named, e);
	else if (json_is_object(given))
		json_object_update(named, (json_t *)given);
	else
		r = err_set(e, EINVAL, "args: expected an array or an object");
	if (r < 0)
		return r;
	for (int i = 0; i < RULE_ARGS_MAX && op->args[i].name; i++)
		if ((op->args[i].flags & ARG_REQUIRED) && !json_object_get(named, op->args[i].name))
			return err_set(e, EINVAL, "args: %s is required", op->args[i].name);
	json_object_foreach (named, key, value) {
		if (!arg_known(op, key))
			return err_set(e, EINVAL, "args: %.64s is not known", key);
	}
	*ret = TAKE_PTR(named);
	return 0;
}

static int check_loop(const json_t *loop, struct err *e)
{
	if (!loop || json_is_object(loop) ||
		(json_is_array(loop) && json_array_size(loop) <= RULE_LOOP_MAX))
		return 0;
	return err_set(
		e, EINVAL, "loop: expected an object or an array of at most %d", RULE_LOOP_MAX);
}

static int check_multiple(const json_t *multiple, struct err *e)
{
	const char *text = json_string_value(multiple);

	if (!multiple || str_eq(text, "any") || str_eq(text, "all") || str_eq(text, "first") ||
		str_eq(text, "last"))
		return 0;
	return err_set(e, EINVAL, "multiple: expected any, all, first or last");
}

static int names_of(const struct rule_operation *table, const char *given, struct err *e)
{
	struct buf b = BUF_INIT(600);

	for (; table->name; table++)
		buf_printf(&b, "%s%s", b.len ? ", " : "", table->name);
	err_set(e, EINVAL, "op: expected one of %s, but received %.64s", buf_str(&b), given);
	buf_done(&b);
	return -EINVAL;
}

static int check_operation(
	const struct rule_operation *table, const json_t *operation, struct err *e)
{
	const char *name = json_str(operation, "op");
	_cleanup_json_ json_t *args = NULL;
	const struct rule_operation *op;
	bool inverted;
	int r;

	if (!name)
		return err_set(e, EINVAL, "op: is required, and a text");
	op = rule_operation_find(table, name, &inverted);
	if (!op && str_eq(name, "api-call"))
		return err_set(e, EINVAL,
			"op: api-call is not offered: an inspection makes no calls "
			"of its own; let a webhook or a client do it");
	if (!op)
		return names_of(table, name, e);
	r = check_loop(json_object_get(operation, "loop"), e);
	if (r == 0 && table == rule_conditions)
		r = check_multiple(json_object_get(operation, "multiple"), e);
	if (r == 0)
		r = rule_args(op, json_object_get(operation, "args"), &args, e);
	if (r == 0 && op->check)
		r = op->check(args, e);
	return r < 0 ? err_prefix(e, "%.64s", name) : 0;
}

static int check_operations(const struct rule_operation *table, const char *name,
	const json_t *operations, struct err *e)
{
	json_t *one;
	size_t i;
	int r;

	if (!json_is_array(operations) || json_array_size(operations) > RULE_OPERATIONS_MAX)
		return err_set(e, EINVAL, "%s: expected an array of at most %d objects", name,
			RULE_OPERATIONS_MAX);
	json_array_foreach ((json_t *)operations, i, one) {
		r = check_operation(table, one, e);
		if (r < 0)
			return err_prefix(e, "%s[%zu]", name, i);
	}
	return 0;
}

int rule_check_conditions(const json_t *conditions, struct err *e)
{
	return check_operations(rule_conditions, "conditions", conditions, e);
}

int rule_check_actions(const json_t *actions, struct err *e)
{
	if (json_is_array(actions) && !json_array_size(actions))
		return err_set(e, EINVAL, "actions: expected at least one");
	return check_operations(rule_actions, "actions", actions, e);
}

static int check_text(const json_t *rule, const char *name, size_t max, struct err *e)
{
	const json_t *value = json_object_get(rule, name);

	if (!value || json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) <= max))
		return 0;
	return err_set(e, EINVAL, "%s: expected a text of at most %zu bytes or null", name, max);
}

static int check_head(const json_t *rule, bool built_in, struct err *e)
{
	const json_t *priority = json_object_get(rule, "priority");
	const json_t *sensitive = json_object_get(rule, "sensitive");
	const char *phase = json_str(rule, "phase"), *uuid = json_str(rule, "uuid");
	int r = check_text(rule, "description", DESCRIPTION_MAX, e);

	if (r == 0)
		r = check_text(rule, "scope", SCOPE_MAX, e);
	if (r == 0)
		r = check_text(rule, "phase", 16, e);
	if (r == 0)
		r = check_text(rule, "uuid", built_in ? 255 : UUID_TEXT_MAX, e);
	if (r < 0)
		return r;
	if (uuid && !built_in && !uuid_valid(uuid))
		return err_set(e, EINVAL, "uuid: expected a UUID, but received %.64s", uuid);
	if (phase && !str_eq(phase, "main"))
		return err_set(e, EINVAL, "phase: expected main, but received %.16s", phase);
	if (priority && !json_is_integer(priority))
		return err_set(e, EINVAL, "priority: expected an integer");
	if (priority && !built_in &&
		(json_integer_value(priority) < 0 ||
			json_integer_value(priority) > RULE_PRIORITY_MAX))
		return err_set(e, EINVAL, "priority: expected 0 to %d", RULE_PRIORITY_MAX);
	if (sensitive && !json_is_boolean(sensitive) && !json_is_null(sensitive))
		return err_set(e, EINVAL, "sensitive: expected a boolean");
	return 0;
}

int rule_check(const json_t *rule, bool built_in, struct err *e)
{
	static const char *const known[] = {"uuid", "description", "priority", "phase", "scope",
		"sensitive", "conditions", "actions"};
	const json_t *conditions = json_object_get(rule, "conditions");
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(rule))
		return err_set(e, EINVAL, "expected an object");
	json_object_foreach ((json_t *)rule, key, value) {
		size_t i = 0;

		while (i < ARRAY_SIZE(known) && !str_eq(known[i], key))
			i++;
		if (i == ARRAY_SIZE(known))
			return err_set(e, EINVAL, "%.64s: is not known", key);
	}
	r = check_head(rule, built_in, e);
	if (r == 0 && conditions)
		r = rule_check_conditions(conditions, e);
	if (r == 0)
		r = rule_check_actions(json_object_get(rule, "actions"), e);
	return r;
}

json_t *rule_show_operations(const json_t *operations, bool conditions)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach ((json_t *)operations, i, one) {
		json_t *shown = json_pack("{s:O?, s:O?}", "op", json_object_get(one, "op"), "args",
			json_object_get(one, "args"));
		json_t *loop = json_object_get(one, "loop");
		const char *multiple = json_str(one, "multiple");

		if (json_object_size(loop) || json_array_size(loop)) {
			json_object_set(shown, "loop", loop);
			if (conditions)
				json_put_str(shown, "multiple", multiple ? multiple : "any");
		}
		json_array_append_new(out, shown);
	}
	return out;
}
