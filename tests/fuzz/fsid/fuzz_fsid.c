/* The start of a hostile file system: what is told of it is short printable text of a known form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/disk/fsid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t start[FSID_PROBE];
	struct fsid id;
	size_t n;

	/* two bytes say where the rest begins, so that marks far behind the start are reached */
	if (size < 2)
		return 0;
	n = (size_t)(data[0] | data[1] << 8);
	memset(start, 0, sizeof(start));
	if (size - 2 > sizeof(start) - n)
		return 0;
	memcpy(start + n, data + 2, size - 2);
	if (!fsid_read(start, n + size - 2, &id)) {
		if (id.type[0] || id.uuid[0])
			abort();
		return 0;
	}
	n = strlen(id.uuid);
	if (!id.type[0] || (n && n != 36 && n != 9) ||
		strspn(id.uuid, "0123456789abcdefABCDEF-") != n)
		abort();
	return 0;
}
