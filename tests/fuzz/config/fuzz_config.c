/* ingot.conf. What is refused says where; what is taken has a value for every key. */
#include "conductor/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct config c;
	struct err e = {0};

	memcpy(text, data, size);
	text[size] = '\0';
	if (config_parse(text, "f", &c, &e) < 0) {
		if (strncmp(e.text, "f:", 2) != 0)
			abort();
	} else {
		if (!c.listen || !c.auth || !c.store_url || !c.range || !c.log_level ||
			c.power_timeout < 1 || c.history < 1)
			abort();
		config_done(&c);
	}
	free(text);
	return 0;
}
