/* Root device hints as an operator's JSON, or [hints, disks]: parsed, then matched. */
#include <stdint.h>

#include "lib/hwid/hints.h"
#include "lib/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hints_disk disk = {.name = "/dev/sda",
		.model = "SAMSUNG MZ7",
		.serial = "17",
		.size_bytes = 60ULL << 30};
	struct hints *h = NULL;
	json_t *json = NULL, *object;
	char why[100];
	struct err e;

	if (json_parse((const char *)data, size, 10, &json, &e) < 0)
		return 0;
	object = json_is_array(json) ? json_array_get(json, 0) : json;
	if (hints_parse(object, &h, &e) == 0) {
		hints_match(h, &disk, why, sizeof(why));
		hints_choose(h, &disk, 1, &e);
		hints_choose_json(h, json_array_get(json, 1), &e);
		hints_choose_json(NULL, json_array_get(json, 1), &e);
	}
	hints_free(h);
	json_decref(json);
	return 0;
}
