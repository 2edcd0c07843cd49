/* LLDP frames, as whoever is on the cable may send them. */
#include "agent/inspect/lldp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *tlvs = lldp_parse(data, size), *one;
	size_t bytes = 0, i;

	json_array_foreach (tlvs, i, one)
		bytes += 2 + strlen(json_string_value(json_array_get(one, 1))) / 2;
	if (bytes > size)
		abort(); /* more than was there */
	json_decref(tlvs);
	return 0;
}
