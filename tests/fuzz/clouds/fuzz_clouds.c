/* clouds.yaml. A cloud that is found has an endpoint. */
#include "conductor/cli/clouds.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cloud c = {0};
	struct err e;

	if (cloud_parse((const char *)data, size, "c", &c, &e) == 0) {
		if (!c.endpoint)
			abort();
		cloud_done(&c);
	}
	return 0;
}
