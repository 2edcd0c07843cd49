/*
 * A checksum file from a hostile server: what is found is a digest, and is found again in the line
 * that a tool would write for it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found_again(const char *hex)
{
	char text[256], again[129];

	snprintf(text, sizeof(text), "# today\n\n%s  ./img\n00  img2\n", hex);
	if (!checksum_find(text, "img", again) || strcmp(again, hex) != 0)
		abort();
	snprintf(text, sizeof(text), "ff *img2\r\nSHA256 (img) = %s\r\n", hex);
	if (!checksum_find(text, "img", again) || strcmp(again, hex) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), hex[129];

	memcpy(text, data, size);
	text[size] = 0;
	if (checksum_find(text, "img", hex)) {
		if (!checksum_is_hex(hex))
			abort();
		found_again(hex);
	}
	free(text);
	return 0;
}
