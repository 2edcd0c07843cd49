/* SMBIOS tables, as firmware may write them. */
#include "agent/inspect/smbios.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smbios s;

	if (smbios_parse(data, size, &s) == 0) {
		for (size_t i = 0; i < s.n_dimms; i++)
			if (strlen(smbios_memory_type(s.dimms[i].memory_type)) > 16)
				abort();
		(void)smbios_memory_mb(&s);
	}
	smbios_done(&s);
	return 0;
}
