/* Fuzz target: what a switch said, as inspection data holds it: [[type, "hex"], ...]. */
#include "conductor/model/lldp.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *tlvs = NULL;

	if (json_parse((const char *)data, size, JSON_DEPTH_MAX, &tlvs, NULL) < 0)
		return 0;
	json_decref(lldp_parsed(tlvs));
	json_decref(lldp_link(tlvs));
	json_decref(tlvs);
	return 0;
}
