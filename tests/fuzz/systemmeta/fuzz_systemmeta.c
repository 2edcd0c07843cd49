/* A config drive's meta_data.json of any bytes, as the deployed test system reads it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vrack/system/meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char quoted[6 * META_VALUE_MAX + 8];
	struct meta m;

	if (meta_parse((const char *)data, size, &m) < 0)
		return 0;
	/* what was read can always be written, within its bounds */
	if (strlen(m.hostname) >= META_VALUE_MAX || strlen(m.phone_home) >= META_VALUE_MAX ||
		meta_quote(m.hostname, quoted, sizeof(quoted)) < 0 ||
		meta_quote(m.nonce, quoted, sizeof(quoted)) < 0)
		abort();
	return 0;
}
