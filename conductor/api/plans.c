/* Deploy templates and runbooks: lists of steps that are kept under a name. */
#include "conductor/api/plans.h"
#include "conductor/api/handlers.h"
#include "conductor/api/patch.h"
#include "lib/base/str.h"

#include <errno.h>

#define STR_NULL     (T_STR | T_NULL)
#define OBJ_NULL     (T_OBJ | T_NULL)
#define BOOL_NULL    (T_BOOL | T_NULL)
#define RUNBOOK_FREE 112 /* since when a runbook's name need not be a trait */
#define PRIORITY_MAX 2147483647
#define STEPS_MAX    1000

static int check_interface(const char *name, json_t *value, struct err *e)
{
	static const char *const known[] = {
		"bios", "deploy", "firmware", "management", "power", "raid", "vendor"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_eq(json_string_value(value), known[i]))
			return 0;
	return err_set(e, EINVAL,
		"%s: expected bios, deploy, firmware, management, power, raid or vendor", name);
}

static int check_given(const char *name, json_t *value, struct err *e)
{
	return json_string_length(value) ? 0 : err_set(e, EINVAL, "%s: expected a name", name);
}

/* A number, or its digits as text. */
static int check_rank(const char *name, json_t *value, struct err *e)
{
	const char *text = json_string_value(value);
	uint64_t n;

	if (json_is_integer(value) ? json_integer_value(value) >= 0 &&
					     json_integer_value(value) <= PRIORITY_MAX
				   : str_to_u64(text, 0, PRIORITY_MAX, &n) == 0)
		return 0;
	return err_set(e, EINVAL, "%s: expected a number from 0 on", name);
}

static const struct schema_field template_step_fields[] = {
	{"interface", T_STR, S_REQUIRED, 0, check_interface},
	{"step", T_STR, S_REQUIRED, 0, check_given},
	{"args", T_OBJ, S_REQUIRED, 0, NULL},
	{"priority", T_INT | T_STR, S_REQUIRED, 0, check_rank},
};
static SCHEMA(template_step_schema, "template step", template_step_fields);

static const struct schema_field runbook_step_fields[] = {
	{"interface", T_STR, S_REQUIRED, 0, check_interface},
	{"step", T_STR, S_REQUIRED, 0, check_given},
	{"args", T_OBJ, 0, 0, NULL},
	{"order", T_INT | T_STR, S_REQUIRED, 0, check_rank},
};
static SCHEMA(runbook_step_schema, "runbook step", runbook_step_fields);

static bool same_step(const json_t *a, const json_t *b)
{
	return str_eq(json_str(a, "interface"), json_str(b, "interface")) &&
	       str_eq(json_str(a, "step"), json_str(b, "step"));
}

static int check_plan(
	const struct schema *s, const char *rank, const char *name, json_t *steps, struct err *e)
{
	json_t *step, *number;
	uint64_t n = 0;
	size_t i;

	if (!json_array_size(steps))
		return err_set(e, EINVAL, "%s: expected at least one step", name);
	json_array_foreach (steps, i, step) {
		if (schema_body(s, 1 << 20, step, e) < 0)
			return err_prefix(e, "%s[%zu]", name, i);
		number = json_object_get(step, rank);
		if (json_is_string(number) &&
			str_to_u64(json_string_value(number), 0, PRIORITY_MAX, &n) == 0)
			json_put_int(step, rank, (int64_t)n);
		if (!json_object_get(step, "args"))
			json_object_set_new(step, "args", json_object());
		for (size_t k = 0; k < i; k++)
			if (same_step(step, json_array_get(steps, k)))
				return err_set(e, EINVAL, "%s[%zu]: %s.%s is there twice", name, i,
					json_str(step, "interface"), json_str(step, "step"));
	}
	return 0;
}

static int check_template_steps(const char *name, json_t *value, struct err *e)
{
	return check_plan(&template_step_schema, "priority", name, value, e);
}

static int check_runbook_steps(const char *name, json_t *value, struct err *e)
{
	return check_plan(&runbook_step_schema, "order", name, value, e);
}

static const struct schema_field deploy_template_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"name", T_STR, S_REQUIRED, 0, check_trait},
	{"description", STR_NULL, S_NO_PATCH, 255, NULL},
	{"steps", T_ARR, S_REQUIRED, STEPS_MAX, check_template_steps},
	{"extra", OBJ_NULL, 0, 0, NULL},
};
SCHEMA(deploy_template_schema, "deploy_template", deploy_template_fields);

static const char *const plan_summary[] = {"uuid", "name", "links", NULL};
static const char *const plan_masked[] = {"steps", NULL};
static const char *const template_hidden[] = {"description", NULL};

const struct resource deploy_template_resource = {
	.name = "deploy_template",
	.plural = "deploy_templates",
	.type = &deploy_template_type,
	.summary = plan_summary,
	.masked = plan_masked,
	.hidden = template_hidden,
	.not_found = "Deploy template",
	.schema = &deploy_template_schema,
	.named = true,
};

static const struct schema_field runbook_fields[] = {
	{"uuid", STR_NULL, S_NO_PATCH, 0, check_uuid},
	{"name", T_STR, S_REQUIRED, 0, check_given},
	{"description", STR_NULL, 0, 255, NULL},
	{"steps", T_ARR, S_REQUIRED, STEPS_MAX, check_runbook_steps},
	{"disable_ramdisk", BOOL_NULL, S_NO_PATCH, 0, NULL},
	{"extra", OBJ_NULL, 0, 0, NULL},
	{"public", BOOL_NULL, 0, 0, NULL},
	{"owner", STR_NULL, 0, 255, NULL},
};
SCHEMA(runbook_schema, "runbook", runbook_fields);

static const struct query_arg runbook_args[] = {
	{"project", ARG_IGNORED, NULL},
};

static bool patches(const json_t *patch, const char *name)
{
	json_t *o;
	size_t i;

	json_array_foreach (patch, i, o) {
		_cleanup_free_ char *root = patch_root(o);

		if (str_eq(root, name))
			return true;
	}
	return false;
}

static int runbook_name(struct call *c, const struct runbook *rb, struct err *e)
{
	_cleanup_json_ json_t *name = json_string(rb->name);

	return c->version < RUNBOOK_FREE ? check_trait("name", name, e)
					 : check_node_name("name", name, e);
}

/* For old clients a runbook's name is the one trait that nodes need for it. */
static void follow_name(struct runbook *rb)
{
	json_array_clear(rb->traits);
	json_array_append_new(rb->traits, json_string(rb->name));
}

static int runbook_check(struct call *c, void *rec, const void *before, struct err *e)
{
	const struct runbook *old = before;
	struct runbook *rb = rec;
	bool renamed = !old || !str_eq(old->name, rb->name);

	if (renamed && runbook_name(c, rb, e) < 0)
		return -e->code;
	if (renamed && c->version < RUNBOOK_FREE)
		follow_name(rb);
	if (!old && rb->owner)
		return err_set(e, EINVAL,
			"owner: a runbook is created without one; it can be given one afterwards");
	if (old && patches(c->body, "public") && !patches(c->body, "owner"))
		str_replace(&rb->owner, NULL);
	if (rb->owner && rb->public)
		return err_set(e, EINVAL, "owner: a public runbook has none");
	return 0;
}

const struct resource runbook_resource = {
	.name = "runbook",
	.plural = "runbooks",
	.type = &runbook_type,
	.summary = plan_summary,
	.masked = plan_masked,
	.args = runbook_args,
	.n_args = ARRAY_SIZE(runbook_args),
	.not_found = "Runbook",
	.schema = &runbook_schema,
	.named = true,
	.check = runbook_check,
};

static const struct schema_field runbook_traits_fields[] = {
	{"traits", T_ARR, S_REQUIRED, 0, check_traits},
};
SCHEMA(runbook_traits_schema, "traits", runbook_traits_fields);

int runbook_traits_get(struct call *c, struct err *e)
{
	_cleanup_json_ json_t *stored = NULL;
	const char *column;
	int r = resource_key(c, &runbook_resource, c->params[0], &column, e);

	if (r == 0)
		r = resource_read(c, &runbook_resource, column, c->params[0], &stored, e);
	if (r == 0)
		call_reply_json(
			c, 200, json_pack("{s:O}", "traits", json_object_get(stored, "traits")));
	return r;
}

/* On the engine's thread: all of them anew, one more, or (flag) one or all less. */
static int edit_traits(void *data, void *record, struct err *e)
{
	struct call *c = data;
	struct runbook *rb = record;
	json_t *one;
	size_t i;

	if (c->body || !c->params[1]) {
		json_array_clear(rb->traits);
		json_array_extend(rb->traits, json_object_get(c->body, "traits"));
		return 0;
	}
	json_array_foreach (rb->traits, i, one)
		if (str_eq(json_string_value(one), c->params[1]))
			break;
	if (c->flag && i < json_array_size(rb->traits))
		json_array_remove(rb->traits, i);
	else if (!c->flag && i == json_array_size(rb->traits))
		json_array_append_new(rb->traits, json_string(c->params[1]));
	return 0;
}

static int change_traits(struct call *c, struct err *e)
{
	const char *column;
	struct request *r;

	if (resource_key(c, &runbook_resource, c->params[0], &column, e) < 0)
		return -e->code;
	r = call_request(c, REQ_RECORD_UPDATE, c->params[0]);
	r->type = &runbook_type;
	r->edit = edit_traits;
	return call_submit(c, r, finish_no_content);
}

int runbook_traits_put(struct call *c, struct err *e)
{
	_cleanup_json_ json_t *name = c->params[1] ? json_string(c->params[1]) : NULL;

	if (c->params[1] && (!name || check_trait("trait", name, e) < 0))
		return name ? -e->code : err_set(e, EINVAL, "trait: expected UTF-8");
	return change_traits(c, e);
}

int runbook_traits_delete(struct call *c, struct err *e)
{
	c->flag = true;
	return change_traits(c, e);
}
