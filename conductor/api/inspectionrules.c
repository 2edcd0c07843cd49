/*
 * Inspection rules as a resource (crud.c); what they mean is in model/rule, when they run in
 * node/inspect.c.
 */
#include "conductor/api/allocations.h"
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/model/inspection.h"
#include "conductor/model/rule/rule.h"
#include "lib/base/str.h"

#include <errno.h>

#define STR_NULL (T_STR | T_NULL)

static int check_conditions(const char *name, json_t *value, struct err *e)
{
	return rule_check_conditions(value, e);
}

static int check_actions(const char *name, json_t *value, struct err *e)
{
	return rule_check_actions(value, e);
}

static const struct schema_field rule_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"description", STR_NULL, 0, 255, NULL},
	{"priority", T_INT, 0, 0, NULL},
	{"sensitive", T_BOOL | T_NULL, 0, 0, NULL},
	{"phase", T_STR, 0, 16, NULL},
	{"scope", STR_NULL, 0, 255, NULL},
	{"conditions", T_ARR, 0, RULE_OPERATIONS_MAX, check_conditions},
	{"actions", T_ARR, S_REQUIRED, RULE_OPERATIONS_MAX, check_actions},
};
SCHEMA(inspection_rule_schema, "inspection_rule", rule_fields);

/* Of a sensitive rule nobody sees what it looks for and does. */
static const char *const rule_veiled[] = {"conditions", "actions", NULL};
static const char *const rule_summary[] = {
	"uuid", "description", "priority", "phase", "links", NULL};
static const struct query_arg rule_args_known[] = {{"phase", ARG_TEXT, NULL}};

/* As it is kept and shown: without members that mean nothing. */
static void normalise(struct inspection_rule *rule)
{
	json_t *conditions = rule_show_operations(rule->conditions, true);
	json_t *actions = rule_show_operations(rule->actions, false);

	json_decref(rule->conditions);
	json_decref(rule->actions);
	rule->conditions = conditions;
	rule->actions = actions;
}

/* The whole, beside what the schema says of each member. */
static int check_rule(struct call *c, void *rec, const void *old, struct err *e)
{
	const struct inspection_rule *before = old;
	struct inspection_rule *rule = rec;

	if (before && before->sensitive && !rule->sensitive)
		return err_set(e, EINVAL, "sensitive: can not be unset; delete the rule instead");
	if (!rule->phase)
		rule->phase = xstrdup("main");
	if (!str_eq(rule->phase, "main"))
		return err_set(e, EINVAL, "phase: expected main, but received %s", rule->phase);
	if (rule->priority < 0 || rule->priority > RULE_PRIORITY_MAX)
		return err_set(e, EINVAL, "priority: expected 0 to %d", RULE_PRIORITY_MAX);
	if (!json_array_size(rule->actions))
		return err_set(e, EINVAL, "actions: expected at least one");
	normalise(rule);
	return 0;
}

const struct resource inspection_rule_resource = {
	.name = "inspection_rule",
	.plural = "inspection_rules",
	.type = &inspection_rule_type,
	.schema = &inspection_rule_schema,
	.check = check_rule,
	.summary = rule_summary,
	.veil = "sensitive",
	.veiled = rule_veiled,
	.args = rule_args_known,
	.n_args = ARRAY_SIZE(rule_args_known),
	.not_found = "Inspection rule",
};

int inspection_rules_clear(struct call *c, struct err *e)
{
	struct request *r = call_request(c, REQ_RECORDS_CLEAR, NULL);

	r->type = &inspection_rule_type;
	return call_submit(c, r, finish_no_content);
}
