/* A map of holes, which has no digest that we know: whatever is taken has to be consistent. */
#include <stdlib.h>
#include <string.h>

#include "agent/image/format/bmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bmap m = {0};
	char *text = calloc(1, size + 1);
	uint64_t end = 0, mapped = 0;

	memcpy(text, data, size);
	if (bmap_parse(text, size, &m, NULL) == 0) {
		for (size_t i = 0; i < m.n; i++) {
			if (m.ranges[i].offset < end || !m.ranges[i].len ||
				m.ranges[i].offset >= m.image_size ||
				m.ranges[i].len > m.image_size - m.ranges[i].offset)
				abort();
			end = m.ranges[i].offset + m.ranges[i].len;
			mapped += m.ranges[i].len;
		}
		if (mapped != m.mapped || !m.n)
			abort();
	}
	bmap_done(&m);
	free(text);
	return 0;
}
