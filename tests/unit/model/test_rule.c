/*
 * Inspection rules: what is taken, when conditions hold, what actions change. Expected values are
 * those of Ironic 29's operators and actions, asked with the same arguments.
 */
#include "conductor/model/rule/rule.h"
#include "conductor/model/trait.h"
#include "lib/base/str.h"
#include "tests/unit/tap.h"

#include <errno.h>

static json_t *j(const char *text)
{
	json_t *v = NULL;
	struct err e = {0};

	if (json_parse(text, strlen(text), 30, &v, &e) < 0)
		printf("# %s in %s\n", e.text, text);
	return v;
}

static char logged[400];

static void keep_log(void *data, const char *level, const char *text)
{
	snprintf(logged, sizeof(logged), "%s: %s", level, text);
}

static struct rule_work work;

static void fresh(void)
{
	json_decref(work.node);
	json_decref(work.inventory);
	json_decref(work.plugin_data);
	json_decref(work.ports);
	buf_done(&work.did);
	work = (struct rule_work){
		.node = j(
			"{\"uuid\": \"u\", \"name\": \"n1\", \"driver\": \"ipmi\", \"traits\": [],"
			" \"properties\": {\"capabilities\": \"a:1,boot_mode:bios\", \"n\": 4},"
			" \"driver_info\": {\"ipmi_password\": \"geheim\"}, \"extra\": {},"
			" \"retired\": false, \"description\": null}"),
		.inventory =
			j("{\"cpu\": {\"count\": 8, \"architecture\": \"x86_64\", \"f\": 2.5},"
			  " \"bmc_address\": \"10.1.2.3\", \"bmc_v6address\": \"fd00::12\","
			  " \"none\": null, \"on\": true, \"empty\": {}, \"list\": [\"a\", 2],"
			  " \"password\": \"p\", \"evil\": \"{node.driver_info[ipmi_password]}\","
			  " \"system_vendor\": {\"manufacturer\": \"Dell Inc.\"}}"),
		.plugin_data = j("{\"a\": {\"b\": 1}, \"auth_token\": \"t\"}"),
		.ports = j("[{\"uuid\": \"p1\", \"pxe_enabled\": false, \"extra\": {}}]"),
		.log = keep_log};
	buf_init(&work.did, 4096);
}

/* Runs one rule; 0 or its errno. */
static int run(const char *text, struct err *e)
{
	json_t *rule = j(text), *rules = json_pack("[O]", rule);
	int r;

	*e = (struct err){0};
	r = rule_check(rule, false, e);
	if (r == 0)
		r = rules_run(rules, &work, e);
	json_decref(rules);
	json_decref(rule);
	return r;
}

/* Whether a condition holds: 1, 0 or a negative errno. */
static int holds(const char *condition)
{
	_cleanup_free_ char *rule =
		xasprintf("{\"conditions\": [%s], \"actions\": [{\"op\": \"set-plugin-data\","
			  " \"args\": {\"path\": \"held\", \"value\": true}}]}",
			condition);
	struct err e;
	int r;

	fresh();
	r = run(rule, &e);
	if (r < 0)
		return r;
	return json_is_true(json_object_get(work.plugin_data, "held"));
}

static const struct {
	int want;
	const char *condition;
} held[] = {
	/* what is interpolated is a text */
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"8\"]}}"},
	{0, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 8]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 8],"
	    " \"force_strings\": true}}"},
	{1, "{\"op\": \"!eq\", \"args\": {\"values\": [\"{node.driver}\", \"redfish\"]}}"},
	{1, "{\"op\": \"eq\", \"args\": [[\"{node.driver}\", \"ipmi\"]]}"},
	{1, "{\"op\": \"eq\", \"args\": [\"{node.driver}\", \"ipmi\"]}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [1, 1.0, true]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [1]}}"},
	{0, "{\"op\": \"eq\", \"args\": {\"values\": [1, 1, 2]}}"},
	{1, "{\"op\": \"lt\", \"args\": {\"values\": [1, 2, 3]}}"},
	{0, "{\"op\": \"lt\", \"args\": {\"values\": [1, 3, 2]}}"},
	{1, "{\"op\": \"lt\", \"args\": {\"values\": [\"10\", \"9\"]}}"},
	{1, "{\"op\": \"gt\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 4]}}"},
	{1, "{\"op\": \"!gt\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 8]}}"},
	{-EINVAL, "{\"op\": \"gt\", \"args\": {\"values\": [\"many\", 8]}}"},
	{-EINVAL, "{\"op\": \"gt\", \"args\": {\"values\": \"8\"}}"},
	/* empty, none, true, false */
	{1, "{\"op\": \"is-empty\", \"args\": {\"value\": \"{inventory[empty]}\"}}"},
	{1, "{\"op\": \"is-empty\", \"args\": {\"value\": []}}"},
	{1, "{\"op\": \"is-empty\", \"args\": [\"\"]}"},
	{0, "{\"op\": \"is-empty\", \"args\": {\"value\": \"{inventory[missing]}\"}}"},
	{1, "{\"op\": \"is-none\", \"args\": {\"value\": \"{inventory[none]}\"}}"},
	{1, "{\"op\": \"is-none\", \"args\": {\"value\": null}}"},
	{0, "{\"op\": \"is-none\", \"args\": {\"value\": \"\"}}"},
	{1, "{\"op\": \"is-true\", \"args\": {\"value\": \"{inventory[on]}\"}}"},
	{1, "{\"op\": \"is-true\", \"args\": {\"value\": \"YES\"}}"},
	{0, "{\"op\": \"is-true\", \"args\": {\"value\": \"1\"}}"},
	{1, "{\"op\": \"is-true\", \"args\": {\"value\": 2}}"},
	{1, "{\"op\": \"is-false\", \"args\": {\"value\": null}}"},
	{1, "{\"op\": \"is-false\", \"args\": {\"value\": \"{node.retired}\"}}"},
	{0, "{\"op\": \"is-false\", \"args\": {\"value\": \"None\"}}"},
	/* networks */
	{1, "{\"op\": \"in-net\", \"args\": {\"address\": \"{inventory[bmc_address]}\","
	    " \"subnet\": \"10.1.0.0/16\"}}"},
	{0, "{\"op\": \"in-net\", \"args\": [\"{inventory[bmc_address]}\", \"10.2.0.0/16\"]}"},
	{1, "{\"op\": \"in-net\", \"args\": [\"10.2.3.4\", \"10.2.0.0/255.255.0.0\"]}"},
	{1, "{\"op\": \"in-net\", \"args\": [\"10.2.3.4\", \"10.2.3.4\"]}"},
	{1, "{\"op\": \"in-net\", \"args\": [\"10.2.3.4\", \"0.0.0.0/0\"]}"},
	{1, "{\"op\": \"in-net\", \"args\": [\"{inventory[bmc_v6address]}\", \"fd00::/64\"]}"},
	{0, "{\"op\": \"in-net\", \"args\": [\"{inventory[bmc_v6address]}\", \"10.0.0.0/8\"]}"},
	{-EINVAL, "{\"op\": \"in-net\", \"args\": [\"{inventory[none]}\", \"10.0.0.0/8\"]}"},
	{-EINVAL, "{\"op\": \"in-net\", \"args\": [\"10.0.0.1\", \"10.0.0.0/33\"]}"},
	{-EINVAL, "{\"op\": \"in-net\", \"args\": [\"10.0.0.1\", \"10.0.0.0/255.0.255.0\"]}"},
	/* patterns */
	{1, "{\"op\": \"matches\", \"args\": [\"{inventory[system_vendor][manufacturer]}\","
	    " \"Dell.*\"]}"},
	{0, "{\"op\": \"matches\", \"args\": [\"{inventory[system_vendor][manufacturer]}\","
	    " \"Dell\"]}"},
	{0, "{\"op\": \"matches\", \"args\": [\"{inventory[system_vendor][manufacturer]}\","
	    " \"Inc.\"]}"},
	{1, "{\"op\": \"contains\", \"args\": [\"{inventory[system_vendor][manufacturer]}\","
	    " \"(?i)dELL\\\\s\\\\w{3}\"]}"},
	{1, "{\"op\": \"contains\", \"args\": {\"value\": 1234, \"regex\": \"^\\\\d{4}$\"}}"},
	{-EINVAL, "{\"op\": \"contains\", \"args\": [\"x\", \"(\"]}"},
	/* backtracks without end */
	{-EINVAL, "{\"op\": \"matches\", \"args\":"
		  " [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\", \"(a+)+\"]}"},
	/* one of */
	{1, "{\"op\": \"one-of\", \"args\": [\"{node.driver}\", [\"redfish\", \"ipmi\"]]}"},
	{0, "{\"op\": \"one-of\", \"args\": [\"{inventory[cpu][count]}\", [8]]}"},
	{1, "{\"op\": \"one-of\", \"args\": [8, [8]]}"},
	{0, "{\"op\": \"one-of\", \"args\": [8]}"},
	/* loops; numbers are compared as texts there */
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"{item}\"]},"
	    " \"loop\": [4, 8]}"},
	{0, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"{item}\"]},"
	    " \"loop\": [4, 8], \"multiple\": \"all\"}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"{item}\"]},"
	    " \"loop\": [4, 8], \"multiple\": \"last\"}"},
	{0, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"{item}\"]},"
	    " \"loop\": [8, 4], \"multiple\": \"last\"}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", \"{item}\"]},"
	    " \"loop\": [4, 8, 9], \"multiple\": \"first\"}"},
	{1, "{\"op\": \"!eq\", \"args\": {\"values\": [\"8\", \"{item}\"]}, \"loop\": [8, 4],"
	    " \"multiple\": \"any\"}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{item[a]}\", \"{item[b]}\"]},"
	    " \"loop\": {\"a\": \"{inventory[cpu][count]}\", \"b\": 8}}"},
	{1, "{\"op\": \"is-true\", \"args\": {\"value\": true}, \"loop\": []}"},
	/* how values are written */
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[list]}\", \"['a', 2]\"]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[list][1]}\", \"2\"]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{{{node.name}}}\", \"{{n1}}\"]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][f]}\", \"2.5\"]}}"},
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{nothing}\", \"{nothing}\"]}}"},
	/* passwords do not show, and what a machine says is not interpolated again */
	{1, "{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[password]}\", \"***\"]}}"},
	{1, "{\"op\": \"contains\", \"args\": [\"{plugin_data}\", \"auth_token': '[*]{3}'\"]}"},
	{0, "{\"op\": \"contains\", \"args\": [\"{inventory[evil]}\", \"geheim\"]}"},
	{0, "{\"op\": \"contains\", \"args\": [\"{item}{inventory[evil]}\", \"geheim\"],"
	    " \"loop\": [\"x\"]}"},
};

static void test_conditions(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		is_int(holds(held[i].condition), held[i].want, "%s", held[i].condition);
}

#define DO(action) "{\"actions\": [" action "]}"

static void test_attributes(void)
{
	struct err e;

	fresh();
	is_int(run(DO("{\"op\": \"set-attribute\", \"args\": {\"path\": \"/properties/rack/row\","
		      " \"value\": \"{inventory[cpu][count]}\"}}"),
		       &e),
		0, "a nested attribute is set: %s", e.text);
	is_str(json_str(json_object_get(json_object_get(work.node, "properties"), "rack"), "row"),
		"8", "with objects on the way, and an interpolated value");
	ok(strstr(buf_str(&work.did), "set properties/rack/row"), "what was done is told");
	run(DO("{\"op\": \"set-attribute\", \"args\": [\"retired\", \"True\"]}"), &e);
	ok(json_is_true(json_object_get(work.node, "retired")),
		"a flag takes an interpolated text");
	is_int(run(DO("{\"op\": \"extend-attribute\", \"args\": {\"path\": \"extra.tags\","
		      " \"value\": \"x\", \"unique\": true}},"
		      "{\"op\": \"extend-attribute\", \"args\": [\"extra.tags\", \"x\", true]},"
		      "{\"op\": \"extend-attribute\", \"args\": [\"extra.tags\", \"x\"]}"),
		       &e),
		0, "an array is extended");
	is_int(json_array_size(json_object_get(json_object_get(work.node, "extra"), "tags")), 2,
		"twice: the same value is not added again when unique");
	is_int(run(DO("{\"op\": \"extend-attribute\", \"args\": [\"properties/n\", 1]}"), &e),
		-EINVAL, "a number cannot be extended");
	run(DO("{\"op\": \"del-attribute\", \"args\": [\"properties/n\"]}"), &e);
	ok(!json_object_get(json_object_get(work.node, "properties"), "n"), "a member is removed");
	is_int(run(DO("{\"op\": \"del-attribute\", \"args\": [\"properties/n\"]}"), &e), -EINVAL,
		"one that is not there cannot be");
	run(DO("{\"op\": \"del-attribute\", \"args\": [\"extra\"]}"), &e);
	is_int(json_object_size(json_object_get(work.node, "extra")), 0, "an object is emptied");
	is_int(run(DO("{\"op\": \"set-attribute\", \"args\": [\"provision_state\", \"active\"]}"),
		       &e),
		-EINVAL, "states are not for rules: %s", e.text);
	is_int(run(DO("{\"op\": \"set-attribute\", \"args\": [\"{item}\", \"x\"],"
		      " \"loop\": [\"uuid\"]}"),
		       &e),
		-EINVAL, "not by way of a loop either");
	is_int(run(DO("{\"op\": \"set-attribute\", \"args\": {\"path\": \"{item[path]}\","
		      " \"value\": \"{item[value]}\"}, \"loop\": [{\"path\": \"extra/cpus\","
		      " \"value\": \"{inventory[cpu][count]}\"}, {\"path\": \"extra/x\","
		      " \"value\": 1}]}"),
		       &e),
		0, "a loop over what to set");
	is_str(json_str(json_object_get(work.node, "extra"), "cpus"), "8",
		"its items are interpolated, too");
}

static void test_others(void)
{
	struct err e;

	fresh();
	run(DO("{\"op\": \"set-capability\", \"args\": {\"name\": \"boot_mode\", \"value\":"
	       " \"uefi\"}}, {\"op\": \"unset-capability\", \"args\": [\"a\"]}"),
		&e);
	is_str(json_str(json_object_get(work.node, "properties"), "capabilities"), "boot_mode:uefi",
		"capabilities are replaced and removed");
	run(DO("{\"op\": \"add-trait\", \"args\": [\"CUSTOM_A\"]}, {\"op\": \"add-trait\","
	       " \"args\": [\"CUSTOM_A\"]}, {\"op\": \"add-trait\", \"args\":"
	       " [\"HW_CPU_X86_VMX\"]}, {\"op\": \"remove-trait\", \"args\": [\"CUSTOM_B\"]}"),
		&e);
	is_int(json_array_size(json_object_get(work.node, "traits")), 2, "traits are added once");
	run(DO("{\"op\": \"remove-trait\", \"args\": [\"CUSTOM_A\"]}"), &e);
	is_int(json_array_size(json_object_get(work.node, "traits")), 1, "and removed");
	is_int(run(DO("{\"op\": \"add-trait\", \"args\": [\"custom\"]}"), &e), -EINVAL,
		"a bad name is refused: %s", e.text);
	run(DO("{\"op\": \"set-plugin-data\", \"args\": [\"x.y\", 1]}, {\"op\":"
	       " \"extend-plugin-data\", \"args\": [[\"x\", \"l\"], \"{node.name}\"]}"),
		&e);
	is_str(json_string_value(json_array_get(
		       json_object_get(json_object_get(work.plugin_data, "x"), "l"), 0)),
		"n1", "plugin data is set and extended");
	run(DO("{\"op\": \"unset-plugin-data\", \"args\": [\"a.b\"]}"), &e);
	ok(!json_object_get(work.plugin_data, "a"), "an object that had no more goes with it");
	is_int(run(DO("{\"op\": \"set-port-attribute\", \"args\": [\"p1\", \"pxe_enabled\","
		      " \"yes\"]}, {\"op\": \"extend-port-attribute\", \"args\": {\"port_id\":"
		      " \"p1\", \"path\": \"extra/a\", \"value\": 1}}"),
		       &e),
		0, "ports are changed");
	ok(json_is_true(json_object_get(json_array_get(work.ports, 0), "pxe_enabled")),
		"a flag of one");
	is_int(run(DO("{\"op\": \"del-port-attribute\", \"args\": [\"p2\", \"extra\"]}"), &e),
		-EINVAL, "a port of another node is none");
	is_int(run(DO("{\"op\": \"fail\", \"args\": {\"msg\": \"has {inventory[cpu][count]} CPUs,"
		      " {node.driver_info[ipmi_password]}\"}}"),
		       &e),
		-EREMOTEIO, "fail fails");
	ok(strstr(e.text, "has 8 CPUs, ***"), "with its message, without secrets: %s", e.text);
	run(DO("{\"op\": \"log\", \"args\": {\"msg\": \"{node.name}: {node.driver_info}\","
	       " \"level\": \"Warning\"}}"),
		&e);
	is_str(logged, "Warning: n1: {'ipmi_password': '***'}", "log logs");
}

/* {"description", "priority", ...} with one bad thing each. */
static const char *const refused[] = {"[]", "{}", "{\"actions\": []}",
	"{\"actions\": [{\"op\": \"fly\", \"args\": {}}]}",
	"{\"actions\": [{\"op\": \"api-call\", \"args\": {\"url\": \"http://x\"}}]}",
	"{\"actions\": [{\"op\": \"fail\"}]}", "{\"actions\": [{\"op\": \"fail\", \"args\": []}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": {\"msg\": \"x\", \"why\": 1}}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\", 1]}]}",
	"{\"actions\": [{\"op\": \"!fail\", \"args\": [\"x\"]}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"], \"loop\": 3}]}",
	"{\"actions\": [{\"op\": \"log\", \"args\": [\"x\", \"loud\"]}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"priority\": 10000}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"priority\": -1}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"priority\": \"1\"}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"phase\": \"early\"}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"uuid\": \"rule\"}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"sensitive\": \"no\"}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"colour\": 1}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"conditions\": {}}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"conditions\": [{\"op\": \"!!eq\","
	" \"args\": [[1, 1]]}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"conditions\": [{\"op\": \"le\","
	" \"args\": [[1, 1]]}]}",
	"{\"actions\": [{\"op\": \"fail\", \"args\": [\"x\"]}], \"conditions\": [{\"op\": \"eq\","
	" \"args\": [[1, 1]], \"multiple\": \"most\"}]}"};

static void test_grammar(void)
{
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		json_t *rule = j(refused[i]);

		is_int(rule_check(rule, false, &e), -EINVAL, "refused: %s: %s", refused[i], e.text);
		json_decref(rule);
	}
	for (int i = 12; i < 17; i++) {
		json_t *rule = j(refused[i]);
		bool free_there = i == 12 || i == 13 || i == 16;

		is_int(rule_check(rule, true, &e), free_there ? 0 : -EINVAL,
			"as a built-in rule: %s", refused[i]);
		json_decref(rule);
	}
}

static void test_order(void)
{
	json_t *rules =
		j("[{\"priority\": 1, \"actions\": [{\"op\": \"extend-plugin-data\","
		  " \"args\": [\"o\", 1]}]}, {\"priority\": 9, \"actions\": [{\"op\":"
		  " \"extend-plugin-data\", \"args\": [\"o\", 9]}]}, {\"actions\": [{\"op\":"
		  " \"extend-plugin-data\", \"args\": [\"o\", 0]}]}, {\"priority\": 9,"
		  " \"actions\": [{\"op\": \"extend-plugin-data\", \"args\": [\"o\", 10]}]},"
		  " {\"scope\": \"lab\", \"actions\": [{\"op\": \"extend-plugin-data\","
		  " \"args\": [\"o\", \"never\"]}]}]");
	_cleanup_free_ char *got = NULL;
	struct err e;

	fresh();
	is_int(rules_run(rules, &work, &e), 0, "several rules run");
	got = json_text(json_object_get(work.plugin_data, "o"));
	is_str(got, "[9,10,1,0]", "by priority, then as they came; another scope's not");
	json_decref(rules);
}

static void test_limits(void)
{
	_cleanup_json_ json_t *rules = json_array(), *loop = json_array(), *rule = NULL;
	struct err e;

	for (int i = 0; i < RULE_LOOP_MAX; i++)
		json_array_append_new(loop, json_integer(i));
	rule = json_pack("{s:[{s:s, s:[s, i], s:O}]}", "actions", "op", "set-plugin-data", "args",
		"x", 1, "loop", loop);
	is_int(rule_check(rule, false, &e), 0, "a loop may have %d items", RULE_LOOP_MAX);
	for (int i = 0; i < 20; i++)
		json_array_append(rules, rule);
	fresh();
	is_int(rules_run(rules, &work, &e), -ETIME, "all rules together have an end: %s", e.text);
}

static void test_sensitive(void)
{
	struct err e;
	json_t *shown = NULL, *given;

	fresh();
	run("{\"sensitive\": true, \"description\": \"d\", \"actions\": [{\"op\":"
	    " \"set-attribute\", \"args\": [\"extra/secret\", 1]}]}",
		&e);
	ok(!strstr(buf_str(&work.did), "secret"), "a sensitive rule does not tell what it did: %s",
		buf_str(&work.did));
	given = j("[{\"op\": \"eq\", \"args\": [[1]], \"note\": 1, \"multiple\": \"all\"}, {\"op\":"
		  " \"eq\", \"args\": [[1]], \"loop\": [1]}]");
	shown = rule_show_operations(given, true);
	ok(!json_object_get(json_array_get(shown, 0), "note") &&
			!json_object_get(json_array_get(shown, 0), "multiple"),
		"answers have op and args");
	is_str(json_str(json_array_get(shown, 1), "multiple"), "any", "and how a loop counts");
	json_decref(shown);
	json_decref(given);
}

static void test_traits(void)
{
	ok(trait_valid("HW_CPU_X86_AVX512F") && trait_valid("CUSTOM_X_1"), "names that are traits");
	ok(!trait_valid("HW_CPU_X86_") && !trait_valid("CUSTOM_") && !trait_valid("CUSTOM_a") &&
			!trait_valid(NULL) && !trait_valid(""),
		"names that are none");
}

int main(void)
{
	test_grammar();
	test_conditions();
	test_attributes();
	test_others();
	test_order();
	test_limits();
	test_sensitive();
	test_traits();
	json_decref(work.node);
	json_decref(work.inventory);
	json_decref(work.plugin_data);
	json_decref(work.ports);
	buf_done(&work.did);
	return done_testing();
}
