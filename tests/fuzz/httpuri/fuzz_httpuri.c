/* A request's target as a hostile client sends it: split, decoded, its arguments walked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http/req.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *uri = malloc(size + 1);
	const char *name, *value;
	struct http_req *req;
	size_t pos = 0, n = 0;

	memcpy(uri, data, size);
	uri[size] = 0;
	req = req_new(NULL, uri);
	if (req_parse_uri(req) == 0) {
		if (*http_path(req) != '/' || strlen(http_path(req)) > strlen(uri) + 1)
			abort();
		while (http_arg_next(req, &pos, &name, &value))
			n += strlen(name) + strlen(value);
		if (n > strlen(uri))
			abort();
		http_arg(req, "limit");
	}
	req_unref(req);
	free(uri);
	return 0;
}
