/*
 * Fuzz target: inspection rules as clients send them, over what machines report. The input is a
 * JSON array of rules, or one rule, and behind a line feed an inventory.
 */
#include "conductor/model/rule/rule.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char node[] =
	"{\"uuid\": \"u\", \"name\": \"n\", \"properties\": {\"capabilities\": \"a:b,c:d\"}, "
	"\"traits\": [\"CUSTOM_X\"], \"driver_info\": {\"ipmi_password\": \"geheim\"}, \"extra\": "
	"{\"list\": [1]}}";
static const char ports[] = "[{\"uuid\": \"p\", \"pxe_enabled\": true, \"extra\": {}}]";

static json_t *parse(const char *text, size_t len)
{
	json_t *v = NULL;

	return json_parse(text, len, JSON_DEPTH_MAX, &v, NULL) < 0 ? NULL : v;
}

static void run(const json_t *rules, json_t *inventory)
{
	struct rule_work w = {.node = parse(node, strlen(node)),
		.inventory = inventory,
		.plugin_data = json_pack("{s:{s:[i]}}", "a", "b", 1),
		.ports = parse(ports, strlen(ports)),
		.mask = json_array_size(rules) % RULE_MASK_COUNT};
	struct err e;

	buf_init(&w.did, 4096);
	if (rules_run(rules, &w, &e) < 0 && !e.text[0])
		abort();
	buf_done(&w.did);
	json_decref(w.node);
	json_decref(w.plugin_data);
	json_decref(w.ports);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = memchr(text, '\n', size);
	size_t len = end ? (size_t)(end - text) : size;
	_cleanup_json_ json_t *given = parse(text, len), *rules = json_array();
	_cleanup_json_ json_t *inventory = end ? parse(end + 1, size - len - 1) : NULL;
	json_t *rule;
	size_t i;
	struct err e;

	if (json_is_object(given))
		json_array_append(rules, given);
	json_array_foreach (given, i, rule) {
		json_array_append(rules, rule);
	}
	for (i = json_array_size(rules); i-- > 0;) {
		rule = json_array_get(rules, i);
		json_decref(rule_show_operations(json_object_get(rule, "conditions"), true));
		if (rule_check(rule, i % 2, &e) < 0)
			json_array_remove(rules, i);
	}
	if (!json_is_object(inventory)) {
		json_decref(inventory);
		inventory = json_object();
	}
	run(rules, inventory);
	return 0;
}
