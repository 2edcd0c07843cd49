/* Which steps run in which order, which of a client's are refused, and how a list is kept. */
#include "conductor/flow/steps.h"
#include "tests/unit/tap.h"

#include <errno.h>

static json_t *parse(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	if (!j)
		printf("Bail out! bad JSON in the test: %s\n", text);
	return j;
}

/* "a b c": the names in their order. */
static const char *names(const json_t *list)
{
	static char text[256];
	json_t *step;
	size_t i;

	*text = '\0';
	json_array_foreach ((json_t *)list, i, step)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			json_str(step, "step"));
	return text;
}

static const char offer[] =
	"[{'interface': 'deploy', 'step': 'deploy', 'priority': 100},"
	" {'interface': 'deploy', 'step': 'write', 'priority': 80},"
	" {'interface': 'raid', 'step': 'same_raid', 'priority': 80},"
	" {'interface': 'power', 'step': 'same_power', 'priority': 80},"
	" {'interface': 'bios', 'step': 'apply', 'priority': 0, 'abortable': true,"
	"  'requires_ramdisk': false, 'argsinfo': {'settings': {'required': true}, 'more': {}}},"
	" {'interface': 'deploy', 'step': 'off', 'priority': 0, 'reboot_requested': true}]";

static json_t *offered(void)
{
	char text[sizeof(offer)];

	for (size_t i = 0; i < sizeof(offer); i++)
		text[i] = (char)(offer[i] == '\'' ? '"' : offer[i]);
	return parse(text);
}

static json_t *quoted(const char *text)
{
	char json[1024];

	snprintf(json, sizeof(json), "%s", text);
	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	return parse(json);
}

static void chosen(enum flow_kind kind, const char *wanted, const char *want, const char *what)
{
	_cleanup_json_ json_t *have = offered(), *asked = wanted ? quoted(wanted) : NULL;
	json_t *list = NULL;
	struct err e = {0};

	is_int(steps_choose(kind, asked, have, false, false, &list, &e), 0, "%s: %s", what, e.text);
	is_str(names(list), want, "%s", what);
	json_decref(list);
}

static void test_order(void)
{
	chosen(FLOW_CLEAN, NULL, "deploy same_power write same_raid",
		"by priority, then by interface, without those of priority 0");
	chosen(FLOW_CLEAN,
		"[{'interface': 'deploy', 'step': 'off'}, {'interface': 'power', 'step': 'hold'},"
		" {'interface': 'deploy', 'step': 'write'}]",
		"off hold write", "a client's clean steps stay in its order");
	chosen(FLOW_DEPLOY,
		"[{'interface': 'bios', 'step': 'apply', 'args': {'settings': []}, 'priority': "
		"90},"
		" {'interface': 'deploy', 'step': 'hold', 'priority': 80, 'args': {}},"
		" {'interface': 'raid', 'step': 'same_raid', 'priority': 0, 'args': {}},"
		" {'interface': 'deploy', 'step': 'write', 'priority': '10', 'args': {}}]",
		"deploy apply same_power hold write",
		"its deploy steps are sorted in, replace their namesakes, and disable by 0");
}

static void refused(enum flow_kind kind, const char *wanted, bool no_ramdisk, const char *says)
{
	_cleanup_json_ json_t *have = offered(), *asked = quoted(wanted);
	struct err e = {0};

	is_int(steps_check(kind, asked, have, false, no_ramdisk, &e), -EINVAL, "refused: %s", says);
	ok(strstr(e.text, says), "and said: %s", e.text);
}

static void test_refusals(void)
{
	_cleanup_json_ json_t *have = offered(), *later = NULL;
	struct err e = {0};

	refused(FLOW_CLEAN, "[{'interface': 'deploy', 'step': 'frob'}]", false, "deploy.frob");
	refused(FLOW_CLEAN, "[{'interface': 'bios', 'step': 'apply'}]", false,
		"settings is missing");
	refused(FLOW_SERVICE,
		"[{'interface': 'bios', 'step': 'apply', 'args': {'settings': 1, 'x': 1}}]", false,
		"no argument x");
	refused(FLOW_CLEAN, "[{'interface': 'deploy', 'step': 'off'}]", true, "ramdisk");
	refused(FLOW_DEPLOY, "[{'interface': 'deploy', 'step': 'deploy', 'priority': 5}]", false,
		"core step");
	refused(FLOW_DEPLOY,
		"[{'interface': 'deploy', 'step': 'off', 'priority': 5},"
		" {'interface': 'deploy', 'step': 'off', 'priority': 6}]",
		false, "twice");
	refused(FLOW_CLEAN, "[{'interface': 'vendor', 'step': 'send_raw'}]", false, "not allowed");
	later = quoted("[{'interface': 'deploy', 'step': 'frob', 'priority': 5},"
		       " {'interface': 'deploy', 'step': 'deploy', 'priority': 0},"
		       " {'interface': 'bios', 'step': 'apply', 'priority': 0}]");
	is_int(steps_check(FLOW_DEPLOY, later, have, true, false, &e), 0,
		"an agent may know it, and what is disabled needs no arguments: %s", e.text);
}

/* An agent that lists a hundred thousand would hold the engine for minutes. */
static void test_limit(void)
{
	json_t *steps = json_array();
	_cleanup_json_ json_t *agent = json_pack("{s:o}", "generic", steps), *have = json_array();
	struct err e = {0};

	for (int i = 0; i < STEPS_MAX; i++)
		json_array_append_new(steps, json_pack("{s:s+}", "step", "s", "x"));
	is_int(steps_add_offer(have, agent, &e), 0, "as many as there may be");
	json_array_append_new(steps, json_object());
	is_int(steps_add_offer(have, agent, &e), -EPROTO, "one more: %s", e.text);
	is_int(steps_check(FLOW_CLEAN, steps, have, true, false, &e), -EINVAL, "nor a client's");
}

static void test_keeping(void)
{
	_cleanup_node_ struct node n;
	_cleanup_json_ json_t *asked = quoted("[{'interface': 'deploy', 'step': 'off'}]");

	node_init(&n);
	steps_want(&n, FLOW_CLEAN, asked, true);
	ok(json_equal(steps_wanted(&n, FLOW_CLEAN), asked), "what is wanted is kept");
	ok(steps_no_ramdisk(&n, FLOW_CLEAN) && !steps_no_ramdisk(&n, FLOW_SERVICE), "and how");
	ok(!steps_begun(&n, FLOW_CLEAN), "nothing has begun");
	steps_begin(&n, FLOW_CLEAN, offered());
	ok(steps_begun(&n, FLOW_CLEAN), "now it has");
	steps_next(&n, FLOW_CLEAN);
	steps_show(&n, FLOW_CLEAN);
	is_str(json_str(n.clean_step, "step"), "write", "the second step is shown");
	is_str(json_str(json_array_get(json_object_get(n.driver_internal_info, "clean_steps"), 0),
		       "step"),
		"deploy", "under Ironic's names");
	steps_begin(&n, FLOW_CLEAN,
		quoted("[{'interface': 'x', 'step': 'new'},"
		       " {'interface': 'deploy', 'step': 'write'}]"));
	is_str(json_str(steps_current(&n, FLOW_CLEAN), "step"), "write",
		"a new list goes on where the old one was");
	is_int(json_int(n.driver_internal_info, "clean_step_index", -1), 1, "at its new place");
	steps_next(&n, FLOW_CLEAN);
	steps_show(&n, FLOW_CLEAN);
	ok(!steps_current(&n, FLOW_CLEAN), "no step is left");
	is_int(json_object_size(n.clean_step), 0, "and none shown");
	steps_forget(&n, true);
	ok(!steps_begun(&n, FLOW_CLEAN) && steps_wanted(&n, FLOW_CLEAN),
		"a failure keeps the list");
	steps_forget(&n, false);
	is_int(json_object_size(n.driver_internal_info), 0, "in the end nothing is left");
}

int main(void)
{
	test_order();
	test_refusals();
	test_limit();
	test_keeping();
	return done_testing();
}
