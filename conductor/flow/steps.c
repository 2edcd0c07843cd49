/* Choosing and keeping steps; see steps.h. */
#include "conductor/flow/steps.h"
#include "lib/base/str.h"

#include <errno.h>
#include <stdlib.h>

#define USER_DEPLOY "user_deploy_steps"

/* Where a kind keeps its list; a kind without a name has no steps. */
static const struct {
	const char *name, *list, *index, *wanted, *no_ramdisk;
	size_t shown;
} kinds[FLOW_KIND_COUNT] = {
	[FLOW_CLEAN] = {"clean", "clean_steps", "clean_step_index", "clean_steps",
		"cleaning_disable_ramdisk", offsetof(struct node, clean_step)},
	[FLOW_DEPLOY] = {"deploy", "deploy_steps", "deploy_step_index", USER_DEPLOY, NULL,
		offsetof(struct node, deploy_step)},
	[FLOW_SERVICE] = {"service", "service_steps", "service_step_index", "service_steps",
		"service_disable_ramdisk", offsetof(struct node, service_step)},
};

/* Of steps of the same priority the one of the earlier interface comes first. */
static const char *const interface_order[] = {
	"vendor", "power", "management", "firmware", "deploy", "bios", "raid"};

bool steps_of_kind(enum flow_kind kind)
{
	return kinds[kind].name != NULL;
}

const char *step_name(const json_t *step, char *buf, size_t size)
{
	const char *interface = json_str(step, "interface"), *name = json_str(step, "step");

	snprintf(buf, size, "%.32s.%.64s", interface ? interface : "?", name ? name : "?");
	return buf;
}

/* Clients may write it as a string of digits. */
int64_t step_priority(const json_t *step)
{
	const char *text = json_str(step, "priority");

	return text ? strtoll(text, NULL, 10) : json_int(step, "priority", 0);
}

bool step_is_built_in(const json_t *step)
{
	static const char *const names[] = {"hold", "wait", "power_on", "power_off", "reboot"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(json_str(step, "step"), names[i]))
			return true;
	return false;
}

static bool same_step(const json_t *a, const json_t *b)
{
	return str_eq(json_str(a, "step"), json_str(b, "step")) &&
	       str_eq(json_str(a, "interface"), json_str(b, "interface"));
}

static json_t *find_step(const json_t *steps, const json_t *wanted)
{
	json_t *s;
	size_t i;

	json_array_foreach ((json_t *)steps, i, s)
		if (same_step(s, wanted))
			return s;
	return NULL;
}

int steps_add_offer(json_t *offered, const json_t *by_manager, struct err *e)
{
	const char *manager;
	json_t *steps, *s;
	size_t i, n = 0;

	json_object_foreach ((json_t *)by_manager, manager, steps)
		n += json_array_size(steps);
	if (n > STEPS_MAX)
		return err_set(
			e, EPROTO, "the agent lists %zu steps; %d at most are taken", n, STEPS_MAX);
	json_object_foreach ((json_t *)by_manager, manager, steps)
		json_array_foreach (steps, i, s)
			if (json_str(s, "step") && json_str(s, "interface") &&
				!find_step(offered, s))
				json_array_append(offered, s);
	return 0;
}

static int wrong(struct err *e, enum flow_kind kind, const json_t *step, const char *what)
{
	char name[128];

	return err_set(e, EINVAL, "%s step %s: %s", kinds[kind].name,
		step_name(step, name, sizeof(name)), what);
}

static int check_args(enum flow_kind kind, const json_t *wanted, const json_t *offer, struct err *e)
{
	const json_t *known = json_object_get(offer, "argsinfo");
	const json_t *given = json_object_get(wanted, "args");
	const char *name;
	json_t *value;
	char text[160];

	json_object_foreach ((json_t *)given, name, value) {
		snprintf(text, sizeof(text), "it takes no argument %.64s", name);
		if (!json_object_get(known, name))
			return wrong(e, kind, wanted, text);
	}
	if (kind == FLOW_DEPLOY && step_priority(wanted) == 0)
		return 0;
	json_object_foreach ((json_t *)known, name, value) {
		snprintf(text, sizeof(text), "its required argument %.64s is missing", name);
		if (json_flag(value, "required", false) && !json_object_get(given, name))
			return wrong(e, kind, wanted, text);
	}
	return 0;
}

static int check_one(enum flow_kind kind, const json_t *wanted, const json_t *offered,
	bool skip_unknown, bool no_ramdisk, struct err *e)
{
	bool enabled = kind != FLOW_DEPLOY || step_priority(wanted) > 0;
	const json_t *offer = find_step(offered, wanted);
	int r;

	if (str_eq(json_str(wanted, "interface"), "vendor") &&
		str_eq(json_str(wanted, "step"), "send_raw"))
		return wrong(e, kind, wanted, "it is not allowed in a list of steps");
	if (step_is_built_in(wanted) || json_flag(wanted, "execute_on_child_nodes", false))
		return 0;
	if (!offer)
		return skip_unknown ? 0 : wrong(e, kind, wanted, "the node does not offer it");
	r = check_args(kind, wanted, offer, e);
	if (r < 0)
		return r;
	if (enabled && no_ramdisk && json_flag(offer, "requires_ramdisk", true))
		return wrong(e, kind, wanted, "it needs the ramdisk, which is disabled");
	if (enabled && kind == FLOW_DEPLOY && str_eq(json_str(wanted, "interface"), "deploy") &&
		str_eq(json_str(wanted, "step"), "deploy"))
		return wrong(e, kind, wanted,
			"it is a core step: it can be disabled by priority 0, not changed");
	return 0;
}

static bool comes_twice(const json_t *steps, size_t at)
{
	const json_t *step = json_array_get(steps, at);

	for (size_t i = 0; i < at; i++)
		if (same_step(json_array_get(steps, i), step))
			return true;
	return false;
}

int steps_check(enum flow_kind kind, const json_t *wanted, const json_t *offered, bool skip_unknown,
	bool no_ramdisk, struct err *e)
{
	json_t *step;
	size_t i;
	int r;

	if (json_array_size(wanted) > STEPS_MAX)
		return err_set(e, EINVAL, "%s: %zu steps; %d at most are taken", kinds[kind].list,
			json_array_size(wanted), STEPS_MAX);
	json_array_foreach ((json_t *)wanted, i, step) {
		r = check_one(kind, step, offered, skip_unknown, no_ramdisk, e);
		if (r < 0)
			return r;
		if (kind == FLOW_DEPLOY && !step_is_built_in(step) && comes_twice(wanted, i))
			return wrong(e, kind, step, "it comes twice");
	}
	return 0;
}

static size_t rank(const json_t *step)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(interface_order) &&
		!str_eq(interface_order[i], json_str(step, "interface")))
		i++;
	return i;
}

/* By falling priority, then by interface; those alike stay in the order they come. */
static void insert_step(json_t *steps, json_t *step)
{
	size_t i = json_array_size(steps);

	while (i > 0) {
		const json_t *before = json_array_get(steps, i - 1);
		int64_t p = step_priority(before), mine = step_priority(step);

		if (p > mine || (p == mine && rank(before) <= rank(step)))
			break;
		i--;
	}
	json_array_insert(steps, i, step);
}

/* A client's step with what only its offer says. */
static json_t *with_offer(enum flow_kind kind, const json_t *wanted, const json_t *offer)
{
	json_t *step = json_deep_copy(wanted);

	if (json_flag(offer, "reboot_requested", false))
		json_object_set_new(step, "reboot_requested", json_true());
	if (kind == FLOW_DEPLOY) {
		json_put_int(step, "priority", step_priority(wanted));
	} else {
		json_put_bool(step, "abortable", json_flag(offer, "abortable", false));
		json_put_int(step, "priority", step_priority(offer));
	}
	return step;
}

/* What runs by itself and is not among the wanted. */
static json_t *by_itself(const json_t *wanted, const json_t *offered)
{
	json_t *list = json_array(), *step;
	size_t i;

	json_array_foreach ((json_t *)offered, i, step)
		if (step_priority(step) > 0 && !find_step(wanted, step))
			insert_step(list, step);
	return list;
}

int steps_choose(enum flow_kind kind, const json_t *wanted, const json_t *offered,
	bool skip_unknown, bool no_ramdisk, json_t **ret, struct err *e)
{
	int r = steps_check(kind, wanted, offered, skip_unknown, no_ramdisk, e);
	json_t *list, *step, *mine;
	size_t i;

	if (r < 0)
		return r;
	list = !wanted || kind == FLOW_DEPLOY ? by_itself(wanted, offered) : json_array();
	json_array_foreach ((json_t *)wanted, i, step) {
		const json_t *offer = find_step(offered, step);
		bool own =
			step_is_built_in(step) || json_flag(step, "execute_on_child_nodes", false);

		if ((!offer && !own) || (kind == FLOW_DEPLOY && step_priority(step) <= 0))
			continue;
		mine = with_offer(kind, step, offer);
		if (kind == FLOW_DEPLOY)
			insert_step(list, mine);
		else
			json_array_append(list, mine);
		json_decref(mine);
	}
	*ret = list;
	return 0;
}

json_t *steps_wanted(const struct node *n, enum flow_kind kind)
{
	json_t *list = json_object_get(n->driver_internal_info, kinds[kind].wanted);

	return json_is_array(list) ? list : NULL;
}

void steps_want(struct node *n, enum flow_kind kind, json_t *wanted, bool no_ramdisk)
{
	json_t *internal = n->driver_internal_info;

	steps_forget(n, false);
	if (wanted)
		json_object_set(internal, kinds[kind].wanted, wanted);
	if (no_ramdisk && kinds[kind].no_ramdisk)
		json_object_set_new(internal, kinds[kind].no_ramdisk, json_true());
}

bool steps_no_ramdisk(const struct node *n, enum flow_kind kind)
{
	return kinds[kind].no_ramdisk &&
	       json_flag(n->driver_internal_info, kinds[kind].no_ramdisk, false);
}

void steps_begin(struct node *n, enum flow_kind kind, json_t *list)
{
	const json_t *at = steps_begun(n, kind) ? steps_current(n, kind) : NULL;
	json_t *internal = n->driver_internal_info;
	size_t i = 0;

	while (at && i < json_array_size(list) && !same_step(json_array_get(list, i), at))
		i++;
	json_object_set_new(internal, kinds[kind].list, list);
	json_put_int(internal, kinds[kind].index, (int64_t)i);
}

bool steps_begun(const struct node *n, enum flow_kind kind)
{
	return json_is_integer(json_object_get(n->driver_internal_info, kinds[kind].index));
}

json_t *steps_current(const struct node *n, enum flow_kind kind)
{
	const json_t *internal = n->driver_internal_info;

	return json_array_get(json_object_get(internal, kinds[kind].list),
		(size_t)json_int(internal, kinds[kind].index, 0));
}

json_t *steps_shown(struct node *n, enum flow_kind kind)
{
	return steps_of_kind(kind) ? *(json_t **)((char *)n + kinds[kind].shown) : NULL;
}

void steps_show(struct node *n, enum flow_kind kind)
{
	json_t *shown = steps_shown(n, kind), *step = steps_current(n, kind);

	json_object_clear(shown);
	if (step)
		json_object_update(shown, step);
}

void steps_next(struct node *n, enum flow_kind kind)
{
	json_t *internal = n->driver_internal_info;

	json_put_int(internal, kinds[kind].index, json_int(internal, kinds[kind].index, 0) + 1);
}

void steps_forget(struct node *n, bool after_failure)
{
	json_t *internal = n->driver_internal_info;

	for (size_t i = 0; i < FLOW_KIND_COUNT; i++) {
		if (!kinds[i].name)
			continue;
		json_object_del(internal, kinds[i].index);
		if (kinds[i].no_ramdisk)
			json_object_del(internal, kinds[i].no_ramdisk);
		if (after_failure)
			continue;
		json_object_del(internal, kinds[i].list);
		json_object_del(internal, kinds[i].wanted);
	}
}
