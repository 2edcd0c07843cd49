/* Sequences of commands; see flow.h. */
#include "agent/flow.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

static const struct command_spec *spec_of(const char *name)
{
	for (const struct command_spec *s = agent_commands; s->name; s++)
		if (str_eq(s->name, name))
			return s;
	return NULL;
}

typedef int (*flow_fn)(struct agent *a, const struct command_spec *s, const json_t *params,
	void *data, struct err *e);

/* Calls fn with each command of {"ext.command": {params}, ...}; *n counts them. */
static int each_of(
	struct agent *a, const json_t *part, unsigned *n, flow_fn fn, void *data, struct err *e)
{
	const char *name;
	json_t *params;
	int r = 0;

	json_object_foreach ((json_t *)part, name, params) {
		const struct command_spec *s = spec_of(name);

		if (!s || s->run == flow_start)
			return err_set(e, EINVAL,
				"Invalid command params: a flow cannot have the command %.64s",
				name);
		if (++*n > FLOW_COMMANDS_MAX)
			return err_set(e, EINVAL,
				"Invalid command params: more than %d commands in a flow",
				FLOW_COMMANDS_MAX);
		r = fn(a, s, params, data, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The same for the whole flow, until one fails. */
static int each(
	struct agent *a, const json_t *flow, unsigned *n, flow_fn fn, void *data, struct err *e)
{
	json_t *part;
	size_t i;
	int r = 0;

	json_array_foreach ((json_t *)flow, i, part) {
		if (json_is_array(part))
			r = each(a, part, n, fn, data, e);
		else if (json_is_object(part))
			r = each_of(a, part, n, fn, data, e);
		else
			r = err_set(
				e, EINVAL, "Invalid command params: 'flow' is a list of objects.");
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_one(struct agent *a, const struct command_spec *s, const json_t *params,
	void *data, struct err *e)
{
	if (!json_is_object(params))
		return err_set(e, EINVAL,
			"Invalid command params: those of %s in the flow are no object", s->name);
	return s->validate ? s->validate(a, params, e) : 0;
}

int flow_check(void *agent, const json_t *params, struct err *e)
{
	const json_t *flow = json_object_get(params, "flow");
	unsigned n = 0;

	if (!json_is_array(flow))
		return err_set(e, EINVAL, "Invalid command params: 'flow' is missing or no list.");
	return each(agent, flow, &n, check_one, NULL, e);
}

static int run_one(struct agent *a, const struct command_spec *s, const json_t *params, void *data,
	struct err *e)
{
	json_t *result = NULL, *done = json_object();
	int r;

	say(a->journal, "flow: %s", s->name);
	r = s->run(a, params, &result, e);
	json_put_str(done, "command", s->name);
	json_object_set_new(done, "result", result ? result : json_null());
	json_array_append_new(data, done);
	return r < 0 ? err_prefix(e, "flow, command %s", s->name) : 0;
}

int flow_start(void *agent, const json_t *params, json_t **ret_result, struct err *e)
{
	json_t *done = json_array();
	unsigned n = 0;

	*ret_result = json_object();
	json_object_set_new(*ret_result, "flow", done);
	return each(agent, json_object_get(params, "flow"), &n, run_one, done, e);
}
