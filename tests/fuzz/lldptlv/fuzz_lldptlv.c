/* Fuzz target: what a switch said, as inspection data holds it: [[type, "hex"], ...]. */
#include "lib/hwid/lldp.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *tlvs = NULL, *words, *link;

	if (json_parse((const char *)data, size, JSON_DEPTH_MAX, &tlvs, NULL) < 0)
		return 0;
	lldp_read(tlvs, &words, &link);
	json_decref(words);
	json_decref(link);
	json_decref(tlvs);
	return 0;
}
