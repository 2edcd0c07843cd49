/* YAML as an operator writes it, into JSON. */
#include "lib/yaml/yaml.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = NULL;
	struct err e;

	if (yaml_to_json((const char *)data, size, &json, &e) == 0) {
		char *text = json_text(json);

		if (!text)
			abort();
		free(text);
		json_decref(json);
	}
	return 0;
}
