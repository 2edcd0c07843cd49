/* Which of an agent's steps run by themselves, and how many an agent may list. */
#include "conductor/flow/steplist.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void test_order(void)
{
	json_t *offered = json_pack("{s:[{s:s, s:i}, {s:s, s:i}, {s:s, s:i}], s:[{s:s, s:i}]}",
		"generic", "step", "late", "priority", 10, "step", "off", "priority", 0, "step",
		"first", "priority", 99, "vendor", "step", "same", "priority", 10);
	static const char *const want[] = {"first", "late", "same"};
	json_t *wanted = json_pack(
		"[{s:s}, {s:s, s:s}]", "step", "off", "step", "frob", "interface", "deploy");
	json_t *chosen = NULL;
	struct err e = {0};

	is_int(steplist_choose(offered, &chosen, &e), 0, "chosen");
	is_int(json_array_size(chosen), 3, "without those of priority 0");
	for (size_t i = 0; i < 3; i++)
		is_str(json_str(json_array_get(chosen, i), "step"), want[i], "in their order");
	is_int(steplist_check(chosen, offered, &e), 0, "what is offered may be asked for");
	is_int(steplist_check(wanted, offered, &e), -EINVAL, "what is not may not");
	is_str(e.text, "clean step deploy.frob: the agent does not offer it", "and is named");
	json_decref(wanted);
	json_decref(chosen);
	json_decref(offered);
}

/* An agent that lists a hundred thousand would hold the engine for minutes. */
static void test_limit(void)
{
	json_t *steps = json_array(), *chosen = NULL;
	_cleanup_json_ json_t *offered = json_pack("{s:o}", "generic", steps);
	struct err e = {0};

	for (int i = 0; i < STEPLIST_MAX; i++)
		json_array_append_new(steps, json_pack("{s:i}", "priority", 1));
	is_int(steplist_choose(offered, &chosen, &e), 0, "as many as there may be");
	json_decref(chosen);
	chosen = NULL;
	json_array_append_new(steps, json_object());
	is_int(steplist_choose(offered, &chosen, &e), -EPROTO, "one more: %s", e.text);
	ok(!chosen, "nothing is chosen");
	is_int(steplist_check(steps, offered, &e), -EPROTO, "nor checked");
}

int main(void)
{
	test_order();
	test_limit();
	return done_testing();
}
