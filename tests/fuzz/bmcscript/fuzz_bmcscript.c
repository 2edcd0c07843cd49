/* A script of any bytes: it is refused with name and line, or its rules say whom they mean. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/str.h"
#include "tests/bmc/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script *s = NULL;
	struct err e = {0};

	if (script_parse((const char *)data, size, "fuzz.script", &s, &e) < 0) {
		if (!str_starts(e.text, "fuzz.script:"))
			abort();
		return 0;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->rules[i].n_ranges > SCRIPT_RANGES_MAX || s->rules[i].share > 10000)
			abort();
		script_rule_means(&s->rules[i], 1, (uint32_t)i);
	}
	script_free(s);
	return 0;
}
