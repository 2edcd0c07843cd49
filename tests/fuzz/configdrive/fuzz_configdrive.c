/* A config drive as the conductor is told it by a user: an ISO, gzipped, in base64, or none of
 * these. */
#include "agent/image/drive/configdrive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_job job = {.configdrive_data = data, .configdrive_len = size};
	uint8_t *out = NULL;
	size_t len = 0;
	struct err e;
	char *text;

	if (configdrive_load(&job, &out, &len, &e) == 0 && (!out || !len || len > CONFIGDRIVE_MAX))
		abort();
	free(out);
	text = strndup((const char *)data, size);
	if (!strstr(text, "://")) { /* nothing is fetched here */
		job = (struct image_job){.configdrive = text};
		out = NULL;
		if (configdrive_load(&job, &out, &len, &e) < 0 && out)
			abort();
		free(out);
	}
	free(text);
	return 0;
}
