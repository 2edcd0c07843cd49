/* The head of an image server's answer, line by line, as libcurl hands them over. */
#include <stdlib.h>
#include <string.h>

#include "agent/image/fetch/imghead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct imghead h = {0};

	while (size) {
		const uint8_t *nl = memchr(data, '\n', size);
		size_t n = nl ? (size_t)(nl - data) + 1 : size;
		char *line = malloc(n); /* alone, so that no byte behind it is read unseen */

		memcpy(line, data, n);
		imghead_line(&h, line, n);
		free(line);
		if (h.has_range && h.range_start >= h.range_total)
			abort();
		if (strlen(imghead_validator(&h)) >= IMGHEAD_TEXT_MAX)
			abort();
		data += n;
		size -= n;
	}
	return 0;
}
