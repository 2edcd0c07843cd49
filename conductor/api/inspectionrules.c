/* Inspection rules as a resource; what they mean is in model/rule, when they run in node/inspect.c.
 */
#include "conductor/api/allocations.h"
#include "conductor/api/handlers.h"
#include "conductor/api/nodes.h"
#include "conductor/api/resource.h"
#include "conductor/model/inspection.h"
#include "conductor/model/rule/rule.h"
#include "lib/base/str.h"
#include "lib/base/uuid.h"

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

const struct resource inspection_rule_resource = {
	.name = "inspection_rule",
	.plural = "inspection_rules",
	.type = &inspection_rule_type,
	.summary = rule_summary,
	.veil = "sensitive",
	.veiled = rule_veiled,
	.args = rule_args_known,
	.n_args = ARRAY_SIZE(rule_args_known),
	.not_found = "Inspection rule",
};

int inspection_rules_list(struct call *c, struct err *e)
{
	return resource_list(c, &inspection_rule_resource, false, NULL, e);
}

static int check_ident(const struct call *c, struct err *e)
{
	if (uuid_valid(c->params[0]))
		return 0;
	return err_set(e, EINVAL, "Expected a UUID but received %.64s.", c->params[0]);
}

int inspection_rule_get(struct call *c, struct err *e)
{
	int r = check_ident(c, e);

	return r < 0 ? r
		     : resource_show(c, &inspection_rule_resource, "uuid", c->params[0], NULL, e);
}

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
static int check_whole(struct inspection_rule *rule, struct err *e)
{
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

static int build_rule(const struct call *c, struct inspection_rule *rule, struct err *e)
{
	const char *key;
	json_t *value;
	int r;

	json_object_foreach (c->body, key, value) {
		if (json_is_null(value))
			continue;
		r = record_field_from_json(
			record_field(&inspection_rule_type, key), rule, value, e);
		if (r < 0)
			return r;
	}
	return check_whole(rule, e);
}

static void finish_created(struct call *c, struct request *r)
{
	_cleanup_free_ char *location =
		xasprintf("%s/v1/inspection_rules/%s", c->base, json_str(r->answer, "uuid"));

	http_reply_header(c->req, "Location", location);
	resource_reply(c, 201, &inspection_rule_resource, r->answer);
}

static struct request *rule_request(struct call *c, enum request_kind kind, const char *ident)
{
	struct request *r = call_request(c, kind, ident);

	r->type = &inspection_rule_type;
	return r;
}

int inspection_rules_create(struct call *c, struct err *e)
{
	struct inspection_rule *rule = xcalloc(1, sizeof(*rule));
	struct request *r;

	record_init(&inspection_rule_type, rule);
	if (build_rule(c, rule, e) < 0) {
		record_done(&inspection_rule_type, rule);
		free(rule);
		return -e->code;
	}
	r = rule_request(c, REQ_RECORD_CREATE, NULL);
	r->record = rule;
	return call_submit(c, r, finish_created);
}

/* On the engine's thread. */
static int edit_rule(void *data, void *record, struct err *e)
{
	const struct call *c = data;
	struct inspection_rule *rule = record;
	bool was = rule->sensitive;
	int r = patch_record(
		&inspection_rule_schema, &inspection_rule_type, rule, c->body, NULL, e);

	if (r == 0 && was && !rule->sensitive)
		r = err_set(e, EINVAL, "sensitive: can not be unset; delete the rule instead");
	return r == 0 ? check_whole(rule, e) : r;
}

static void finish_updated(struct call *c, struct request *r)
{
	resource_reply(c, 200, &inspection_rule_resource, r->answer);
}

int inspection_rule_patch(struct call *c, struct err *e)
{
	struct request *r;

	if (check_ident(c, e) < 0)
		return -e->code;
	r = rule_request(c, REQ_RECORD_UPDATE, c->params[0]);
	r->edit = edit_rule;
	return call_submit(c, r, finish_updated);
}

int inspection_rule_delete(struct call *c, struct err *e)
{
	if (check_ident(c, e) < 0)
		return -e->code;
	return call_submit(c, rule_request(c, REQ_RECORD_DELETE, c->params[0]), finish_no_content);
}

int inspection_rules_clear(struct call *c, struct err *e)
{
	return call_submit(c, rule_request(c, REQ_RECORDS_CLEAR, NULL), finish_no_content);
}
