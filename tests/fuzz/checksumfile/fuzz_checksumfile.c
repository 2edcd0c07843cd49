/* A checksum file from a hostile server. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), hex[129];

	memcpy(text, data, size);
	text[size] = 0;
	if (checksum_find(text, "img", hex) && strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
		abort();
	free(text);
	return 0;
}
