/* A disk in the form of tests/fixtures/disks: what it carries, and what erasing would zero. */
#include "agent/erase/metadata.h"
#include "tests/unit/agent/sparse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct erase_region regions[ERASE_REGIONS_MAX];
	struct signatures found;
	struct sparse disk;
	struct disk_reader r;
	struct buf text = BUF_INIT(65536);
	size_t n = 0;

	if (sparse_open(&disk, data, size, &r) < 0)
		return 0;
	if (signatures_find(&r, &found) == 0) {
		signatures_text(&found, &text);
		json_decref(signatures_json(&found));
	}
	buf_done(&text);
	if (erase_plan(&r, regions, ERASE_REGIONS_MAX, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (regions[i].offset > r.size || regions[i].length > r.size - regions[i].offset ||
			regions[i].length > ERASE_EDGE)
			abort();
	return 0;
}
