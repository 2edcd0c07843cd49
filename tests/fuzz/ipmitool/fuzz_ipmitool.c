/* What ipmitool prints: an answer or an error, with whatever a BMC put into it. */
#include "conductor/driver/ipmitool.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ipmitool_settings s = {.address = "10.0.0.9", .port = 623};
	char *text = malloc(size + 1);
	uint8_t bytes[32];
	struct err e;
	bool on;

	memcpy(text, data, size);
	text[size] = '\0';
	ipmitool_read_power(text, &on);
	if (ipmitool_read_raw(text, bytes, sizeof(bytes)) > (int)sizeof(bytes))
		abort();
	ipmitool_trouble(text, &s, &e);
	for (const char *p = e.text; *p; p++)
		if ((unsigned char)*p < 0x20)
			abort();
	free(text);
	return 0;
}
