/*
 * A hostile ISO 9660 volume becomes a FAT volume. The input is what stands behind the first 32 KiB,
 * which nobody reads. The corpus is from xorriso, of a few small files.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/drive/fatdrive.h"

#define AREA	  32768
#define MAX_BYTES (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *iso = calloc(1, AREA + size), *fat = NULL;
	struct err e;
	size_t len;

	memcpy(iso + AREA, data, size);
	if (fatdrive_from_iso(iso, AREA + size, 4096, MAX_BYTES, &fat, &len, &e) == 0 &&
		(len % 4096 || len > MAX_BYTES || fat[510] != 0x55))
		abort();
	free(fat);
	free(iso);
	return 0;
}
