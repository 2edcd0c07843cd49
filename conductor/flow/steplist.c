/* Choosing among an agent's steps; see steplist.h. */
#include "conductor/flow/steplist.h"
#include "lib/base/str.h"

#include <errno.h>

static int check_number(const json_t *offered, struct err *e)
{
	const char *manager;
	json_t *steps;
	size_t n = 0;

	json_object_foreach ((json_t *)offered, manager, steps)
		n += json_array_size(steps);
	return n <= STEPLIST_MAX
		       ? 0
		       : err_set(e, EPROTO, "the agent lists %zu steps; %d at most are taken", n,
				 STEPLIST_MAX);
}

static void insert_step(json_t *steps, json_t *step)
{
	size_t i = 0;

	while (i < json_array_size(steps) &&
		json_int(json_array_get(steps, i), "priority", 0) >= json_int(step, "priority", 0))
		i++;
	json_array_insert(steps, i, step);
}

int steplist_choose(const json_t *offered, json_t **ret, struct err *e)
{
	int r = check_number(offered, e);
	const char *manager;
	json_t *steps, *s;
	size_t i;

	if (r < 0)
		return r;
	*ret = json_array();
	json_object_foreach ((json_t *)offered, manager, steps) {
		json_array_foreach (steps, i, s) {
			if (json_int(s, "priority", 0) > 0)
				insert_step(*ret, s);
		}
	}
	return 0;
}

/* The agent's step of that name and interface, or NULL. */
static json_t *offered_step(const json_t *offered, const json_t *wanted)
{
	const char *manager;
	json_t *steps, *s;
	size_t i;

	json_object_foreach ((json_t *)offered, manager, steps) {
		json_array_foreach (steps, i, s) {
			if (str_eq(json_str(s, "step"), json_str(wanted, "step")) &&
				str_eq(json_str(s, "interface"), json_str(wanted, "interface")))
				return s;
		}
	}
	return NULL;
}

int steplist_check(const json_t *wanted, const json_t *offered, struct err *e)
{
	int r = check_number(offered, e);
	json_t *step;
	size_t i;

	json_array_foreach ((json_t *)wanted, i, step) {
		if (r == 0 && !offered_step(offered, step))
			r = err_set(e, EINVAL, "clean step %s.%s: the agent does not offer it",
				json_str(step, "interface") ? json_str(step, "interface") : "?",
				json_str(step, "step") ? json_str(step, "step") : "?");
	}
	return r;
}
