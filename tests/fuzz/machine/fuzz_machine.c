/* Fuzz target: the page of a machine, out of what it said of itself. */
#include "lib/cli/machine.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *answer = NULL;

	if (json_parse((const char *)data, size, JSON_DEPTH_MAX, &answer, NULL) < 0)
		return 0;
	free(machine_text(answer));
	json_decref(answer);
	return 0;
}
