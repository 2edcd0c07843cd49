/* Walking JSON text: whatever jansson takes for an object has the members that the walk finds. */
#include "lib/json/json.h"
#include "lib/json/scan.h"

#include <stdint.h>
#include <stdlib.h>

static json_t *load(struct json_span s)
{
	return json_loadb(s.at, s.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

static void same_items(json_t *array, struct json_span text)
{
	struct json_span value;
	struct json_walk w;
	size_t n = 0;

	if (json_walk_init(&w, text, '[') < 0)
		abort();
	while (json_walk_item(&w, &value) > 0) {
		json_t *item = load(value);

		if (!json_equal(item, json_array_get(array, n++)))
			abort();
		json_decref(item);
	}
	if (n != json_array_size(array))
		abort();
}

static void same_members(json_t *object, struct json_span text)
{
	struct json_span key, value;
	struct json_walk w;
	size_t n = 0;

	if (json_walk_init(&w, text, '{') < 0)
		abort();
	for (; json_walk_member(&w, &key, &value) > 0; n++) {
		json_t *name = load(key), *member = load(value);

		if (!json_equal(member, json_object_get(object, json_string_value(name))))
			abort();
		if (json_is_array(member))
			same_items(member, value);
		json_decref(name);
		json_decref(member);
	}
	if (n != json_object_size(object))
		abort();
}

static void any_text(struct json_span text)
{
	struct json_span key, value;
	struct json_walk w;

	if (json_walk_init(&w, text, '{') == 0)
		while (json_walk_member(&w, &key, &value) > 0)
			;
	if (json_walk_init(&w, text, '[') == 0)
		while (json_walk_item(&w, &value) > 0)
			;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_span text = {(const char *)data, size};
	json_t *object;

	any_text(text);
	if (!size || *data != '{')
		return 0;
	object = load(text);
	if (json_is_object(object))
		same_members(object, text);
	json_decref(object);
	return 0;
}
